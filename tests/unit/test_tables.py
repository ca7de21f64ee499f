"""Every type of tidy table on small real runs, against networks run here again, SciPy and mathematics."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import xarray as xr
from helpers import cursor
from scipy.optimize import isotonic_regression

import neurorules
from neurorules.errors import InputError
from neurorules.io.netcdf import write_dataset
from neurorules.io.tables import write_table
from neurorules.options import Options
from neurorules.runs.evaluate import compared_inputs
from neurorules.similarity.baselines import cross_condition_average
from neurorules.similarity.delay_sweep import sweep
from neurorules.similarity.input_dsa import InputDynamics, input_distances, varying_inputs
from neurorules.similarity.measures.base.measure import MEASURES
from neurorules.similarity.resampling import neuron_weights
from neurorules.study.load import load_study
from neurorules.study.model import Model
from neurorules.tables import (
    alignment,
    baselines,
    distances,
    dpca,
    dsa,
    eigenvalues,
    learning,
    model_distances,
    noise_floor,
    resampled_distances,
    setting_distances,
    snapshots,
    specifications,
    trial_averaging,
)
from neurorules.tables.base.columns import below_each_other, describe, read_tidy_table
from neurorules.tables.base.labels import SIDE_LABELS, model_labels, recording_labels
from neurorules.tables.base.pairs import at_their_level, networks_in, of_different_networks
from neurorules.tables.base.score import score_group, score_model, score_recording
from neurorules.tables.base.table_type import TABLE_TYPES, ScoredModel, table_types
from neurorules.tasks.hatsopoulos2007 import ReachTask
from neurorules.training.train import train

UNITS, UPDATES, SEEDS = 8, 40, (0, 1)
NETWORK = {
    "architecture": "leaky",
    "units": UNITS,
    "activation": "retanh",
    "tau_steps": 5,
    "noise_sd": 0.02,
    "gain": 1.0,
    "recurrent_scale": 1.5,
    "input_init": "normal",
    "bias_init": "linear",
    "gain_scales_readout": False,
    "dale": False,
    "density": 1.0,
    "cell_types_per_sign": 0,
    "cell_type_density": 1.0,
    "unit_row_sum": False,
}
TRAINING = {
    "updates": UPDATES,
    "batch_size": 9,
    "learning_rate": 3e-2,
    "optimiser": "adam",
    "device": "cpu",
    "activity_penalty": 0.01,
    "flossing_iterations": 0,
    "checkpoints": "quadratic",
    "n_checkpoints": 6,
}
TEST_STEPS, ONSET = 60, 28
TASK: dict[str, Any] = {
    "dt_ms": 10,
    "steps": 50,
    "interval1_steps": [0, 3],
    "interval2_steps": [0, 4],
    "test_steps": TEST_STEPS,
    "test_interval1_steps": 3,
    "test_interval2_steps": 4,
    "output_offset_steps": -10,
    "output_start_ms": -100,
}
COMPARISON = {
    "recording": "reach",
    "onset_step": ONSET,
    "measures": ["procrustes", "cca", "cka", "cross_validated"],
    "noise_floor_repeats": 4,
    "condition_shuffles": 3,
    "neuron_resamples": 5,
    "neuron_resample_accuracies": [0.5],
    "dsa_n_delays": [2, 3],
    "dsa_ranks": [2, 4],
    "dsa_choice": "all",
    "dsa_scores": ["wasserstein", "angular"],
    "dsa_checkpoints": 3,
    "dsa_restarts": 1,
    "alignment_stride_steps": 5,
    "specification_measures": ["procrustes", "cka"],
    "specification_onset_steps": [24, ONSET],
    "specification_splits": 4,
    "snapshot_accuracies": [0.8, 0.4],
    "snapshot_trials": 20,
    "trial_averaging_counts": [1, 2],
    "trial_averaging_repeats": 3,
    "lyapunov_exponents": 3,
    "lyapunov_passes": 2,
    "stochastic_alphas": [0.0, 1.0],
    "stochastic_components": 5,
    "stochastic_bins": 3,
    "stochastic_repeats": 2,
    "recovery_measures": ["procrustes", "cka"],
    "recovery_neurons": [4],
    "recovery_trials": [2],
    "recovery_trials_per_condition": 5,
    "recovery_smoothing_sd_ms": None,
    "recovery_levels": [0.5],
    "recovery_draws": 1,
    "recovery_dsa_n_delays": 2,
    "recovery_dsa_rank": 2,
    "learning_resamples": 4,
}
TIME_MS = np.arange(-200.0, 201.0, 10.0)
# Movement onset, 0 ms, at step ONSET of the test trials; a step lasts 10 ms.
WINDOW = ONSET + np.arange(-20, 21)
LABELS = {"task": "reach", "learning_rule": "bptt", "setting": "base"}


def recording_of(rates: np.ndarray, **attributes: Any) -> xr.Dataset:
    """A recording of eight reaches with these rates, (condition, time, neuron)."""
    angle = np.arange(8) * np.pi / 4
    reach = np.clip((TIME_MS + 100) / 300, 0, 1) ** 2
    described = {
        "name": "reach",
        "title": "Reaches",
        "source": "by hand",
        "licence": "none",
        "citation": "none",
        "aligned_to": "movement onset",
        "bin_width_ms": 10.0,
        "synthetic": 1,
        "left_out": "[]",
    }
    return xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), rates),
            "shoulder_angle": (("condition", "time"), np.sin(angle)[:, None] * reach),
            "elbow_angle": (("condition", "time"), np.cos(angle)[:, None] * reach),
        },
        coords={
            "condition": np.arange(8),
            "time": TIME_MS,
            "neuron": [f"n{k:02}" for k in range(rates.shape[-1])],
            "angle_deg": ("condition", 45.0 * np.arange(8)),
        },
        attrs={**described, **attributes},
    )


def random_rates(n_neurons: int = 11) -> np.ndarray:
    rng = np.random.default_rng(3)
    signals = np.cumsum(rng.standard_normal((8, len(TIME_MS), 4)), axis=1)
    return 20 + 3 * signals @ rng.standard_normal((4, n_neurons)).clip(-1, 1) + rng.random((8, 41, n_neurons)) + 60


@dataclass(frozen=True)
class Made:
    """A recording, its task, and runs of two learning rules by seed."""

    recording: xr.Dataset
    task: ReachTask
    runs: dict[str, dict[int, xr.Dataset]]

    def members(self, *rules: str) -> list[ScoredModel]:
        return [member(self.task, rule, "base", self.runs[rule]) for rule in rules]


OPTIONS = Options(
    {
        "task_name": "reach",
        "task_module": "hatsopoulos2007",
        "learning_rule": "bptt",
        "learning": {},
        "network": NETWORK,
        "training": TRAINING,
        "comparison": COMPARISON,
    }
)


def member(task: Any, learning_rule: str, setting: str, runs: dict[int, xr.Dataset]) -> ScoredModel:
    labels = {"task": "reach", "learning_rule": learning_rule, "setting": setting}
    options = {"gain": 1.0, "learning_rate": 3e-2, "flossed": 0}
    return ScoredModel({**labels, **options}, OPTIONS, task, runs)


def with_comparison(**options: Any) -> Options:
    return OPTIONS.but(comparison=OPTIONS.comparison.but(**options))


@pytest.fixture(scope="module")
def made() -> Made:
    recording = recording_of(random_rates())
    task = ReachTask(Options(TASK), recording)
    runs = {}
    for rule in ("bptt", "eprop"):
        options = {
            "task_name": "reach",
            "learning_rule": rule,
            "learning": {},
            "network": NETWORK,
            "training": TRAINING,
        }
        runs[rule] = {seed: train(options, [seed], task)[seed] for seed in SEEDS}
    return Made(recording, task, runs)


# ---- reference implementations


def forward(run: xr.Dataset, checkpoint: int, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h_1..h_T (trial, step, unit) and y_1..y_T (step, trial, output) of the network without noise, in float64."""
    w = {name: run[name].values[checkpoint].astype(np.float64) for name in run if "checkpoint" in run[name].dims}
    a = np.tile(w["initial_state"], (inputs.shape[1], 1))
    hidden = []
    for x in inputs.astype(np.float64):
        h = np.tanh(np.maximum(a, 0))
        a = 0.8 * a + 0.2 * (h @ w["recurrent"].T + x @ w["input"].T + w["bias"])  # tau is 5 steps
        hidden.append(np.tanh(np.maximum(a, 0)))
    activity = np.stack(hidden)
    return activity.transpose(1, 0, 2), activity @ w["readout"].T + w["readout_bias"]


