"""Mante, Sussillo, Shenoy & Newsome 2013: macaque prefrontal cortex in a context-dependent decision.

One file is one unit (`unit` struct): its spike counts in 751 bins of 1 ms, 100 to 850 ms after dots onset, trial by
trial, and what each trial was. Units come from different sessions, so that a population response exists only
as averages over like conditions, and inner coherence levels differ between sessions: conditions go by level rank.
"""

from __future__ import annotations

import io
import json
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings import sources
from neurorules.recordings.formats.matlab import damage
from neurorules.recordings.recording import check_recording

if TYPE_CHECKING:
    import xarray as xr

NAME = "mante2013"
MONKEYS = ("ar", "fe")
PUBLISHED_UNITS = {"ar": 762, "fe": 640}  # unit files of the whole archive
LEVELS = 6  # signed coherence levels of each feature, ascending ranks 1..6; ranks 4..6 are positive

MOST_SPIKES = 1000  # in a bin of 1 ms: what is beyond it is no count, and may leave the range of integers

# (choice, motion rank, color rank, context) of correct trials: the relevant feature's sign is the choice.
# choice +1 = preferred target; context +1 = motion relevant, -1 = color relevant. 72 rows, ascending.
CONDITIONS = [
    (choice, motion, color, context)
    for choice in (-1, 1)
    for motion in range(1, LEVELS + 1)
    for color in range(1, LEVELS + 1)
    for context in (-1, 1)
    if ((motion if context == 1 else color) > LEVELS // 2) == (choice == 1)
]


# What zipfile raises on an archive that is cut off, damaged, encrypted, or packed in a way that it does not know.
_DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # NotImplementedError among them
    ValueError,
)


