"""How well a learning rule's updates agree with BPTT's, at a checkpoint of a run that the rule trained.

The cosine of the angle between the two estimates of dL/dW_h, for the same weights, trials and noise. For one batch, the
noise of a random estimate lowers it as bias does. For means over batches only bias is left, and what noise many batches
do not remove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    import xarray as xr

    from neurorules.learning.base.gradient_estimator import GradientEstimator
    from neurorules.options import Options
    from neurorules.tasks.base.task import Task


def gradient_alignment(
    run: xr.Dataset, checkpoint: int, options: Options, task: Task, seed: int, batches: int
) -> tuple[float, float]:
    """Alignment of a rule's estimate with BPTT's gradient.

    Rules that learn from earlier batches, such as KeRNL, first see as many batches that do not count: they learn their
    own weights at this checkpoint, since runs do not contain them.

    Args:
        run: a run's Dataset.
        checkpoint: index of the checkpoint.
        options: the model's resolved options.
        task: the task that it was trained on.
        seed: the run's seed.
        batches: how many batches count.

    Returns:
        The mean over batches of the cosine, and the cosine of the means over batches; NaN where a gradient is zero.
    """
    import torch

    from neurorules.learning.base.learning_rule import load_learning_rule
    from neurorules.learning.bptt import BPTT
    from neurorules.network.architecture import make_architecture
    from neurorules.network.connectivity import draw_mask
    from neurorules.network.normals import Normals
    from neurorules.options import Options
    from neurorules.runs.run import checkpoint_parameters
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.training.streams import stream_seed
    from neurorules.training.subnormal import subnormals_as_zero

    def seed_for(purpose: str) -> int:
        return stream_seed(options.task_name, seed, purpose)

    # Weights of a constrained network are a theta of that network, under Dale's law too.
    theta = checkpoint_parameters(run, checkpoint)
    rng = np.random.default_rng(seed_for("connectivity"))
    mask = draw_mask(options.network.units, options.network, rng, theta.sizes.gates)
    architecture = make_architecture(options.network, [mask], theta.flat, compiled=True)
    penalties = run["penalty_weight"].values
    penalty = float(penalties[min(int(run["checkpoint"].values[checkpoint]), len(penalties) - 1)])
    own = seed_for("gradient alignment")
    rng, normals, noise_sd = np.random.default_rng(own), Normals(own + 1, theta.flat.device), options.network.noise_sd
    learning_rule = load_learning_rule(options.learning_rule)
    estimators: list[GradientEstimator] = []
    cosines: list[float] = []
    sums: list[torch.Tensor] = []
    with torch.inference_mode():
        for draw in range(2 * batches):
            trials = task.batch(rng, options.training.batch_size)
            counts = draw >= batches
            if not (counts or learning_rule.learns_from_earlier_batches):
                continue
            if not estimators:
                sizes = trials.n_steps, trials.n_trials
                arguments = (theta, architecture, *sizes, [seed_for("learning rule")])
                estimators = [
                    learning_rule.estimator(options.learning, *arguments),
                    BPTT.estimator(Options({}), *arguments),
                ]
            noise = None
            if noise_sd:
                noise = theta.flat.new_zeros(*sizes, options.network.units)
                normals.fill(noise, noise_sd, draw)
            inputs, batch = torch.as_tensor(trials.inputs).to(theta.flat), ScoredTrials(trials, like=theta.flat)
            with subnormals_as_zero():
                found = [
                    estimator.update(inputs, None if noise is None else noise.clone(), task.loss, batch, [penalty])
                    for estimator in (estimators if counts else estimators[:1])
                ]
            if counts:
                recurrent = [result.gradient.recurrent.flatten().double() for result in found]
                cosines.append(_cosine(*recurrent))
                sums = [total + part for total, part in zip(sums, recurrent, strict=True)] if sums else recurrent
    return float(np.mean(cosines)), _cosine(*sums)


def _cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a @ b) / (a.norm() * b.norm()))
