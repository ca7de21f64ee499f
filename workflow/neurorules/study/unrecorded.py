"""Results that Snakemake has no record of, compared with what the study says now.

Snakemake makes nothing again of which it does not know how it was made. So results that were copied without .snakemake
would stand for every later change of the study.
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

SHOWN = 20  # files that an error names

# What is not as it should be; None where the file is.
Check = Callable[[str], InputError | None]


def check_unrecorded(identities: Identities, has_record: Callable[[str], bool]) -> None:
    """Refuse results without a record that were made otherwise than the study says now.

    A result that cannot be read is left out: the job that reads it says so.

    Args:
        identities: what results have to be made of.
        has_record: whether Snakemake knows how it made a file, by its path relative to the working folder.

    Raises:
        InputError: names them all, figures too: where those stand, Snakemake makes nothing that is missing before them.
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
        "Results were made otherwise than the study says now, and Snakemake would take them as they are, because it "
        "has no record of how they were made (.snakemake was lost, or they were copied without it): "
        f"{len(files)} files, {', '.join(files[:SHOWN])}{more}. {stale[0][1].problem}",
        file=files[0],
        remedy="Delete all of them, or add --forceall, and run the same command: they are made again. To keep them, "
        "take back the change.",
    )


def result_checks(identities: Identities, raw_files: bool = True) -> Iterator[tuple[str, Check]]:
    """Every result that says what it was made from, in the order in which they are made, with its check.

    Args:
        identities: what results have to be made of.
        raw_files: whether raw files and files of networks, where they are found, count too.

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
    """Of one file of a figure: of its files, the picture or the text says what they were made from."""
    (says,) = (Path(file).name for file in files if file.endswith((".png", ".md")))

    def check(file: str) -> InputError | None:
        saying = Path(file).with_name(says)
        if saying.exists() and identities.figure(name).encode() not in saying.read_bytes():
            return StaleResult("figure", file, ["its options, its tables or its code"])
        return None

    return check
