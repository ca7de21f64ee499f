"""Download of a source's raw files; each is written completely and verified, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from neurorules.errors import InputError, shorten
from neurorules.recordings.catalogue import CATALOGUE, is_private, source_entry
from neurorules.recordings.locate import by_hand
from neurorules.recordings.transfer import Transfer


def download(
    reader: str,
    source: str,
    download_dir: Path,
    *,
    raw_dir: Path | None = None,
    progress: TextIO | None = None,
    catalogue: Path = CATALOGUE,
) -> list[Path]:
    """Download the files of one source into `download_dir`; correct files that are already there stay.

    A file grows as `<name>.partial` and gets its final name only when it is complete and verified. A broken transfer
    resumes, in this call or a later one, if the server supports it and still has the same file; otherwise it starts
    again.

    Args:
        reader: name in the catalogue.
        source: one of its sources.
        download_dir: the folder.
        raw_dir: shown in errors as the place for a copy fetched by hand.
        progress: where to report progress; stderr by default.
        catalogue: the catalogue's file.

    Returns:
        the files.

    Raises:
        InputError: no network, an HTTP error, a wrong checksum, or no space left; the error gives the missing file, how
            to get it by hand, where to put it, and that the demo does not need it. Or the source is private.
    """
    files = source_entry(reader, source, catalogue=catalogue)["files"]
    if is_private(reader, source, catalogue=catalogue):
        raise InputError(
            f"The recording {reader} is private: it cannot be downloaded.",
            key=f"recordings.{reader}.path",
            remedy=by_hand(files),
        )
    paths = []
    for file in files:
        target = Path(download_dir) / file["path"]
        paths.append(target)
        by_hand_path = Path(raw_dir if raw_dir is not None else download_dir) / file["path"]
        address = str(file.get("url", ""))
        cut = shorten(address) != repr(address)  # the error shows only its beginning
        remedy = (
            f"By hand: {file['by_hand']}{f' ({address})' if cut else ''}; put it at {by_hand_path}"
            f"{'' if raw_dir is not None else ' (or at the same path below the folder in raw_dir)'}. "
            "Or run `make demo`, which uses synthetic recordings and needs no download."
        )
        Transfer(file, target, remedy, progress or sys.stderr).run()
    return paths
