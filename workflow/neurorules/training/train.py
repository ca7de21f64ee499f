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
from neurorules.network.normals import Normals
from neurorules.network.parameters import Parameters, Sizes, stacked
from neurorules.options import Options
from neurorules.runs.evaluate import Scorer
from neurorules.runs.run import Checkpoint, make_run
from neurorules.tasks.base.losses import ScoredTrials
from neurorules.tasks.base.task import Task
from neurorules.training.activity_penalty import ActivityPenalty
from neurorules.training.checkpoints import checkpoint_updates
from neurorules.training.flossing import floss
from neurorules.training.optimiser import make_optimiser
from neurorules.training.streams import PURPOSES, stream_seed

if TYPE_CHECKING:
    import torch
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.learning.base.gradient_estimator import GradientEstimator
    from neurorules.network.architecture import Architecture

Report = Callable[[int, float, float], None]


def train(
    model: Mapping[str, Any],
    seeds: Sequence[int],
    task: Task,
    report: Report = lambda update, loss, accuracy: None,
) -> dict[int, xr.Dataset | InputError]:
    """Train one network per seed; several seeds are trained at once, as a stack, which is what a GPU is good at.

    A seed's run does not depend on the others. On a CPU, one seed at a time is as fast and uses less memory.

    Args:
        model: resolved options: `task_name`, `learning_rule`, `learning`, `network` and `training`.
        seeds: the runs' seeds.
        task: the runs' task.
        report: called before every update, and once at the end, with the update, the loss and the last checkpoint's
            accuracy (means over seeds).

    Returns:
        By seed, the run as a Dataset without attributes, see `runs/run.py`; or the error, if its training diverged or
        gradient flossing failed.

    Raises:
        InputError: the device does not exist.
    """
    import torch

    # Nothing here is differentiated automatically. Inference mode also saves a fifth of the cost of a call.
    with torch.inference_mode():
        return _train(Options(model), seeds, task, report)


