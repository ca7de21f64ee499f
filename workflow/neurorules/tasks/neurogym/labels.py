"""Labels of an environment's test trials: the correct answer, parameters of the trials, durations of periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.tasks.neurogym.environment import NOISE, TEST_SEED
from neurorules.tasks.neurogym.task import N_TRIED, NeurogymTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Neurogym's names, and the names used in the field.
CHOICE = "choice"
NAMES = {
    "coh": "coherence_percent",
    "coh_1": "coherence_1_percent",
    "coh_2": "coherence_2_percent",
    "measure": "interval_ms",
    "production": "production_ms",
}
THETA, ANGLE = "theta", "angle_deg"  # an angle in radians; the suffix of its name in degrees
MOST_PARTS = 4  # of a parameter that is a short list, such as a pair of stimuli

Value = float | str


def labels_of_test_trials(task: NeurogymTask) -> dict[str, NDArray[Any]]:
    """(trial,) values of each label.

    The labels are `choice`, the last answer other than 0 in a trial; the numbers and texts that the environment records
    for a trial (coherence_percent, interval_ms, sample_angle_deg ...); and <period>_ms. Constant labels are left out,
    and so are redundant ones, whose values map one to one to another label's in all trials from which test trials are
    chosen.
    """
    drawn = _drawn(task)
    names = [name for name in dict.fromkeys(name for _, labels in drawn for name in labels)]
    names = [name for name in names if all(name in labels for _, labels in drawn)]
    kept: dict[str, list[int]] = {}
    for name in names:
        number = _numbered([labels[name] for _, labels in drawn])
        if not any(_one_to_one(number, other) for other in kept.values()):
            kept[name] = number
    by_trial: dict[tuple[bytes, bytes], Mapping[str, Value]] = {}
    for key, labels in drawn:
        by_trial.setdefault(key, labels)
    found = [by_trial[observed.tobytes(), truth.tobytes()] for observed, truth in task.test_trials]
    values = {name: np.array([labels[name] for labels in found]) for name in kept}
    return {name: of_trials for name, of_trials in values.items() if len(set(of_trials.tolist())) > 1}


def _drawn(task: NeurogymTask) -> list[tuple[tuple[bytes, bytes], dict[str, Value]]]:
    """The trials from which test trials are chosen, each with its labels."""
    environment = task.environment
    quiet = {**environment.parameters, **{name: 0.0 for name in NOISE if name in environment.takes}}
    made = environment._make(quiet, TEST_SEED)
    drawn = []
    for _ in range(max(N_TRIED, 10 * task.options["test_trials"])):
        made.new_trial()
        labels: dict[str, Value] = {}
        if not task.continuous:
            answers = made.gt[made.gt != 0]
            labels[CHOICE] = float(answers[-1]) if len(answers) else 0.0
        labels |= _parameters(made.trial or {})
        periods = [period for period in made.start_t if period in made.end_t]
        labels |= {f"{period}_ms": float(made.end_t[period] - made.start_t[period]) for period in periods}
        drawn.append(((made.ob.tobytes(), made.gt.tobytes()), labels))
    return drawn


def _parameters(trial: Mapping[str, Any]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in trial.items():
        values = np.asarray(value)
        if values.dtype.kind not in "iufbU" or values.ndim > 1 or values.size > MOST_PARTS:
            continue
        several = values.ndim == 1
        for number, part in enumerate(values.reshape(-1).tolist(), start=1):
            own = f"{name}_{number}" if several else str(name)
            if isinstance(part, str):
                found[own] = part
            elif own.endswith(THETA):
                found[own.removesuffix(THETA) + ANGLE] = float(np.rad2deg(part))
            else:
                found[NAMES.get(own, own)] = float(part)
    return found


def _numbered(values: Sequence[Value]) -> list[int]:
    known: dict[Value, int] = {}
    return [known.setdefault(value, len(known)) for value in values]


def _one_to_one(first: Sequence[int], second: Sequence[int]) -> bool:
    # Both number their values by first occurrence, so values that correspond have the same number.
    return list(first) == list(second)