def activity_of(made: Made, run: xr.Dataset, checkpoint: int) -> np.ndarray:
    """(condition, step, unit) of whole test trials."""
    return forward(run, checkpoint, made.task.test().inputs)[0]


def centred(activity: np.ndarray) -> np.ndarray:
    samples = np.asarray(activity, np.float64).reshape(-1, activity.shape[-1])
    return samples - samples.mean(0)


def procrustes(x: np.ndarray, y: np.ndarray) -> float:
    """The angle by SciPy, of the smaller representation padded with silent features, over a right angle."""
    x, y = centred(x), centred(y)
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in (x, y))
    _, overlap = scipy.linalg.orthogonal_procrustes(x, y)
    return float(np.arccos(min(1.0, overlap / (np.linalg.norm(x) * np.linalg.norm(y)))) / (np.pi / 2))


def cka(x: np.ndarray, y: np.ndarray) -> float:
    """1 - CKA from Gram matrices (sample, sample): another way to the same number."""
    k, m = (part @ part.T for part in (centred(x), centred(y)))
    return 1.0 - float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


def dimensions(activity: np.ndarray) -> float:
    """Participation ratio from the eigenvalues of the covariance."""
    spectrum = np.linalg.eigvalsh(np.cov(centred(activity).T))
    return float(spectrum.sum() ** 2 / (spectrum**2).sum())


def accuracy_on(run: xr.Dataset, checkpoint: int, trials: Any) -> float:
    """1 - NMSE, mean over outputs, on scored points."""
    outputs = forward(run, checkpoint, trials.inputs)[1][trials.scored]
    targets = trials.targets[trials.scored].astype(np.float64)
    return float(1 - (((outputs - targets) ** 2).sum(0) / ((targets - targets.mean(0)) ** 2).sum(0)).mean())


def nearest_share(made: Made, run: xr.Dataset, checkpoint: int) -> float:
    """Share of the test trials whose outputs are closest to their own targets, over the scored steps."""
    trials = made.task.test()
    outputs = forward(run, checkpoint, trials.inputs)[1]
    off = ((outputs[:, :, None] - trials.targets[:, None]) ** 2).sum(-1) * trials.scored[:, :, None]
    return float((off.sum(0).argmin(1) == np.arange(outputs.shape[1])).mean())


def unordered(table: pd.DataFrame) -> list[frozenset]:
    """Each row's pair of networks, whichever comes first."""
    sides = [table[[f"learning_rule_{of}", f"setting_{of}", f"seed_{of}"]].itertuples(index=False) for of in "ab"]
    return [frozenset([tuple(a), tuple(b)]) for a, b in zip(*sides, strict=True)]


def test_runs_differ_enough_to_tell_checkpoints_apart(made: Made) -> None:
    """Otherwise tests of the chosen checkpoint would show nothing."""
    for runs in made.runs.values():
        for run in runs.values():
            assert run.sizes["checkpoint"] == 6
            assert len({*run["accuracy"].values}) == 6
            assert np.ptp(run["accuracy"].values) > 0.3


def test_every_table_type_has_one_subject() -> None:
    of_models = [
        "alignment",
        "distances",
        "dpca",
        "dsa",
        "eigenvalues",
        "gradients",
        "learning",
        "loss_curve",
        "lyapunov",
        "noise_floor",
        "resampled_distances",
        "specifications",
        "stochastic_shape",
    ]
    assert table_types("model") == of_models
    assert table_types("group") == [
        *("during_learning", "model_distances", "model_dynamics", "recovery", "setting_distances", "snapshots")
    ]
    assert table_types("recording") == ["baselines", "trial_averaging"]
    assert len(table_types()) == 13 + 6 + 2


# ---- tables of one model


def test_distances(made: Made) -> None:
    runs = made.runs["bptt"]
    table = distances.table(ScoredModel(LABELS, OPTIONS, made.task, runs), made.recording)
    keys = [
        (seed, update, measure)
        for seed, run in runs.items()
        for update in run["checkpoint"].values
        for measure in COMPARISON["measures"]
    ]
    assert list(table[["seed", "update", "measure"]].itertuples(index=False, name=None)) == keys
    assert (table[list(LABELS)] == pd.Series(LABELS)).all(axis=None)
    assert table["distance"].between(0, 1).all()
    by_key = table.set_index(["seed", "update", "measure"])
    rates = made.recording["rates"].values
    for seed, run in runs.items():
        for index, update in enumerate(run["checkpoint"].values):
            rows = by_key.loc[seed, update]
            activity = activity_of(made, run, index)[:, WINDOW]
            assert (rows["accuracy"] == run["accuracy"].values[index]).all()
            assert rows.loc["procrustes", "distance"] == pytest.approx(procrustes(activity, rates), abs=1e-6)
            assert rows.loc["cka", "distance"] == pytest.approx(cka(activity, rates), abs=1e-5)
            np.testing.assert_allclose(rows["participation_ratio"], dimensions(activity), rtol=1e-5)
            assert (rows["fraction_correct"] == nearest_share(made, run, index)).all()
    assert table["fraction_correct"].max() > table["guessing_fraction_correct"].iloc[0] == 1 / 8
    # The measures of the config, in its order, and no other.
    fewer = with_comparison(measures=["cka", "procrustes"])
    few = distances.table(ScoredModel(LABELS, fewer, made.task, {0: runs[0]}), made.recording)
    assert list(few["measure"]) == ["cka", "procrustes"] * 6
    assert list(few["distance"][:2]) == [by_key.loc[(0, 0, name), "distance"] for name in ("cka", "procrustes")]


def test_every_measure_with_its_options(made: Made) -> None:
    """By name, in all three types of tables that take measures; the options reach the measure."""
    runs, rates, names = {0: made.runs["bptt"][0]}, made.recording["rates"].values, MEASURES.names()
    rsa_options = {"rsa_dissimilarity": "correlation", "rsa_comparison": "cosine"}
    options = with_comparison(measures=names, specification_measures=names, specification_splits=1, **rsa_options)
    distances.check(made.recording, options)
    table = distances.table(ScoredModel(LABELS, options, made.task, runs), made.recording)
    last = table[table["update"] == table["update"].max()].set_index("measure")["distance"]
    activity = activity_of(made, runs[0], -1)[:, WINDOW]
    for name in names:
        given = rsa_options if name == "rsa" else {}
        assert last[name] == pytest.approx(MEASURES.load(name).distance(activity, rates, **given), abs=1e-4), name
    chosen = specifications.table(ScoredModel(LABELS, options, made.task, runs), made.recording)
    of_all = chosen[(chosen["population"] == "all") & (chosen["is_used"] == 1)]
    assert list(of_all.groupby("measure")["distance"].last()) == pytest.approx(list(last[sorted(names)]), abs=1e-9)
    average = baselines.table(made.recording, LABELS, options.comparison)
    of_average = average[average["quantity"] == "cross_condition_average"].set_index("measure")["value"]
    expected = MEASURES.load("rsa").distance(cross_condition_average(rates), rates, **rsa_options)
    assert list(of_average.index) == names and of_average["rsa"] == pytest.approx(expected, abs=1e-9)


def test_a_recording_of_other_conditions_cannot_be_compared(made: Made) -> None:
    seven = made.recording.isel(condition=slice(7))
    with pytest.raises(InputError, match="8 test trials, the recording 7") as caught:
        distances.table(ScoredModel(LABELS, OPTIONS, made.task, made.runs["bptt"]), seven)
    assert caught.value.key == "comparison.recording" and caught.value.value == "reach"


