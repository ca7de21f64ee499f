"""Training: initial weights, checkpoints, the activity penalty, one update by hand, repeatability."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

from neurorules.errors import InputError
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.tasks.hatsopoulos2007 import ReachTask
from neurorules.training.activity_penalty import ActivityPenalty
from neurorules.training.checkpoints import checkpoint_updates
from neurorules.training.streams import stream_seed
from neurorules.training.train import Scorer, checkpoint_parameters, train

NETWORK = {
    "units": 12,
    "activation": "retanh",
    "tau_steps": 10,
    "noise_sd": 0.1,
    "gain": 1.0,
    "recurrent_scale": 1.0,
    "input_init": "linear",
    "bias_init": "linear",
    "gain_scales_readout": False,
}
TRAINING = {
    "updates": 12,
    "batch_size": 9,
    "learning_rate": 1e-2,
    "activity_penalty": 10.0,
    "checkpoints": "quadratic",
    "n_checkpoints": 5,
}
TASK = {
    "dt_ms": 10,
    "steps": 130,
    "interval1_steps": [0, 10],
    "interval2_steps": [0, 30],
    "test_steps": 130,
    "test_interval1_steps": 5,
    "test_interval2_steps": 20,
    "output_offset_steps": -10,
    "output_start_ms": -100,
}


@pytest.fixture(scope="module")
def task() -> ReachTask:
    time = np.arange(-800, 401, 10.0)
    angle = np.arange(8) * np.pi / 4
    reach = np.clip((time + 100) / 500, 0, 1) ** 2
    recording = xr.Dataset(
        {
            "shoulder_angle": (("condition", "time"), np.sin(angle)[:, None] * reach),
            "elbow_angle": (("condition", "time"), np.cos(angle)[:, None] * reach),
        },
        coords={"time": time},
    )
    return ReachTask(TASK, recording)


def run(task: ReachTask, **changes) -> xr.Dataset:
    options = {
        "task_name": "reach",
        "learning_rule": changes.pop("learning_rule", "bptt"),
        "seed": changes.pop("seed", 3),
        "network": {**NETWORK, **changes.pop("network", {})},
        "training": {**TRAINING, **changes.pop("training", {})},
    }
    assert not changes
    return train(options, task)


# ---- initial weights


def test_initial_weights_of_the_paper_and_of_the_published_code() -> None:
    sizes = Sizes(inputs=4, units=400, outputs=3)
    paper = initialise(sizes, {**NETWORK, "gain": 0.5}, np.random.default_rng(0))
    recurrent = paper.recurrent.numpy()
    n = recurrent.size
    # SD of W_h is g / sqrt(N); the SD of a sample SD is about sd / sqrt(2 n), 6 of them.
    assert abs(recurrent.std() * 20 - 0.5) < 6 * 0.5 / np.sqrt(2 * n)
    assert abs(paper.input.numpy()).max() <= 0.5 and paper.input.numpy().std() == pytest.approx(
        0.5 / np.sqrt(3), rel=0.1
    )
    assert abs(paper.readout.numpy()).max() <= 0.05
    assert paper.bias.abs().max() <= 0.5 and paper.bias.abs().max() > 0.4
    assert (paper.initial_state == 0).all()
    options = {**NETWORK, "recurrent_scale": 1.5, "input_init": "normal", "bias_init": "zero"}
    published = initialise(sizes, options, np.random.default_rng(0))
    assert abs(published.recurrent.numpy().std() * 20 - 1.5) < 6 * 1.5 / np.sqrt(2 * n)
    assert published.input.numpy().std() == pytest.approx(0.5, rel=0.06)
    assert (published.bias == 0).all() and (published.readout_bias == 0).all()


def test_gain_scales_the_same_network() -> None:
    sizes = Sizes(inputs=3, units=20, outputs=2)

    def at(**options) -> Parameters:
        return initialise(sizes, {**NETWORK, **options}, np.random.default_rng(1))

    one, half, both = at(), at(gain=0.5), at(gain=0.5, gain_scales_readout=True)
    torch.testing.assert_close(half.recurrent, 0.5 * one.recurrent)
    torch.testing.assert_close(half.readout, one.readout)
    torch.testing.assert_close(both.readout, 0.5 * one.readout)
    torch.testing.assert_close(half.input, one.input)


# ---- checkpoints


def test_published_checkpoints() -> None:
    updates = checkpoint_updates(1000, "published", 0)
    assert len(updates) == 115
    # Names of files that the published code left of such a run.
    assert {0, 5, 25, 32, 38, 45, 50, 51, 53, 100, 211, 213, 226, 316, 474, 684, 687, 700, 710, 721, 1000} <= {*updates}
    assert checkpoint_updates(3000, "published", 0)[-1] == 3000


@pytest.mark.parametrize("updates, count", [(1000, 40), (300, 20), (3, 40), (1, 2)])
def test_quadratic_checkpoints_begin_untrained_and_end_trained(updates: int, count: int) -> None:
    kept = checkpoint_updates(updates, "quadratic", count)
    assert kept[0] == 0 and kept[-1] == updates and len(kept) <= count
    assert (np.diff(kept) > 0).all()


# ---- the activity penalty


def test_penalty_gives_way_at_half_the_task_loss_and_never_recovers() -> None:
    penalty = ActivityPenalty(9.0)
    penalty.adapt(mean_square_activity=0.01, task_loss=1.0)
    assert penalty.weight == 9.0
    penalty.adapt(mean_square_activity=0.5 / 9.0, task_loss=1.0)  # exactly half
    assert penalty.weight == pytest.approx(6.0)
    penalty.adapt(mean_square_activity=0.0, task_loss=1.0)
    assert penalty.weight == pytest.approx(6.0)


# ---- random numbers


def test_streams_differ_by_purpose_seed_and_task() -> None:
    seeds = {
        stream_seed(task, seed, purpose)
        for task in ("a", "b")
        for seed in (0, 1)
        for purpose in ("initial weights", "trials", "noise")
    }
    assert len(seeds) == 12 and all(0 <= s < 2**63 for s in seeds)
    with pytest.raises(ValueError):
        stream_seed("a", 0, "other")


# ---- whole runs


def test_two_updates_equal_plain_autograd_and_adam(task: ReachTask) -> None:
    """The whole loop (trials, noise, loss, penalty, gradient, Adam) against a plain PyTorch loop."""
    ours = run(task, training={"updates": 2, "n_checkpoints": 3})
    assert ours["checkpoint"].values.tolist() == [0, 2] or ours["checkpoint"].values.tolist() == [0, 1, 2]
    seeds = {p: stream_seed("reach", 3, p) for p in ("initial weights", "trials", "noise")}
    start = initialise(Sizes(3, 12, 2), NETWORK, np.random.default_rng(seeds["initial weights"]))
    p = {name: tensor.clone().requires_grad_() for name, tensor in start.named().items()}
    optimiser = torch.optim.Adam(p.values(), lr=1e-2)
    trials_rng, noise_rng = np.random.default_rng(seeds["trials"]), torch.Generator().manual_seed(seeds["noise"])
    weight = 10.0
    for update in range(2):
        batch = task.batch(trials_rng, 9)
        noise = torch.zeros(130, 9, 12).normal_(0.0, 0.1, generator=noise_rng)
        inputs = torch.as_tensor(batch.inputs)
        a = p["initial_state"].expand(9, -1)
        h = torch.tanh(torch.relu(a))
        hidden = []
        for t in range(130):
            a = 0.9 * a + 0.1 * (h @ p["recurrent"].T + inputs[t] @ p["input"].T + p["bias"])
            h = torch.tanh(torch.relu(a)) + noise[t]
            hidden.append(h)
        activity = torch.stack(hidden)
        scored = torch.as_tensor(batch.scored)
        outputs = activity @ p["readout"].T + p["readout_bias"]
        task_loss = torch.nn.functional.mse_loss(outputs[scored], torch.as_tensor(batch.targets)[scored])
        assert ours["task_loss"].values[update] == pytest.approx(task_loss.item(), rel=1e-5)
        assert ours["penalty_weight"].values[update] == pytest.approx(weight)
        square = activity.square().mean()
        optimiser.zero_grad()
        (task_loss + weight * square).backward()
        optimiser.step()
        if weight * square.item() >= 0.5 * task_loss.item():
            weight *= 2 / 3
    for name, tensor in p.items():
        moved = abs(tensor.detach().numpy() - start.named()[name].numpy()).max()
        assert moved > 1e-3
        np.testing.assert_allclose(ours[name].values[-1], tensor.detach().numpy(), atol=2e-3 * moved, err_msg=name)


def test_a_run_repeats_and_does_not_depend_on_what_ran_before(task: ReachTask) -> None:
    first = run(task)
    run(task, seed=9, learning_rule="eprop")
    torch.manual_seed(123)
    np.random.seed(5)
    xr.testing.assert_identical(first, run(task))
    assert not np.array_equal(first["recurrent"], run(task, seed=4)["recurrent"])


def test_learning_rules_of_a_seed_start_from_the_same_network(task: ReachTask) -> None:
    bptt, eprop = run(task), run(task, learning_rule="eprop")
    np.testing.assert_array_equal(bptt["recurrent"][0], eprop["recurrent"][0])
    assert not np.array_equal(bptt["recurrent"][-1], eprop["recurrent"][-1])


@pytest.mark.parametrize("learning_rule", ["bptt", "eprop"])
def test_training_lowers_the_loss(task: ReachTask, learning_rule: str) -> None:
    quiet = {"noise_sd": 0.0, "recurrent_scale": 1.5}
    trained = run(task, learning_rule=learning_rule, network=quiet, training={"updates": 150, "activity_penalty": 0.1})
    assert trained["accuracy"].values[-1] > trained["accuracy"].values[0] + 0.3


def test_checkpoints_score_as_they_did_in_training(task: ReachTask) -> None:
    trained = run(task)
    for index in range(trained.sizes["checkpoint"]):
        scorer = Scorer(task, checkpoint_parameters(trained, index), NETWORK)
        assert scorer.accuracy() == trained["accuracy"].values[index]
        assert scorer.activity().shape == (8, 130, 12)


def test_a_diverging_run_stops_and_says_so(task: ReachTask) -> None:
    with pytest.raises(InputError, match=r"diverged: the loss at update \d+ of 12") as caught:
        run(task, training={"learning_rate": 1e30}, network={"activation": "relu"})
    assert caught.value.key == "training.learning_rate"
