"""Training: initial weights, checkpoints, the activity penalty, one update by hand, repeatability."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from helpers.options import CELL_TYPE_RULES, DALE_RELU, model_options, network_options

from neurorules.errors import InputError
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.network.connectivity import draw_mask
from neurorules.network.initialisation import initialise
from neurorules.network.normals import Normals
from neurorules.network.parameters import Parameters, Sizes
from neurorules.options import Options
from neurorules.runs.evaluate import accuracies
from neurorules.tasks.base.losses import ScoredTrials
from neurorules.tasks.base.trials import Trials
from neurorules.tasks.hatsopoulos2007 import ReachTask
from neurorules.training.activity_penalty import ActivityPenalty
from neurorules.training.checkpoints import checkpoint_updates
from neurorules.training.optimiser import Adam, make_optimiser
from neurorules.training.streams import PURPOSES, stream_seed
from neurorules.training.train import train

CONSTRAINTS: dict[str, dict] = {
    "none": {},
    "dale": {"dale": True},
    "sparse": {"density": 0.25},
    "dale-sparse": {"dale": True, "density": 0.25},
    "dale-relu": DALE_RELU,
}
TASK = Options(
    {
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
)


def reach_recording() -> xr.Dataset:
    time = np.arange(-800, 401, 10.0)
    angle = np.arange(8) * np.pi / 4
    reach = np.clip((time + 100) / 500, 0, 1) ** 2
    return xr.Dataset(
        {
            "shoulder_angle": (("condition", "time"), np.sin(angle)[:, None] * reach),
            "elbow_angle": (("condition", "time"), np.cos(angle)[:, None] * reach),
        },
        coords={"time": time},
    )


@pytest.fixture(scope="module")
def task() -> ReachTask:
    return ReachTask(TASK, reach_recording())


def run(task: ReachTask, seed: int = 3, **changes) -> xr.Dataset:
    result = train(model_options(**changes), [seed], task)[seed]
    if isinstance(result, InputError):
        raise result
    return result


def mask_of(network: dict, seed: int = 3) -> np.ndarray | None:
    """The mask that training draws."""
    rng = np.random.default_rng(stream_seed("reach", seed, "connectivity"))
    return draw_mask(12, network_options(**network), rng)


# ---- initial weights


def test_initial_weights_of_the_paper_and_of_the_published_code() -> None:
    sizes = Sizes(inputs=4, units=400, outputs=3)
    paper = initialise(sizes, network_options(gain=0.5), np.random.default_rng(0))
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
    options = network_options(recurrent_scale=1.5, input_init="normal", bias_init="zero")
    published = initialise(sizes, options, np.random.default_rng(0))
    assert abs(published.recurrent.numpy().std() * 20 - 1.5) < 6 * 1.5 / np.sqrt(2 * n)
    assert published.input.numpy().std() == pytest.approx(0.5, rel=0.06)
    assert (published.bias == 0).all() and (published.readout_bias == 0).all()


def test_gain_scales_the_same_network() -> None:
    sizes = Sizes(inputs=3, units=20, outputs=2)

    def at(**options) -> Parameters:
        return initialise(sizes, network_options(**options), np.random.default_rng(1))

    one, half, both = at(), at(gain=0.5), at(gain=0.5, gain_scales_readout=True)
    torch.testing.assert_close(half.recurrent, 0.5 * one.recurrent)
    torch.testing.assert_close(half.readout, one.readout)
    torch.testing.assert_close(both.readout, 0.5 * one.readout)
    torch.testing.assert_close(half.input, one.input)


# ---- checkpoints


def test_published_checkpoints() -> None:
    updates = checkpoint_updates(1000, "published", 0)
    assert len(updates) == 115
    # Names of the files that the published code writes for such a run.
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
    seeds = {stream_seed(task, seed, purpose) for task in ("a", "b") for seed in (0, 1) for purpose in PURPOSES}
    assert {"connectivity", "learning rule"} <= {*PURPOSES}
    assert len(seeds) == 4 * len(PURPOSES) and all(0 <= s < 2**63 for s in seeds)
    with pytest.raises(ValueError):
        stream_seed("a", 0, "other")


# ---- whole runs


@pytest.mark.parametrize("dtype, rounding", [(torch.float32, 2e-6), (torch.float64, 1e-14)])
@pytest.mark.parametrize("name, peer", [("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)])
def test_an_optimiser_is_pytorchs(name: str, peer: type, dtype: torch.dtype, rounding: float) -> None:
    """Plain descent gives the same bytes; Adam's compiled step differs by rounding."""
    generator = torch.Generator().manual_seed(0)
    ours = torch.randn(3, 40, dtype=dtype, generator=generator)
    theirs = ours.clone()
    optimiser = make_optimiser(ours, Options({"optimiser": name, "learning_rate": 3e-3}))
    published = peer([theirs], lr=3e-3, foreach=False)
    for update in range(300):
        gradient = torch.randn(3, 40, dtype=dtype, generator=generator) * 10.0 ** (update % 7 - 3)
        optimiser.step(gradient)
        theirs.grad = gradient
        published.step()
        assert (ours - theirs).abs().max() <= (rounding * (1 + update) if name == "adam" else 0.0), update


