"""The raw files of a study's recordings, and checks of finished recordings whose raw files are missing.

If raw files cannot be found, Snakemake uses a finished recording unchanged: it ignores errors of input functions when
the output exists. So this is checked before jobs are planned.
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
    """The folder to search for a recording's raw files, and the config key that sets it.

    A private recording has its own folder.

    Raises:
        InputError: the folder's path contains an unknown variable or user, or there is more than one folder.
    """
    entry = study.selection.recording_entry(recording)
    if isinstance(entry["path"], list):
        raise InputError(
            "All files of this recording must be in one folder.",
            key=f"recordings.{recording}.path",
            value=entry["path"],
            remedy="Give only that folder.",
        )
    key = f"recordings.{recording}.path" if entry["path"] else "raw_dir"
    return expand_folder(entry["path"] or study.config["raw_dir"], key), key


def find_raw_files(study: Study, recording: str) -> list[Path]:
    """The raw files of a recording that is not synthetic; empty if they have to be downloaded.

    Raises:
        InputError: the folder, or a file that cannot be downloaded, is missing.
    """
    entry = study.selection.recording_entry(recording)
    patterns = own_file_patterns(entry["reader"], entry["source"])
    if patterns is not None:
        return _find_own(recording, entry["path"], patterns)
    folder, _ = folder_of(study, recording)
    raw_dir = None if folder == DOWNLOADS else folder
    return find_raw(entry["reader"], entry["source"], raw_dir, DOWNLOADS, entry["options"], name=recording)


def _find_own(recording: str, path: str | list[str] | None, patterns: list[str]) -> list[Path]:
    """The user's own files of a recording, in any folder."""
    key = f"recordings.{recording}.path"
    if path is None:
        raise InputError(
            "This recording has no path.",
            key=key,
            value=None,
            remedy="Give a file, a list of files, or a folder.",
        )
    named = [path] if isinstance(path, str) else path
    files = find_own_files(recording, [expand_folder(text, key) for text in named], patterns)
    for file in files:
        refuse_future(file, key)
    return files


def check_finished_recordings(study: Study, code: Callable[[str], str]) -> Iterator[str]:
    """Check finished recordings whose raw files cannot be found.

    Args:
        study: a checked study, whose results are under the working folder.
        code: returns the code hash of a recording, given its name.

    Yields:
        A warning for each recording whose options and code have not changed since it was made. It is used unchanged.

    Raises:
        InputError: a finished recording is outdated, and its raw files are missing, so it cannot be made again.
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
                    f"The recording {recording} was made with options or code that differ from the study's, and its "
                    "raw files are missing, so it cannot be made again: "
                    f"{error.problem} Changed: {', '.join(changed)}.",
                    file=error.file or file,
                    key=error.key,
                    value=error.value if error.has_value else error.file,
                    remedy=f"Make the raw files available, or undo the change. The finished recording is {file}.",
                ) from error
            yield (
                f"The raw files of the recording {recording} are missing, so they cannot be checked for changes: "
                f"{' '.join(str(error).split())}\nThe finished {file} is used unchanged by: "
                f"{', '.join(_figures_of(study, recording))}."
            )


def _made_from(file: Path) -> dict[str, Any]:
    """The attributes of a finished recording; empty if it cannot be read, which the job that reads it reports."""
    from neurorules.io.netcdf import NETCDF_ERRORS, read_attributes

    try:
        return read_attributes(file)
    except NETCDF_ERRORS:
        return {}


def _changes(study: Study, recording: str, attributes: dict[str, Any], code: str) -> list[str]:
    """What has changed in the study since the recording was made."""
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
