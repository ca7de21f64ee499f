"""Search for raw files: downloads, the user's own copies, unpacked archives, private mounts.

This module runs while a Snakefile is parsed, so it imports nothing heavy.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.io.access import may_read, require_readable
from neurorules.recordings.catalogue import CATALOGUE, is_private, source_entry
from neurorules.recordings.misplaced import misplaced

# Relative to the folder in which the workflow runs.
DOWNLOADS = Path("resources/raw")

_CLOCKS_DIFFER_S = 60  # harmless difference between this machine's clock and a file server's


def download_paths(reader: str, source: str, download_dir: Path, *, catalogue: Path = CATALOGUE) -> list[Path]:
    """Paths of a source's files below `download_dir`, whether they exist or not."""
    return [Path(download_dir) / file["path"] for file in source_entry(reader, source, catalogue=catalogue)["files"]]


def unpacked_folder(
    reader: str, source: str, options: Mapping[str, Any], *, catalogue: Path = CATALOGUE
) -> Path | None:
    """The folder that the published archive unpacks to, relative to `raw_dir`; None without an archive.

    Raises:
        InputError: the option that selects one of its folders (monkey) has an unknown value.
    """
    unpacked = source_entry(reader, source, catalogue=catalogue).get("unpacked")
    if unpacked is None:
        return None
    folders = unpacked["folders"]
    chosen = options.get(unpacked["option"], next(iter(folders)))
    if chosen not in folders:
        raise InputError(
            f"Unknown {unpacked['option']} of the recording {reader}.",
            key=unpacked["option"],
            value=chosen,
            remedy=f"Use one of: {', '.join(folders)}.",
        )
    return Path(folders[chosen])


def expand_folder(text: str, key: str) -> Path:
    """The path of a folder given in a study.

    ~ is the user's home, ~name another user's; $NAME and ${NAME} are environment variables.

    Args:
        text: the folder as written in the study.
        key: its config key, for the error.

    Raises:
        InputError: the user or the variable does not exist.
    """
    expanded = text if os.path.exists(text) else os.path.expandvars(text)
    unset = re.search(r"\$(\w+|\{[^}]*\})", expanded)
    if unset and not os.path.exists(expanded):
        raise InputError(
            f"The environment variable {unset[1].strip('{}')} is not set.",
            key=key,
            value=text,
            remedy="Set it, or write the folder's full path.",
        )
    try:
        return Path(expanded).expanduser()
    except RuntimeError as error:
        raise InputError(str(error), key=key, value=text, remedy="Write the folder's full path.") from None


def find_raw(
    reader: str,
    source: str,
    raw_dir: Path | None,
    download_dir: Path,
    options: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    catalogue: Path = CATALOGUE,
) -> list[Path]:
    """The raw files found, or an empty list if they must be downloaded.

    `raw_dir` is searched first, then `download_dir`. In each, the published file itself comes first, then the folder
    that the published archive unpacks to (its files sorted by name). Files of a private source are searched for in
    `raw_dir` only, and stay there.

    Args:
        reader: name in the catalogue.
        source: one of its sources.
        raw_dir: the user's own copies, laid out as in the catalogue; None if there are none. For a private source, the
            recording's own `path`.
        download_dir: where downloads are.
        options: the recording's options; the catalogue says which one selects the folder (monkey).
        name: the recording's name in the config, for errors; by default the reader's.
        catalogue: the catalogue's file.

    Raises:
        InputError: unknown recording, source or monkey; `raw_dir` does not exist; an unpacked folder is empty; a file
            of a private source is missing; the files are one folder too high or too low; a folder is not readable; a
            file is dated in the future.
    """
    entry = source_entry(reader, source, catalogue=catalogue)
    private = is_private(reader, source, catalogue=catalogue)
    key = f"recordings.{name or reader}.path" if private else None if raw_dir is None else "raw_dir"
    with may_read(download_dir if raw_dir is None else raw_dir, key):
        if private:
            files = _find_private(name or reader, entry["files"], raw_dir)
        else:
            files = _find_published(name or reader, reader, source, raw_dir, download_dir, options or {}, catalogue)
        for file in files:
            refuse_future(file, key)
    return files


