"""The raw files that a study's recordings are read from, and what stands behind recordings whose files are gone.

Snakemake takes a finished recording as it is where its raw files cannot be found: it drops the error of an input
function whose output exists. So this is asked before anything is planned.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.io.identity import canonical_json
from neurorules.io.stale import differences
from neurorules.recordings.catalogue import own_file_patterns
from neurorules.recordings.locate import DOWNLOADS, expand_folder, find_raw, refuse_future
from neurorules.recordings.own_files import find_own_files
from neurorules.study.load import Study


def folder_of(study: Study, recording: str) -> tuple[Path, str]:
    """The folder that a recording's raw files are searched in, and the config key that names it.

    A private recording lies in a folder of its own.

    Raises:
        InputError: the folder's name holds a variable or a user that does not exist, or there are several.
    """
    entry = study.selection.recording_entry(recording)
    if isinstance(entry["path"], list):
        raise InputError(
            "The files of this recording lie in one folder.",
            key=f"recordings.{recording}.path",
            value=entry["path"],
            remedy="Name that folder alone.",
        )
    key = f"recordings.{recording}.path" if entry["path"] else "raw_dir"
    return expand_folder(entry["path"] or study.config["raw_dir"], key), key


def find_raw_files(study: Study, recording: str) -> list[Path]:
    """The raw files of a recording that is not synthetic; none if they have to be downloaded.

    Raises:
        InputError: the folder or a file that cannot be downloaded is not there.
    """
    entry = study.selection.recording_entry(recording)
    patterns = own_file_patterns(entry["reader"], entry["source"])
    if patterns is not None:
        return _find_own(recording, entry["path"], patterns)
    folder, _ = folder_of(study, recording)
    raw_dir = None if folder == DOWNLOADS else folder
    return find_raw(entry["reader"], entry["source"], raw_dir, DOWNLOADS, entry["options"], name=recording)


def _find_own(recording: str, path: str | list[str] | None, patterns: list[str]) -> list[Path]:
    """The user's own files of a recording, wherever they lie."""
    key = f"recordings.{recording}.path"
    if path is None:
        raise InputError(
            "The files of this recording are not named.",
            key=key,
            value=None,
            remedy="Name a file, a list of files, or a folder.",
        )
    named = [path] if isinstance(path, str) else path
    files = find_own_files(recording, [expand_folder(text, key) for text in named], patterns)
    for file in files:
        refuse_future(file, key)
    return files


def check_finished_recordings(study: Study, code: Callable[[str], str]) -> Iterator[str]:
    """Check finished recordings whose raw files cannot be found.

    Args:
        study: a checked study, whose results are below the working folder.
        code: gives the hash of the code behind a recording, by its name.

    Yields:
        A warning for each recording that the study did not change since it was made: it is used as it is.

    Raises:
        InputError: the study now asks for another recording than the finished one, and there is nothing to make it of.
    """
    for recording in study.selection.used_recordings:
        file = Path(study.paths.recording_file(recording))
        if study.selection.recording_entry(recording)["synthetic"] or not file.exists():
            continue
        try:
            find_raw_files(study, recording)
        except InputError as error:
            changed = _changes(study, recording, _made_from(file), code(recording))
            if changed:
                raise InputError(
                    f"The recording {recording} was made otherwise than the study says now, and its raw files are not "
                    f"there to make it again: {error.problem} Changed: {', '.join(changed)}.",
                    file=error.file or file,
                    key=error.key,
                    value=error.value if error.has_value else error.file,
                    remedy=f"Make the raw files available, or take back the change. The finished one is {file}.",
                ) from error
            yield (
                f"The raw files of the recording {recording} are not there, so whether they changed is not known: "
                f"{' '.join(str(error).split())}\nThe finished {file} is used as it is, by: "
                f"{', '.join(_figures_of(study, recording))}."
            )


def _made_from(file: Path) -> dict[str, Any]:
    """Attributes of a finished recording; none of a file that is no recording, which the job that reads it finds."""
    from neurorules.io.netcdf import NETCDF_ERRORS, read_attributes

    try:
        return read_attributes(file)
    except NETCDF_ERRORS:
        return {}


def _changes(study: Study, recording: str, attributes: dict[str, Any], code: str) -> list[str]:
    """What the study says otherwise than when the recording was made."""
    now = json.loads(canonical_json(study.selection.recording_spec(recording)))
    changed = list(differences(json.loads(attributes.get("made_from", "{}")), now))
    return changed + (["the code that reads it"] if code != attributes.get("code") else [])


def _figures_of(study: Study, recording: str) -> list[str]:
    """Figures and tables that show a recording, or models compared with it."""
    return [
        name
        for name, models in study.selection.figures.items()
        if recording in study.selection.figure_recordings(name)
        or any(study.options.recording(model) == recording for model in models)
    ]
