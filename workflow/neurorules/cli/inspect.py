"""`neurorules inspect`: show how a result file was made. For a lab's raw files, see inspect_raw.py.

Runs and recordings record this in their attributes, figures in their metadata, formatted tables in a comment, and tidy
tables in columns.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from neurorules.cli.base import run_cli
from neurorules.cli.inspect_raw import is_raw
from neurorules.cli.inspect_raw import report as report_raw
from neurorules.errors import DamagedResult, InputError
from neurorules.recordings.looks.raw import ENDINGS

# Columns of tidy tables that say what the rows are about, and which code made them.
LABELS = ("recording", "recording_title", "synthetic", "task", "learning_rule", "setting", "seed", "measure")
CODES = ("training_code", "scoring_code")


def made_by(file: Path) -> dict[str, Any]:
    """The provenance recorded in a result file: plain values, by name.

    Raises:
        InputError: the file is missing, or no result has this file type.
        DamagedResult: the file is truncated or altered, or records no provenance.
    """
    if file.suffix not in READERS:
        raise InputError(
            "This file is not a result of a study.",
            file=file,
            value=file.suffix,
            remedy=f"Give a run, a recording, a table or a figure ({', '.join(READERS)}), or raw files "
            f"({', '.join(ENDINGS)}).",
        )
    if not file.is_file():
        raise InputError(
            "File not found.", file=file, remedy="`neurorules status STUDY` shows what a study has made so far."
        )
    return READERS[file.suffix](file)


def _netcdf(file: Path) -> dict[str, Any]:
    from neurorules.io.netcdf import open_dataset

    dataset = open_dataset(file, "a run or a recording")
    sizes = {str(name): size for name, size in dataset.sizes.items()}
    return {"sizes": sizes, **{name: _plain(value) for name, value in dataset.attrs.items()}}


def _csv(file: Path) -> dict[str, Any]:
    from neurorules.tables.base.columns import read_tidy_table

    table = read_tidy_table(file)
    values = {name: table[name].unique().tolist() for name in (*LABELS, *CODES) if name in table}
    return {"rows": len(table), "columns": list(map(str, table.columns)), **values}


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _silent(file) from error
    return dict(content) if isinstance(content, Mapping) else {"content": content}


def _png(file: Path) -> dict[str, Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            about = image.info
    except (UnidentifiedImageError, OSError) as error:
        raise _silent(file) from error
    return {"title": about.get("Title"), **_decoded(file, about.get("Description"))}


def _pdf(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"title": _pdf_text(content, b"Title"), **_decoded(file, _pdf_text(content, b"Keywords"))}


def _pdf_text(content: bytes, name: bytes) -> str | None:
    """A string in a PDF's information dictionary: in parentheses, \\ as the escape, ASCII or UTF-16."""
    found = re.search(rb"/" + name + rb" \(((?:[^()\\]|\\.)*)\)", content, re.DOTALL)
    if found is None:
        return None
    escapes = {b"n": b"\n", b"r": b"\r"}
    text = re.sub(rb"\\(.)", lambda escape: escapes.get(escape[1], escape[1]), found[1], flags=re.DOTALL)
    return text.decode("utf-16" if text[:2] in (b"\xfe\xff", b"\xff\xfe") else "latin-1")


def _page(file: Path) -> dict[str, Any]:
    import html

    text = file.read_text(encoding="utf-8")
    comments = re.findall(r"<!-- (?:made by )?(.*?) -->", text, re.DOTALL)
    said = comments[-1] if comments else None
    return _decoded(file, html.unescape(said) if said is not None and file.suffix == ".html" else said)


def _decoded(file: Path, said: str | None) -> dict[str, Any]:
    """The JSON embedded in a figure or table."""
    try:
        content = json.loads(said or "")
    except ValueError as error:
        raise _silent(file) from error
    return dict(content)


def _silent(file: Path) -> DamagedResult:
    return DamagedResult(
        "The file does not record how it was made.",
        file=file,
        remedy="It may be truncated, or made by another program. Delete it and repeat the same snakemake command.",
    )


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    ".nc": _netcdf,
    ".csv": _csv,
    ".json": _json,
    ".png": _png,
    ".pdf": _pdf,
    ".md": _page,
    ".html": _page,
}


def _plain(value: Any) -> Any:
    """An attribute as a plain value: NumPy values as Python values, JSON decoded."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return None if value == "null" else value


def report(file: Path) -> str:
    """How a result file was made, as YAML."""
    import yaml

    return f"{file}\n{yaml.safe_dump(made_by(file), sort_keys=False, allow_unicode=True, width=110)}".rstrip("\n")


def run(arguments: argparse.Namespace) -> int:
    """Print how result files were made and what raw files of one recording contain, and return the exit code."""
    files = [Path(name) for name in arguments.files]
    raw = [file for file in files if is_raw(file)]
    codes = [run_cli(partial(report, file)) for file in files if file not in raw]
    if raw:
        options, picture = (None if name is None else Path(name) for name in (arguments.options, arguments.picture))
        codes.append(run_cli(partial(report_raw, raw, options, arguments.of_study, arguments.recording, picture)))
    return max(codes)
