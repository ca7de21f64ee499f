"""Verify an archive: its checksums, its metadata, its results and their provenance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from neurorules.archive import contents
from neurorules.archive.contents import CHECKSUMS, CONFIG, CRATE, PROVENANCE
from neurorules.archive.crate import listed_files
from neurorules.archive.pack import unpack
from neurorules.errors import InputError
from neurorules.study.identity import Identities
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.unrecorded import result_checks

SHOWN = 20  # errors listed in a message


def verify_archive(archive: Path, folder: Path) -> str:
    """Unpack an archive and check it.

    Args:
        archive: the file.
        folder: an empty folder to unpack it in.

    Returns:
        a summary of what was checked.

    Raises:
        InputError: it cannot be unpacked, or verification failed; lists up to SHOWN errors.
    """
    found = unpack(archive, folder)
    faults = list(_faults_of_files(found, folder))
    if not faults:  # the next checks read these files
        study, provenance = _study(archive, folder)
        faults = list(_faults_of_results(archive, study, provenance, found, folder))
    if faults:
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise InputError(
            f"Verification of the archive failed, {len(faults)} errors:\n  " + "\n  ".join(faults[:SHOWN]) + more,
            file=archive,
            remedy="Copy or download it again, or write a new archive from the study's results.",
        )
    kinds = list(contents.results(study, provenance["runs"]).values())
    counted = ", ".join(f"{kinds.count(kind)} {kind} files" for kind in dict.fromkeys(kinds))
    return f"{archive}: {len(found)} files, intact and complete: study {study.name}, {counted}"


def _faults_of_files(found: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Differences between checksums, metadata and files."""
    for name in (CHECKSUMS, CRATE, CONFIG, PROVENANCE):
        if name not in found:
            yield f"{name} is missing"
    if CHECKSUMS in found:
        try:
            listed = _checksums((folder / CHECKSUMS).read_text(encoding="utf-8"))
        except ValueError as error:
            yield f"{CHECKSUMS}: {error}"
        else:
            yield from _differences(CHECKSUMS, listed, {n: s for n, s in found.items() if n != CHECKSUMS})
    if CRATE in found:
        try:
            described = listed_files((folder / CRATE).read_bytes())
        except ValueError as error:
            yield f"{CRATE}: {error}"
        else:
            yield from _differences(CRATE, described, {n: s for n, s in found.items() if n != CRATE})


def _checksums(text: str) -> dict[str, str]:
    """SHA-256 by file, from the output format of `sha256sum`."""
    listed: dict[str, str] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if match is None or match[2] in listed:
            raise ValueError(f"not a sha256sum line, or a duplicate file: {line[:200]}")
        listed[match[2]] = match[1]
    return listed


def _differences(where: str, listed: Mapping[str, str | None], found: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*listed, *found}):
        if name not in found:
            yield f"{name} is missing, but {where} lists it"
        elif name not in listed:
            yield f"{name} is not in {where}"
        elif listed[name] not in (None, found[name]):
            yield f"{name}: the SHA-256 differs from {where}"


def _study(archive: Path, folder: Path) -> tuple[Study, dict[str, Any]]:
    """The archived study and its provenance."""
    try:
        provenance = dict(json.loads((folder / PROVENANCE).read_bytes()))
        made_by = f"neurorules {provenance['versions']['neurorules']}"
        if provenance["commit"]:
            made_by += f", commit {provenance['commit']['hash']}"
        return Study(json.loads((folder / CONFIG).read_bytes())), provenance
    except InputError as error:
        raise InputError(
            f"Checksums and metadata are correct, but this version rejects the archive's config: {error.problem}",
            file=archive,
            key=error.key,
            remedy=f"Check it with the version that made it: {made_by}.",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"Cannot read {CONFIG} or {PROVENANCE} in the archive ({error}).",
            file=archive,
            remedy="Write a new archive from the study's results.",
        ) from error


def _faults_of_results(
    archive: Path, study: Study, provenance: Mapping[str, Any], found: Iterable[str], folder: Path
) -> Iterator[str]:
    """Results that are missing, unexpected, unreadable or outdated."""
    expected = contents.results(study, provenance["runs"])
    present = {name for name in found if name.startswith("results/")}
    for name in sorted({*expected} - present):
        yield f"{name} is missing: the study includes this {expected[name]}"
    for name in sorted(present - {*expected}):
        yield f"{name} is not a result of this study"
    identities = Identities(study, _archived_code(archive, provenance))
    for name, check in result_checks(identities, raw_files=False):
        if name in present and (error := check(str(folder / name))) is not None:
            yield f"{name}: {error.problem}"
    for name, read in _readers(identities).items():
        if name in present and name in expected:
            try:
                read(folder / name)
            except InputError as error:
                yield f"{name}: {error.problem}"


def _archived_code(archive: Path, provenance: Mapping[str, Any]) -> Callable[..., str]:
    """Code hashes of jobs, as they were when the archive was written."""

    def code(script: str, plugins: tuple[str, ...] = ()) -> str:
        key = " ".join((script, *plugins))
        if key not in provenance["code"]:
            raise InputError(
                "Checksums and metadata are correct, but this version needs a code hash that is not in the archive.",
                file=archive,
                value=key,
                remedy=f"Check it with the version that made it: {provenance['versions']['neurorules']}, "
                f"commit {provenance['commit']}.",
            )
        return str(provenance["code"][key])

    return code


def _readers(identities: Identities) -> dict[str, Callable[[Path], object]]:
    """Functions that read each run, recording, tidy table and learning rate, and check the provenance of runs."""
    from neurorules.recordings.recording import open_recording
    from neurorules.tables.base.columns import read_tidy_table

    study = identities.study
    readers: dict[str, Callable[[Path], object]] = {}
    for name, what in contents.results(study).items():
        if what == contents.TIDY_TABLE:
            readers[name] = read_tidy_table
        elif what == contents.RECORDING:
            readers[name] = open_recording
    for model, seeds in study.selection.seeds.items():
        choice = identities.choice(model)
        if choice is not None:
            readers[study.paths.learning_rate_file(model)] = partial(_read_choice, choice)
        for seed in seeds:
            readers[study.paths.run_file(model, seed)] = run_reader(identities, model, seed)
    return readers


def _read_choice(asked: Mapping[str, Any], file: Path) -> object:
    from neurorules.training.learning_rate import read_choice

    return read_choice(file, asked)


def run_reader(identities: Identities, model: Model, seed: int) -> Callable[[Path], object]:
    """A function that reads a run of any origin and checks what it was made from."""
    from neurorules.imported.network import open_network

    options, asked = identities.study.options.training(model), {**identities.run(model), "seed": seed}
    return lambda file: open_network(file, options, asked)
