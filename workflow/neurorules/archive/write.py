"""Write a finished study as one archive."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from neurorules.archive import contents
from neurorules.archive.contents import CHECKSUMS, CONFIG, CRATE, PROVENANCE, README, RECORDINGS
from neurorules.archive.crate import crate_metadata
from neurorules.archive.pack import Content, ending_of, pack
from neurorules.errors import InputError
from neurorules.io.atomic import whole_file
from neurorules.io.identity import sha256_of
from neurorules.provenance.commit import commit
from neurorules.provenance.versions import versions
from neurorules.study.code import all_code
from neurorules.study.identity import Identities
from neurorules.study.load import Study
from neurorules.study.unrecorded import result_checks
from neurorules.study.yaml_source import REPOSITORY

SHOWN = 20  # files listed in an error
DATE = "SOURCE_DATE_EPOCH"  # seconds since 1970, the convention of reproducible builds


@dataclass(frozen=True)
class Archive:
    """An archive that was written.

    Attributes:
        file: its path.
        n_files: number of files in it.
        left_out: what it leaves out: the reason, by name.
    """

    file: Path
    n_files: int
    left_out: Mapping[str, str]


def write_archive(
    identities: Identities, output: Path, root: Path = Path("."), *, with_runs: bool = True, command: str = "make run"
) -> Archive:
    """Write the archive of a finished study, completely or not at all. The same results give the same bytes.

    Args:
        identities: what the study's results must be made from.
        output: the file to write; its suffix sets the format.
        root: the folder with results/ in it.
        with_runs: whether to include the trained networks.
        command: the command that finishes the study, for errors.

    Raises:
        InputError: the study is not finished, the output exists or cannot be written, the disk is full, or a file
            changed meanwhile.
        StaleResult: a result is outdated.
    """
    ending = ending_of(output)
    if output.exists():
        raise InputError(
            "The archive already exists.",
            file=output,
            remedy="Delete it, or choose another file with --output.",
        )
    study = identities.study
    _require_finished(identities, root, command)
    results = contents.results(study, with_runs)
    recordings = contents.recording_entries(study, root)
    files: dict[str, Content] = {name: REPOSITORY / name for name in contents.FROM_REPOSITORY}
    files |= {name: root / name for name in results}
    files |= {
        CONFIG: config_json(study),
        RECORDINGS: _json(recordings),
        PROVENANCE: _json(_provenance(identities, with_runs)),
        README: _readme(study, with_runs).encode(),
    }
    checksums = {name: _checksum(content) for name, content in files.items()}
    described: dict[str, tuple[str, int, str | None]] = {
        name: (_what(name, results), _size(content), checksums[name]) for name, content in files.items()
    }
    described[CHECKSUMS] = (_what(CHECKSUMS, results), 0, None)
    files[CRATE] = _crate(study, described, recordings)
    checksums[CRATE] = _checksum(files[CRATE])
    files[CHECKSUMS] = "".join(f"{checksums[name]}  {name}\n" for name in sorted(checksums)).encode()
    with whole_file(output) as partial:
        pack(partial, ending, files, checksums)
    return Archive(output, len(files), contents.left_out(study, with_runs))


def _require_finished(identities: Identities, root: Path, command: str) -> None:
    """Reject a study with missing or outdated results."""
    study = identities.study
    asked = [file for file, _ in result_checks(identities, raw_files=False)]
    missing = contents.missing(root, dict.fromkeys([*asked, *contents.results(study)]))
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise InputError(
            f"The study {study.name} is not finished. Missing files ({len(missing)}): "
            f"{', '.join(missing[:SHOWN])}{more}.",
            file=root / missing[0],
            remedy=f"Finish it with `{command}`, and run the same command again.",
        )
    for file, check in result_checks(identities, raw_files=False):
        if (error := check(str(root / file))) is not None:
            raise error


def _provenance(identities: Identities, with_runs: bool) -> dict[str, Any]:
    study = identities.study
    code = {" ".join((script, *plugins)): identities.code(script, plugins) for script, plugins in all_code(study)}
    return {
        "study": study.name,
        "versions": versions(),
        "commit": commit(),
        "code": code,
        "runs": with_runs,
        "left_out": contents.left_out(study, with_runs),
    }


def _crate(
    study: Study, described: Mapping[str, tuple[str, int, str | None]], recordings: list[dict[str, Any]]
) -> bytes:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    papers = [
        (paper["title"], f"https://arxiv.org/abs/{identifier['value'].removeprefix('arXiv:')}")
        for paper in citation["references"]
        for identifier in paper.get("identifiers", [])
        if identifier["value"].startswith("arXiv:")
    ]
    synthetic = any(entry.get("synthetic") for entry in recordings)
    of = "synthetic recordings, which say nothing about the brain" if synthetic else "recorded neurons"
    about = {
        "name": f"neurorules study {study.name}",
        "description": f"Figures, tables, trained networks and provenance of the study {study.name}: recurrent "
        f"networks trained with several learning rules, compared with {of}.",
        "datePublished": _date(str(citation["date-released"])),
    }
    made_by = commit()
    software = {"version": versions()["neurorules"], "commit": made_by["hash"] if made_by else None}
    return crate_metadata(described, about, software, recordings, papers)


def _date(released: str) -> str:
    """The date in SOURCE_DATE_EPOCH, or else of this release: the current date would change the archive's bytes.

    Raises:
        InputError: the variable is not a number of seconds.
    """
    seconds = os.environ.get(DATE)
    if seconds is None:
        return released
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        raise InputError(
            "This environment variable is not a number of seconds since 1970.",
            key=DATE,
            value=seconds,
            remedy=f"Unset it, or export {DATE}=$(date +%s).",
        ) from None


def _what(name: str, results: Mapping[str, str]) -> str:
    words = {
        CONFIG: "the study's config, including all defaults",
        RECORDINGS: "the recordings: source, licence, citation, checksum",
        PROVENANCE: "versions, commit and hashes of the code that made the results",
        README: "the contents of this archive, and how to check it",
        CHECKSUMS: "SHA-256 of every other file, for sha256sum -c",
        "requirements.lock": "the packages used, with versions and hashes",
        "resources/published.yaml": "the papers' numbers and claims shown in figures",
        "resources/recordings.yaml": "sources of the recordings",
    }
    return results.get(name) or words.get(name, name)


def _readme(study: Study, with_runs: bool) -> str:
    absent = contents.left_out(study, with_runs)
    lines = [
        f"# The study {study.name}",
        "",
        f"Made by neurorules {versions()['neurorules']}.",
        "",
        f"- `results/{study.name}/figures`, `tables`: the study's figures and tables",
        f"- `results/{study.name}/similarity`: the tidy tables that figures are drawn from",
        *([f"- `results/{study.name}/runs`: the trained networks at every checkpoint"] if with_runs else []),
        f"- `results/{study.name}/recordings`: recordings that may be redistributed; `{RECORDINGS}` describes all",
        f"- `{CONFIG}`: the config, including all defaults, with local folders replaced",
        f"- `{PROVENANCE}`, `requirements.lock`: code and packages",
        f"- `{CRATE}`: machine-readable metadata (RO-Crate 1.1)",
        "",
        f"To check it, use `neurorules archive --check FILE`, or unpack it and use `sha256sum -c {CHECKSUMS}`.",
    ]
    if absent:
        lines += ["", "Left out:", "", *(f"- {name}: {why}" for name, why in absent.items())]
    return "\n".join(lines) + "\n"


def config_json(study: Study) -> bytes:
    """The config of a study. Its keys keep their order, which decides the colours of networks trained elsewhere."""
    return _json(contents.shared_config(study), sort_keys=False)


def _json(value: Any, sort_keys: bool = True) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=sort_keys, ensure_ascii=False) + "\n").encode()


def _checksum(content: Content) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else sha256_of(content)


def _size(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
