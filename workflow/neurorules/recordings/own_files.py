"""The user's own files: one file, several, or a folder of them, with any names.

This module runs while a Snakefile is parsed, so it imports nothing heavy.
"""

from __future__ import annotations

import difflib
import itertools
import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from neurorules.errors import InputError
from neurorules.io.access import may_read, require_readable


def find_own_files(name: str, paths: Sequence[Path], patterns: Sequence[str]) -> list[Path]:
    """Files given by a recording's `path`, sorted by name; of a folder, those that match the reader's patterns.

    Args:
        name: the recording's name in the study.
        paths: its `path`: files or folders.
        patterns: file name patterns of its reader (*.nwb).

    Raises:
        InputError: a file or folder is missing or unreadable, a folder has no matching file, or two files share a name.
    """
    key = f"recordings.{name}.path"
    files: list[Path] = []
    for path in paths:
        with may_read(path, key):
            files += _of_folder(path, patterns, key) if os.path.isdir(path) else [_file(path, key)]
    files = sorted(dict.fromkeys(files), key=lambda file: file.name)
    for first, second in itertools.pairwise(files):
        if first.name == second.name:
            raise InputError(
                "Duplicate file name: the units of the two files could not be told apart.",
                file=first,
                key=key,
                value=str(second),
                remedy="List each file once, or rename one.",
            )
    return files


def _file(path: Path, key: str) -> Path:
    if os.path.isfile(path):
        return path
    folder = path.parent
    there = sorted(os.listdir(folder)) if os.path.isdir(folder) and os.access(folder, os.R_OK) else []
    near = difflib.get_close_matches(path.name, there, n=1)
    raise InputError(
        "The recording's file or folder does not exist.",
        file=path,
        key=key,
        value=str(path),
        remedy=f"Did you mean {folder / near[0]}?"
        if near
        else "Correct the path: a file, a list of files, or a folder.",
    )


def _of_folder(folder: Path, patterns: Sequence[str], key: str) -> list[Path]:
    require_readable(folder, key)
    # macOS leaves hidden "._" companions next to files
    there = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    files = [file for file in there if any(fnmatch(file.name.lower(), pattern) for pattern in patterns)]
    if not files:
        others = ", ".join(file.name for file in there[:10])
        raise InputError(
            f"The folder contains no {' or '.join(patterns)} file.",
            file=folder,
            key=key,
            value=str(folder),
            remedy="Use the folder that contains the files" + (f"; this one contains: {others}." if others else "."),
        )
    return files