@pytest.mark.parametrize("stride, onset", [(5, ONSET), (1, ONSET), (7, 20), (50, 39)])
def test_alignment(made: Made, stride: int, onset: int) -> None:
    """Onset steps a stride apart, all from which 200 ms fit before and after; one of them is the study's."""
    options = with_comparison(alignment_stride_steps=stride, onset_step=onset, measures=["procrustes"])
    runs = made.runs["eprop"]
    table = alignment.table(ScoredModel(LABELS, options, made.task, runs), made.recording)
    feasible = [s for s in range(TEST_STEPS) if (s - onset) % stride == 0 and s >= 20 and s + 20 < TEST_STEPS]
    stages = ("untrained", "trained")
    expected = [(seed, stage, s) for seed in SEEDS for stage in stages for s in feasible]
    assert list(table[["seed", "stage", "onset_step"]].itertuples(index=False, name=None)) == expected
    assert (table["is_used"] == (table["onset_step"] == onset)).all()
    assert set(table["measure"]) == {"procrustes"}

    used = table[table["is_used"] == 1].set_index(["seed", "stage"])
    compared = distances.table(ScoredModel(LABELS, options, made.task, runs), made.recording).set_index(
        ["seed", "update"]
    )
    for seed in SEEDS:
        for stage, update in (("untrained", 0), ("trained", UPDATES)):
            for column in ("distance", "accuracy"):
                assert used.loc[(seed, stage), column] == compared.loc[(seed, update), column]

    if stride == 5:
        whole = activity_of(made, runs[1], -1)
        rows = table[(table["seed"] == 1) & (table["stage"] == "trained")].set_index("onset_step")
        for step in feasible:
            distance = procrustes(whole[:, step - 20 : step + 21], made.recording["rates"].values)
            assert rows.loc[step, "distance"] == pytest.approx(distance, abs=1e-6)
        assert rows["distance"].nunique() == len(feasible) > 3


def test_specifications(made: Made) -> None:
    """Every onset step, measure and population; halves are those of the noise floor."""
    runs, rates = made.runs["eprop"], made.recording["rates"].values
    table = specifications.table(ScoredModel(LABELS, OPTIONS, made.task, runs), made.recording)
    assert len(table) == len(SEEDS) * 6 * 2 * 2 * 2
    by_choice = table.set_index(["seed", "update", "onset_step", "measure", "population"])
    assert by_choice.index.is_unique
    assert (table["is_used"] == (table["onset_step"] == ONSET)).all()
    whole = activity_of(made, runs[1], -1)
    for step in (24, ONSET):
        last = by_choice.loc[1, UPDATES, step]
        at_step = whole[:, step - 20 : step + 21]
        assert last.loc["procrustes", "all"]["distance"] == pytest.approx(procrustes(at_step, rates), abs=1e-6)
        assert last.loc["cka", "all"]["distance"] == pytest.approx(cka(at_step, rates), abs=1e-5)
    floor = noise_floor.table(ScoredModel(LABELS, OPTIONS, made.task, runs), made.recording)
    of_network = floor[(floor["quantity"] == "model") & (floor["seed"] == 1) & (floor["stage"] == "trained")]
    halves = by_choice.loc[1, UPDATES, ONSET].loc["procrustes", "halves"]["distance"]
    assert halves == pytest.approx(of_network["distance"].mean(), abs=1e-12)


def test_an_onset_step_at_which_the_recording_does_not_fit(made: Made) -> None:
    options = with_comparison(specification_onset_steps=[45])
    with pytest.raises(InputError, match="steps 25 to 65 of 60") as caught:
        specifications.table(ScoredModel(LABELS, options, made.task, made.runs["bptt"]), made.recording)
    assert caught.value.key == "tasks.reach.comparison.specification_onset_steps" and caught.value.value == 45


def test_a_task_without_movement_has_no_onset_to_align(made: Made) -> None:
    study = load_study()
    options = Options(study.options.of(Model("mante2013", "bptt", "base")))
    with pytest.raises(InputError, match="mante2013 has no movement onset") as caught:
        alignment.table(
            ScoredModel({**LABELS, "task": "mante2013"}, options, made.task, made.runs["bptt"]), made.recording
        )
    assert caught.value.key == "figures.alignment.tasks" and caught.value.value == "mante2013"


def test_eigenvalues(made: Made) -> None:
    """Their sum is the trace, that of their squares the trace of the square, their product the determinant."""
    runs = made.runs["bptt"]
    table = eigenvalues.table(ScoredModel(LABELS, OPTIONS, made.task, runs), None)
    assert len(table) == len(SEEDS) * 2 * UNITS
    for seed, run in runs.items():
        for stage, index, update in (("untrained", 0, 0), ("trained", -1, UPDATES)):
            rows = table[(table["seed"] == seed) & (table["stage"] == stage)]
            assert list(rows["index"]) == list(range(UNITS)) and set(rows["update"]) == {update}
            values = rows["real"].to_numpy() + 1j * rows["imaginary"].to_numpy()
            weights = run["recurrent"].values[index].astype(np.float64)
            assert values.sum() == pytest.approx(np.trace(weights), abs=1e-10)
            assert (values**2).sum() == pytest.approx(np.trace(weights @ weights), abs=1e-10)
            sign, log = np.linalg.slogdet(weights)
            assert np.log(np.abs(values)).sum() == pytest.approx(log, abs=1e-8)
            assert np.exp(1j * np.angle(values).sum()) == pytest.approx(sign, abs=1e-8)
    first, last = (table[table["stage"] == stage]["real"].to_numpy() for stage in ("untrained", "trained"))
    assert abs(first - last).max() > 1e-3


def test_learning(made: Made) -> None:
    table = learning.table(ScoredModel(LABELS, OPTIONS, made.task, made.runs["eprop"]), None)
    for seed, run in made.runs["eprop"].items():
        rows = table[table["seed"] == seed]
        updates = run["checkpoint"].values
        assert list(rows["update"]) == list(updates) and updates[-1] == UPDATES
        assert list(rows["accuracy"]) == list(run["accuracy"].values)
        loss = dict(enumerate(run["task_loss"].values))
        # No update comes after the last checkpoint.
        assert list(rows["task_loss"]) == [*(loss[update] for update in updates[:-1]), loss[UPDATES - 1]]


def test_noise_floor(made: Made) -> None:
    """Neurons that all carry one signal: the floor is 0, and groups of as many as all units have one distance."""
    signal = random_rates(1)
    copies = recording_of(np.repeat(signal, 3 * UNITS, axis=2))
    runs = made.runs["bptt"]
    table = noise_floor.table(ScoredModel(LABELS, OPTIONS, made.task, runs), copies)
    keys = [("floor", "", -1), ("cross_condition_average", "", -1)]
    for seed, stage in itertools.product(SEEDS, ("untrained", "trained")):
        keys += [(f"model{order}", stage, seed) for order in ("", "_shuffled", "_rotated")]
    expected = [(*key, repeat) for key in keys for repeat in range(4)]
    assert list(table[["quantity", "stage", "seed", "repeat"]].itertuples(index=False, name=None)) == expected
    assert set(table["group_size"]) == {UNITS}
    floor = table[table["quantity"] == "floor"]
    np.testing.assert_allclose(floor["distance"], 0, atol=1e-7)
    average = np.repeat(np.tile(signal.mean(0, keepdims=True), (8, 1, 1)), UNITS, axis=2)
    of_average = table.loc[table["quantity"] == "cross_condition_average", "distance"]
    np.testing.assert_allclose(of_average, procrustes(average, np.repeat(signal, UNITS, axis=2)), atol=1e-6)
    by_key = table[table["quantity"].isin(["floor", "model"])].set_index(["stage", "seed"]).sort_index()
    assert by_key.loc[("", -1), "accuracy"].isna().all()
    for seed, run in runs.items():
        for stage, index in (("untrained", 0), ("trained", -1)):
            rows = by_key.loc[(stage, seed)]
            assert set(rows["accuracy"]) == {run["accuracy"].values[index]}
            alike = procrustes(activity_of(made, run, index)[:, WINDOW], np.repeat(signal, UNITS, axis=2))
            np.testing.assert_allclose(rows["distance"], alike, atol=1e-6)
    few = noise_floor.table(ScoredModel(LABELS, OPTIONS, made.task, {0: runs[0]}), recording_of(random_rates(7)))
    assert set(few["group_size"]) == {3}


OPPOSITE = [4, 5, 6, 7, 0, 1, 2, 3]