def test_adam_takes_one_rate_in_a_tensor() -> None:
    parameters = torch.ones(3, 4)
    Adam(parameters, torch.tensor([[0.1]], dtype=torch.float64)).step(torch.ones(3, 4))
    assert torch.allclose(parameters, torch.full((3, 4), 0.9))


def test_subnormal_numbers_are_zero_only_during_an_update(task: ReachTask) -> None:
    def keeps_subnormals() -> bool:
        return bool((torch.full((64,), 1e-40) * 1 != 0).all())

    class Loss:
        """Ends the training in its first update."""

        pointwise = None

        def __call__(self, outputs: torch.Tensor, batch: ScoredTrials) -> tuple[torch.Tensor, torch.Tensor]:
            assert not keeps_subnormals()
            raise RuntimeError("in the update")

    other = copy(task)
    other.loss = Loss()  # type: ignore[misc]
    with pytest.raises(RuntimeError, match="in the update"):
        run(other)
    assert keeps_subnormals()


@pytest.mark.parametrize("optimiser, constraint", [("adam", "none"), ("adam", "dale-sparse"), ("sgd", "dale-sparse")])
def test_two_updates_equal_a_plain_loop(task: ReachTask, optimiser: str, constraint: str) -> None:
    """The whole loop (trials, noise, constraints, loss, penalty, gradient, optimiser) against one in plain PyTorch."""
    network = CONSTRAINTS[constraint]
    ours = run(task, network=network, training={"updates": 2, "checkpoints": "published", "optimiser": optimiser})
    assert ours["checkpoint"].values.tolist() == [0, 1, 2]
    seeds = {p: stream_seed("reach", 3, p) for p in PURPOSES}
    mask = mask_of(network)
    rng = np.random.default_rng(seeds["initial weights"])
    start = initialise(Sizes(3, 12, 2), network_options(**network), rng, mask)
    signs = None if mask is None else torch.as_tensor(mask).float()
    p = {name: tensor.clone().requires_grad_() for name, tensor in start.named().items()}
    adam = torch.optim.Adam(p.values(), lr=1e-2)
    trials_rng, normals = np.random.default_rng(seeds["trials"]), Normals(seeds["noise"], torch.device("cpu"))
    weight = 10.0
    for update in range(2):
        batch = task.batch(trials_rng, 9)
        noise = torch.zeros(130, 9, 12)
        normals.fill(noise, 0.1, update)
        inputs = torch.as_tensor(batch.inputs)
        recurrent = p["recurrent"] if signs is None else p["recurrent"].abs() * signs
        np.testing.assert_allclose(ours["recurrent"].values[update], recurrent.detach().numpy(), atol=2e-5)
        a = p["initial_state"].expand(9, -1)
        h = torch.tanh(torch.relu(a))
        hidden = []
        for t in range(130):
            a = 0.9 * a + 0.1 * (h @ recurrent.T + inputs[t] @ p["input"].T + p["bias"])
            h = torch.tanh(torch.relu(a)) + noise[t]
            hidden.append(h)
        activity = torch.stack(hidden)
        scored = torch.as_tensor(batch.scored)
        outputs = activity @ p["readout"].T + p["readout_bias"]
        task_loss = torch.nn.functional.mse_loss(outputs[scored], torch.as_tensor(batch.targets)[scored])
        square = activity.square().mean()
        assert ours["task_loss"].values[update] == pytest.approx(task_loss.item(), rel=1e-5)
        assert ours["mean_square_activity"].values[update] == pytest.approx(square.item(), rel=1e-5)
        assert ours["penalty_weight"].values[update] == pytest.approx(weight)
        adam.zero_grad()
        (task_loss + weight * square).backward()
        if optimiser == "adam":
            adam.step()
        else:
            with torch.no_grad():
                for tensor in p.values():
                    tensor -= 1e-2 * tensor.grad
        if weight * square.item() >= 0.5 * task_loss.item():
            weight *= 2 / 3
    for name, tensor in p.items():
        expected = tensor.detach()
        if name == "recurrent" and signs is not None:
            expected = expected.abs() * signs
        moved = abs(expected.numpy() - ours[name].values[0]).max()
        assert moved > (1e-3 if optimiser == "adam" else 1e-6)
        np.testing.assert_allclose(ours[name].values[-1], expected.numpy(), atol=2e-3 * moved, err_msg=name)


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