@dataclass
class _Unit:
    name: str
    file: str
    synthetic: bool
    counts: np.ndarray  # (correct trial, bin) spikes; integers, so that sums depend on no order
    condition: np.ndarray  # (correct trial,) index into CONDITIONS, -1 where it is none of them
    time_ms: np.ndarray  # (bin,) mean of the sample times
    width_ms: int
    levels: tuple[np.ndarray, np.ndarray]  # signed coherences present: motion, color towards preferred target


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read the units of one monkey as a Recording of 72 conditions.

    Args:
        raw: the published zip (read in place, never unpacked), or the unit files.
        options: `monkey` "ar" (default) or "fe"; `dt_ms` bin width in whole ms, 50 (default) or 15 in the
            papers; `keep_trials` (default False) to keep the single correct trials too.

    Returns:
        rates(condition, time, neuron) in spikes/s, mean over correct trials of non-overlapping bins from
        100 ms after dots onset, what is left at the end dropped: 15 bins of 50 ms, 50 of 15 ms. `time` is
        the mean of a bin's sample times. Conditions in ascending order of (choice, motion coherence, color
        coherence towards the preferred target, context), labelled by rank and by mean coherence over
        units. Neurons by name. A unit that lacks a condition is left out and listed in attrs["left_out"].

    Raises:
        InputError: a file is missing, cut off or of another kind, no unit has all conditions, or an
            option has no meaning.
    """
    import xarray as xr

    monkey, dt_ms = _monkey(options), options.get("dt_ms", 50)
    keep_trials = bool(options.get("keep_trials", False))
    units: list[_Unit] = []
    left_out: list[dict[str, str]] = []
    missing: list[set[int]] = []
    for file, content in _unit_files(raw, monkey):
        unit = _read_unit(file, content, dt_ms)
        reason, absent = _incomplete(unit)
        if reason is None:
            units.append(unit)
        else:
            left_out.append({"neuron": unit.name, "reason": reason})
        missing.append(absent)
    if not units:
        raise _no_unit_left(raw, left_out, missing)

    units.sort(key=lambda unit: unit.name)
    names = [unit.name for unit in units]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            "Two unit files hold the same unit.",
            file=raw[0] if len(raw) == 1 else raw[0].parent,
            key="unit.name",
            value=twice,
            remedy="Remove the copy.",
        )
    first = units[0]
    for unit in units:
        if not np.array_equal(unit.time_ms, first.time_ms):
            raise _other_kind(unit.file, f"its times differ from those of {first.file}", "unit.time")
    to_rate = 1000.0 / first.width_ms
    rates = np.empty((len(CONDITIONS), len(first.time_ms), len(units)))
    for neuron, unit in enumerate(units):
        for condition in range(len(CONDITIONS)):
            rates[condition, :, neuron] = unit.counts[unit.condition == condition].mean(axis=0) * to_rate

    label = np.array(CONDITIONS)
    motion, color = (np.mean([unit.levels[feature] for unit in units], axis=0) for feature in (0, 1))
    recording = xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rates, {"units": "spikes/s"})},
        coords={
            "condition": np.arange(len(CONDITIONS)),
            "time": ("time", first.time_ms, {"units": "ms"}),
            "neuron": names,
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
        },
        attrs={
            **_described(monkey, len(missing), any(unit.synthetic for unit in units)),
            "monkey": monkey,
            "aligned_to": "dots onset",
            "bin_width_ms": first.width_ms,
            "left_out": json.dumps(sorted(left_out, key=lambda entry: entry["neuron"])),
            "made_by": f"neurorules.recordings.{NAME}",
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
    return check_recording(recording, raw[0])


def _described(monkey: str, n_files: int, synthetic: bool) -> dict[str, Any]:
    """Source, licence, title ...; where units of the archive are not here, the title says so on every figure."""
    described = sources.attributes(NAME, "raw", synthetic=synthetic)
    published = PUBLISHED_UNITS[monkey]
    if not synthetic and n_files < published:
        described["title"] = f"{described['title']}, {n_files} of {published} units"
        print(f"Only {n_files} of the {published} unit files of monkey {monkey} are there.", file=sys.stderr)
    return described


def _monkey(options: Mapping[str, Any]) -> str:
    monkey = options.get("monkey", MONKEYS[0])
    if monkey not in MONKEYS:
        raise InputError(
            f"The recording {NAME} has no such monkey.",
            key="monkey",
            value=monkey,
            remedy=f"Name one of: {', '.join(MONKEYS)}.",
        )
    return monkey


def _bins(n_samples: int, dt_ms: Any) -> tuple[int, int]:
    """Number of bins and their width in samples of 1 ms; the published binning, where it keeps to `dt_ms`."""
    valid = isinstance(dt_ms, int) and not isinstance(dt_ms, bool) and 1 <= dt_ms <= n_samples
    n_bins = n_samples // dt_ms if valid else 0
    # The published code takes n = int(n_samples / dt), then windows of int(n_samples / n), which are wider than
    # dt where many samples would be left over (40 ms: 41). Such a width is refused rather than mislabelled.
    if not valid or n_samples // n_bins != dt_ms:
        raise InputError(
            f"Bins of this width do not fill the recorded {n_samples} ms.",
            key="dt_ms",
            value=dt_ms,
            remedy="Choose 50 or 15 (as published), or another whole number of ms such as 5, 10, 20, 25.",
        )
    return n_bins, dt_ms


def _unit_files(raw: Sequence[Path], monkey: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each unit file, sorted by name."""
    remedy = f"Give the published zip, or the unit files of monkey {monkey} ({monkey}*_Vstim_100_850_ms.mat)."
    raw = [Path(path) for path in raw]
    if not raw:
        raise InputError("There is no unit file.", key="raw", value=[], remedy=remedy)
    if len(raw) == 1 and raw[0].suffix.lower() == ".zip":
        yield from _zip_members(raw[0], monkey, remedy)
        return
    for path in sorted(raw, key=lambda path: path.name):
        if path.suffix != ".mat" or not path.name.startswith(monkey):
            raise InputError(
                f"This is not a unit file of monkey {monkey}.", file=path, key="monkey", value=monkey, remedy=remedy
            )
        sources.verify(path)
        yield str(path), path.read_bytes()


def _zip_members(path: Path, monkey: str, remedy: str) -> Iterator[tuple[str, bytes]]:
    # Members are read in memory: nothing is written, so that a member's name cannot lead anywhere.
    sources.verify_published(path, NAME, "raw")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                name: PurePosixPath(name).name
                for name in archive.namelist()
                if "__MACOSX" not in PurePosixPath(name).parts
            }
            chosen = sorted(
                (base, name) for name, base in members.items() if base.startswith(monkey) and base.endswith(".mat")
            )
            if not chosen:
                raise InputError(
                    f"The archive holds no unit file of monkey {monkey}.",
                    file=path,
                    key="monkey",
                    value=monkey,
                    remedy=remedy,
                )
            for _, name in chosen:
                yield f"{path}:{name}", archive.read(name)
    except _DAMAGED_ZIP as error:
        raise InputError(
            f"The archive is cut off, damaged, or no zip file ({error}).",
            file=path,
            remedy="Delete it and run the same command again to download it anew.",
        ) from error


def _other_kind(file: str, why: str, key: str) -> InputError:
    return InputError(
        f"This is not a unit file of Mante et al. 2013: {why}.",
        file=file,
        key=key,
        remedy="Remove the file from the folder, or put an unaltered copy in its place.",
    )


def _numbers(file: str, struct: Mapping[str, Any], field: str, key: str) -> np.ndarray:
    # stored as small integers or doubles from file to file: the type says nothing
    if field not in struct:
        raise _other_kind(file, "the field is missing", key)
    values = np.asarray(struct[field])
    if values.dtype.kind not in "uif":
        raise _other_kind(file, "the field holds no numbers", key)
    return values