def test_conditions_in_another_order(made: Made) -> None:
    """Turned reaches by hand; of equal conditions every order is the same; other checkpoints have none."""
    runs = {0: made.runs["bptt"][0]}
    model = ScoredModel(LABELS, with_comparison(measures=["procrustes"]), made.task, runs)
    table = distances.table(model, made.recording)
    rates = made.recording["rates"].values
    for row, index in ((table.iloc[0], 0), (table.iloc[-1], -1)):
        turned = activity_of(made, runs[0], index)[:, WINDOW][OPPOSITE]
        assert row["distance_rotated"] == pytest.approx(procrustes(turned, rates), abs=1e-6)
        assert abs(row["distance_rotated"] - row["distance"]) > 1e-4
        assert 0 < row["distance_shuffled"] <= 1
    assert table[["distance_rotated", "distance_shuffled"]].iloc[1:-1].isna().all(axis=None)
    # Mazes have no direction; their conditions go by number.
    maze = ScoredModel(LABELS, model.options.but(task_module="sussillo2015"), made.task, runs)
    assert distances.table(maze, made.recording.drop_vars("angle_deg"))["distance_rotated"].isna().all()

    equal = recording_of(np.repeat(random_rates()[:1], 8, axis=0))
    same = distances.table(model, equal).iloc[[0, -1]]
    for column in ("distance_rotated", "distance_shuffled"):
        np.testing.assert_allclose(same[column], same["distance"], atol=1e-7)
    turned = noise_floor.table(model, equal).pivot(index=["stage", "repeat"], columns="quantity", values="distance")
    turned = turned.dropna(subset="model")
    np.testing.assert_allclose(turned["model_rotated"], turned["model"], atol=1e-7)
    np.testing.assert_allclose(turned["model_shuffled"], turned["model"], atol=1e-7)


def test_resampled_neurons(made: Made) -> None:
    """Resample -1 is the recording; the same neurons for every model; between checkpoints the mean of both."""
    run = made.runs["bptt"][0]
    accuracy = np.array([-1.0, 0.2, 0.3, 0.6, 0.7, 0.8])
    runs = {0: with_accuracies(run, *accuracy)}
    table = resampled_distances.table(ScoredModel(LABELS, OPTIONS, made.task, runs), made.recording)
    assert list(table["repeat"][:6]) == [-1, 0, 1, 2, 3, 4] and len(table) == 3 * 6
    rates = made.recording["rates"].values
    own = table[table["repeat"] == -1].set_index("stage")["distance"]
    at = [procrustes(activity_of(made, run, index)[:, WINDOW], rates) for index in range(6)]
    # 0.5 is two thirds of the way from 0.3 to 0.6.
    expected = {"untrained": at[0], "trained": at[5], "matched": at[2] / 3 + at[3] * 2 / 3}
    assert own.to_dict() == pytest.approx(expected, abs=1e-6)
    weights = neuron_weights(11, 5, resampled_distances.RESAMPLE_SEED)
    drawn = np.repeat(np.arange(11), weights[2])
    of_third = table[(table["repeat"] == 2) & (table["stage"] == "trained")]["distance"].item()
    assert of_third == pytest.approx(procrustes(activity_of(made, run, 5)[:, WINDOW], rates[..., drawn]), abs=1e-6)
    never = {0: with_accuracies(run, *np.linspace(0, 0.4, 6))}
    table = resampled_distances.table(ScoredModel(LABELS, OPTIONS, made.task, never), made.recording)
    assert set(table["stage"]) == {"untrained", "trained"}


def test_dsa_rows(made: Made) -> None:
    runs = made.runs["bptt"]
    updates = runs[0]["checkpoint"].values
    some = [updates[0], updates[2], updates[5]]  # half way of 0 .. 5 rounds to the even 2
    keys = ["seed", "update", "n_delays", "rank"]

    def rows(table: pd.DataFrame, score: str) -> list[tuple]:
        return list(table[table["score"] == score][keys].itertuples(index=False, name=None))

    # The angular score takes seconds: of one seed.
    both = dsa.table(ScoredModel(LABELS, OPTIONS, made.task, {0: runs[0]}), made.recording)
    assert rows(both, "wasserstein") == list(itertools.product([0], some, (2, 3), (2, 4)))
    assert rows(both, "angular") == list(itertools.product([0], some[2:], (2, 3), (2, 4)))
    assert len(both) == 12 + 4
    angular = both[both["score"] == "angular"]["distance"]
    assert (angular > 0).all() and (angular < np.pi).all() and angular.nunique() == 4

    options = with_comparison(dsa_scores=["wasserstein"])
    table = dsa.table(ScoredModel(LABELS, options, made.task, runs), made.recording)
    assert rows(table, "wasserstein") == list(itertools.product(SEEDS, some, (2, 3), (2, 4)))
    assert len(table) == 24 and (table["distance"] > 0).all()
    for seed, run in runs.items():
        accuracy = dict(zip(updates, run["accuracy"].values, strict=True))
        of_seed = table[table["seed"] == seed]
        assert list(of_seed["accuracy"]) == [accuracy[update] for update in of_seed["update"]]


def with_delays(*delays: int) -> Options:
    return with_comparison(dsa_n_delays=list(delays), dsa_scores=["wasserstein"], dsa_ranks=[3])


def test_dsa_of_a_network_that_is_the_recording_is_zero(made: Made) -> None:
    run = made.runs["bptt"][0]
    itself = recording_of(activity_of(made, run, -1)[:, WINDOW])
    table = dsa.table(ScoredModel(LABELS, with_delays(3), made.task, {0: run}), itself).set_index("update")
    assert table.loc[UPDATES, "distance"] == pytest.approx(0, abs=1e-6)
    assert table.loc[0, "distance"] > 1e-4


def test_dsa_leaves_out_delays_that_are_too_long(made: Made) -> None:
    """41 times make no 41 delays with a step after them."""
    runs = {0: made.runs["bptt"][0]}
    table = dsa.table(ScoredModel(LABELS, with_delays(3, 41, 60), made.task, runs), made.recording)
    assert set(table["n_delays"]) == {3} and len(table) == 3
    with pytest.raises(InputError, match="delays are too many for 8 conditions with 41 times") as caught:
        dsa.table(ScoredModel(LABELS, with_delays(41, 60), made.task, runs), made.recording)
    assert caught.value.key == "comparison.dsa_n_delays" and caught.value.value in (41, 60)


def window_inputs(made: Made) -> np.ndarray:
    """(condition, time, input) of the task in the window, one step per bin."""
    return made.task.test().inputs[WINDOW].transpose(1, 0, 2).astype(np.float64)


def test_dsa_with_inputs_has_rows_for_its_parts(made: Made) -> None:
    run = made.runs["bptt"][0]
    options = with_comparison(dsa_scores=["input", "wasserstein"])
    table = dsa.table(ScoredModel(LABELS, options, made.task, {0: run}), made.recording)
    assert table["score"].value_counts().to_dict() == dict.fromkeys(
        ["wasserstein", "input", "input_state", "input_control"], 12
    )
    # The direction is shown within this window, and the hold cue ends: all three inputs vary. The network's activity
    # at a step depends on the inputs of this step.
    inputs = window_inputs(made)
    assert (np.ptp(inputs, axis=(0, 1)) > 0).all()
    systems = (
        InputDynamics(x, inputs, 3) for x in (activity_of(made, run, -1)[:, WINDOW], made.recording["rates"].values)
    )
    expected = input_distances(*systems, 4)
    rows = table[(table["update"] == UPDATES) & (table["n_delays"] == 3) & (table["rank"] == 4)].set_index("score")
    for score, distance in expected.items():
        assert rows.loc[score, "distance"] == pytest.approx(distance, abs=1e-4)
    assert 0.01 < expected["input"] < np.pi / 2
    without = dsa.table(
        ScoredModel(LABELS, with_comparison(dsa_scores=["wasserstein"]), made.task, {0: run}), made.recording
    )
    pd.testing.assert_frame_equal(table[table["score"] == "wasserstein"].reset_index(drop=True), without)


def test_dsa_with_inputs_of_a_network_that_is_the_recording_is_zero(made: Made) -> None:
    run = made.runs["bptt"][0]
    itself = recording_of(activity_of(made, run, -1)[:, WINDOW])
    options = with_comparison(dsa_n_delays=[3], dsa_scores=["input"], dsa_ranks=[3])
    table = dsa.table(ScoredModel(LABELS, options, made.task, {0: run}), itself)
    assert table[table["update"] == UPDATES]["distance"].max() < 1e-3
    assert table[table["update"] == 0]["distance"].min() > 1e-2


def test_inputs_of_a_bin_are_the_mean_since_the_previous_bin(made: Made) -> None:
    class Coarse(ReachTask):
        """Bins of three steps."""

        def window(self, time_ms: np.ndarray, comparison: Options) -> np.ndarray:
            return ONSET + 3 * np.arange(-6, 7)

    task = Coarse(Options(TASK), made.recording)
    coarse = made.recording.isel(time=slice(13))
    found = compared_inputs(OPTIONS, task, coarse)
    whole = task.test().inputs.transpose(1, 0, 2)
    np.testing.assert_array_equal(found[:, 0], whole[:, ONSET - 18])
    for k in range(1, 13):
        stop = ONSET - 18 + 3 * k
        np.testing.assert_allclose(found[:, k], whole[:, [stop - 2, stop - 1, stop]].mean(1), atol=1e-6)
    np.testing.assert_array_equal(compared_inputs(OPTIONS, made.task, made.recording), window_inputs(made))