@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_training_lowers_the_loss(task: ReachTask, learning_rule: str) -> None:
    quiet = {"noise_sd": 0.0, "recurrent_scale": 1.5}
    trained = run(task, learning_rule=learning_rule, network=quiet, training={"updates": 150, "activity_penalty": 0.1})
    assert trained["accuracy"].values[-1] > trained["accuracy"].values[0] + 0.3


@pytest.mark.parametrize("constraint", ["none", "dale-sparse"])
def test_checkpoints_score_as_they_did_in_training(task: ReachTask, constraint: str) -> None:
    """They contain the weights that the network runs with."""
    trained = run(task, network=CONSTRAINTS[constraint])
    options = {"network": network_options(**CONSTRAINTS[constraint])}
    # Training runs compiled code: equal except for rounding.
    np.testing.assert_allclose(accuracies(trained, options, task, task.test()), trained["accuracy"].values, atol=1e-5)


def test_a_diverging_run_stops_and_says_so(task: ReachTask) -> None:
    with pytest.raises(InputError, match=r"diverged: the loss at update \d+ of 12") as caught:
        run(task, training={"learning_rate": 1e30}, network={"activation": "relu"})
    assert caught.value.key == "training.learning_rate"


def test_a_device_that_is_not_there_is_named(task: ReachTask) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(InputError) as caught:
        run(task, training={"device": "cuda"})
    assert caught.value.key == "training.device" and caught.value.value == "cuda"


# ---- constraints over a training


def sign_changes(trained: xr.Dataset) -> int:
    signs = np.sign(trained["recurrent"].values)
    return int((signs[1:] != signs[:-1]).sum())


@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_constraints_hold_at_every_checkpoint(task: ReachTask, learning_rule: str) -> None:
    """Signs, zeros and the diagonal, while updates are so large that unconstrained weights change sign."""
    steep = {"updates": 4, "checkpoints": "published", "learning_rate": 0.2}
    for constraint, network in CONSTRAINTS.items():
        if constraint == "none" or (learning_rule in CELL_TYPE_RULES and constraint != "dale-relu"):
            continue
        trained = run(task, learning_rule=learning_rule, network=network, training=steep)
        weights, mask = trained["recurrent"].values, mask_of(network)
        assert len(weights) == 5
        assert (weights[:, mask == 0] == 0).all(), constraint
        moved = np.abs(np.diff(weights, axis=0)).max((1, 2))
        assert (moved > 0.05).all(), constraint
        if network.get("dale"):
            assert (weights[:, :, :9] >= 0).all() and (weights[:, :, 9:] <= 0).all(), constraint
            assert (np.diagonal(weights, axis1=1, axis2=2) == 0).all(), constraint
            assert sign_changes(trained) == 0, constraint
        else:
            assert sign_changes(trained) > 0, constraint
        # Rules of cell types cannot train without Dale's law; what their updates would do there, e-prop's show.
        free = {**network, "dale": False, "density": 1.0, "cell_types_per_sign": 0, "unit_row_sum": False}
        rule = "eprop" if learning_rule in CELL_TYPE_RULES else learning_rule
        assert sign_changes(run(task, learning_rule=rule, network=free, training=steep)) > 10, constraint


# ---- several seeds at once


