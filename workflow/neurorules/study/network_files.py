"""The files of networks trained elsewhere, checked before jobs are planned."""

from __future__ import annotations

import difflib
from pathlib import Path

from neurorules.errors import InputError
from neurorules.io.access import may_read
from neurorules.recordings.locate import DOWNLOADS, expand_folder, refuse_future
from neurorules.study.load import Study
from neurorules.study.model import Model

MOST_NAMES = 2000  # files in a folder to search for a similar name


def find_network_files(study: Study, model: Model, seed: int) -> list[Path]:
    """The files of one network, one for each of its `updates`.

    Missing files of the catalogue have the paths to which they will be downloaded.

    Raises:
        InputError: a file that cannot be downloaded is missing, or a file is not readable.
    """
    name = model.learning_rule
    entry = study.options.imported.entry(name)
    names = study.options.imported.files(name, seed)
    key = "raw_dir" if entry["path"] is None else f"networks.{name}.path"
    folder = expand_folder(entry["path"] or study.config["raw_dir"], key)
    files = [folder / one for one in names]
    with may_read(folder, key):
        missing = [file for file in files if not file.is_file()]
    if missing and entry["catalogue"] is not None and entry["path"] is None:
        return [DOWNLOADS / one for one in names]
    if missing:
        raise InputError(
            f"Network {seed} of {name}: {len(missing)} of {len(files)} files not found.",
            file=missing[0],
            key=f"networks.{name}.files",
            value=entry["files"][seed],
            remedy=_near(missing[0]) + f"Give files in {folder}, or set networks.{name}.path to another folder.",
        )
    for file in files:
        refuse_future(file, key)
    return files


def _near(file: Path) -> str:
    try:
        names = [path.name for path, _ in zip(file.parent.iterdir(), range(MOST_NAMES), strict=False)]
    except OSError:
        return ""
    close = difflib.get_close_matches(file.name, names, n=1)
    return f"Did you mean {close[0]}? " if close else ""


def check_network_files(study: Study) -> None:
    """Check that the files of selected networks exist or can be downloaded.

    A finished run is kept even if its files have been deleted, like a finished recording.

    Raises:
        InputError: a file is missing.
    """
    for model, seeds in study.selection.seeds.items():
        for seed in seeds if study.options.is_imported(model) else ():
            if not Path(study.paths.run_file(model, seed)).exists():
                find_network_files(study, model, seed)


def downloaded_networks(study: Study) -> list[str]:
    """Entries of the catalogue whose files may need to be downloaded."""
    entries = [
        study.options.imported.entry(model.learning_rule)
        for model in study.selection.seeds
        if study.options.is_imported(model)
    ]
    return sorted({entry["catalogue"] for entry in entries if entry["catalogue"] and entry["path"] is None})
