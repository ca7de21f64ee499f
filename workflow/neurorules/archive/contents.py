"""What belongs in the archive of a study: its results, what they were made by, and what may not be passed on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from neurorules.recordings.catalogue import NETWORKS, is_redistributable
from neurorules.study.load import Study

# Files that an archive has besides results. Paths are relative to its root.
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
    """The results that an archive holds: by path, what each is.

    Args:
        study: a checked study.
        with_runs: whether runs are archived, and the learning rates that were chosen for them.
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
    """Whether the licence of a recording allows to pass it on, by the catalogue; synthetic ones are ours."""
    entry = study.selection.recording_entry(recording)
    return bool(entry["synthetic"]) or is_redistributable(entry["reader"], entry["source"])


def may_share_network(study: Study, learning_rule: str) -> bool:
    """Whether the runs of a learning rule may be passed on: those of published networks hold their authors' weights."""
    if learning_rule not in study.options.imported.entries:
        return True
    catalogue = study.options.imported.entry(learning_rule)["catalogue"]
    return catalogue is None or is_redistributable(catalogue, "published", catalogue=NETWORKS)


def left_out(study: Study, with_runs: bool = True) -> dict[str, str]:
    """What a study made and its archive does not hold: by name, why."""
    private = {
        name: "its licence does not allow to pass it on, or is not known"
        for name in study.selection.used_recordings
        if not may_share_recording(study, name)
    }
    if not with_runs:
        return {**private, "runs": "left out on request (--without-runs)"}
    rules = {model.learning_rule: None for model in study.selection.seeds}
    networks = {
        name: "the licence of these published networks does not allow to pass them on, or is not known"
        for name in rules
        if not may_share_network(study, name)
    }
    return {**private, **networks}


def shared_config(study: Study) -> dict[str, Any]:
    """The resolved config, without folders of the machine that it was run on.

    A private recording needs a folder, without which the study would leave it out: here that is raw/<recording>.
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
    """Those of some files that are not there, in their order."""
    return [file for file in files if not (root / file).is_file()]


def recording_entries(study: Study, root: Path) -> list[dict[str, Any]]:
    """What each recording of a study is and where it comes from, by its file: whether archived or not.

    Args:
        study: a checked study.
        root: the folder that holds results/.

    Returns:
        for each recording its name, title, source, licence, citation, whether it is synthetic, the SHA-256 of its file
        and, where they are known, the fingerprints of the raw files that it was read from.

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
    """A value of NumPy as Python's own."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