@pytest.mark.parametrize("criterion", ["prediction_error", "aic"])
def test_dsa_with_the_delays_and_rank_that_predict_the_recording(made: Made, criterion: str) -> None:
    rates, inputs = made.recording["rates"].values, varying_inputs(window_inputs(made))
    options = with_comparison(dsa_choice=criterion, dsa_scores=["wasserstein", "input"], dsa_n_delays=[1, 3, 60])
    table = dsa.table(ScoredModel(LABELS, options, made.task, {0: made.runs["bptt"][0]}), made.recording)
    assert len(table) == 3 * 4
    for scores, given in ((["wasserstein"], None), (["input", "input_state", "input_control"], inputs)):
        candidates = sweep(rates, [1, 3], [2, 4], given)
        smallest = min(candidates, key=lambda one: getattr(one, criterion))
        rows = table[table["score"].isin(scores)]
        assert set(zip(rows["n_delays"], rows["rank"], strict=True)) == {(smallest.n_delays, smallest.rank)}
        assert set(rows["prediction_error"]) == {smallest.prediction_error}
    everything = dsa.table(
        ScoredModel(
            LABELS,
            options.but(comparison=options.comparison.but(dsa_choice="all")),
            made.task,
            {0: made.runs["bptt"][0]},
        ),
        made.recording,
    )
    assert "prediction_error" not in everything
    keys = ["update", "n_delays", "rank", "score"]
    both = table.merge(everything, on=keys, suffixes=("", "_all"))
    assert len(both) == len(table) and (both["distance"] == both["distance_all"]).all()


def test_dsa_with_inputs_refuses_a_window_in_which_none_varies(made: Made) -> None:
    """Before the direction is shown, nothing changes."""

    class Still(ReachTask):
        def window(self, time_ms: np.ndarray, comparison: Options) -> np.ndarray:
            return np.arange(len(time_ms))

    task = Still(Options({**TASK, "test_interval1_steps": 60, "test_steps": 120}), made.recording)
    options = with_comparison(dsa_scores=["input"])
    with pytest.raises(InputError, match="No input of the task differs") as caught:
        dsa.table(ScoredModel(LABELS, options, task, made.runs["bptt"]), made.recording)
    assert caught.value.key == "comparison.dsa_scores"


def demixed(activity: np.ndarray, part: str) -> np.ndarray:
    """The first demixed projection (condition, time), up to its sign: reduced-rank regression by least squares."""
    samples = centred(activity)
    common = samples.reshape(activity.shape).mean(0)
    target = np.broadcast_to(common, activity.shape).reshape(samples.shape)
    target = target if part == "time" else samples - target
    coefficients = scipy.linalg.lstsq(samples, target, cond=1e-6)[0]
    covariance = (samples @ coefficients).T @ (samples @ coefficients)
    encoder = scipy.linalg.eigh(covariance)[1][:, -1]
    return (samples @ coefficients @ encoder).reshape(activity.shape[:2])


def test_dpca_of_a_time_course_and_a_tuning(made: Made) -> None:
    """One signal of time and one of condition in orthogonal directions: the projections are these signals."""
    course, tuning = np.sin(TIME_MS / 60), np.array([3.0, -1, 4, -1, -5, 2, -2, 0])
    directions = np.array([[0.8, 0.6, 0, 0], [-0.36, 0.48, 0.8, 0]])
    rates = 30 + course[None, :, None] * directions[0] + tuning[:, None, None] * directions[1]
    recording = recording_of(rates)
    tables = {
        rule: dpca.table(ScoredModel({**LABELS, "learning_rule": rule}, OPTIONS, made.task, runs), recording)
        for rule, runs in made.runs.items()
    }
    moving = course - course.mean()
    expected = {"time 1": np.tile(moving, (8, 1)), "condition 1": np.tile(tuning[:, None], (1, len(TIME_MS)))}
    tuning -= tuning.mean()
    variance = {"time 1": (moving**2).mean(), "condition 1": (tuning**2).mean()}
    cells = list(itertools.product(range(8), TIME_MS))
    of_data = tables["bptt"][tables["bptt"]["quantity"] == "data"]
    for component, signal in expected.items():
        signal = signal - signal.mean()
        rows = of_data[of_data["component"] == component]
        assert list(rows[["condition", "time_ms"]].itertuples(index=False, name=None)) == cells
        assert set(rows["seed"]) == {-1}
        # A direction's largest entry is taken as positive, which it is in both.
        np.testing.assert_allclose(rows["projection"].to_numpy().reshape(8, -1), signal, atol=1e-9)
        share = variance[component] / sum(variance.values())
        np.testing.assert_allclose(rows["explained_variance"], share, rtol=1e-9)
    for rule, table in tables.items():
        data = table[table["quantity"] == "data"]
        pd.testing.assert_frame_equal(
            data.drop(columns="learning_rule"), of_data.drop(columns="learning_rule"), check_exact=True
        )
        assert set(table["learning_rule"]) == {rule}
        assert len(table) == (1 + len(SEEDS)) * 2 * len(cells)


def test_dpca_of_networks_goes_along_with_the_data(made: Made) -> None:
    table = dpca.table(ScoredModel(LABELS, OPTIONS, made.task, made.runs["eprop"]), made.recording)
    signs = []
    for (seed, component), rows in table[table["quantity"] == "model"].groupby(["seed", "component"]):
        data = table[(table["quantity"] == "data") & (table["component"] == component)]["projection"].to_numpy()
        found = rows["projection"].to_numpy()
        assert np.corrcoef(data, found)[0, 1] > 0
        activity = activity_of(made, made.runs["eprop"][seed], -1)[:, WINDOW]
        expected = demixed(activity, component.removesuffix(" 1")).ravel()
        signs.append(np.sign(np.corrcoef(data, expected)[0, 1]))
        np.testing.assert_allclose(found, signs[-1] * expected, atol=1e-3 * np.abs(expected).max())
    assert len(signs) == 2 * len(SEEDS)


# ---- tables of several models


def with_accuracies(run: xr.Dataset, *accuracy: float) -> xr.Dataset:
    return run.assign(accuracy=("checkpoint", np.array(accuracy)))


def test_model_distances(made: Made) -> None:
    """Of each pair the lower of both best accuracies, at the checkpoint closest to it.

    By the intervals of log update that they stand for, the last two checkpoints of `second` weigh .503 and .209: it
    came to .541. So did `third` at .6, its last; all before is pooled.
    """
    first = with_accuracies(made.runs["bptt"][0], 0.0, 0.2, 0.9, 0.5, 0.8, 0.7)
    second = with_accuracies(made.runs["bptt"][1], 0.0, 0.1, 0.2, 0.3, 0.6, 0.4)
    third = with_accuracies(made.runs["eprop"][0], 0.1, 0.75, 0.3, 0.75, 0.2, 0.6)
    members = [
        member(made.task, "bptt", "base", {0: first, 1: second}),
        member(made.task, "eprop", "sparse", {0: third}),
    ]
    table = model_distances.table(members, {"task": "reach"}, Options({}), made.recording)
    networks = {("bptt", "base", 0): first, ("bptt", "base", 1): second, ("eprop", "sparse", 0): third}
    pairs = {frozenset(pair) for pair in itertools.combinations(networks, 2)}
    for stage in ("trained", "matched", "matched_common"):
        found = unordered(table[table["stage"] == stage])
        assert len(found) == 3 and set(found) == pairs
    assert len(table) == 9
    # first and second: .541; of first .5 is closest, of second .6. first and third: .6; of first .5 and .7 are as
    # close, and .5 is closer to where its course, from .2 at update 2 to .72 between updates 6 and 14, has .6.
    matched = {
        (("bptt", "base", 0), ("bptt", "base", 1)): (3, 4),
        (("bptt", "base", 0), ("eprop", "sparse", 0)): (3, 5),
        (("bptt", "base", 1), ("eprop", "sparse", 0)): (4, 5),
    }
    for row in table.itertuples():
        a = (row.learning_rule_a, row.setting_a, row.seed_a)
        b = (row.learning_rule_b, row.setting_b, row.seed_b)
        # .541 is the lowest that all came to; the same checkpoints are closest to it.
        at = (5, 5) if row.stage == "trained" else matched[a, b]
        updates = [networks[side]["checkpoint"].values[index] for side, index in zip((a, b), at, strict=True)]
        assert [row.update_a, row.update_b] == updates
        reached = [networks[side]["accuracy"].values[index] for side, index in zip((a, b), at, strict=True)]
        assert [row.accuracy_a, row.accuracy_b] == reached
        # Whole test trials, not the window.
        x, y = (activity_of(made, networks[side], index) for side, index in zip((a, b), at, strict=True))
        assert row.distance == pytest.approx(procrustes(x, y), abs=1e-6)


