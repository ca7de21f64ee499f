"""Training of runs: task x learning rule x setting x seed, each to a Dataset that holds all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.architecture import make_architecture
from neurorules.network.connectivity import draw_mask
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes, stacked
from neurorules.runs.evaluate import Scorer
from neurorules.runs.run import as_dataset
from neurorules.tasks.base.losses import ScoredTrials
from neurorules.tasks.base.task import Task
from neurorules.training.activity_penalty import ActivityPenalty
from neurorules.training.checkpoints import checkpoint_updates
from neurorules.training.flossing import floss
from neurorules.training.streams import PURPOSES, stream_seed

if TYPE_CHECKING:
    import torch
    import xarray as xr

Report = Callable[[int, float, float], None]


def train(
    run: Mapping[str, Any],
    seeds: Sequence[int],
    task: Task,
    report: Report = lambda update, loss, accuracy: None,
) -> dict[int, xr.Dataset | InputError]:
    """Train one network per seed; several are trained at once, as a stack, which is what a GPU is good at.

    A seed's run does not depend on the others. On a CPU one seed at a time is as fast, and uses less memory.

    Args:
        run: resolved options of the runs: `task_name`, `learning_rule`, `learning`, `network` and `training`.
        seeds: their seeds.
        task: their task.
        report: called before every update, and once at the end, with the update, the loss and the last checkpoint's
            accuracy (means over seeds).

    Returns:
        By seed, a Dataset with the parameters (checkpoint, ...; `recurrent` as the network uses it, constraints
        included), accuracy(checkpoint) on noise-free test trials, and per update task_loss, mean_square_activity and
        penalty_weight (of the update's own batch, before the update); with gradient flossing, which comes before the
        first checkpoint, flossing_exponents(flossing_iteration, exponent); or, where the loss is no longer finite,
        what to say of that.

    Raises:
        InputError: the device is not there.
    """
    import torch

    # Nothing here is differentiated automatically; this also saves a fifth of what a call costs.
    with torch.inference_mode():
        return _train(run, seeds, task, report)


def _train(
    run: Mapping[str, Any], seeds: Sequence[int], task: Task, report: Report
) -> dict[int, xr.Dataset | InputError]:
    import torch

    network_options, training = run["network"], run["training"]
    device = open_device(training["device"])
    random = [{p: stream_seed(run["task_name"], seed, p) for p in PURPOSES} for seed in seeds]
    trial_rngs = [np.random.default_rng(of["trials"]) for of in random]
    noise_rngs = [torch.Generator(device).manual_seed(of["noise"]) for of in random]

    sizes = Sizes(task.n_inputs, network_options["units"], task.n_outputs)
    masks = [draw_mask(sizes.units, network_options, np.random.default_rng(of["connectivity"])) for of in random]
    theta = stacked(
        [
            initialise(sizes, network_options, np.random.default_rng(of["initial weights"]), mask, device=device)
            for of, mask in zip(random, masks, strict=True)
        ]
    )
    architecture = make_architecture(network_options, masks, theta.flat)
    failed: dict[int, InputError] = {}
    flossed: dict[int, np.ndarray] = {}
    if training["flossing_iterations"]:
        for k, (seed, flat) in enumerate(zip(seeds, theta.each(theta.flat), strict=True)):
            own = architecture.of_network(k) if theta.stack else architecture
            try:
                flossed[seed] = floss(Parameters(sizes, flat), own, task, training, random[k]["flossing"])
            except InputError as error:
                failed[seed] = error
    optimiser = make_optimiser(theta.flat, training)
    penalties = [ActivityPenalty(training["activity_penalty"]) for _ in seeds]
    updates = training["updates"]
    keep = set(checkpoint_updates(updates, training["checkpoints"], training["n_checkpoints"]).tolist())

    kept: list[dict[int, tuple[np.ndarray, float]]] = [{} for _ in seeds]
    history = np.zeros((len(seeds), 3, updates))
    test = Scorer(task, architecture.connectivity.weights(theta), architecture)
    engine = noise = None
    accuracy: np.ndarray = np.full(len(seeds), np.nan)
    for update in range(updates + 1):
        if update in keep:
            weights = architecture.connectivity.weights(theta, test.weights)
            accuracy = np.array(test.accuracy())
            values = weights.flat.reshape(len(seeds), -1).cpu().numpy().copy()
            for k in range(len(seeds)):
                kept[k][update] = values[k], accuracy[k]
                if not (np.isfinite(accuracy[k]) and np.isfinite(values[k]).all()):
                    failed.setdefault(seeds[k], diverged(update, training))
        if update == updates or len(failed) == len(seeds):
            break
        trials = [task.batch(rng, training["batch_size"]) for rng in trial_rngs]
        shape = (trials[0].n_steps, trials[0].n_trials)
        if engine is None:
            rule = load_learning_rule(run["learning_rule"])
            engine = rule.engine(run["learning"], theta, architecture, *shape, [of["learning rule"] for of in random])
            if network_options["noise_sd"]:
                noise = theta.flat.new_zeros(*theta.stack, *shape, sizes.units)
        if noise is not None:
            for part, rng in zip(theta.each(noise), noise_rngs, strict=True):
                part.normal_(0.0, network_options["noise_sd"], generator=rng)
        inputs = np.stack([one.inputs for one in trials]) if theta.stack else trials[0].inputs
        step = engine.update(
            torch.as_tensor(inputs).to(theta.flat),
            noise,
            task.loss,
            ScoredTrials(trials, like=theta.flat),
            [penalty.weight for penalty in penalties],
        )
        theta.flat.grad = step.gradient.flat
        optimiser.step()
        losses = step.task_loss.view(-1).tolist(), step.mean_square_activity.view(-1).tolist()
        for k, (task_loss, mean_square) in enumerate(zip(*losses, strict=True)):
            history[k, :, update] = task_loss, mean_square, penalties[k].weight
            if not np.isfinite(history[k, :, update]).all():
                failed.setdefault(seeds[k], diverged(update, training))
            penalties[k].adapt(mean_square, task_loss)
        report(update, total_loss(history, update), finite_mean(accuracy))
    if len(failed) < len(seeds):
        report(updates, total_loss(history, -1), finite_mean(accuracy))
    runs = {
        seed: as_dataset(sizes, kept[k], history[k], flossed.get(seed))
        for k, seed in enumerate(seeds)
        if seed not in failed
    }
    return {**runs, **failed}


def total_loss(history: np.ndarray, update: int) -> float:
    """Task loss and activity penalty, mean over seeds."""
    return finite_mean(history[:, 0, update] + history[:, 1, update] * history[:, 2, update])


def finite_mean(values: np.ndarray) -> float:
    """Mean over the seeds that have not diverged."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def open_device(name: str) -> torch.device:
    """The device of this name.

    Raises:
        InputError: this machine has none.
    """
    import torch

    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(
            "This machine has no CUDA device that PyTorch can use.",
            key="training.device",
            value=name,
            remedy="Use device: cpu, or run the training jobs where there is a GPU and a CUDA build of torch.",
        )
    return torch.device(name)


def make_optimiser(flat: torch.Tensor, training: Mapping[str, Any]) -> torch.optim.Optimizer:
    """Adam as published, or plain stochastic gradient descent."""
    import torch

    if training["optimiser"] == "sgd":
        return torch.optim.SGD([flat], lr=training["learning_rate"], foreach=False)
    return torch.optim.Adam([flat], lr=training["learning_rate"], foreach=False)


def diverged(update: int, training: Mapping[str, Any]) -> InputError:
    """What to say of a run whose loss or parameters are not finite any more."""
    return InputError(
        f"Training diverged: the loss at update {update} of {training['updates']} is not finite.",
        key="training.learning_rate",
        value=training["learning_rate"],
        remedy="Use a smaller learning rate, a smaller gain, or another activation.",
    )