def assert_same_run(together: xr.Dataset, alone: xr.Dataset) -> None:
    """But for rounding in float32, which starts to differ in the last digit."""
    for name in ("task_loss", "mean_square_activity", "penalty_weight", "accuracy"):
        np.testing.assert_allclose(together[name], alone[name], rtol=2e-4, err_msg=name)
    for name in ("recurrent", "input", "bias", "readout"):
        moved = np.abs(alone[name].values[-1] - alone[name].values[0]).max()
        assert moved > 1e-4, name
        np.testing.assert_allclose(together[name], alone[name], rtol=0, atol=2e-3 * moved, err_msg=name)


@pytest.mark.parametrize("constraint", ["none", "dale-sparse"])
@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_seeds_trained_together_are_those_trained_alone(task: ReachTask, learning_rule: str, constraint: str) -> None:
    """With noise, over the first updates: each seed has its own weights, mask, trials, noise and random draws."""
    training = {"updates": 3, "checkpoints": "published", "optimiser": "sgd", "learning_rate": 0.05}
    training["activity_penalty"] = 1.0  # gives way for some of them
    chosen = model_options(learning_rule, network=CONSTRAINTS[constraint], training=training)
    together = train(chosen, [0, 1, 2], task)
    assert list(together) == [0, 1, 2]
    assert len({run["penalty_weight"].values[-1] for run in together.values()}) > 1
    for seed, trained in together.items():
        assert_same_run(trained, train(chosen, [seed], task)[seed])
    assert not np.allclose(together[0]["recurrent"], together[1]["recurrent"])


class RareOverflow(ReachTask):
    """Occasionally, a batch of trials with inputs that make any network diverge."""

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        broken = rng.random() < 0.1
        trials = super().batch(rng, n_trials)
        return replace(trials, inputs=trials.inputs * np.float32(1e30)) if broken else trials

    def first_broken(self, seed: int, updates: int) -> int | None:
        """The update at which a seed gets such a batch."""
        rng = np.random.default_rng(stream_seed("reach", seed, "trials"))
        return next((u for u in range(updates) if self.batch(rng, 9).inputs.max() > 1e20), None)


# These draw on the device, other numbers than a CPU does.
DRAW_ON_THE_DEVICE = {"node_perturbation", "evolution_strategies", "uoro", "kernl", "reward_hebbian"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("learning_rule", sorted(set(LEARNING_RULES.names()) - DRAW_ON_THE_DEVICE))
def test_a_gpu_trains_as_a_cpu_does(task: ReachTask, learning_rule: str) -> None:
    training = {"updates": 3, "checkpoints": "published", "optimiser": "sgd", "learning_rate": 0.05}
    chosen = model_options(learning_rule, network={"noise_sd": 0.0}, training=training)
    on_gpu = train(chosen.but(training=chosen.training.but(device="cuda")), [0, 1], task)
    for seed, trained in on_gpu.items():
        assert_same_run(trained, train(chosen, [seed], task)[seed])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_a_gpu_trains_a_stack_as_its_networks(task: ReachTask, learning_rule: str) -> None:
    """With noise, and with enough updates that recorded work is replayed."""
    training = {"device": "cuda", "updates": 5, "checkpoints": "published", "optimiser": "sgd", "learning_rate": 0.05}
    chosen = model_options(learning_rule, network={"noise_sd": 0.1}, training=training)
    for seed, trained in train(chosen, [0, 1, 2], task).items():
        assert_same_run(trained, train(chosen, [seed], task)[seed])


@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_one_diverging_seed_does_not_spoil_the_others(task: ReachTask, learning_rule: str) -> None:
    rare = RareOverflow(TASK, reach_recording())
    broken = {seed: rare.first_broken(seed, 4) for seed in range(40)}
    unlucky = next(seed for seed, update in broken.items() if update == 2)
    first, second = [seed for seed, update in broken.items() if update is None][:2]
    training = {"updates": 4, "checkpoints": "published", "optimiser": "sgd", "learning_rate": 0.05}
    chosen = model_options(learning_rule, network={"activation": "relu"}, training=training)
    trained = train(chosen, [first, unlucky, second], rare)
    assert set(trained) == {first, unlucky, second}
    error = trained[unlucky]
    assert isinstance(error, InputError) and error.key == "training.learning_rate"
    assert "update 2 of 4" in str(error)
    for seed in (first, second):
        assert_same_run(trained[seed], train(chosen, [seed], rare)[seed])
    alone = train(chosen, [unlucky], rare)[unlucky]
    assert str(alone) == str(error)
