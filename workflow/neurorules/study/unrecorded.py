"""Check results that Snakemake has no record of against the current study.

Snakemake never repeats a job for a result without a record. So results copied without .snakemake would be used as they
are, whatever changes in the study.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from neurorules.errors import InputError, StaleResult
from neurorules.io.netcdf import NETCDF_ERRORS, read_attributes
from neurorules.io.stale import check_made_from
from neurorules.recordings.verify import fingerprint
from neurorules.study.identity import Identities
from neurorules.study.model import Model
from neurorules.study.network_files import find_network_files
from neurorules.study.raw_files import find_raw_files

SHOWN = 20  # files listed in an error

# Returns the error for a file, or None if the file is up to date.
Check = Callable[[str], InputError | None]


def check_unrecorded(identities: Identities, has_record: Callable[[str], bool]) -> None:
    """Reject outdated results without a record: those made with other options or code than the study has now.

    A result that cannot be read is skipped. The job that reads it reports the error.

    Args:
        identities: what results must be made from.
        has_record: whether Snakemake has a record of a file, given its path relative to the working folder.

    Raises:
        InputError: lists all outdated results, including figures: if a figure exists, Snakemake does not make missing
            files that it depends on.
    """
    stale = [
        (file, error)
        for file, check in result_checks(identities)
        if Path(file).exists() and not has_record(file) and (error := check(file)) is not None
    ]
    if not stale:
        return
    files = [file for file, _ in stale]
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    raise InputError(
        "Some results were made with options or code that differ from the study's. Snakemake would use them "
        "unchanged, because it has no record of how they were made (.snakemake was lost, or they were copied without "
        "it): "
        f"{len(files)} files, {', '.join(files[:SHOWN])}{more}. {stale[0][1].problem}",
        file=files[0],
        remedy="To make them again, delete them all, or add --forceall, and run the same command. To keep them, undo "
        "the change.",
    )


def result_checks(identities: Identities, raw_files: bool = True) -> Iterator[tuple[str, Check]]:
    """Every result that records what it was made from, with its check, in the order in which results are made.

    Args:
        identities: what results must be made from.
        raw_files: whether to check raw files and network files as well, if they are found.

    Yields:
        the result's path, relative to the folder that holds results/, and a check of the file at a given path.
    """
    paths, selection = identities.study.paths, identities.study.selection
    for recording in selection.used_recordings:
        yield paths.recording_file(recording), _recording_check(identities, recording, raw_files)
    for model, seeds in selection.seeds.items():
        for seed in seeds:
            yield paths.run_file(model, seed), _run_check(identities, model, seed, raw_files)
    for table in dict.fromkeys(table for name in selection.figures for table in paths.figure_tables(name)):
        yield table, _table_check(identities, table)
    for name in selection.figures:
        for file in paths.figure_files(name):
            yield file, _figure_check(identities, name, paths.figure_files(name))


def _run_check(identities: Identities, model: Model, seed: int, raw_files: bool) -> Check:
    def asked() -> dict[str, Any]:
        wanted: dict[str, Any] = {**identities.run(model), "seed": seed}
        if raw_files and identities.study.options.is_imported(model):
            files = find_network_files(identities.study, model, seed)
            if all(file.is_file() for file in files):
                wanted["network_files"] = [fingerprint(file) for file in files]
        return wanted

    return _attributes_check("run", asked)


def _attributes_check(what: str, asked: Callable[[], dict[str, Any]]) -> Check:
    def check(file: str) -> InputError | None:
        try:
            check_made_from(what, file, read_attributes(file), asked())
        except StaleResult as error:
            return error
        except (InputError, *NETCDF_ERRORS):
            return None
        return None

    return check


def _recording_check(identities: Identities, name: str, raw_files: bool) -> Check:
    def asked() -> dict[str, Any]:
        wanted: dict[str, Any] = dict(identities.recording(name) or {})
        if raw_files and not identities.study.selection.recording_entry(name)["synthetic"]:
            raw = find_raw_files(identities.study, name)
            if raw:
                wanted["raw_files"] = [fingerprint(file) for file in raw]
        return wanted

    return _attributes_check("recording", asked)


def _table_check(identities: Identities, table: str) -> Check:
    def check(file: str) -> InputError | None:
        with open(file, encoding="utf-8", errors="replace", newline="") as lines:
            first = next(csv.DictReader(lines), None)
        if first is not None and first.get("made_from") != identities.table(table):
            return StaleResult("table", file, ["its options, its runs or its code"])
        return None

    return check


def _figure_check(identities: Identities, name: str, files: Sequence[str]) -> Check:
    """The check of one of a figure's files. Its .png or .md file records what all of them were made from."""
    says = next(Path(file).name for file in files if file.endswith((".png", ".md")))

    def check(file: str) -> InputError | None:
        saying = Path(file).with_name(says)
        if saying.exists() and identities.figure(name).encode() not in saying.read_bytes():
            return StaleResult("figure", file, ["its options, its tables or its code"])
        return None

    return check
