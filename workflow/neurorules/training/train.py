"""Training of one run: task x learning rule x setting x seed, to a Dataset that holds all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.learning.engine import Engine
from neurorules.learning.learning_rule import load_learning_rule
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.network.rnn import Network
from neurorules.tasks.losses import ScoredTrials
from neurorules.tasks.task import Task
from neurorules.training.activity_penalty import ActivityPenalty
from neurorules.training.checkpoints import checkpoint_updates
from neurorules.training.streams import PURPOSES, stream_seed

if TYPE_CHECKING:
    import xarray as xr


def train(
    run: Mapping[str, Any],
    task: Task,
    report: Callable[[int, float, float], None] = lambda update, loss, accuracy: None,
) -> xr.Dataset:
    """Train one network.

    Args:
        run: resolved options of the run: `task_name`, `learning_rule`, `seed`, `network` and `training`.
        task: its task.
        report: called before every update, and once at the end, with the update, the loss and the last
            checkpoint's accuracy.

    Returns:
        Dataset with the parameters (checkpoint, ...), accuracy(checkpoint) on noise-free test trials, and per
        update task_loss, mean_square_activity and penalty_weight (of the update's own batch, before the update).

    Raises:
        InputError: the loss is no longer finite.
    """
    import torch

    network_options, training = run["network"], run["training"]
    seeds = {p: stream_seed(run["task_name"], run["seed"], p) for p in PURPOSES}
    trial_rng = np.random.default_rng(seeds["trials"])
    noise_rng = torch.Generator().manual_seed(seeds["noise"])

    sizes = Sizes(task.n_inputs, network_options["units"], task.n_outputs)
    parameters = initialise(sizes, network_options, np.random.default_rng(seeds["initial weights"]))
    optimiser = torch.optim.Adam([parameters.flat], lr=training["learning_rate"], foreach=False)
    penalty = ActivityPenalty(training["activity_penalty"])
    updates = training["updates"]
    keep = set(checkpoint_updates(updates, training["checkpoints"], training["n_checkpoints"]).tolist())

    test = Scorer(task, parameters, network_options)
    kept: dict[int, tuple[np.ndarray, float]] = {}
    history = np.zeros((3, updates))
    network: Network | None = None
    accuracy = float("nan")
    for update in range(updates + 1):
        if update in keep:
            accuracy = test.accuracy()
            if not (np.isfinite(accuracy) and bool(parameters.flat.isfinite().all())):
                raise diverged(update, training)
            kept[update] = (parameters.flat.numpy().copy(), accuracy)
        if update == updates:
            break
        trials = task.batch(trial_rng, training["batch_size"])
        if network is None:
            network = Network(
                parameters,
                ACTIVATIONS[network_options["activation"]],
                1.0 / network_options["tau_steps"],
                trials.n_steps,
                trials.n_trials,
            )
            engine = Engine(network, load_learning_rule(run["learning_rule"]))
            sd = network_options["noise_sd"]
            noise = network.drive.new_zeros(trials.n_steps, trials.n_trials, sizes.units) if sd else None
        inputs = torch.as_tensor(trials.inputs)
        if noise is not None:
            noise.normal_(0.0, sd, generator=noise_rng)
        outputs = network.forward(inputs, noise)
        task_loss, output_error = task.loss(outputs, ScoredTrials(trials, like=outputs))
        n_active = network.activity[1:].numel()
        mean_square = network.square_activity / n_active
        history[:, update] = task_loss, mean_square, penalty.weight
        if not np.isfinite(history[:, update]).all():
            raise diverged(update, training)
        report(update, task_loss + penalty.weight * mean_square, accuracy)
        gradient = engine.gradients(output_error, 2.0 * penalty.weight / n_active)
        parameters.flat.grad = gradient.flat
        optimiser.step()
        penalty.adapt(mean_square, task_loss)
    report(updates, float(history[0, -1] + history[1, -1] * history[2, -1]), accuracy)
    return as_dataset(sizes, kept, history)


def diverged(update: int, training: Mapping[str, Any]) -> InputError:
    """What to say of a run whose loss or parameters are not finite any more."""
    return InputError(
        f"Training diverged: the loss at update {update} of {training['updates']} is not finite.",
        key="training.learning_rate",
        value=training["learning_rate"],
        remedy="Use a smaller learning rate, a smaller gain, or another activation.",
    )


class Scorer:
    """The network on the noise-free test trials, without what only learning needs.

    Args:
        task: gives the test trials.
        parameters: the weights, read at every call.
        network_options: `activation`, `tau_steps`.
    """

    def __init__(self, task: Task, parameters: Parameters, network_options: Mapping[str, Any]) -> None:
        import torch

        self.task = task
        trials = task.test()
        self.inputs = torch.as_tensor(trials.inputs).to(parameters.flat.dtype)
        self.network = Network(
            parameters,
            ACTIVATIONS[network_options["activation"]],
            1.0 / network_options["tau_steps"],
            trials.n_steps,
            trials.n_trials,
        )
        self.batch = ScoredTrials(trials, like=self.network.outputs)

    def accuracy(self) -> float:
        """Normalized accuracy of the present parameters."""
        return self.task.accuracy(self.network.forward(self.inputs), self.batch)

    def activity(self) -> np.ndarray:
        """Hidden activity h_1..h_T of the present parameters, (condition, step, unit) float64."""
        self.network.forward(self.inputs)
        return self.network.activity[1:].transpose(0, 1).double().numpy()


def as_dataset(sizes: Sizes, kept: Mapping[int, tuple[np.ndarray, float]], history: np.ndarray) -> xr.Dataset:
    """A run's content: parameters and accuracy per checkpoint, loss terms per update."""
    import xarray as xr

    updates = sorted(kept)
    flat = np.stack([kept[u][0] for u in updates])
    dims = {
        "recurrent": ("unit", "source_unit"),
        "input": ("unit", "task_input"),
        "bias": ("unit",),
        "initial_state": ("unit",),
        "readout": ("output", "unit"),
        "readout_bias": ("output",),
    }
    variables: dict[str, Any] = {}
    start = 0
    for name, shape in sizes.shapes().items():
        stop = start + int(np.prod(shape))
        variables[name] = (("checkpoint", *dims[name]), flat[:, start:stop].reshape(len(updates), *shape))
        start = stop
    variables["accuracy"] = ("checkpoint", np.array([kept[u][1] for u in updates]))
    for name, values in zip(("task_loss", "mean_square_activity", "penalty_weight"), history, strict=True):
        variables[name] = ("update", values)
    return xr.Dataset(variables, coords={"checkpoint": np.array(updates, np.int64)})


def checkpoint_parameters(run: xr.Dataset, checkpoint: int, **tensor: Any) -> Parameters:
    """Parameters of a run at a checkpoint given by its index."""
    at = run.isel(checkpoint=checkpoint)
    sizes = Sizes(at.sizes["task_input"], at.sizes["unit"], at.sizes["output"])
    import torch

    names = sizes.shapes()
    return Parameters(sizes, dtype=tensor.get("dtype", torch.float32)).load({n: at[n].values for n in names})
