"""Columns that identify what a table row is about: the recording, the model, and each side of a pair of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.recordings.normalised import normalisation
from neurorules.tasks.base.labels import LEFT_OUT

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.options import Options

# Titles state the number of neurons if it is smaller: distances to so few neurons say little about the population.
FEW_NEURONS = 30
NO_RECORDING = "no recording"

# A model's labels that a table of pairs has for both sides.
SIDE_LABELS = ("learning_rule", "setting", "gain", "learning_rate", "flossed")


def is_imported(learning_rule: str) -> bool:
    """Whether the networks with this name were trained elsewhere: no learning rule has this name."""
    from neurorules.learning.base.learning_rule import LEARNING_RULES

    return learning_rule not in LEARNING_RULES.names()


def recording_labels(task: str, recording: xr.Dataset | None) -> dict[str, Any]:
    """Labels of the recording that a model is compared with or takes its trials from.

    Args:
        task: name of the task, used as the title if there is no recording.
        recording: the recording, or None.
    """
    if recording is None:
        return {"recording": NO_RECORDING, "recording_title": task, "synthetic": 0}
    neurons = recording.sizes["neuron"]
    few = f", {neurons} neurons only" if neurons < FEW_NEURONS else ""
    few += f", {how} rates" if (how := normalisation(recording)) else ""
    if LEFT_OUT in recording.attrs:
        of_recording, of_task = recording.attrs[LEFT_OUT]
        few += f", {recording.sizes['condition']} conditions ({of_recording} recorded and {of_task} tested left out)"
    return {
        "recording": recording.attrs["name"],
        "recording_title": f"{recording.attrs['title']}{few}",
        "synthetic": int(recording.attrs["synthetic"]),
    }


def model_labels(model: str, options: Options, runs: Mapping[int, xr.Dataset]) -> dict[str, Any]:
    """A model's names, and the options that figures compare.

    Args:
        model: "task/learning rule/setting".
        options: its resolved options.
        runs: its runs by seed.

    Returns:
        task, learning_rule, setting, architecture, activation, units, gain, recurrent_scale (which the gain
        multiplies), learning_rate (the learning rate used in training, whether fixed or chosen from a grid),
        learning_rate_at_edge (1 if it is at the edge of that grid) and flossed (1 with gradient flossing).

    Raises:
        InputError: the runs were trained with different learning rates.
    """
    from neurorules.runs.run import learning_rate_used

    task, learning_rule, setting = model.split("/")
    rates = {learning_rate_used(run) for run in runs.values()}
    if len(rates) > 1:
        raise InputError(
            f"The runs of {model} were trained with different learning rates.",
            key="training.learning_rate",
            value=sorted(rate for rate, _ in rates),
            remedy="Delete its runs and run the same snakemake command again to train them with one learning rate.",
        )
    ((learning_rate, at_edge),) = rates
    return {
        "task": task,
        "learning_rule": learning_rule,
        "setting": setting,
        "architecture": options.network.architecture,
        "activation": options.network.activation,
        "units": int(options.network.units),
        "gain": float(options.network.gain),
        "recurrent_scale": float(options.network.recurrent_scale),
        "learning_rate": learning_rate,
        "learning_rate_at_edge": int(at_edge),
        "flossed": int(options.training.flossing_iterations > 0),
    }


def side(name: str, labels: Mapping[str, Any], seed: int, **values: Any) -> dict[str, Any]:
    """Columns of one side of a pair of networks, such as gain_a and seed_a.

    Args:
        name: "a" or "b".
        labels: see `model_labels`.
        seed: the network's seed; -1 for the recording.
        values: more columns of this side.
    """
    columns = {**{label: labels[label] for label in SIDE_LABELS}, "seed": seed, **values}
    return {f"{column}_{name}": value for column, value in columns.items()}