def _train(options: Options, seeds: Sequence[int], task: Task, report: Report) -> dict[int, xr.Dataset | InputError]:
    import torch

    from neurorules.training.compiled_loss import compiled_loss  # it loads the compiler

    network, training = options.network, options.training
    device = open_device(training.device)
    streams = [{purpose: stream_seed(options.task_name, seed, purpose) for purpose in PURPOSES} for seed in seeds]
    trial_rngs = [np.random.default_rng(stream["trials"]) for stream in streams]
    noises = [Normals(stream["noise"], device) for stream in streams]

    sizes = Sizes(task.n_inputs, network.units, task.n_outputs)
    masks = [draw_mask(sizes.units, network, np.random.default_rng(stream["connectivity"])) for stream in streams]
    theta = stacked(
        [
            initialise(sizes, network, np.random.default_rng(stream["initial weights"]), mask, device=device)
            for stream, mask in zip(streams, masks, strict=True)
        ]
    )
    architecture = make_architecture(network, masks, theta.flat, compiled=True)
    flossing_exponents, failed = _floss(
        theta, architecture, task, training, dict(zip(seeds, (stream["flossing"] for stream in streams), strict=True))
    )
    loss = compiled_loss(task.loss, device)
    optimiser = make_optimiser(theta.flat, training)
    penalties = [ActivityPenalty(training.activity_penalty) for _ in seeds]
    updates = training.updates
    scheduled = set(checkpoint_updates(updates, training.checkpoints, training.n_checkpoints).tolist())

    checkpoints: list[dict[int, Checkpoint]] = [{} for _ in seeds]
    history = np.zeros((len(seeds), 3, updates))
    scorer = Scorer(task, architecture.connectivity.weights(theta), architecture)
    estimator: GradientEstimator | None = None
    noise: torch.Tensor | None = None
    accuracy: NDArray[Any] = np.full(len(seeds), np.nan)
    for update in range(updates + 1):
        if update in scheduled:
            weights = architecture.connectivity.weights(theta, scorer.weights)
            accuracy = np.array(scorer.accuracy())
            values = weights.flat.reshape(len(seeds), -1).cpu().numpy().copy()
            for k in range(len(seeds)):
                checkpoints[k][update] = Checkpoint(values[k], accuracy[k])
                if not (np.isfinite(accuracy[k]) and np.isfinite(values[k]).all()):
                    failed.setdefault(seeds[k], diverged(update, training))
        if update == updates or len(failed) == len(seeds):
            break
        trials = [task.batch(rng, training.batch_size) for rng in trial_rngs]
        shape = (trials[0].n_steps, trials[0].n_trials)
        if estimator is None:
            estimator = load_learning_rule(options.learning_rule).estimator(
                options.learning, theta, architecture, *shape, [stream["learning rule"] for stream in streams]
            )
            if network.noise_sd:
                noise = theta.flat.new_zeros(*theta.batch_shape, *shape, sizes.units)
        if noise is not None:
            for network_noise, normals in zip(theta.per_network(noise), noises, strict=True):
                normals.fill(network_noise, network.noise_sd, update)
        inputs = np.stack([batch.inputs for batch in trials]) if theta.batch_shape else trials[0].inputs
        result = estimator.update(
            torch.as_tensor(inputs).to(theta.flat),
            noise,
            loss,
            ScoredTrials(trials, like=theta.flat),
            [penalty.weight for penalty in penalties],
        )
        optimiser.step(result.gradient.flat)
        losses = result.task_loss.view(-1).tolist(), result.mean_square_activity.view(-1).tolist()
        for k, (task_loss, mean_square) in enumerate(zip(*losses, strict=True)):
            history[k, :, update] = task_loss, mean_square, penalties[k].weight
            if not np.isfinite(history[k, :, update]).all():
                failed.setdefault(seeds[k], diverged(update, training))
            penalties[k].adapt(mean_square, task_loss)
        report(update, total_loss(history, update), finite_mean(accuracy))
    if len(failed) < len(seeds):
        report(updates, total_loss(history, -1), finite_mean(accuracy))
    runs = {
        seed: make_run(sizes, checkpoints[k], history[k], flossing_exponents.get(seed))
        for k, seed in enumerate(seeds)
        if seed not in failed
    }
    return {**runs, **failed}


def _floss(
    theta: Parameters, architecture: Architecture, task: Task, training: Options, flossing_seeds: Mapping[int, int]
) -> tuple[dict[int, NDArray[Any]], dict[int, InputError]]:
    """Gradient flossing of every network, in place: exponents by seed, and errors of the seeds that failed."""
    exponents: dict[int, NDArray[Any]] = {}
    failed: dict[int, InputError] = {}
    if not training.flossing_iterations:
        return exponents, failed
    for k, (seed, flat) in enumerate(zip(flossing_seeds, theta.per_network(theta.flat), strict=True)):
        own = architecture.of_network(k) if theta.batch_shape else architecture
        try:
            exponents[seed] = floss(Parameters(theta.sizes, flat), own, task, training, flossing_seeds[seed])
        except InputError as error:
            failed[seed] = error
    return exponents, failed


def total_loss(history: NDArray[Any], update: int) -> float:
    """Task loss and activity penalty, mean over seeds."""
    return finite_mean(history[:, 0, update] + history[:, 1, update] * history[:, 2, update])


def finite_mean(values: NDArray[Any]) -> float:
    """Mean over the seeds that have not diverged."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def open_device(name: str) -> torch.device:
    """The device of this name.

    Raises:
        InputError: this machine has no such device.
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


def diverged(update: int, training: Options) -> InputError:
    """The error for a run whose loss or parameters are no longer finite."""
    return InputError(
        f"Training diverged: the loss at update {update} of {training.updates} is not finite.",
        key="training.learning_rate",
        value=training.learning_rate,
        remedy="Use a smaller learning rate, a smaller gain, or another activation.",
    )
