"""Mante, Sussillo, Shenoy & Newsome 2013: macaque prefrontal cortex in a context-dependent decision.

Each file has one unit: its spike counts in 751 bins of 1 ms, 100 to 850 ms after dots onset, in each trial, and the
task variables of each trial. Units come from different sessions, so a population response exists only as averages over
equal conditions. Inner coherence levels differ between sessions, so conditions use the rank of the level.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.bins import MIDDLE
from neurorules.recordings.formats.mante_units import UnitFile, not_a_unit, parse_unit, unit_contents

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

NOT_SIMULTANEOUS = "Most units were recorded one after another, and each unit's file has its own trials."
MONKEYS = ("ar", "fe")
PUBLISHED_UNITS = {"ar": 762, "fe": 640}  # unit files in the complete archive
LEVELS = 6  # signed coherence levels of each feature, with ascending ranks 1..6; ranks 4..6 are positive

# (choice, motion rank, color rank, context) of correct trials, where the relevant feature's sign is the choice. choice
# +1 = preferred target; context +1 = motion relevant, -1 = color relevant. 72 rows, ascending.
CONDITIONS = [
    (choice, motion, color, context)
    for choice in (-1, 1)
    for motion in range(1, LEVELS + 1)
    for color in range(1, LEVELS + 1)
    for context in (-1, 1)
    if ((motion if context == 1 else color) > LEVELS // 2) == (choice == 1)
]


@dataclass
class _Unit:
    name: str
    file: str
    synthetic: bool
    counts: NDArray[Any]  # (correct trial, bin) spikes; integers, so that the order of summation does not matter
    condition: NDArray[Any]  # (correct trial,) index into CONDITIONS, -1 if there is none
    time_ms: NDArray[Any]  # (bin,) mean of the sample times
    width_ms: int
    levels: tuple[NDArray[Any], NDArray[Any]]  # signed coherences in the file: motion, color towards preferred target


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read the units of one monkey as a recording of 72 conditions.

    Args:
        raw: the published zip (read in place, never unpacked), or the unit files.
        options: `monkey`: "ar" (default) or "fe"; `dt_ms`: bin width in whole ms, 50 (default) or 15 in the papers;
            `keep_trials` (default False) also keeps the single correct trials.

    Returns:
        rates(condition, time, neuron) in spikes/s, averaged over correct trials in non-overlapping bins from 100 ms
        after dots onset, without leftover samples at the end: 15 bins of 50 ms, or 50 of 15 ms. `time` is the mean of a
        bin's sample times. Conditions are sorted by (choice, motion coherence, color coherence towards the preferred
        target, context), and labelled by rank and by mean coherence over units. Neurons are sorted by name. A unit that
        lacks a condition is left out and listed in attrs["left_out"].

    Raises:
        InputError: a file is truncated or of another type, no unit has all conditions, or an option is invalid.
    """
    import xarray as xr

    monkey, dt_ms = _monkey(options), options.get("dt_ms", 50)
    keep_trials = bool(options.get("keep_trials", False))
    units: list[_Unit] = []
    left_out: list[dict[str, str]] = []
    missing: list[set[int]] = []
    for file, content in unit_contents(raw, monkey):
        unit = _bin_unit(parse_unit(file, content), dt_ms)
        reason, absent = _incomplete(unit)
        if reason is None:
            units.append(unit)
        else:
            left_out.append({"neuron": unit.name, "reason": reason})
        missing.append(absent)
    if not units:
        raise _no_unit_left(raw, left_out, missing)
    units.sort(key=lambda unit: unit.name)
    _check_population(units, raw)

    first = units[0]
    to_rate = 1000.0 / first.width_ms
    rates = np.empty((len(CONDITIONS), len(first.time_ms), len(units)))
    for neuron, unit in enumerate(units):
        for condition in range(len(CONDITIONS)):
            rates[condition, :, neuron] = unit.counts[unit.condition == condition].mean(axis=0) * to_rate

    synthetic = any(unit.synthetic for unit in units)
    n_published = PUBLISHED_UNITS[monkey]
    part = {"part": f"{len(missing)} of {n_published} units"} if not synthetic and len(missing) < n_published else {}
    recording = xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rates, {"units": "spikes/s"})},
        coords={
            "condition": np.arange(len(CONDITIONS)),
            "time": ("time", first.time_ms, {"units": "ms"}),
            "neuron": [unit.name for unit in units],
            **_condition_labels(units),
        },
        attrs={
            "synthetic": int(synthetic),
            **part,
            "monkey": monkey,
            "aligned_to": "dots onset",
            "bin_width_ms": first.width_ms,
            "time_in_bin": MIDDLE,
            "left_out": json.dumps(sorted(left_out, key=lambda entry: entry["neuron"])),
        },
    )
    if keep_trials:
        recording["trial_rates"] = (
            ("trial", "time"),
            np.concatenate([unit.counts.astype(np.float32) for unit in units]) * np.float32(to_rate),
            {"units": "spikes/s"},
        )
        recording["trial_neuron"] = ("trial", np.repeat(np.arange(len(units)), [len(unit.counts) for unit in units]))
        recording["trial_condition"] = ("trial", np.concatenate([unit.condition for unit in units]))
    return recording


def _monkey(options: Mapping[str, Any]) -> str:
    monkey: str = options.get("monkey", MONKEYS[0])
    if monkey not in MONKEYS:
        raise InputError(
            "Unknown monkey of the recording mante2013.",
            key="monkey",
            value=monkey,
            remedy=f"Use one of: {', '.join(MONKEYS)}.",
        )
    return monkey