def test_a_network_is_at_no_distance_from_itself(made: Made) -> None:
    run = made.runs["eprop"][1]
    members = [member(made.task, "eprop", "base", {0: run, 1: run})]
    table = model_distances.table(members, {}, Options({}), None)
    assert len(table) == 2
    np.testing.assert_allclose(table["distance"], 0, atol=1e-7)


def test_models_of_unequal_trials_have_no_distance(made: Made) -> None:
    longer = ReachTask(Options({**TASK, "test_steps": TEST_STEPS + 1}), made.recording)
    members = [
        member(made.task, "bptt", "base", {0: made.runs["bptt"][0]}),
        member(longer, "bptt", "longer", {0: made.runs["bptt"][0]}),
    ]
    with pytest.raises(InputError, match=r"(?s)8 conditions with 60 steps.*8 with 61") as caught:
        model_distances.table(members, {}, Options({}), None)
    assert caught.value.key == "settings" and caught.value.value == ["base", "longer"]


def test_settings_of_unequal_trials_have_distances_within_each(made: Made) -> None:
    """The pairs of each setting as if it were alone, at a level of its own: .9 in base, .6 in longer."""
    longer = ReachTask(Options({**TASK, "test_steps": TEST_STEPS + 1}), made.recording)
    high = [with_accuracies(made.runs[rule][0], 0.0, 0.3, 0.5, 0.7, 0.8, 0.9) for rule in ("bptt", "eprop")]
    low = [with_accuracies(made.runs[rule][1], 0.0, 0.1, 0.2, 0.4, 0.5, 0.6) for rule in ("bptt", "eprop")]
    base = [member(made.task, rule, "base", {0: run}) for rule, run in zip(("bptt", "eprop"), high, strict=True)]
    of_longer = [member(longer, rule, "longer", {1: run}) for rule, run in zip(("bptt", "eprop"), low, strict=True)]
    table = setting_distances.table([base[0], *of_longer, base[1]], {"task": "reach"}, Options({}), None)
    assert (table["setting_a"] == table["setting_b"]).all()
    assert table.groupby(["setting_a", "stage"]).size().to_dict() == {
        (setting, stage): 1 for setting in ("base", "longer") for stage in ("matched", "matched_common", "trained")
    }
    common = table[table["stage"] == "matched_common"].set_index("setting_a")
    assert common["accuracy_a"].to_dict() == {"base": 0.9, "longer": 0.6}
    x, y = (activity_of(made, run, 5) for run in high)
    trained = table[(table["stage"] == "trained") & (table["setting_a"] == "base")]
    assert trained["distance"].item() == pytest.approx(procrustes(x, y), abs=1e-6)
    alone = setting_distances.table(of_longer[:1], {}, Options({}), None)
    assert alone.empty


def kept(updates: Any, accuracy: list[float]) -> list[tuple[float, float]]:
    """(accuracy, log update) of the blocks of scipy's isotonic regression."""
    time = np.log1p(updates)
    weights = np.diff([time[0], *(time[1:] + time[:-1]) / 2, time[-1]])
    fitted = isotonic_regression(accuracy, weights=weights)
    blocks = [slice(a, b) for a, b in itertools.pairwise(fitted.blocks)]
    return [(float(fitted.x[own][0]), float(np.average(time[own], weights=weights[own]))) for own in blocks]


def taken_at(updates: Any, accuracy: list[float], level: float) -> int:
    """The checkpoint closest in log updates to the level, of those within .05 of it or as near as any is."""
    levels, times = np.array(kept(updates, accuracy)).T
    off = np.abs(np.array(accuracy) - np.clip(level, levels[0], levels[-1]))
    near = np.flatnonzero(off <= max(0.05, off.min()) + 1e-9)
    return int(near[np.argmin(np.abs(np.log1p(updates[near]) - np.interp(level, levels, times)))])


def test_snapshots(made: Made) -> None:
    # As if accuracy had fallen back: the best checkpoint is not the last.
    fell_back = [0, 2, 5, 1, 4, 3]
    runs = {
        rule: {k: run.isel(checkpoint=fell_back).assign_coords(checkpoint=run["checkpoint"]) for k, run in by.items()}
        for rule, by in made.runs.items()
    }
    made = replace(made, runs=runs)
    options = Options({"snapshot_accuracies": [0.8, 0.4], "snapshot_trials": 20})
    table = snapshots.table(made.members("bptt", "eprop"), {"task": "reach"}, options, made.recording)
    trials = made.task.batch(np.random.default_rng(snapshots.TRIALS_SEED), 20)
    data = ("data", "data", -1)
    reached = {
        (rule, "base", seed): [accuracy_on(run, index, trials) for index in range(6)]
        for rule, runs in made.runs.items()
        for seed, run in runs.items()
    }
    updates = made.runs["bptt"][0]["checkpoint"].values
    best = np.mean([kept(updates, values)[-1][0] for (rule, _, _), values in reached.items() if rule == "eprop"])
    assert list(dict.fromkeys(table["level"])) == ["best e-prop", "80%", "40%"]
    levels = {"best e-prop": best, "80%": 0.8, "40%": 0.4}
    assert len(table) == 3 * 10  # pairs of four networks and the recording
    taken = set()
    for name, level in levels.items():
        rows = table[table["level"] == name]
        np.testing.assert_allclose(rows["level_accuracy"], level, rtol=1e-5)
        pairs = {frozenset(pair) for pair in itertools.combinations([*reached, data], 2)}
        found = unordered(rows)
        assert set(found) == pairs and len(found) == len(pairs)
        at = {network: taken_at(updates, values, level) for network, values in reached.items()}
        taken |= set(at.items())
        activity = {
            (rule, setting, seed): activity_of(made, made.runs[rule][seed], index)[:, WINDOW]
            for (rule, setting, seed), index in at.items()
        }
        activity[data] = made.recording["rates"].values
        for row in rows.itertuples():
            sides = {
                (row.learning_rule_a, row.setting_a, row.seed_a): row.accuracy_a,
                (row.learning_rule_b, row.setting_b, row.seed_b): row.accuracy_b,
            }
            for network, accuracy in sides.items():
                if network == data:
                    assert np.isnan(accuracy)
                else:
                    assert accuracy == pytest.approx(reached[network][at[network]], abs=1e-5)
            assert row.distance == pytest.approx(procrustes(*(activity[side] for side in sides)), abs=1e-6)
    assert len(taken) > len(reached)  # other checkpoints at other levels


@pytest.mark.parametrize("table_type", ["snapshots", "model_distances"])
def test_learning_rules_share_the_network_of_a_seed_before_its_first_update(made: Made, table_type: str) -> None:
    """Figures and claims leave such pairs out: they say nothing about learning rules."""
    runs = {rule: {k: run.isel(checkpoint=[0]) for k, run in by.items()} for rule, by in made.runs.items()}
    members = replace(made, runs=runs).members("bptt", "eprop")
    options = Options({"snapshot_accuracies": [0.8], "snapshot_trials": 8})
    module = {"snapshots": snapshots, "model_distances": model_distances}[table_type]
    table = module.table(members, {}, options, made.recording)
    same = table.drop(of_different_networks(table).index)
    across = table[(table["learning_rule_a"] == "bptt") & (table["learning_rule_b"] == "eprop")]
    assert set(same.index) == set(across[across["seed_a"] == across["seed_b"]].index) and len(same)
    if table_type == "snapshots":
        assert len(networks_in(at_their_level(table[table["level"] == "80%"]))) == 0
        assert len(networks_in(table)) == 2 * len(SEEDS)


def test_snapshots_without_eprop_have_the_configs_levels_alone(made: Made) -> None:
    options = Options({"snapshot_accuracies": [0.5], "snapshot_trials": 8})
    table = snapshots.table(made.members("bptt"), {}, options, made.recording)
    assert set(table["level"]) == {"50%"} and len(table) == 3


