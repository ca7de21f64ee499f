"""Alignment of learning rules with BPTT, compared with automatic differentiation in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
import yaml
from helpers.options import model_options
from unit.test_learning_rules import Problem, autograd_gradient, drawn_normals, nowhere

from neurorules.network.connectivity import Connectivity, draw_mask
from neurorules.network.parameters import Parameters, Sizes
from neurorules.options import Options
from neurorules.study.yaml_source import BASE_CONFIG
from neurorules.tables import gradients
from neurorules.tables.base.table_type import ScoredModel
from neurorules.tasks.base.task import Task, make_task
from neurorules.training.gradient_alignment import gradient_alignment
from neurorules.training.streams import stream_seed
from neurorules.training.train import train

ROMO = yaml.safe_load(Path(BASE_CONFIG).read_text())["tasks"]["romo"]["task"]
SEED = 3


def trained(learning_rule: str, **network: Any) -> tuple[Options, Task, xr.Dataset]:
    task = make_task("romo", ROMO, None)
    training = {"updates": 3, "batch_size": 6, "n_checkpoints": 4, "activity_penalty": 1.0}
    options = model_options(learning_rule, "romo", network={"tau_steps": 5, **network}, training=training)
    run = train(options, [SEED], task)[SEED]
    assert isinstance(run, xr.Dataset)
    return options, task, run


@pytest.mark.parametrize("network", [{}, {"dale": True, "density": 0.5}, {"noise_sd": 0.0, "density": 0.5}])
def test_alignment_is_the_cosine_of_two_gradients(network: dict[str, Any]) -> None:
    """E-prop's and BPTT's, differentiated automatically, for the trials and the noise of the same draws."""
    options, task, run = trained("eprop", **network)
    last = run.sizes["checkpoint"] - 1
    own = stream_seed("romo", SEED, "gradient alignment")
    rng, pairs = np.random.default_rng(own), []
    parameters = Parameters(Sizes(task.n_inputs, 12, task.n_outputs), dtype=torch.float64)
    parameters.load({name: run[name].values[last].astype(float) for name in parameters.named()})
    mask = draw_mask(12, options.network, np.random.default_rng(stream_seed("romo", SEED, "connectivity")))
    dale = options.network.dale
    connectivity = Connectivity(dale, None if mask is None else torch.as_tensor(mask), None)
    for draw in range(6):
        trials = task.batch(rng, 6)
        noise = drawn_normals(own + 1, (trials.n_steps, 6, 12), 0.1, draw) if options.network.noise_sd else None
        # Twice the loss, since romo's is half the squared error.
        penalty = 2.0 * float(run["penalty_weight"].values[-1])
        problem = Problem(parameters, "retanh", doubled(trials), noise, "regression", penalty, connectivity, alpha=0.2)
        found = [autograd_gradient(problem, **route)["recurrent"] for route in ({"recurrent": nowhere}, {})]
        if draw >= 3:
            pairs.append([gradient.ravel() for gradient in found])

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    expected = np.mean([cosine(*pair) for pair in pairs]), cosine(*np.sum(pairs, 0))
    np.testing.assert_allclose(gradient_alignment(run, last, options, task, SEED, 3), expected, rtol=0, atol=1e-4)
    assert expected[0] < 0.999


def doubled(trials: Any) -> Any:
    from dataclasses import replace

    targets = trials.targets.astype(float) if trials.targets.dtype.kind == "f" else trials.targets
    return replace(trials, inputs=trials.inputs.astype(float), targets=targets)


def test_exact_rules_are_aligned_and_noise_averages_out() -> None:
    for learning_rule in ("bptt", "rtrl"):
        options, task, run = trained(learning_rule)
        np.testing.assert_allclose(gradient_alignment(run, 0, options, task, SEED, 2), 1.0, rtol=0, atol=1e-4)
    options, task, run = trained("uoro")
    one, mean = gradient_alignment(run, 0, options, task, SEED, 40)
    assert one < 0.9 and 1 - mean < (1 - one) / 4


def test_the_table_has_checkpoints_from_the_first_to_the_last() -> None:
    options, task, run = trained("eprop")
    table = gradients.table(ScoredModel({"task": "romo"}, options, task, {SEED: run}), None)
    assert table["update"].tolist() == [0, 1, 2, 3] or table["update"].tolist() == run["checkpoint"].values.tolist()
    assert table["accuracy"].tolist() == run["accuracy"].values.tolist()
    assert table["alignment"].between(-1, 1).all() and (table["batches"] == gradients.BATCHES).all()
