"""Train runs: task x learning rule x setting x seed. Each becomes one Dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io.identity import canonical_json
from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.architecture import make_architecture
from neurorules.network.architectures.base.cell import load_architecture
from neurorules.network.connectivity import draw_mask
from neurorules.network.initialisation import initialise
from neurorules.network.normals import Normals
from neurorules.network.parameters import Parameters, stacked
from neurorules.options import Options
from neurorules.runs.evaluate import Scorer
from neurorules.runs.run import Checkpoint, make_run
from neurorules.tasks.base.readout import phases_of
from neurorules.tasks.base.task import Task
from neurorules.training.activity_penalty import ActivityPenalty
from neurorules.training.batches import Batches
from neurorules.training.checkpoints import phase_checkpoints
from neurorules.training.fixed_readout import FixedReadout
from neurorules.training.flossing import floss
from neurorules.training.optimiser import make_optimiser
from neurorules.training.shape import shape
from neurorules.training.streams import PURPOSES, stream_seed
from neurorules.training.subnormal import subnormals_as_zero

if TYPE_CHECKING:
    import torch
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.learning.base.gradient_estimator import GradientEstimator
    from neurorules.network.architecture import Architecture

Report = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Network:
    """One network to train: the resolved options of its model (names and option groups), and its seed."""

    model: Options
    seed: int


def train(
    model: Mapping[str, Any],
    seeds: Sequence[int],
    task: Task,
    report: Report = lambda update, loss, accuracy: None,
) -> dict[int, xr.Dataset | InputError]:
    """Train one network per seed, all together, see `train_stack`.

    Args:
        model: resolved options: `task_name`, `learning_rule`, `learning`, `network` and `training`.
        seeds: the runs' seeds.
        task, report: see `train_stack`.

    Returns:
        The results of `train_stack`, by seed.
    """
    options = Options(model)
    return dict(zip(seeds, train_stack([Network(options, seed) for seed in seeds], task, report), strict=True))


def train_stack(
    networks: Sequence[Network],
    task: Task,
    report: Report = lambda update, loss, accuracy: None,
    dtype: torch.dtype | None = None,
) -> list[xr.Dataset | InputError]:
    """Train networks of the same shape together as a stack, which is fast on a GPU.

    A network's run does not depend on the others. On a CPU, a stack is faster only if networks share a seed, and so
    their trials; otherwise one network at a time is as fast and uses less memory.

    Args:
        networks: networks of the same shape, see `shape.shape`.
        task: the networks' task.
        report: called before every update and once at the end, with the update, the loss and the last checkpoint's
            accuracy (means over networks).
        dtype: dtype of the parameters; None means float32.

    Returns:
        For each network, the run as a Dataset without attributes, see `runs/run.py`, or the error if its training
        diverged or gradient flossing failed.

    Raises:
        ValueError: the networks do not have the same shape.
        InputError: the device does not exist.
    """
    import torch

    first = shape(networks[0].model)
    if any(shape(network.model) != first for network in networks[1:]):
        raise ValueError("networks of several shapes cannot be trained as one stack")
    # Only `AutogradEstimator` uses autograd, in a mode of its own. Inference mode also makes calls 20% cheaper.
    with torch.inference_mode():
        return _train(networks, task, report, dtype or torch.float32)


def _train(
    networks: Sequence[Network], task: Task, report: Report, dtype: torch.dtype
) -> list[xr.Dataset | InputError]:
    import torch

    options = networks[0].model  # used only for options that all networks share
    device = open_device(options.training.device)
    streams = [
        {purpose: stream_seed(options.task_name, network.seed, purpose) for purpose in PURPOSES} for network in networks
    ]
    normals = [Normals(stream["noise"], device) for stream in streams]
    noise_sds = [network.model.network.noise_sd for network in networks]

    sizes = load_architecture(options.network.architecture).sizes(task.n_inputs, options.network.units, task.n_outputs)
    masks = [
        draw_mask(sizes.units, network.model.network, np.random.default_rng(stream["connectivity"]), sizes.gates)
        for network, stream in zip(networks, streams, strict=True)
    ]
    theta = stacked(
        [
            initialise(
                *(sizes, network.model.network, np.random.default_rng(stream["initial weights"]), mask),
                dtype=dtype,
                device=device,
            )
            for network, stream, mask in zip(networks, streams, masks, strict=True)
        ]
    )
    readout = FixedReadout(task, theta)
    architecture = make_architecture(options.network, masks, theta.flat, compiled=True)
    flossing_exponents, failed = _floss(theta, architecture, task, networks, streams)
    loss = task.loss
    if device.type == "cpu":
        from neurorules.training.compiled_loss import compiled_loss  # it loads the compiler

        loss = compiled_loss(task.loss)
    rates = [network.model.training.learning_rate for network in networks]
    optimiser = make_optimiser(theta.flat, options.training, rates)
    penalties = [ActivityPenalty(network.model.training.activity_penalty) for network in networks]
    seeds = [network.seed for network in networks]
    trial_streams = {seed: stream["trials"] for seed, stream in zip(seeds, streams, strict=True)}
    updates = options.training.updates
    batches = Batches(task, options.training.batch_size, updates, seeds, trial_streams, theta.flat)
    scheduled = [phase_checkpoints(network.model.training, phases_of(task)) for network in networks]
    scored_at = set().union(*scheduled)

    checkpoints: list[dict[int, Checkpoint]] = [{} for _ in networks]
    history = np.zeros((len(networks), 3, updates))
    scorer = Scorer(task, architecture.connectivity.weights(theta), architecture)
    estimator: GradientEstimator | None = None
    noise: torch.Tensor | None = None
    total_loss = mean_accuracy = nan
    for update in range(updates + 1):
        if update in scored_at:
            weights = architecture.connectivity.weights(theta, scorer.weights)
            accuracy = scorer.accuracy()
            mean_accuracy = finite_mean(accuracy)
            values = weights.flat.reshape(len(networks), -1).cpu().numpy().copy()
            for k, own in enumerate(scheduled):
                if update not in own:
                    continue
                checkpoints[k][update] = Checkpoint(values[k], accuracy[k])
                if not (isfinite(accuracy[k]) and np.isfinite(values[k]).all()):
                    failed.setdefault(k, diverged(update, networks[k].model.training))
        if update == updates or len(failed) == len(networks):
            break
        readout.start(update)
        batch = batches.next()
        if estimator is None:
            estimator = load_learning_rule(options.learning_rule).estimator(
                *(options.learning, theta, architecture, batch.n_steps, batch.n_trials),
                [stream["learning rule"] for stream in streams],
            )
            if any(noise_sds):
                noise = theta.flat.new_zeros(*theta.batch_shape, batch.n_steps, batch.n_trials, sizes.units)
        if noise is not None:
            for network_noise, sd, of in zip(theta.per_network(noise), noise_sds, normals, strict=True):
                of.fill(network_noise, sd, update)
        penalty_weights = [penalty.weight for penalty in penalties]
        with subnormals_as_zero():
            result = estimator.update(batch.inputs, noise, loss, batch.scored, penalty_weights)
            readout.keep(result.gradient)
            optimiser.step(result.gradient.flat)
        if update + 1 < updates:
            batches.prepare()  # before waiting for a GPU
        losses = torch.stack([result.task_loss.view(-1), result.mean_square_activity.view(-1)]).tolist()
        totals = []
        for k, (task_loss, mean_square) in enumerate(zip(*losses, strict=True)):
            weight = penalties[k].weight
            history[k, :, update] = task_loss, mean_square, weight
            totals.append(task_loss + mean_square * weight)
            if not (isfinite(task_loss) and isfinite(mean_square) and isfinite(weight)):
                failed.setdefault(k, diverged(update, networks[k].model.training))
            penalties[k].adapt(mean_square, task_loss)
        total_loss = finite_mean(totals)
        report(update, total_loss, mean_accuracy)
    if len(failed) < len(networks):
        report(updates, total_loss, mean_accuracy)
    return [
        failed[k] if k in failed else make_run(sizes, checkpoints[k], history[k], flossing_exponents.get(k))
        for k in range(len(networks))
    ]


def _floss(
    theta: Parameters,
    architecture: Architecture,
    task: Task,
    networks: Sequence[Network],
    streams: Sequence[Mapping[str, int]],
) -> tuple[dict[int, NDArray[Any]], dict[int, InputError]]:
    """Floss the networks that have gradient flossing, in place. Returns exponents and errors, by network index.

    Networks that differ only in their learning rate are flossed once.
    """
    exponents: dict[int, NDArray[Any]] = {}
    failed: dict[int, InputError] = {}
    flats = theta.per_network(theta.flat)
    flossed: dict[str, int] = {}
    for k, (network, flat) in enumerate(zip(networks, flats, strict=True)):
        training = network.model.training
        if not training.flossing_iterations:
            continue
        alike = network.model.but(training=training.but(learning_rate=None))
        first = flossed.setdefault(canonical_json([alike.as_dict(), network.seed]), k)
        if first != k:
            flat.copy_(flats[first])
            if first in failed:
                failed[k] = failed[first]
            else:
                exponents[k] = exponents[first]
            continue
        own = architecture.of_network(k) if theta.batch_shape else architecture
        try:
            exponents[k] = floss(Parameters(theta.sizes, flat), own, task, training, streams[k]["flossing"])
        except InputError as error:
            failed[k] = error
    return exponents, failed


def finite_mean(values: Iterable[float]) -> float:
    """Mean over the networks that have not diverged."""
    finite = [float(value) for value in values if isfinite(value)]
    return sum(finite) / len(finite) if finite else nan


def open_device(name: str) -> torch.device:
    """The device with this name.

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