def refuse_future(file: Path, key: str | None) -> None:
    """Refuse a raw file that is dated in the future.

    Snakemake treats a recording that is older than its raw file as a failure, and removes it after it was read.

    Raises:
        InputError: the file is dated in the future.
    """
    ahead = file.stat().st_mtime - time.time()
    if ahead > _CLOCKS_DIFFER_S:
        raise InputError(
            "The raw file is dated in the future, so anything made from it would seem out of date.",
            file=file,
            key=key,
            value=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(file.stat().st_mtime)),
            remedy="Set its date to now: touch the file. If the date is right, set this machine's clock.",
        )


def _find_published(
    name: str,
    reader: str,
    source: str,
    raw_dir: Path | None,
    download_dir: Path,
    options: Mapping[str, Any],
    catalogue: Path,
) -> list[Path]:
    entry = source_entry(reader, source, catalogue=catalogue)
    if raw_dir is not None and not Path(raw_dir).is_dir():
        raise InputError(
            "The folder of raw recordings does not exist.",
            file=raw_dir,
            key="raw_dir",
            remedy="Correct raw_dir in the configuration, or leave it out to download the recordings.",
        )
    pattern = entry.get("unpacked", {}).get("pattern")
    relative = unpacked_folder(reader, source, options, catalogue=catalogue)
    for folder in [Path(f) for f in (raw_dir, download_dir) if f is not None]:
        files = [folder / file["path"] for file in entry["files"]]
        if all(file.is_file() for file in files):
            return files
        if relative is not None and (folder / relative).is_dir():
            # glob finds nothing in an unreadable folder
            require_readable(folder / relative, "raw_dir" if folder != Path(download_dir) else None)
            # macOS leaves hidden "._" companions next to the files of an archive
            units = sorted(f for f in (folder / relative).glob(pattern) if not f.name.startswith("."))
            if not units:
                raise InputError(
                    f"The folder contains no {pattern} file.",
                    file=folder / relative,
                    key="raw_dir",
                    remedy="Unpack the archive into it again, or remove the folder to have the archive downloaded.",
                )
            return units
    expected = [Path(file["path"]) for file in entry["files"]] + ([relative] if relative is not None else [])
    if raw_dir is not None and (found := misplaced(Path(raw_dir), expected)):
        raise InputError(
            f"The raw files of {name} are not in raw_dir, but in {found.path}.",
            file=raw_dir,
            key="raw_dir",
            value=str(raw_dir),
            remedy=found.remedy("raw_dir"),
        )
    return []


def _find_private(name: str, files: Sequence[Mapping[str, Any]], folder: Path | None) -> list[Path]:
    key, remedy = f"recordings.{name}.path", by_hand(files)
    if folder is None:
        raise InputError("The folder of a private recording is not set.", key=key, value=None, remedy=remedy)
    # os.path, because Path raises an error for an unreadable mount
    if os.path.isfile(folder):
        raise InputError(
            "This is a file; the recording's path must be the folder that contains it.",
            file=folder,
            key=key,
            value=str(folder),
            remedy=f"Use that folder, {os.path.dirname(folder) or '.'}. {remedy}",
        )
    if not os.path.isdir(folder):
        raise InputError(
            "The folder of a private recording does not exist or cannot be read.",
            file=folder,
            key=key,
            value=str(folder),
            remedy=remedy,
        )
    paths = [Path(folder) / file["path"] for file in files]
    missing = [path.name for path in paths if not os.path.isfile(path)]
    if missing:
        found = misplaced(Path(folder), [Path(name) for name in missing])
        if found is not None:
            remedy = f"{found.remedy(key)} {remedy}"
        others = ", ".join(sorted(os.listdir(folder))[:10]) if os.access(folder, os.R_OK) else ""
        raise InputError(
            f"Files of a private recording are missing or cannot be read: {', '.join(missing)}.",
            file=folder,
            key=key,
            value=str(folder),
            remedy=remedy + (f" The folder contains: {others}." if others else ""),
        )
    return paths


def by_hand(files: Sequence[Mapping[str, Any]]) -> str:
    """How to get files by hand: the catalogue's instructions for each, without repetition."""
    return "By hand: " + "; ".join(dict.fromkeys(file["by_hand"] for file in files)) + "."
