"""`neurorules inspect`: what a result file was made by. Raw files of a lab are looked at by inspect_raw.py.

Runs and recordings say so in their attributes, figures in their metadata, tables for reading in a comment, and tidy
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

# Columns of tidy tables that say what the rows are about, and what code they were made by.
LABELS = ("recording", "recording_title", "synthetic", "task", "learning_rule", "setting", "seed", "measure")
CODES = ("training_code", "scoring_code")


def made_by(file: Path) -> dict[str, Any]:
    """What a result file says it was made by: plain values, by name.

    Raises:
        InputError: it is missing, or of a kind that no result has.
        DamagedResult: it is cut off or altered, or a figure or table that does not say.
    """
    if file.suffix not in READERS:
        raise InputError(
            "This is no result of a study.",
            file=file,
            value=file.suffix,
            remedy=f"Name a run, a recording, a table or a figure: {', '.join(READERS)}; or raw files of a lab: "
            f"{', '.join(ENDINGS)}.",
        )
    if not file.is_file():
        raise InputError(
            "The file is missing.", file=file, remedy="`neurorules status STUDY` says what a study has made so far."
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
    """A string of a PDF's information dictionary: in parentheses, with \\ before those within, ASCII or UTF-16."""
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
    """JSON that a figure or table carries."""
    try:
        content = json.loads(said or "")
    except ValueError as error:
        raise _silent(file) from error
    return dict(content)


def _silent(file: Path) -> DamagedResult:
    return DamagedResult(
        "The file does not say what it was made by.",
        file=file,
        remedy="It may be cut off, or of another program. Delete it, and the same snakemake command makes it again.",
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
    """An attribute as a plain value: NumPy's as Python's, JSON as what it says."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return None if value == "null" else value


def report(file: Path) -> str:
    """What a result file was made by, as YAML."""
    import yaml

    return f"{file}\n{yaml.safe_dump(made_by(file), sort_keys=False, allow_unicode=True, width=110)}".rstrip("\n")


def run(arguments: argparse.Namespace) -> int:
    """Print what result files were made by, and what is in raw files, which belong together; returns the exit code."""
    files = [Path(name) for name in arguments.files]
    raw = [file for file in files if is_raw(file)]
    codes = [run_cli(partial(report, file)) for file in files if file not in raw]
    if raw:
        options, picture = (None if name is None else Path(name) for name in (arguments.options, arguments.picture))
        codes.append(run_cli(partial(report_raw, raw, options, arguments.of_study, arguments.recording, picture)))
    return max(codes)