# ---- tables of a recording


def test_conditions_that_are_equal_are_their_average() -> None:
    rates = np.repeat(random_rates()[:1], 8, axis=0)
    table = baselines.table(recording_of(rates), LABELS, OPTIONS.comparison)
    average = table[table["quantity"] == "cross_condition_average"]
    assert list(average["measure"]) == COMPARISON["measures"]
    assert average["value"].dtype == float
    # CCA's ridge takes off a little of each correlation.
    exact = average[average["measure"] != "cca"]["value"]
    np.testing.assert_allclose(exact, 0, atol=1e-6)
    assert average.set_index("measure").loc["cca", "value"] < 1e-3


def test_average_over_conditions_of_a_recording(made: Made) -> None:
    rates = made.recording["rates"].values
    average = np.repeat(rates.mean(0, keepdims=True), 8, axis=0)
    options = with_comparison(measures=["procrustes", "cka"]).comparison
    table = baselines.table(made.recording, LABELS, options)
    values = table.set_index(["quantity", "measure"])["value"]
    assert values["cross_condition_average", "procrustes"] == pytest.approx(procrustes(average, rates), abs=1e-9)
    assert values["cross_condition_average", "cka"] == pytest.approx(cka(average, rates), abs=1e-9)
    assert values["participation_ratio", "none"] == pytest.approx(dimensions(rates), rel=1e-9)
    # Of 11 neurons, 5 against 5 others; an average over conditions is further from them than their rates are.
    assert set(table.loc[table["quantity"] == "cross_condition_average_half", "group_size"]) == {5}
    assert values["neuron_split_half", "procrustes"] < values["cross_condition_average_half", "procrustes"]
    assert not any(quantity.startswith("trial") for quantity, _ in values.index)


@pytest.mark.parametrize("sizes, dimensions", [([2, 2, 0], 2.0), ([1, 3**0.5, 0], 1.6), ([5, 0, 0], 1.0)])
def test_participation_ratio_by_hand(sizes: list[float], dimensions: float) -> None:
    """Variances 1 and 3 in two directions: (1 + 3)^2 / (1 + 9) = 1.6."""
    even, half = np.tile([1.0, -1.0], 20), np.repeat([1.0, -1.0], 20)
    signals = np.zeros((8, 41, 3))
    signals[:, :40, 0], signals[:, :40, 1] = even * sizes[0], half * sizes[1]
    table = baselines.table(recording_of(100 + signals), LABELS, with_comparison(measures=[]).comparison)
    (row,) = table.itertuples()
    assert (row.measure, row.quantity) == ("none", "participation_ratio")
    assert row.value == pytest.approx(dimensions)


def with_trials(rates: np.ndarray, neuron: np.ndarray, condition: np.ndarray, n_neurons: int) -> xr.Dataset:
    """A recording with these single trials, (trial, time)."""
    return recording_of(random_rates(n_neurons)).assign(
        trial_rates=(("trial", "time"), rates),
        trial_neuron=("trial", neuron),
        trial_condition=("trial", condition),
    )


AVERAGING = Options({"trial_averaging_counts": [1, 2, 5], "trial_averaging_repeats": 3})


def test_trials_that_share_nothing_and_trials_that_are_equal() -> None:
    """One neuron, in every condition one trial of each of two orthogonal signals: whichever is drawn, distance 1."""
    signals = np.zeros((2, len(TIME_MS)))
    signals[0, :40], signals[1, :40] = np.tile([1.0, -1.0], 20), np.repeat([1.0, -1.0], 20)
    condition = np.repeat(np.arange(8), 2)
    trials = with_trials(50 + np.tile(signals, (8, 1)), np.zeros(16, int), condition, 1)
    table = trial_averaging.table(trials, LABELS, AVERAGING)
    assert list(table["trials"]) == [1, 1, 1] and list(table["repeat"]) == [0, 1, 2]
    assert set(table["neurons"]) == {1}
    np.testing.assert_allclose(table["distance"], 1, atol=1e-12)

    # Three neurons, of which two have four equal trials in every condition and one has two.
    means = random_rates(3)
    rows = [(n, c) for n, count in enumerate((4, 2, 4)) for c in range(8) for _ in range(count)]
    neuron, condition = np.array(rows).T
    trials = with_trials(means[condition, :, neuron], neuron, condition, 3)
    table = trial_averaging.table(trials, LABELS, AVERAGING)
    assert list(table["trials"]) == [1, 1, 1, 2, 2, 2]  # five against five are too many
    assert list(table["neurons"]) == [3, 3, 3, 2, 2, 2]
    np.testing.assert_allclose(table["distance"], 0, atol=1e-7)
    assert (table[list(LABELS)] == pd.Series(LABELS)).all(axis=None)

    with pytest.raises(InputError, match="No neuron of reach has 10 trials") as caught:
        trial_averaging.table(trials, LABELS, AVERAGING.but(trial_averaging_counts=[5, 20]))
    assert caught.value.key == "comparison.trial_averaging_counts" and caught.value.value == [5, 20]


def test_trial_averaging_needs_trials(made: Made) -> None:
    with pytest.raises(InputError, match="no single trials") as caught:
        trial_averaging.table(made.recording, LABELS, AVERAGING)
    assert caught.value.key == "recordings.reach.options.keep_trials"


# ---- columns


DTYPES = {"text": "O", "integer": "i", "number": "f"}