def _condition_labels(units: Sequence[_Unit]) -> dict[str, Any]:
    """Labels of each condition, as xarray coordinates."""
    label = np.array(CONDITIONS)
    motion, color = (np.mean([unit.levels[feature] for unit in units], axis=0) for feature in (0, 1))
    return {
        "choice": ("condition", label[:, 0], {"meaning": "+1 preferred target, -1 antipreferred target"}),
        "motion_rank": ("condition", label[:, 1], {"meaning": "rank of the signed motion coherence, 1 to 6"}),
        "color_rank": (
            "condition",
            label[:, 2],
            {"meaning": "rank of the color coherence signed towards the preferred target, 1 to 6"},
        ),
        "context": ("condition", label[:, 3], {"meaning": "+1 motion relevant, -1 color relevant"}),
        "motion_coherence": (
            "condition",
            motion[label[:, 1] - 1],
            {"meaning": "signed, + towards the preferred target, mean over units"},
        ),
        "color_coherence": (
            "condition",
            color[label[:, 2] - 1],
            {"meaning": "signed, + towards the preferred target, mean over units"},
        ),
    }


def _bin_unit(unit: UnitFile, dt_ms: Any) -> _Unit:
    """A unit's correct trials in bins of `dt_ms`, each with its condition."""
    correct = unit.trials["correct"] == 1
    ranks, levels = [], []
    for feature in ("stim_dir", "stim_col2dir"):
        level, rank = np.unique(np.round(unit.trials[feature], 6), return_inverse=True)
        levels.append(level)
        ranks.append(rank[correct] + 1)
    index = {condition: i for i, condition in enumerate(CONDITIONS)}
    choice, context = (unit.trials[name][correct].astype(int) for name in ("targ_dir", "context"))
    condition = np.array(
        [index.get(key, -1) for key in zip(choice, ranks[0], ranks[1], context, strict=True)], dtype=np.int64
    )
    n_bins, width = _bins(len(unit.time_ms), dt_ms)
    binned = unit.response[correct, : n_bins * width].reshape(-1, n_bins, width)
    return _Unit(
        name=unit.name,
        file=unit.file,
        synthetic=unit.reference.startswith("synthetic"),
        counts=binned.sum(axis=2, dtype=np.int32),
        condition=condition,
        time_ms=np.round(unit.time_ms[: n_bins * width].reshape(n_bins, width).mean(axis=1), 6),
        width_ms=width,
        levels=(levels[0], levels[1]),
    )


def _bins(n_samples: int, dt_ms: Any) -> tuple[int, int]:
    """Number of bins and their width in samples of 1 ms: the published binning, if it keeps the width `dt_ms`."""
    valid = isinstance(dt_ms, int) and not isinstance(dt_ms, bool) and 1 <= dt_ms <= n_samples
    n_bins = n_samples // dt_ms if valid else 0
    # The published code takes n = int(n_samples / dt), then windows of int(n_samples / n). These are wider than dt if
    # many samples would be left over (40 ms: 41). Such a width is refused, so that no bin is mislabelled.
    if not valid or n_samples // n_bins != dt_ms:
        raise InputError(
            f"Bins of this width do not fill the recorded {n_samples} ms.",
            key="dt_ms",
            value=dt_ms,
            remedy="Choose 50 or 15 (as published), or another whole number of ms such as 5, 10, 20, 25.",
        )
    return n_bins, dt_ms


def _check_population(units: Sequence[_Unit], raw: Sequence[Path]) -> None:
    """Refuse duplicate units, and units with different times."""
    names = [unit.name for unit in units]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            "Duplicate unit: two files contain it.",
            file=raw[0] if len(raw) == 1 else raw[0].parent,
            key="unit.name",
            value=twice,
            remedy="Remove one of the files.",
        )
    first = units[0]
    for unit in units:
        if not np.array_equal(unit.time_ms, first.time_ms):
            raise not_a_unit(unit.file, f"its times differ from those of {first.file}", "unit.time")


def _describe(condition: int) -> str:
    choice, motion, color, context = CONDITIONS[condition]
    return f"choice {choice:+d}, motion rank {motion}, color rank {color}, context {context:+d}"


def _incomplete(unit: _Unit) -> tuple[str | None, set[int]]:
    """Why the unit cannot be used (None if it can), and its conditions without a correct trial."""
    for feature, levels in zip(("motion", "color"), unit.levels, strict=True):
        if len(levels) != LEVELS or (levels > 0).sum() != LEVELS // 2 or (levels < 0).sum() != LEVELS // 2:
            return f"{feature} coherence has the levels {levels.tolist()}, not 3 of each sign", set()
    if (unit.condition < 0).any():
        return "trials marked correct whose choice does not match the relevant feature", set()
    absent = set(range(len(CONDITIONS))) - set(unit.condition.tolist())
    if absent:
        first = _describe(min(absent))
        more = "" if len(absent) == 1 else f" and {len(absent) - 1} more"
        return f"no correct trial in {len(absent)} of {len(CONDITIONS)} conditions ({first}{more})", absent
    return None, absent


def _no_unit_left(raw: Sequence[Path], left_out: list[dict[str, str]], missing: list[set[int]]) -> InputError:
    everywhere = sorted(set.intersection(*missing))
    if everywhere:
        problem = "No unit is left: no unit has a correct trial in: " + "; ".join(map(_describe, everywhere[:3]))
        problem += "." if len(everywhere) <= 3 else f"; and {len(everywhere) - 3} more conditions."
    else:
        problem = f"No unit is left: none is complete. {left_out[0]['neuron']}: {left_out[0]['reason']}."
    return InputError(
        problem,
        file=raw[0] if len(raw) == 1 else Path(raw[0]).parent,
        key="condition",
        value=f"{len(left_out)} unit files, all left out",
        remedy="Add more unit files: a unit needs a correct trial in each of the 72 conditions.",
    )
