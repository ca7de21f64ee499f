"""NWB files for tests, written by pynwb: any session, those of public datasets, and units of Mante 2013."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np


def new_file(identifier: str, **about: Any) -> Any:
    """An empty NWBFile."""
    from pynwb import NWBFile

    begun = datetime(2020, 1, 1, tzinfo=UTC)
    return NWBFile(session_description="a session for tests", identifier=identifier, session_start_time=begun, **about)


def write(nwb: Any, path: Path) -> Path:
    """The file, written."""
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)
    return path


def add_trials(nwb: Any, columns: Mapping[str, Sequence[Any]], ragged: Sequence[str] = ()) -> None:
    """A trials table; `columns` has start_time and stop_time too."""
    from hdmf.common import VectorData, VectorIndex
    from pynwb.epoch import TimeIntervals

    made: list[Any] = []
    for name, cells in columns.items():
        data = VectorData(name=name, description=name, data=np.concatenate(cells) if name in ragged else list(cells))
        made.append(data)
        if name in ragged:
            made.append(VectorIndex(name=f"{name}_index", target=data, data=np.cumsum([len(cell) for cell in cells])))
    nwb.trials = TimeIntervals(name="trials", description="trials", columns=made, colnames=list(columns))


def add_units(
    nwb: Any, times_s: Sequence[Any], columns: Mapping[str, Sequence[Any]] | None = None, **each: Any
) -> None:
    """A units table: spike times, other columns, and for `each` (obs_intervals, electrodes) a value per unit."""
    columns = columns or {}
    for name in columns:
        nwb.add_unit_column(name=name, description=name)
    for i, times in enumerate(times_s):
        nwb.add_unit(
            spike_times=np.asarray(times, float),
            **{name: cells[i] for name, cells in columns.items()},
            **{name: cells[i] for name, cells in each.items()},
        )


def add_behaviour(nwb: Any, name: str, data: Any, timestamps: Any, container: str | None = None, **more: Any) -> None:
    """A signal in processing/behavior, or in a container of it: Position, Velocity ..."""
    from pynwb import TimeSeries
    from pynwb.behavior import BehavioralTimeSeries, Position, SpatialSeries

    module = nwb.processing.get("behavior") or nwb.create_processing_module("behavior", "behaviour")
    if container == "Position":
        series = SpatialSeries(name=name, data=data, timestamps=timestamps, reference_frame="screen", unit="cm", **more)
    else:
        series = TimeSeries(name=name, data=data, timestamps=timestamps, unit="cm/s", **more)
    if container == "Position":
        module.add(Position(name="Position", spatial_series=series))
    elif container:
        module.add(BehavioralTimeSeries(name=container, time_series=series))
    else:
        module.add(series)


def poisson(rng: np.random.Generator, rate_hz: float, until_s: float) -> Any:
    """Spike times of a Poisson process, s."""
    return np.sort(rng.uniform(0, until_s, rng.poisson(rate_hz * until_s)))


def mc_maze(path: Path, *, trials: int = 36, units: int = 4, seed: int = 0) -> Path:
    """A session as DANDI 000140 (MC_Maze_Small) has it: reaches through mazes, units of M1 and PMd, hand and cursor."""
    rng = np.random.default_rng(seed)
    nwb = new_file("mc_maze_small", lab="Shenoy", institution="Stanford University")
    start = np.arange(trials) * 4.0
    onset = start + 1.6 + 0.2 * rng.random(trials)
    version = np.arange(trials) % 3
    device = nwb.create_device("array")
    groups = [nwb.create_electrode_group(f"{area}_array", "96 channels", area, device) for area in ("M1", "PMd")]
    for group in groups:
        nwb.add_electrode(x=0.0, y=0.0, z=0.0, imp=1.0, location=group.location, filtering="none", group=group)
    n_targets = np.where(version == 2, 3, 1)
    add_trials(
        nwb,
        {
            "start_time": start,
            "stop_time": start + 3.6,
            "trial_type": (np.arange(trials) // 3) % 3,
            "trial_version": version,
            "maze_id": 10 + (np.arange(trials) // 3) % 3,
            "success": np.arange(trials) % 12 != 11,
            "target_on_time": start + 0.5,
            "go_cue_time": start + 1.3,
            "move_onset_time": onset,
            "rt": onset - start - 1.3,
            "delay": np.full(trials, 0.8),
            "num_targets": n_targets,
            "target_pos": [np.zeros((n, 2), int) for n in n_targets],
            "target_size": [np.full(n, 20) for n in n_targets],
            "active_target": np.zeros(trials, int),
            "num_barriers": np.full(trials, 2),
            "barrier_pos": [np.zeros((2, 4)) for _ in range(trials)],
            "split": np.where(np.arange(trials) % 4 == 3, "val", "train"),
        },
        ragged=("target_pos", "target_size", "barrier_pos"),
    )
    observed = np.stack([start, start + 3.6], axis=1)
    add_units(
        nwb,
        [poisson(rng, 5 + 3 * i, start[-1] + 4) for i in range(units)],
        {"heldout": [i % 4 == 3 for i in range(units)]},
        obs_intervals=[observed] * units,
        electrodes=[[i % 2] for i in range(units)],
        electrode_group=[groups[i % 2] for i in range(units)],
    )
    t = np.arange(0, start[-1] + 4, 0.005)
    hand = np.stack([np.sin(t), np.cos(t)], axis=1)
    for name, data in (
        ("hand_pos", hand),
        ("hand_vel", hand[:, ::-1] * [1, -1]),
        ("cursor_pos", hand),
        ("eye_pos", hand),
    ):
        add_behaviour(nwb, name, data, t)
    return write(nwb, path)


def dmfc_rsg(path: Path, *, trials: int = 40, units: int = 3, seed: int = 0) -> Path:
    """A session as DANDI 000130 (DMFC_RSG) has it: ready, set, go; no electrodes of units, no behaviour."""
    rng = np.random.default_rng(seed)
    nwb = new_file("dmfc_rsg", lab="Jazayeri", institution="MIT")
    start = np.arange(trials) * 6.0
    interval = np.array([480.0, 800.0, 800.0, 1200.0])[np.arange(trials) % 4]  # ts, ms
    produced = interval * (1 + 0.05 * rng.standard_normal(trials))
    go = start + 2 + (interval + produced) / 1000
    go[0] = np.nan  # a trial without a response
    add_trials(
        nwb,
        {
            "start_time": start,
            "stop_time": start + 5.5,
            "fix_time": start + 0.2,
            "target_on_time": start + 0.6,
            "ready_time": start + 2,
            "set_time": start + 2 + interval / 1000,
            "go_time": go,
            "target_acq_time": go + 0.2,
            "reward_time": go + 0.4,
            "is_outlier": (np.arange(trials) % 10 == 9).astype(int),
            "is_eye": (np.arange(trials) // 4 % 2 == 0),
            "theta": np.where(np.arange(trials) // 8 % 2 == 0, 0, 180),
            "is_short": (np.arange(trials) % 4 < 2),
            "ts": interval,
            "tp": produced,
            "split": np.where(np.arange(trials) % 4 == 3, "val", "train"),
        },
    )
    observed = np.array([[0.0, start[-1] + 6]])
    add_units(
        nwb,
        [poisson(rng, 8, start[-1] + 6) for _ in range(units)],
        {"heldout": [False] * units},
        obs_intervals=[observed] * units,
    )
    return write(nwb, path)


def perich(path: Path, *, trials: int = 48, units: int = 4, seed: int = 0) -> Path:
    """A session as DANDI 000688 (Perich and Miller) has it: center-out reaches, the cursor in containers."""
    rng = np.random.default_rng(seed)
    nwb = new_file("C-CO-20131022", lab="Miller", institution="Northwestern University")
    start = np.arange(trials) * 5.0
    target = (np.arange(trials) % 8).astype(float)
    go = start + 1.5
    target[3], go[3] = np.nan, np.nan  # an aborted trial
    add_trials(
        nwb,
        {
            "start_time": start,
            "stop_time": start + 3.0,
            "target_on_time": start + 0.5,
            "go_cue_time": go,
            "result": np.where(np.isnan(target), "A", "R"),
            "target_id": target,
            "target_dir": target * np.pi / 4,
        },
    )
    device = nwb.create_device("array")
    groups = [nwb.create_electrode_group(area, "96 channels", area, device) for area in ("M1", "PMd")]
    for group in groups:
        nwb.add_electrode(x=0.0, y=0.0, z=0.0, imp=1.0, location=group.location, filtering="none", group=group)
    add_units(
        nwb,
        [poisson(rng, 6 + i, start[-1] + 5) for i in range(units)],
        {"unit_name": [f"elec{i}_unit1" for i in range(units)]},
        electrodes=[[i % 2] for i in range(units)],
    )
    t = np.arange(0, start[-1] + 5, 0.01)
    cursor = np.stack([np.sin(t), np.cos(t)], axis=1)
    add_behaviour(nwb, "cursor_pos", cursor, t, "Position")
    add_behaviour(nwb, "cursor_vel", cursor[:, ::-1] * [1, -1], t, "Velocity")
    add_behaviour(nwb, "cursor_acc", -cursor, t, "Acceleration")
    return write(nwb, path)


def mante_unit(unit: Any, path: Path, order: Any = None) -> Path:
    """A unit of Mante 2013, as its `.mat` file holds it, as a session of its own.

    Trials follow each other on the session's clock, dots onset 1.5 s after a trial begins. Spikes lie in the middle of
    their bins of 1 ms.

    Args:
        unit: `UnitFile`.
        path: to write.
        order: (trial,) in which trials are written; times go with them.
    """
    nwb = new_file(unit.name, related_publications=[unit.reference])
    n = len(unit.response)
    onset = np.arange(n) * 4.0 + 1.5
    trial, sample = np.nonzero(unit.response)
    count = unit.response[trial, sample].astype(int)
    times = np.repeat(onset[trial] + (unit.time_ms[sample] + 0.5) / 1000.0, count)
    order = np.arange(n) if order is None else order
    columns = {name: values[order] for name, values in unit.trials.items()}
    dots_on = onset[order]
    add_trials(nwb, {"start_time": dots_on - 1.5, "stop_time": dots_on + 2.5, "dots_on": dots_on, **columns})
    add_units(nwb, [np.sort(times)], {"unit_name": [unit.name]})
    return write(nwb, path)