@pytest.fixture(scope="module")
def every_type(made: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """A table of every type, of one network or two, without labels."""
    options = with_comparison(
        measures=["procrustes"], dsa_scores=["wasserstein"], lyapunov_exponents=1, lyapunov_passes=1
    )
    runs = {0: made.runs["bptt"][0]}
    trials = with_trials(np.random.default_rng(0).random((16, 41)), np.zeros(16, int), np.repeat(np.arange(8), 2), 1)
    together = made.recording.assign_attrs(simultaneous=1).assign(
        trial_rates=(("trial", "time"), np.random.default_rng(1).random((11 * 32, 41))),
        trial_neuron=("trial", np.repeat(np.arange(11), 32)),
        trial_condition=("trial", np.tile(np.arange(32) % 8, 11)),
    )
    of_models = {"stochastic_shape": together}
    of_recording = {"baselines": made.recording, "trial_averaging": trials}
    tables = {}
    for name in table_types():
        table = TABLE_TYPES.load(name).table
        if name in table_types("model"):
            tables[name] = table(
                ScoredModel({"task": "reach"}, options, made.task, runs), of_models.get(name, made.recording)
            )
        elif name == "during_learning":
            session = cursor.session(tmp_path_factory.mktemp("session"))
            learnt = cursor.members(cursor.task_of(session), ["bptt", "eprop"], [0, 1])
            tables[name] = table(learnt, {}, options.comparison, session)
        elif name in table_types("group"):
            tables[name] = table(made.members("bptt", "eprop"), {}, options.comparison, made.recording)
        else:
            tables[name] = table(of_recording[name], {}, options.comparison)
    return tables


@pytest.mark.parametrize("name", table_types())
def test_columns_are_described_and_of_their_types(every_type: dict[str, pd.DataFrame], name: str) -> None:
    table = every_type[name]
    for column in table:
        if table[column].isna().any():  # of the recording, which has no gain
            continue
        assert table[column].dtype.kind == DTYPES[describe(column).type], column


@pytest.mark.parametrize("name", table_types())
def test_the_guide_lists_the_columns(every_type: dict[str, pd.DataFrame], repository: Path, name: str) -> None:
    guide = (repository / "docs" / "reference" / "tables.md").read_text()
    (row,) = re.findall(rf"^\| `{name}` \| an? \w+ \|.*\| (.*) \|$", guide, re.MULTILINE)
    labels = {f"{label}{side}" for label in SIDE_LABELS for side in ("_a", "_b")} | {"task"}
    assert [column for column in every_type[name] if column not in labels] == re.findall(r"`(\w+)`", row)


def test_unknown_columns_have_no_description() -> None:
    for column in ("moment", "task_a", "gain_c"):
        with pytest.raises(KeyError):
            describe(column)


def test_tables_of_different_columns_keep_their_integers(tmp_path: Path) -> None:
    first, second = pd.DataFrame({"seed": [0], "stage": ["trained"]}), pd.DataFrame({"update": [10], "value": [0.5]})
    write_table(tmp_path / "both.csv", below_each_other([first, second]))
    assert (tmp_path / "both.csv").read_text() == "seed,stage,update,value\n0,trained,,\n,,10,0.5\n"


# ---- from files to files


@pytest.mark.parametrize("neurons, title", [(29, "Reaches, 29 neurons only"), (30, "Reaches")])
def test_a_title_says_how_few_neurons_there_are(neurons: int, title: str) -> None:
    labels = recording_labels("centre-out", recording_of(random_rates(neurons)))
    assert labels["recording_title"] == title
    assert labels["recording"] == "reach" and labels["synthetic"] == 1
    none = recording_labels("centre-out", None)
    assert none == {"recording": "no recording", "recording_title": "centre-out", "synthetic": 0}


# Of a run whose learning rate was chosen at the edge of its grid; `training` says another.
ATTRIBUTES = {"learning_rate": 0.125, "learning_rate_choice": '{"at_edge": true}'}


@dataclass(frozen=True)
class OnDisk:
    recording: str
    runs: dict[str, dict[int, str]]
    options: dict[str, Any]


@pytest.fixture(scope="module")
def on_disk(made: Made, tmp_path_factory: pytest.TempPathFactory) -> OnDisk:
    """The recording and the runs as the workflow has them."""
    folder = tmp_path_factory.mktemp("study")
    recording = folder / "reach.nc"
    write_dataset(recording, made.recording)
    runs: dict[str, dict[int, str]] = {}
    for rule, by_seed in made.runs.items():
        for seed, run in by_seed.items():
            file = folder / f"{rule}-seed{seed}.nc"
            write_dataset(file, run.assign_attrs(code=f"code of {rule}", **ATTRIBUTES))
            runs.setdefault(f"reach/{rule}/base", {})[seed] = str(file)
    return OnDisk(str(recording), runs, {**OPTIONS.as_dict(), "task": TASK})


def test_a_model_is_scored_from_its_files(made: Made, on_disk: OnDisk, tmp_path: Path) -> None:
    output = tmp_path / "distances.csv"
    model = "reach/eprop/base"
    score_model("distances", model, on_disk.options, on_disk.runs[model], on_disk.recording, "1234567890", str(output))
    table = read_tidy_table(output)
    labels = {
        "recording": "reach",
        "recording_title": "Reaches, 11 neurons only",
        "synthetic": 1,
        "task": "reach",
        "learning_rule": "eprop",
        "setting": "base",
        "architecture": "leaky",
        "activation": "retanh",
        "units": 8,
        "gain": 1.0,
        "recurrent_scale": 1.5,
        "learning_rate": 0.125,
        "learning_rate_at_edge": 1,
        "flossed": 0,
        "training_code": "code of eprop",
        "scoring_code": "1234567890",
        "made_from": "",
    }
    assert list(table.columns[: len(labels)]) == list(labels)
    assert (table[list(labels)] == pd.Series(labels)).all(axis=None)
    expected = distances.table(ScoredModel(labels, OPTIONS, made.task, made.runs["eprop"]), made.recording)
    pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_labels_of_a_model(on_disk: OnDisk, made: Made) -> None:
    run = made.runs["bptt"][0].assign_attrs(**ATTRIBUTES)
    options = OPTIONS.but(network=OPTIONS.network.but(gain=0.5), training=OPTIONS.training.but(flossing_iterations=10))
    labels = model_labels("reach/bptt/any-name", options, {0: run, 1: run})
    assert labels == {
        "task": "reach",
        "learning_rule": "bptt",
        "setting": "any-name",
        "architecture": "leaky",
        "activation": "retanh",
        "units": 8,
        "gain": 0.5,
        "recurrent_scale": 1.5,
        "learning_rate": 0.125,
        "learning_rate_at_edge": 1,
        "flossed": 1,
    }
    given = run.assign_attrs(learning_rate=1e-3, learning_rate_choice="null")
    assert model_labels("reach/bptt/base", OPTIONS, {0: given})["learning_rate_at_edge"] == 0
    with pytest.raises(InputError, match="different learning rates") as caught:
        model_labels("reach/bptt/base", OPTIONS, {0: run, 1: given})
    assert caught.value.value == [1e-3, 0.125]


@pytest.mark.parametrize("kind", ["model_distances", "snapshots"])
def test_a_group_is_scored_from_its_files_to_the_same_bytes(on_disk: OnDisk, tmp_path: Path, kind: str) -> None:
    models = dict.fromkeys(on_disk.runs, on_disk.options)
    comparison = {"snapshot_accuracies": [0.5], "snapshot_trials": 8}
    outputs = [tmp_path / f"{n}.csv" for n in range(2)]
    for output in outputs:
        # As it comes from the workflow, through JSON.
        given = json.loads(json.dumps(models))
        score_group(kind, given, on_disk.runs, on_disk.recording, comparison, "0042", str(output))
    first, second = (output.read_bytes() for output in outputs)
    assert first == second and first.endswith(b"\n")
    table = read_tidy_table(outputs[0])
    assert set(table["training_code"]) == {"code of bptt code of eprop"} and set(table["scoring_code"]) == {"0042"}
    assert set(table["task"]) == {"reach"} and set(table["recording"]) == {"reach"}
    networks = table[table["learning_rule_b"] != "data"]
    for column, value in (("gain", 1.0), ("learning_rate", 0.125), ("flossed", 0)):
        assert set(table[f"{column}_a"]) == {value} and set(networks[f"{column}_b"]) == {value}
    # Pairs of four networks at two moments; of four and the recording at two levels.
    assert len(table) == {"model_distances": 6 * 2, "snapshots": 10 * 2}[kind]


@pytest.mark.parametrize("kind", ["baselines", "trial_averaging"])
def test_a_recording_is_scored_from_its_file_to_the_same_bytes(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    rows = np.array([(n, c) for n in range(3) for c in range(8) for _ in range(6)])
    recording = tmp_path / "reach.nc"
    write_dataset(recording, with_trials(rng.random((len(rows), len(TIME_MS))), rows[:, 0], rows[:, 1], 3))
    options = {**COMPARISON, "measures": ["procrustes"], "trial_averaging_counts": [1, 3], "trial_averaging_repeats": 2}
    outputs = [tmp_path / f"{n}.csv" for n in range(2)]
    for output in outputs:
        score_recording(kind, str(recording), options, "00", str(output))
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    table = read_tidy_table(outputs[0])
    assert set(table["scoring_code"]) == {"00"} and set(table["recording_title"]) == {"Reaches, 3 neurons only"}
    assert len(table) == {"baselines": 9, "trial_averaging": 4}[kind]
    if kind == "trial_averaging":
        assert table["distance"].nunique() == 4 and table["distance"].between(0, 1).all()


def test_tables_that_differentiate_nothing_do_without_pytorch(made: Made, tmp_path: Path) -> None:
    """Importing it takes longer than most tables. A separate process reports what it has loaded."""
    write_dataset(tmp_path / "reach.nc", made.recording)
    for seed, run in made.runs["bptt"].items():
        attributes = {"learning_rate": 3e-2, "learning_rate_choice": "null", "code": "code"}
        write_dataset(tmp_path / f"{seed}.nc", run.assign_attrs(attributes))
    options = {**OPTIONS.as_dict(), "learning_rule": "bptt", "task": TASK}
    options["comparison"] = {**COMPARISON, "measures": ["procrustes", "cca", "cka", "cka_debiased", "cross_validated"]}
    options["comparison"] |= {"dsa_scores": ["wasserstein", "angular", "input"], "dsa_choice": "aic"}
    without = [name for name in table_types("model") if name not in ("gradients", "lyapunov", "stochastic_shape")]
    script = f"""
import sys
from neurorules.io.threads import one_thread
from neurorules.tables.base.score import score_model
from neurorules.tables.base.opened import Opened
one_thread()
opened = Opened()
for name in {without!r}:
    score_model(name, "reach/bptt/base", {options!r}, {{0: "0.nc", 1: "1.nc"}}, "reach.nc", "code", name + ".csv",
                opened=opened)
print(sorted({{"torch", "DSA", "scipy.stats"}} & set(sys.modules)))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(neurorules.__file__).parents[1])}
    job = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert job.stdout.strip() == "[]", job.stderr
    # Sharing opened files within a job gives the same table as a separate job.
    alone = tmp_path / "alone.csv"
    files = {seed: str(tmp_path / f"{seed}.nc") for seed in SEEDS}
    score_model("learning", "reach/bptt/base", options, files, str(tmp_path / "reach.nc"), "code", str(alone))
    assert alone.read_bytes() == (tmp_path / "learning.csv").read_bytes()
