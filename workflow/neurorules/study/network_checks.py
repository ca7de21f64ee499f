"""Checks of networks trained elsewhere: their entries, and the figures that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.figures.base.figure import table_types_of
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.recordings.catalogue import NETWORKS, known_sources
from neurorules.study.imported import MISSING
from neurorules.study.model import Model
from neurorules.study.options import StudyOptions
from neurorules.study.schema.violation import unknown_name
from neurorules.study.selection import NAMED_BY, Selection
from neurorules.study.yaml_source import study_error

# Required options of the network, by form.
NEEDED = {"weights": ("units", "activation", "tau_steps"), "activity": ("units",)}
UPDATE = "{update}"


def check_networks(config: Mapping[str, Any], files: Sequence[Path], options: StudyOptions) -> None:
    """Check every entry of `networks:`.

    Raises:
        InputError: the first error found.
    """
    for name in options.imported.entries:
        where, entry = f"networks.{name}", options.imported.entry(name)
        if name in LEARNING_RULES.names():
            raise study_error(
                "A learning rule already has this name.",
                files,
                where,
                value=name,
                remedy="Give the network another name.",
            )
        for key, known in (("task", config["tasks"]), ("setting", config["settings"])):
            if entry[key] not in known:
                raise unknown_name(files, f"{where}.{key}", entry[key], known)
        if entry["catalogue"] is not None and entry["catalogue"] not in (known := known_sources(catalogue=NETWORKS)):
            raise unknown_name(files, f"{where}.catalogue", entry["catalogue"], known)
        _check_form(where, entry, files)
        _check_updates(where, entry, files)
        model = Model(entry["task"], name, entry["setting"])
        if entry["form"] == "activity" and options.recording(model) is None:
            raise study_error(
                "The task has no recording to match the conditions of the activity with.",
                files,
                f"tasks.{entry['task']}.comparison.recording",
                at=where,
                remedy="Set this key to a recording.",
            )


def _check_form(where: str, entry: Mapping[str, Any], files: Sequence[Path]) -> None:
    for option in NEEDED[entry["form"]]:
        if option not in entry["network"]:
            raise study_error(
                "Missing key.",
                files,
                f"{where}.network.{option}",
                at=where,
                remedy=f"Describe the network: {', '.join(NEEDED[entry['form']])}. tau_steps = tau / dt.",
            )
    if entry["form"] == "weights" and "weights" not in entry:
        raise study_error(
            "Missing key.",
            files,
            f"{where}.weights",
            at=where,
            remedy="Assign the arrays: weights: {recurrent: ..., input: ..., readout: ...}.",
        )
    others = ("activity", "order", "labels", "accuracy", "steps") if entry["form"] == "weights" else ("weights",)
    for key in others:
        if key in entry and not (key == "steps" and entry["form"] == "weights"):
            raise study_error(
                f"This key cannot be used with form {entry['form']}.",
                files,
                f"{where}.{key}",
                value=entry[key],
                remedy=f"Remove it, or change {where}.form.",
            )


def _check_updates(where: str, entry: Mapping[str, Any], files: Sequence[Path]) -> None:
    updates = entry["updates"]
    if updates != sorted(updates):
        raise study_error(
            "Updates must be in ascending order.",
            files,
            f"{where}.updates",
            value=updates,
            remedy=f"Write {sorted(updates)}.",
        )
    for number, file in enumerate(entry["files"]):
        if (UPDATE in file) != (len(updates) > 1) and not (UPDATE in file and len(updates) == 1):
            raise study_error(
                f"This entry has {len(updates)} updates with one file each, but the name does not contain {UPDATE}.",
                files,
                f"{where}.files.{number}",
                value=file,
                remedy=f"Put {UPDATE} in place of the number in the file names, or list only one update.",
            )
    accuracy = entry.get("accuracy")
    if accuracy is not None and len(accuracy) != len(updates):
        raise study_error(
            f"The number of accuracies, {len(accuracy)}, differs from the number of updates, {len(updates)}.",
            files,
            f"{where}.accuracy",
            value=accuracy,
            remedy="Give one accuracy per update, and use one entry per network.",
        )


def check_networks_of_figure(figure: str, files: Sequence[Path], selection: Selection) -> None:
    """Check that a selected figure shows every network that it lists, and that each of its tables can be made.

    Raises:
        InputError: a network's task or setting is not in the figure, or no network is suitable for one of its tables.
    """
    config, options = selection.config, selection.options
    entry = config["figures"][figure]
    parts = [{**dict.fromkeys(NAMED_BY, ()), **entry, **part} for part in (entry, *entry.get("extra_models", []))]
    named = {name for part in parts for name in part["learning_rules"] if name in options.imported.entries}
    shown = {model.learning_rule for model in selection.named_by(figure)}
    for name in sorted(named - shown):
        own = options.imported.entry(name)
        raise study_error(
            f"This network has the task {own['task']} and the setting {own['setting']}, which the figure {figure} does "
            "not show.",
            files,
            f"figures.{figure}.learning_rules",
            value=name,
            holds=name,
            remedy=f"Add them to the figure's tasks and settings, or set networks.{name}.task and .setting.",
        )
    models = selection.figures[figure]
    types = [name for subject in ("model", "group") for name in table_types_of(figure, subject, optional=False)]
    for table_type in types if models else ():
        if not any(selection.has_table(table_type, model) for model in models):
            name = models[0].learning_rule
            reason = options.imported.lacks(name, table_type) or next(iter(MISSING.values()))
            raise study_error(
                f"The figure {figure} cannot be drawn from these networks alone: {name}: {reason}.",
                files,
                f"figures.{figure}.learning_rules",
                value=sorted({model.learning_rule for model in models}),
                holds=name,
                remedy="Add a learning rule to it, or remove the figure from use_figures.",
            )