def _read_unit(file: str, content: bytes, dt_ms: Any) -> _Unit:
    """One unit from the content of its .mat file, in bins of `dt_ms`."""
    from scipy.io import loadmat

    try:
        loaded = loadmat(io.BytesIO(content), simplify_cells=True)
    except damage() as error:
        raise InputError(
            f"The file is cut off, damaged, or no MATLAB file ({error}).",
            file=file,
            remedy="Delete it and unpack the archive again, or download it anew.",
        ) from error
    except NotImplementedError as error:  # scipy's word for MATLAB 7.3
        raise _other_kind(file, f"{error}", "unit") from error
    unit = loaded.get("unit")
    if not isinstance(unit, dict):
        raise _other_kind(file, "it holds no struct `unit`", "unit")
    for field in ("task_variable", "name", "reference"):
        if field not in unit:
            raise _other_kind(file, "the field is missing", f"unit.{field}")
    task = unit["task_variable"]
    if not isinstance(task, dict):
        raise _other_kind(file, "the field is no struct", "unit.task_variable")
    response = _numbers(file, unit, "response", "unit.response")
    time_ms = _numbers(file, unit, "time", "unit.time") * 1000.0
    if response.ndim != 2 or time_ms.shape != response.shape[1:]:
        raise _other_kind(file, f"its shape is {response.shape} with {time_ms.size} times", "unit.response")
    if len(time_ms) < 2 or not np.allclose(np.diff(time_ms), 1.0, atol=1e-6):
        raise _other_kind(file, "the times are not 1 ms apart", "unit.time")
    if not np.array_equal(response, np.abs(np.trunc(response))) or response.max(initial=0) > MOST_SPIKES:
        raise _other_kind(
            file, f"spike counts have to be whole numbers of at least 0 and at most {MOST_SPIKES}", "unit.response"
        )
    values = {}
    for variable in ("targ_dir", "stim_dir", "stim_col2dir", "context", "correct"):
        key = f"unit.task_variable.{variable}"
        values[variable] = np.atleast_1d(_numbers(file, task, variable, key)).astype(float)
        if values[variable].shape != response.shape[:1]:
            raise _other_kind(file, f"{values[variable].size} values for {response.shape[0]} trials", key)
        if not np.isfinite(values[variable]).all():
            raise _other_kind(file, "a value is not finite", key)

    correct = values["correct"] == 1
    ranks, levels = [], []
    for feature in ("stim_dir", "stim_col2dir"):
        level, rank = np.unique(np.round(values[feature], 6), return_inverse=True)
        levels.append(level)
        ranks.append(rank[correct] + 1)
    index = {condition: i for i, condition in enumerate(CONDITIONS)}
    choice, context = values["targ_dir"][correct].astype(int), values["context"][correct].astype(int)
    condition = np.array(
        [index.get(key, -1) for key in zip(choice, ranks[0], ranks[1], context, strict=True)], dtype=np.int64
    )
    n_bins, width = _bins(len(time_ms), dt_ms)
    binned = response[correct, : n_bins * width].reshape(-1, n_bins, width)
    return _Unit(
        name=str(unit["name"]),
        file=file,
        synthetic=str(unit["reference"]).startswith("synthetic"),
        counts=binned.sum(axis=2, dtype=np.int32),
        condition=condition,
        time_ms=np.round(time_ms[: n_bins * width].reshape(n_bins, width).mean(axis=1), 6),
        width_ms=width,
        levels=(levels[0], levels[1]),
    )


def _describe(condition: int) -> str:
    choice, motion, color, context = CONDITIONS[condition]
    return f"choice {choice:+d}, motion rank {motion}, color rank {color}, context {context:+d}"


def _incomplete(unit: _Unit) -> tuple[str | None, set[int]]:
    """Why the unit cannot be used (None if it can), and the conditions without a correct trial."""
    for feature, levels in zip(("motion", "color"), unit.levels, strict=True):
        if len(levels) != LEVELS or (levels > 0).sum() != LEVELS // 2 or (levels < 0).sum() != LEVELS // 2:
            return f"{feature} coherence has the levels {levels.tolist()}, not 3 of each sign", set()
    if (unit.condition < 0).any():
        return "trials marked correct whose choice is not what the relevant feature asks for", set()
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
        problem += "." if len(everywhere) <= 3 else f"; and {len(everywhere) - 3} conditions more."
    else:
        problem = f"No unit is left: each lacks something. {left_out[0]['neuron']}: {left_out[0]['reason']}."
    return InputError(
        problem,
        file=raw[0] if len(raw) == 1 else Path(raw[0]).parent,
        key="condition",
        value=f"{len(left_out)} unit files, all left out",
        remedy="Give more unit files: a unit needs a correct trial in each of the 72 conditions.",
    )
