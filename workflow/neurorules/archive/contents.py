"""The contents of a study's archive: its results, their provenance, and what must not be redistributed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from neurorules.recordings.catalogue import NETWORKS, is_redistributable
from neurorules.study.load import Study

# Files in an archive besides the results. Paths are relative to its root.
CRATE, CHECKSUMS, CONFIG, PROVENANCE, RECORDINGS, README = (
    "ro-crate-metadata.json",
    "SHA256SUMS",
    "study.json",
    "provenance.json",
    "recordings.json",
    "README.md",
)
# Copied from the repository.
FROM_REPOSITORY = (
    "CITATION.cff",
    "LICENSE",
    "requirements.lock",
    "resources/published.yaml",
    "resources/recordings.yaml",
)

FIGURE, TABLE, TIDY_TABLE, RUN, LEARNING_RATE, RECORDING = (
    "figure",
    "table",
    "tidy table",
    "run",
    "learning rate",
    "recording",
)


def results(study: Study, with_runs: bool = True) -> dict[str, str]:
    """The results in an archive: the kind of each, by path.

    Args:
        study: a checked study.
        with_runs: whether to include runs and the learning rates chosen for them.
    """
    return dict(_results(study, with_runs))


def _results(study: Study, with_runs: bool) -> Iterator[tuple[str, str]]:
    for figure in study.selection.figures:
        for file in study.paths.figure_files(figure):
            yield file, FIGURE if file.endswith((".pdf", ".png")) else TABLE
        for file in study.paths.figure_tables(figure):
            yield file, TIDY_TABLE
    for recording in study.selection.used_recordings:
        if may_share_recording(study, recording):
            yield study.paths.recording_file(recording), RECORDING
    for model, seeds in study.selection.seeds.items() if with_runs else ():
        if study.options.chooses_learning_rate(model):
            yield study.paths.learning_rate_file(model), LEARNING_RATE
        if may_share_network(study, model.learning_rule):
            for seed in seeds:
                yield study.paths.run_file(model, seed), RUN


def may_share_recording(study: Study, recording: str) -> bool:
    """Whether a recording's licence in the catalogue allows redistribution. Synthetic recordings are our own."""
    entry = study.selection.recording_entry(recording)
    return bool(entry["synthetic"]) or is_redistributable(entry["reader"], entry["source"])


def may_share_network(study: Study, learning_rule: str) -> bool:
    """Whether runs may be redistributed: those of published networks contain their authors' weights."""
    if learning_rule not in study.options.imported.entries:
        return True
    catalogue = study.options.imported.entry(learning_rule)["catalogue"]
    return catalogue is None or is_redistributable(catalogue, "published", catalogue=NETWORKS)


def left_out(study: Study, with_runs: bool = True) -> dict[str, str]:
    """What a study made but its archive leaves out: the reason, by name."""
    private = {
        name: "its licence does not allow redistribution, or is not known"
        for name in study.selection.used_recordings
        if not may_share_recording(study, name)
    }
    if not with_runs:
        return {**private, "runs": "left out on request (--without-runs)"}
    rules = {model.learning_rule: None for model in study.selection.seeds}
    networks = {
        name: "the licence of these published networks does not allow redistribution, or is not known"
        for name in rules
        if not may_share_network(study, name)
    }
    return {**private, **networks}


def shared_config(study: Study) -> dict[str, Any]:
    """The resolved config, without folders of the machine where it ran.

    A study leaves out private recordings without a path, so their path becomes raw/<recording>.
    """
    config: dict[str, Any] = deepcopy(dict(study.config))
    config["raw_dir"] = "raw"
    for name, entry in config["recordings"].items():
        if entry.get("path") is not None:
            entry["path"] = f"raw/{name}"
    for name, entry in config.get("networks", {}).items():
        if entry.get("path") is not None:
            entry["path"] = f"networks/{name}"
    return config


def missing(root: Path, files: Iterable[str]) -> list[str]:
    """The files that do not exist, in the given order."""
    return [file for file in files if not (root / file).is_file()]


def recording_entries(study: Study, root: Path) -> list[dict[str, Any]]:
    """A description of each recording in a study and its source, whether or not it is archived.

    Args:
        study: a checked study.
        root: the folder with results/ in it.

    Returns:
        for each recording, its name, title, source, licence, citation, whether it is synthetic, the SHA-256 of its file
        and, if known, the fingerprints of its raw files.

    Raises:
        InputError, DamagedResult: a recording is missing or cannot be read.
    """
    from neurorules.io.identity import sha256_of
    from neurorules.recordings.recording import open_recording

    entries = []
    for name in study.selection.used_recordings:
        file = study.paths.recording_file(name)
        attributes: Mapping[str, Any] = open_recording(root / file).attrs
        known = ("title", "source", "licence", "citation", "synthetic", "raw_files")
        entries.append(
            {
                "name": name,
                **{key: _plain(attributes[key]) for key in known if key in attributes},
                "file": file,
                "sha256": sha256_of(root / file),
                "archived": may_share_recording(study, name),
            }
        )
    return entries


def _plain(value: Any) -> Any:
    """A NumPy value as a Python value."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
