"""Checks of networks that were trained elsewhere: what their entries name, and figures that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.figures.base.figure import table_types_of
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.network.architectures.base.cell import LEAKY
from neurorules.recordings.catalogue import NETWORKS, known_sources
from neurorules.study.imported import MISSING
from neurorules.study.model import Model
from neurorules.study.options import StudyOptions
from neurorules.study.schema.violation import unknown_name
from neurorules.study.selection import NAMED_BY, Selection
from neurorules.study.yaml_source import study_error

# What an entry has to say of the network itself.
NEEDED = {"weights": ("units", "activation", "tau_steps"), "activity": ("units",)}
UPDATE = "{update}"


def check_networks(config: Mapping[str, Any], files: Sequence[Path], options: StudyOptions) -> None:
    """Check every entry of `networks:`.

    Raises:
        InputError: the first thing that is wrong.
    """
    for name in options.imported.entries:
        where, entry = f"networks.{name}", options.imported.entry(name)
        if name in LEARNING_RULES.names():
            raise study_error(
                "A learning rule has this name.", files, where, value=name, remedy="Give the network another one."
            )
        for key, known in (("task", config["tasks"]), ("setting", config["settings"])):
            if entry[key] not in known:
                raise unknown_name(files, f"{where}.{key}", entry[key], known)
        if entry["catalogue"] is not None and entry["catalogue"] not in (known := known_sources(catalogue=NETWORKS)):
            raise unknown_name(files, f"{where}.catalogue", entry["catalogue"], known)
        _check_form(where, entry, files)
        _check_architecture(where, name, entry, files, options)
        _check_updates(where, entry, files)
        model = Model(entry["task"], name, entry["setting"])
        if entry["form"] == "activity" and options.recording(model) is None:
            raise study_error(
                "Conditions of the activity are matched with those of a recording, and the task names none.",
                files,
                f"tasks.{entry['task']}.comparison.recording",
                at=where,
                remedy="Name the recording there.",
            )


def _check_architecture(
    where: str, name: str, entry: Mapping[str, Any], files: Sequence[Path], options: StudyOptions
) -> None:
    model = Model(entry["task"], name, entry["setting"])
    found = options.of(model)["network"]["architecture"]
    if entry["form"] == "weights" and found != LEAKY:
        raise study_error(
            f"Weights of {found} networks cannot be read.",
            files,
            options.place(model, "network.architecture")[1],
            value=found,
            at=where,
            remedy=f"Use a setting with architecture: {LEAKY} for {where}, or form: activity.",
        )


def _check_form(where: str, entry: Mapping[str, Any], files: Sequence[Path]) -> None:
    for option in NEEDED[entry["form"]]:
        if option not in entry["network"]:
            raise study_error(
                "A key is missing.",
                files,
                f"{where}.network.{option}",
                at=where,
                remedy=f"Say what the network is: {', '.join(NEEDED[entry['form']])}. tau_steps = tau / dt.",
            )
    if entry["form"] == "weights" and "weights" not in entry:
        raise study_error(
            "A key is missing.",
            files,
            f"{where}.weights",
            at=where,
            remedy="Say which array is which: weights: {recurrent: ..., input: ..., readout: ...}.",
        )
    others = ("activity", "order", "labels", "accuracy", "steps") if entry["form"] == "weights" else ("weights",)
    for key in others:
        if key in entry and not (key == "steps" and entry["form"] == "weights"):
            raise study_error(
                f"This key is of another form than {entry['form']}.",
                files,
                f"{where}.{key}",
                value=entry[key],
                remedy=f"Take it out, or set {where}.form.",
            )


def _check_updates(where: str, entry: Mapping[str, Any], files: Sequence[Path]) -> None:
    updates = entry["updates"]
    if updates != sorted(updates):
        raise study_error(
            "Updates ascend.", files, f"{where}.updates", value=updates, remedy=f"Write {sorted(updates)}."
        )
    for number, file in enumerate(entry["files"]):
        if (UPDATE in file) != (len(updates) > 1) and not (UPDATE in file and len(updates) == 1):
            raise study_error(
                f"Each of the {len(updates)} updates has a file of its own, and this name holds no {UPDATE}.",
                files,
                f"{where}.files.{number}",
                value=file,
                remedy=f"Put {UPDATE} where the number stands in the names, or name one update.",
            )
    accuracy = entry.get("accuracy")
    if accuracy is not None and len(accuracy) != len(updates):
        raise study_error(
            f"There are {len(updates)} updates, and accuracies of {len(accuracy)}.",
            files,
            f"{where}.accuracy",
            value=accuracy,
            remedy="Give one for each update, for a single network per entry.",
        )


def check_networks_of_figure(figure: str, files: Sequence[Path], selection: Selection) -> None:
    """Check that a selected figure shows each network that it names, and has a network for each of its tables.

    Raises:
        InputError: a network has another task or setting than the figure, or a table can be made of none.
    """
    config, options = selection.config, selection.options
    entry = config["figures"][figure]
    parts = [{**dict.fromkeys(NAMED_BY, ()), **entry, **part} for part in (entry, *entry.get("extra_models", []))]
    named = {name for part in parts for name in part["learning_rules"] if name in options.imported.entries}
    shown = {model.learning_rule for model in selection.named_by(figure)}
    for name in sorted(named - shown):
        own = options.imported.entry(name)
        raise study_error(
            f"The figure {figure} does not show the task {own['task']} in the setting {own['setting']}, which this "
            "network is of.",
            files,
            f"figures.{figure}.learning_rules",
            value=name,
            holds=name,
            remedy=f"Add them to the figure's tasks and settings, or set networks.{name}.task and .setting.",
        )
    models = selection.figures[figure]
    types = table_types_of(figure, "model") + table_types_of(figure, "group")
    for table_type in types if models else ():
        if not any(selection.has_table(table_type, model) for model in models):
            name = models[0].learning_rule
            reason = options.imported.lacks(name, table_type) or next(iter(MISSING.values()))
            raise study_error(
                f"The figure {figure} cannot be drawn of these networks alone: of {name}, {reason}.",
                files,
                f"figures.{figure}.learning_rules",
                value=sorted({model.learning_rule for model in models}),
                holds=name,
                remedy="Add a learning rule to it, or take the figure out of use_figures.",
            )
