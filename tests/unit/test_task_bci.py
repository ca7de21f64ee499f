"""The task whose readout is a decoder, and training through a change of the decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from helpers import cursor

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.recordings.decoders import INTUITIVE, PERTURBED, Decoders, Patterns
from neurorules.runs.run import checkpoint_arrays
from neurorules.similarity.observed_networks import ObservedNetwork
from neurorules.tables import during_learning
from neurorules.tasks.base.labels import join
from neurorules.training.checkpoints import checkpoint_updates, phase_checkpoints
from neurorules.training.train import train


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    return cursor.session(tmp_path_factory.mktemp("session"))


@pytest.mark.parametrize(("update", "decoder"), [(0, INTUITIVE), (29, INTUITIVE), (30, PERTURBED)])
def test_the_readout_is_the_decoder_of_counts(recording: xr.Dataset, update: int, decoder: int) -> None:
    """For any activity h, the output is the velocity that the decoder gives for the counts mu + sigma h."""
    task, of = cursor.task_of(recording), Decoders.of(recording)
    h = np.random.default_rng(0).uniform(-1, 1, cursor.UNITS)
    counts = recording["count_mean"].values + recording["count_sd"].values * h
    weights, offset = recording["decoder_weights"].values[decoder], recording["decoder_offset"].values[decoder]
    readout = task.readout(update)
    np.testing.assert_allclose((readout.weights @ h + readout.bias) * task.unit, weights @ counts + offset, atol=1e-9)
    # the unit is the mean stored velocity towards the target before learning
    before = recording["sample_stage"].values == "before"
    towards = (recording["sample_counts"].values[before] @ of.weights[INTUITIVE].T + of.offset[INTUITIVE]) * recording[
        "sample_direction"
    ].values[before]
    assert task.unit == pytest.approx(towards.sum(1).mean())


def test_trials(recording: xr.Dataset) -> None:
    task = cursor.task_of(recording)
    test = task.test()
    angle = np.deg2rad(recording["angle_deg"].values)
    expected = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for step in range(6):
        np.testing.assert_allclose(test.inputs[step], expected, atol=1e-6)
        np.testing.assert_allclose(test.targets[step], expected, atol=1e-6)
    assert test.scored.all(1).tolist() == [False, False, True, True, True, True]
    batch = task.batch(np.random.default_rng(0), 20)
    assert set(batch.condition) == set(range(8)) and batch.condition[:8].tolist() == list(range(8))
    np.testing.assert_array_equal(batch.inputs[0], test.inputs[0][batch.condition])
    joined = join("bci_reach", task, recording, {})
    assert joined.conditions.tolist() == list(range(8))


def test_what_does_not_fit_is_refused(recording: xr.Dataset) -> None:
    with pytest.raises(InputError, match="No step") as caught:
        cursor.task_of(recording, reaction_steps=6)
    assert caught.value.key == "task.reaction_steps"
    with pytest.raises(InputError, match="no decoders") as caught:
        cursor.task_of(recording.drop_vars("decoder_weights"))
    assert caught.value.key == "decoder_weights"
    smaller = {**cursor.model(), "network": {**cursor.NETWORK, "units": 19}}
    with pytest.raises(InputError, match="decoder of 20 units, and the network has 19") as caught:
        train(smaller, [0], cursor.task_of(recording))
    assert caught.value.key == "network.units"


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("rule", ["bptt", "eprop_random_feedback"])
def test_the_readout_is_set_and_never_learnt(recording: xr.Dataset, rule: str, optimiser: str) -> None:
    task = cursor.task_of(recording)
    run = train(cursor.model(rule, optimiser=optimiser), [0], task)[0]
    assert isinstance(run, xr.Dataset)
    for index, update in enumerate(run["checkpoint"].values):
        # the checkpoint at the swap is the network before it
        readout = task.readout(int(update) - 1 if update else 0)
        np.testing.assert_array_equal(run["readout"].values[index], readout.weights.astype(np.float32))
        np.testing.assert_array_equal(run["readout_bias"].values[index], readout.bias.astype(np.float32))
    assert (run["recurrent"].values[-1] != run["recurrent"].values[0]).any()


def test_learning_until_the_swap_does_not_depend_on_it(recording: xr.Dataset) -> None:
    swapped = train(cursor.model(), [3], cursor.task_of(recording))[3]
    never = train(cursor.model(), [3], cursor.task_of(recording, swap_update=10**6))[3]
    assert isinstance(swapped, xr.Dataset) and isinstance(never, xr.Dataset)
    loss = swapped["task_loss"].values, never["task_loss"].values
    np.testing.assert_array_equal(loss[0][: cursor.SWAP], loss[1][: cursor.SWAP])
    assert loss[0][cursor.SWAP] > 1.5 * loss[1][cursor.SWAP]


def test_a_stack_of_networks_gets_the_same_readouts(recording: xr.Dataset) -> None:
    """Networks trained side by side equal networks trained alone, within rounding."""
    from neurorules.training.train import Network, train_stack

    options = Options(cursor.model())
    both = train_stack([Network(options, seed) for seed in (0, 1)], cursor.task_of(recording))
    alone = train(cursor.model(), [1], cursor.task_of(recording))[1]
    assert isinstance(both[1], xr.Dataset) and isinstance(alone, xr.Dataset)
    np.testing.assert_array_equal(both[1]["readout"].values, alone["readout"].values)
    np.testing.assert_allclose(both[1]["task_loss"].values, alone["task_loss"].values, rtol=1e-3, atol=1e-5)


def test_checkpoints_restart_with_each_phase() -> None:
    training = Options({"updates": 100, "checkpoints": "quadratic", "n_checkpoints": 5})
    # 40 (k / 4)^2, then 40 + 60 (k / 4)^2
    assert sorted(phase_checkpoints(training, (0, 40))) == [0, 2, 10, 22, 40, 44, 55, 74, 100]
    # without phases, the schedule is the usual one
    assert sorted(phase_checkpoints(training, (0,))) == checkpoint_updates(100, "quadratic", 5).tolist()
    assert sorted(phase_checkpoints(training, (0, 200))) == checkpoint_updates(100, "quadratic", 5).tolist()


# ---- networks observed as neurons


def observed(recording: xr.Dataset, **network: Any) -> ObservedNetwork:
    task = cursor.task_of(recording)
    run = train(cursor.model(), [0], task)[0]
    assert isinstance(run, xr.Dataset)
    weights = checkpoint_arrays(run, run.sizes["checkpoint"] - 1)
    options = Options({**cursor.NETWORK, **network})
    return ObservedNetwork(weights, options, task.test(), Decoders.of(recording))


def test_counts_are_poisson_around_the_activity(recording: xr.Dataset) -> None:
    """Without network noise, mean counts are those expected: no |z| above 4.6 in 160 (1% by Bonferroni)."""
    network = observed(recording, noise_sd=0.0)
    n = 3000
    drawn = network.patterns(np.full(8, n), np.random.default_rng(0))
    activity = forward(network)[2:]  # scored steps, trial, unit
    expected = np.maximum(network.decoders.mean + network.decoders.sd * activity, 0).mean(0)
    means = np.stack([drawn.counts[drawn.condition == c].mean(0) for c in range(8)])
    spread = np.stack([drawn.counts[drawn.condition == c].std(0, ddof=1) for c in range(8)]) / np.sqrt(n)
    assert np.abs((means - expected) / spread).max() < 4.6
    np.testing.assert_allclose(network.mean_factors(), network.decoders.factors(expected), atol=1e-5)
    patterns = Patterns(expected, np.arange(8), network.trials.targets[-1].astype(float))
    assert network.mean_progress(PERTURBED) == pytest.approx(network.decoders.progress(patterns, PERTURBED), rel=1e-5)


def test_noise_adds_to_the_variance(recording: xr.Dataset) -> None:
    """Noise of SD s on h adds at least sigma^2 s^2 to the variance of counts that are never clipped."""
    quiet, noisy = (observed(recording, noise_sd=sd) for sd in (0.0, 0.8))
    counts = [of.patterns(np.full(8, 4000), np.random.default_rng(1)).counts[:4000] for of in (quiet, noisy)]
    assert (counts[1].var(0) > counts[0].var(0)).all()


def forward(network: ObservedNetwork) -> np.ndarray:
    """(step, trial, unit) by the equation: tanh units with tau of 2 steps."""
    w = {name: value.astype(np.float64) for name, value in network.weights.items()}
    a = np.tile(w["initial_state"], (8, 1))
    found = []
    for x in network.trials.inputs.astype(np.float64):
        a = 0.5 * a + 0.5 * (np.tanh(a) @ w["recurrent"].T + x @ w["input"].T + w["bias"])
        found.append(np.tanh(a))
    return np.stack(found)


# ---- the table


def test_table(recording: xr.Dataset) -> None:
    task = cursor.task_of(recording)
    members = cursor.members(task, ["bptt", "eprop"], [0, 1, 2])
    table = during_learning.table(members, {"task": "cursor"}, Options({"learning_resamples": 100}), recording)
    runs = table[(table["learning_rule"] == "bptt") & (table["seed"] == 1)]
    learning = runs[runs["stage"] == "learning"]
    assert sorted(learning["update"].unique()) == [0, 2, 8, 17, 30]  # 30 (k / 4)^2
    regained = learning[learning["quantity"] == "progress_regained"].set_index("update")["value"]
    assert regained[0] == 0
    # by hand, from the outputs of the noise-free test trials
    run = members[0].runs[1]
    trials, last = task.test(), run.sizes["checkpoint"] - 1
    at_swap = int(np.flatnonzero(run["checkpoint"].values == cursor.SWAP)[0])

    def progress(index: int, update: int) -> float:
        from neurorules.network.run_arrays import run_network

        weights, readout = checkpoint_arrays(run, index), task.readout(update)
        weights |= {"readout": readout.weights, "readout_bias": readout.bias}
        outputs = run_network(weights, Options(cursor.NETWORK), trials.inputs)[1]
        return float((outputs * trials.targets).sum(-1)[trials.scored].mean())

    first, perturbed = progress(at_swap, 0), progress(at_swap, cursor.SWAP)
    share = (progress(last, cursor.SWAP) - perturbed) / (first - perturbed)
    assert regained[30] == pytest.approx(share, abs=0.02)  # counts below 0 are cut
    trained = runs[runs["stage"] == "trained"].set_index("quantity")
    assert trained.loc["progress_regained", "value"] == regained[30]
    differences = trained["value"] - trained["data_value"]
    known = trained["data_value"].notna()
    np.testing.assert_allclose(trained["difference_from_data"][known], differences[known])
    # the recording: its value lies in its interval, and without learning nothing is gained
    data = table[table["learning_rule"] == "data"].set_index(["stage", "quantity"])
    after = data.loc["trained"]
    inside = after.dropna(subset=["interval_low"])
    assert ((inside["interval_low"] <= inside["value"]) & (inside["value"] <= inside["interval_high"])).all()
    assert data.loc[("halves", "progress_gained"), "interval_low"] < 0 < after.loc["progress_gained", "interval_low"]
    shares = table[(table["quantity"] == "closest_share") & (table["stage"] == "trained")]
    assert shares["value"].sum() == pytest.approx(1)
    recovered = table[(table["quantity"] == "recovered") & (table["stage"] == "trained")]
    assert set(recovered["value"]) <= {0.5, -0.5} and len(recovered) == 6
    right = recovered["recovered_as"] == recovered["learning_rule"]
    assert ((recovered["value"] > 0) == right).all()


def test_networks_that_did_not_learn_have_nothing_to_regain(recording: xr.Dataset) -> None:
    members = cursor.members(cursor.task_of(recording), ["bptt", "eprop"], [0], learning_rate=1e-9)
    table = during_learning.table(members, {}, Options({"learning_resamples": 2}), recording)
    assert table.loc[table["quantity"] == "progress_regained", "value"].isna().all()
    assert set(table["stage"]) == {"learning", "trained", "halves"}
    # nor have they changed: what is left is the noise of drawn counts, and the noise-free change has no direction
    learning = table[(table["stage"] == "learning") & (table["quantity"] == "progress_gained")]
    assert learning["value"].abs().max() < 0.2


def test_training_has_to_go_beyond_the_swap(recording: xr.Dataset) -> None:
    members = cursor.members(cursor.task_of(recording, swap_update=1000), ["bptt", "eprop"], [0])
    with pytest.raises(InputError, match="before the decoder is changed") as caught:
        during_learning.table(members, {}, Options({"learning_resamples": 2}), recording)
    assert caught.value.key == "task.swap_update"


def test_same_rows_again(recording: xr.Dataset, tmp_path: Path) -> None:
    members = cursor.members(cursor.task_of(recording), ["bptt", "eprop"], [0, 1])
    tables = [during_learning.table(members, {}, Options({"learning_resamples": 3}), recording) for _ in range(2)]
    assert tables[0].equals(tables[1])
