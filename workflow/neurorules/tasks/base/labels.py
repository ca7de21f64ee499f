"""Pairing of a recording's conditions and a task's test trials by their labels, never by their positions.

A task's file labels its test trials:

    def condition_labels(task) -> dict[str, NDArray]    (trial,) values of each label, numbers or text

A recording labels its conditions in the same way, with coordinates <label>(condition). Numbers are equal within
`TOLERANCE` of the largest one, and angles (labels that end in _deg) modulo 360; text must match exactly. If a lab uses
other names for labels, the study gives them (`comparison.labels`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.conditions import with_conditions
from neurorules.tasks.base.recorded_labels import (
    TOLERANCE,
    describe,
    did_you_mean,
    in_words,
    is_number,
    recorded_label,
)
from neurorules.tasks.base.task import TASKS

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.tasks.base.task import Task

# Only comparisons need labels, so they are not part of the code that training depends on.
LABELLED = replace(TASKS, members=("condition_labels",))

DEGREES, SUFFIX = 360.0, "_deg"
ALL, SHARED = "all", "shared"
MOST_NAMED = 12  # conditions that an error lists
LEFT_OUT = "unpaired_conditions"  # attribute of a recording: numbers of the recording's and the task's conditions


@dataclass(frozen=True)
class Join:
    """Pairs of test trials and conditions.

    Attributes:
        trials: (pair,) indices of test trials, ascending.
        conditions: (pair,) the condition of each of these trials.
        n_trials, n_conditions: total numbers, including those without a partner.
    """

    trials: NDArray[Any]
    conditions: NDArray[Any]
    n_trials: int
    n_conditions: int


def labels_of(module: str, task: Task) -> dict[str, NDArray[Any]]:
    """Labels of a task's test trials, (trial,) for each label.

    Args:
        module: name of the task's file.
        task: task made by that file.

    Raises:
        InputError: the file gives no labels, or labels for a different number of trials.
    """
    plugin = LABELLED.load(module)
    if not hasattr(plugin, "condition_labels"):
        raise InputError(
            "This task does not label its test trials, so no recording can be compared with it.",
            key="task.module",
            value=module,
            remedy=f"Add condition_labels(task) to workflow/neurorules/tasks/{module}.py, as docs/extending.md shows.",
        )
    labels = {name: np.asarray(values) for name, values in plugin.condition_labels(task).items()}
    n_trials = task.test().n_trials
    for name, values in labels.items():
        if values.shape != (n_trials,):
            raise InputError(
                f"The task has {n_trials} test trials, but labels of shape {values.shape}.",
                key="task.module",
                value=f"{module}: {name}",
                remedy="Give each label one value per test trial.",
            )
    return labels


def join(module: str, task: Task, recording: xr.Dataset, comparison: Mapping[str, Any]) -> Join:
    """Pair test trials and conditions by their labels.

    Args:
        module: name of the task's file.
        task: gives the test trials.
        recording: gives the conditions.
        comparison: the model's `comparison` options, of which `labels` and `conditions` are used.

    Raises:
        InputError: the recording lacks a label, labels do not distinguish test trials or conditions, or one side lacks
            conditions of the other (with `conditions: shared`: all of them).
    """
    wanted = labels_of(module, task)
    n_trials, n_conditions = task.test().n_trials, recording.sizes["condition"]
    names = dict(comparison.get("labels") or {})
    for name in names:
        if name not in wanted:
            raise InputError(
                "Unknown label of the task's test trials.",
                key=f"comparison.labels.{name}",
                value=names[name],
                remedy=f"{did_you_mean(name, wanted)}{describe(wanted)}",
            )
    found = {name: recorded_label(name, names.get(name), values, recording, wanted) for name, values in wanted.items()}
    numbers = [_numbered(name, values, found[name]) for name, values in wanted.items()]
    of_trials, of_conditions = (
        [tuple(int(label[side][at]) for label in numbers) for at in range(count)]
        for side, count in ((0, n_trials), (1, n_conditions))
    )
    _check_told_apart(of_trials, wanted, "test trials", "Give the task test trials that differ in their labels.")
    _check_told_apart(
        of_conditions,
        found,
        f"conditions of {recording.attrs.get('name', 'the recording')}",
        "List each condition once: average trials with the same labels, or add the label in which they differ.",
    )
    place = {key: at for at, key in enumerate(of_conditions)}
    trials = np.array([at for at, key in enumerate(of_trials) if key in place], np.int64)
    conditions = np.array([place[of_trials[at]] for at in trials], np.int64)
    joined = Join(trials, conditions, n_trials, n_conditions)
    _check_complete(joined, wanted, found, recording, comparison.get("conditions", ALL))
    if TASKS.load(module).NEEDS_RECORDING and (joined.trials != joined.conditions).any():
        at = int(np.flatnonzero(joined.trials != joined.conditions)[0])
        raise InputError(
            f"The task makes trial {at} from condition {at} of the recording, but by its label it is condition "
            f"{joined.conditions[at]}.",
            key=f"comparison.labels.{next(iter(wanted))}",
            value=in_words(wanted, at),
            remedy="Write the recording's labels with the task's values, so that both have the same order; or use "
            f"the task reach. {describe(wanted)}",
        )
    return joined


def joined_recording(module: str, task: Task, recording: xr.Dataset, comparison: Mapping[str, Any]) -> xr.Dataset:
    """A recording with its conditions in the order of the matching test trials; see `join`.

    Conditions without a test trial are left out, and the attribute `unpaired_conditions` gives the numbers of unpaired
    conditions in the recording and the task. Labels with a different name in the recording also get the task's name.
    """
    found = join(module, task, recording, comparison)
    ordered = with_conditions(recording, found.conditions)
    of_task = {name: values[found.trials] for name, values in labels_of(module, task).items() if name not in ordered}
    ordered = ordered.assign_coords({name: ("condition", values) for name, values in of_task.items()})
    left_out = [found.n_conditions - len(found.trials), found.n_trials - len(found.trials)]
    return ordered.assign_attrs({LEFT_OUT: left_out}) if any(left_out) else ordered


# ---- pairs


def _numbered(name: str, *sides: NDArray[Any]) -> list[NDArray[Any]]:
    """A number for each value; equal values share a number, on both sides."""
    both = np.concatenate([np.asarray(side, np.float64 if is_number(sides[0]) else None) for side in sides])
    if is_number(sides[0]):
        tolerance = TOLERANCE * (np.abs(sides[0]).max(initial=0.0) or 1.0)
        if name.endswith(SUFFIX):
            tolerance = TOLERANCE * DEGREES
            both = both % DEGREES
            both = np.where(both > DEGREES - tolerance, both - DEGREES, both)
        number: NDArray[Any] = np.empty(len(both), np.int64)
        # A value above the next smaller one by more than the tolerance starts a new group.
        order = np.argsort(both, kind="stable")
        number[order] = np.cumsum(np.diff(both[order], prepend=both[order][:1]) > tolerance)
    else:
        text = [str(value) for value in both.tolist()]
        known = {value: at for at, value in enumerate(sorted(set(text)))}
        number = np.array([known[value] for value in text], np.int64)
    return np.split(number, [len(sides[0])])


def _check_told_apart(keys: Sequence[Any], labels: Mapping[str, NDArray[Any]], what: str, remedy: str) -> None:
    first: dict[Any, int] = {}
    for at, key in enumerate(keys):
        if key in first:
            raise InputError(
                f"Duplicate labels: two {what}, {first[key]} and {at}, have the same.",
                key="comparison.recording",
                value=in_words(labels, at) or "no labels",
                remedy=remedy,
            )
        first[key] = at


def _check_complete(
    joined: Join,
    wanted: Mapping[str, NDArray[Any]],
    found: Mapping[str, NDArray[Any]],
    recording: xr.Dataset,
    which: str,
) -> None:
    n_pairs = len(joined.trials)
    if n_pairs == joined.n_trials == joined.n_conditions or (which == SHARED and n_pairs):
        return
    name = recording.attrs.get("name", "the recording")
    lacking = [
        _listed(f"{name} lacks", wanted, np.setdiff1d(np.arange(joined.n_trials), joined.trials)),
        _listed("the task lacks", found, np.setdiff1d(np.arange(joined.n_conditions), joined.conditions)),
    ]
    remedy = "Compare with a recording of the task's conditions, change the task's conditions, or give the "
    remedy += "recording's names in comparison.labels"
    if n_pairs:
        remedy += f"; or set comparison.conditions: {SHARED} to compare the {n_pairs} conditions that both have"
    raise InputError(
        f"The task has {joined.n_trials} test trials, the recording {joined.n_conditions} conditions, of which "
        f"{n_pairs} are the same: {'; '.join(filter(None, lacking))}.",
        key="comparison.conditions" if which == SHARED else "comparison.recording",
        value=name,
        remedy=f"{remedy}. {describe(wanted)}",
    )


def _listed(who: str, labels: Mapping[str, NDArray[Any]], of: NDArray[Any]) -> str:
    if not len(of):
        return ""
    more = f" and {len(of) - MOST_NAMED} more" if len(of) > MOST_NAMED else ""
    return f"{who} {', '.join(f'({in_words(labels, int(at))})' for at in of[:MOST_NAMED])}{more}"
