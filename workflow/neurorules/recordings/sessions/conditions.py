"""Conditions of sessions, in an order that follows from their labels, not from the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.choices import Choices
from neurorules.recordings.sessions.trials import Key, Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.recordings.sessions.session import Session

# Names with another meaning in a Recording; a column with such a name is renamed when it becomes a label.
TAKEN = {"condition": "condition_name"} | {
    name: f"{name}_label"
    for name in ("time", "neuron", "trial", "rates", "trial_rates", "trial_neuron", "trial_condition")
}


@dataclass(frozen=True)
class Conditions:
    """The conditions of a recording.

    Attributes:
        labels: names of the labels.
        keys: labels of each condition, sorted: ascending numbers, then text in alphabetical order.
        left_out: conditions left out, with the reason.
    """

    labels: tuple[str, ...]
    keys: list[Key]
    left_out: list[dict[str, Any]]

    def index(self, keys: Sequence[Key]) -> NDArray[Any]:
        """(trial,) index of each trial's condition; -1 if it is not in the recording."""
        number = {key: i for i, key in enumerate(self.keys)}
        return np.array([number.get(key, -1) for key in keys], np.int64)

    def coordinates(self) -> dict[str, tuple[str, NDArray[Any]]]:
        """`<label>(condition)` for each label, by its name in the recording."""
        return {
            TAKEN.get(label, label): ("condition", _values([key[i] for key in self.keys]))
            for i, label in enumerate(self.labels)
        }

    def named(self, condition: int) -> str:
        """Description of a condition."""
        return named(self.labels, self.keys[condition])


def named(labels: Sequence[str], key: Key) -> str:
    """Description of a condition's labels: "coherence 0.5, choice left"."""
    return ", ".join(f"{label} {value}" for label, value in zip(labels, key, strict=True))


def shared_conditions(sessions: Sequence[Session], trials: Sequence[Trials], choices: Choices) -> Conditions:
    """The conditions of a recording made from these sessions.

    They have `min_trials` in every session; in any session if the study leaves out incomplete units.

    Raises:
        InputError: there are none.
    """
    labels = tuple(label.column for label in choices.labels)
    counts = [_count(of.keys) for of in trials]
    every = sorted({key for count in counts for key in count}, key=_order)
    kept, left_out = [], []
    for key in every:
        few = [i for i, count in enumerate(counts) if count.get(key, 0) < choices.min_trials]
        if not few or (choices.union and len(few) < len(counts)):
            kept.append(key)
            continue
        first = few[0]
        n = counts[first].get(key, 0)
        where = f" in {sessions[first].name}" if len(sessions) > 1 else ""
        more = f" and {len(few) - 1} more sessions" if len(few) > 1 else ""
        reason = f"{n} trial{'s' * (n != 1)}{where}{more}, fewer than min_trials {choices.min_trials}"
        left_out.append({"condition": dict(zip(labels, map(json_value, key), strict=True)), "reason": reason})
    if not kept:
        example = left_out[0]
        raise InputError(
            f"No condition has {choices.min_trials} trials in "
            f"{'every session' if len(sessions) > 1 else 'the session'}. Of {len(every)} conditions, the first, "
            f"{named(labels, every[0])}, has {example['reason']}.",
            file=sessions[0].file,
            key="min_trials",
            value=choices.min_trials,
            remedy="Lower min_trials, or list fewer columns in condition.",
        )
    return Conditions(labels, kept, left_out)


def json_value(value: Any) -> Any:
    """A label as a JSON value."""
    return json.loads(json.dumps(value, default=str))


def _count(keys: Sequence[Key]) -> dict[Key, int]:
    counts: dict[Key, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return counts


def _order(key: Key) -> list[tuple[bool, float, str]]:
    return [(True, 0.0, value) if isinstance(value, str) else (False, float(value), "") for value in key]


def _values(values: list[Any]) -> NDArray[Any]:
    """A label of all conditions in one type: integers, floats, or text."""
    if any(isinstance(value, str) for value in values):
        return np.array([str(value) for value in values], dtype=object)
    if all(isinstance(value, int) for value in values):
        return np.array(values, np.int64)
    return np.array(values, np.float64)
