"""What architectures, learning rules and table types require of the options of a model, checked before any job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.figures.base.figure import table_types_of
from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.architectures.base.cell import LEAKY, load_architecture
from neurorules.network.requirement import Requirement
from neurorules.recordings.readers.base.reader import reason_against_simultaneous
from neurorules.recordings.simultaneous import SIMULTANEOUS
from neurorules.study.model import Model
from neurorules.study.options import StudyOptions
from neurorules.study.schema.fragments import first_violation, in_words
from neurorules.study.schema.session_options import keeps_trials, trials_option
from neurorules.study.selection import Selection
from neurorules.study.yaml_source import study_error
from neurorules.tables.base.table_type import TABLE_TYPES

OWN_RATES, NWB = "own_rates", "nwb"  # readers: a file of rates says itself whether it has trials; NWB means together

ONLY_LEAKY = Requirement(
    "architecture",
    {"const": LEAKY},
    "It is defined by the equations of leaky units, and not by where credit is cut in other units.",
)


def check_requirements(model: Model, files: Sequence[Path], options: StudyOptions) -> None:
    """Check what the architecture and the learning rule of a model require of it.

    Raises:
        InputError: the first option that has another value.
    """
    name = options.architecture(model)
    rule = load_learning_rule(model.learning_rule)
    in_setting = "Use it with another setting in the figure's `extra_models`, or remove it from the figure."
    of_rule = (*(() if rule.any_architecture else (ONLY_LEAKY,)), *rule.REQUIRES)
    for needs, problem, remedy in (
        (of_rule, f"The learning rule {model.learning_rule} cannot train {model}.", in_setting),
        (
            load_architecture(name).REQUIRES,
            f"The network {name} of {model} cannot have this option.",
            "Set it in the setting that names the architecture.",
        ),
    ):
        for need in needs:
            _check(need, model, files, options, problem, remedy)


def check_imported(model: Model, files: Sequence[Path], options: StudyOptions) -> None:
    """Check that the networks of an entry of `networks:` can be run: weights are read as those of leaky units.

    Raises:
        InputError: its setting has another architecture.
    """
    found = options.architecture(model)
    if found != LEAKY and not options.imported.is_activity(model.learning_rule):
        where = f"networks.{model.learning_rule}"
        raise study_error(
            f"Weights of {found} networks cannot be read.",
            files,
            options.place(model, "network.architecture")[1],
            value=found,
            at=where,
            remedy=f"Set {where}.setting to one with architecture: {LEAKY}, or {where}.form: activity.",
        )


def check_table_requirements(
    figure: str, models: Sequence[Model], files: Sequence[Path], options: StudyOptions
) -> None:
    """Check what the table types of a figure require of its models.

    Raises:
        InputError: the first option that has another value.
    """
    for table_type in (*table_types_of(figure, "model"), *table_types_of(figure, "group")):
        for need in getattr(TABLE_TYPES.load(table_type), "REQUIRES", ()):
            for model in models:
                problem = f"The figure {figure} cannot show {model}."
                _check(need, model, files, options, problem, f"Remove {model.setting} from the figure's settings.")


def check_simultaneous(figure: str, files: Sequence[Path], options: StudyOptions, selection: Selection) -> None:
    """Check that recordings have noise covariances if a figure needs them, before anything is trained.

    Raises:
        InputError: a recording is read without single trials, or does not say that its neurons were recorded together.
    """
    if not any(
        getattr(TABLE_TYPES.load(table_type), "NEEDS_SIMULTANEOUS", False)
        for table_type in table_types_of(figure, "model")
    ):
        return
    used = {options.recording(model) for model in selection.figures[figure]} - {None}
    for recording in sorted(map(str, used)):
        fault = fault_of_declaration(selection.recording_entry(recording))
        if fault is not None:
            option, value, why, remedy = fault
            raise study_error(
                f"The figure {figure} needs noise covariances, and the recording {recording} has none. {why}",
                files,
                f"recordings.{recording}.options.{option}",
                value=value,
                at=f"recordings.{recording}",
                remedy=f"{remedy} Otherwise remove {figure} from use_figures.",
            )


def fault_of_declaration(entry: Mapping[str, Any]) -> tuple[str, Any, str, str] | None:
    """Why a recording's entry in a study does not give single trials of neurons recorded together.

    Returns:
        The option, its value, why it is wrong, and a remedy; None if nothing is wrong.
    """
    given, declared = entry["options"], entry["options"].get(SIMULTANEOUS)
    why_not = reason_against_simultaneous(entry["reader"])
    if why_not is not None:
        return SIMULTANEOUS, declared, f"Its neurons were not recorded together. {why_not}", "Use another recording."
    if entry["reader"] != OWN_RATES and not keeps_trials(given):
        remedy = "Set it to true if the source has single trials."
        return trials_option(given), False, "It is read without single trials.", remedy
    if declared or (declared is None and entry["reader"] == NWB):
        return None
    remedy = "If all neurons were recorded at the same time, in the same trials, set it to true."
    return SIMULTANEOUS, declared, "It does not say that its neurons were recorded together.", remedy


def _check(
    need: Requirement, model: Model, files: Sequence[Path], options: StudyOptions, problem: str, remedy: str
) -> None:
    value = options.of(model)[need.group][need.option]
    if first_violation({need.option: value}, {need.option: need.allowed}) is not None:
        raise study_error(
            f"{problem} {need.why}",
            files,
            options.place(model, f"{need.group}.{need.option}")[1],
            value=value,
            remedy=f"Required: {need.option} {in_words(need.allowed)}. {remedy}",
        )
