"""Training jobs of several models: networks of the same shape as one stack, and effects of one model on the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
import yaml
from helpers.options import CELL_TYPE_RULES, DALE_RELU, model_options

from neurorules.errors import InputError
from neurorules.io.netcdf import open_dataset
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.options import Options
from neurorules.runs.kept import FOLDER
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.yaml_source import BASE_CONFIG, merge
from neurorules.tasks.base.losses import ScoredTrials
from neurorules.tasks.base.task import make_task
from neurorules.training.optimiser import make_optimiser
from neurorules.training.shape import VARIES, shape
from neurorules.training.train import Network, train_stack
from neurorules.training.train_models import ModelRuns, train_in_memory, train_models

BASE = yaml.safe_load(BASE_CONFIG.read_text())
ROMO = BASE["tasks"]["romo"]["task"]

# What networks of one shape may differ in, a network each.
UNLIKE: list[dict[str, dict[str, Any]]] = [
    {},
    {"network": {"gain": 0.5, "noise_sd": 0.02}, "training": {"learning_rate": 0.02}},
    {"network": {"input_init": "normal", "bias_init": "zero", "recurrent_scale": 1.5}},
    {"training": {"activity_penalty": 0.0, "checkpoints": "published"}},
    {"training": {"n_checkpoints": 2, "flossing_iterations": 2, "flossing_exponents": 2}},
    {"network": {"density": 0.5}},
]


def options_of(rule: str, unlike: Mapping[str, Mapping[str, Any]] | None = None, **training: Any) -> Options:
    """A small model on the task romo, which differs from the others in the given options."""
    common = {"updates": 3, "batch_size": 5, "activity_penalty": 1.0, "n_checkpoints": 3, **training}
    constraints = DALE_RELU if rule in CELL_TYPE_RULES else {}
    unlike = unlike or {}
    network = {"tau_steps": 5, **constraints, **unlike.get("network", {})}
    return model_options(rule, "romo", network=network, training={**common, **unlike.get("training", {})})


# ---- a stack


@pytest.mark.parametrize(
    ("optimiser", "seeds"), [("adam", (0, 0, 1, 2, 2, 3)), ("sgd", (0, 0, 1, 2, 2, 3)), ("adam", (4,) * 6)]
)
@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_unlike_networks_trained_together_are_those_trained_alone(
    learning_rule: str, optimiser: str, seeds: tuple[int, ...]
) -> None:
    """In float64. Networks of one seed share the batch."""
    task = make_task("romo", ROMO, None)
    models = [options_of(learning_rule, unlike, optimiser=optimiser) for unlike in UNLIKE]
    networks = [Network(model, seed) for seed, model in zip(seeds, models, strict=True)]
    together = train_stack(networks, task, dtype=torch.float64)
    for network, run in zip(networks, together, strict=True):
        (alone,) = train_stack([network], task, dtype=torch.float64)
        assert isinstance(run, xr.Dataset) and isinstance(alone, xr.Dataset)
        assert run["recurrent"].dtype == np.float64
        assert np.abs(alone["recurrent"][-1] - alone["recurrent"][0]).max() > 1e-4
        assert set(run.variables) == set(alone.variables)
        for name in alone.variables:
            np.testing.assert_allclose(run[name], alone[name], rtol=1e-12, atol=1e-12, err_msg=str(name))
    checkpoints = [run["checkpoint"].values.tolist() for run in together if isinstance(run, xr.Dataset)]
    assert checkpoints[0] == [0, 1, 3] and checkpoints[3] == [0, 1, 2, 3] and checkpoints[4] == [0, 3]
    assert ["flossing_exponents" in run for run in together] == [False, False, False, False, True, False]


@pytest.mark.parametrize("learning_rule", ["bptt", "eprop"])
def test_the_bytes_of_a_run_do_not_depend_on_the_stack(learning_rule: str) -> None:
    """In float32, with trials that are computed in several blocks of steps."""
    task = make_task("romo", ROMO, None)
    rates = [{"network": {"units": 64}, "training": {"learning_rate": rate}} for rate in (1e-3, 1e-2, 1e-4)]
    networks = [Network(options_of(learning_rule, unlike, batch_size=64), 0) for unlike in rates]
    for network, run in zip(networks, train_stack(networks, task), strict=True):
        (alone,) = train_stack([network], task)
        xr.testing.assert_identical(run, alone)


def test_a_network_that_diverges_is_the_only_one_and_names_its_own_learning_rate() -> None:
    task = make_task("romo", ROMO, None)
    good, bad = ({"network": {"activation": "relu"}, "training": {"learning_rate": rate}} for rate in (0.01, 1e30))
    networks = [Network(options_of("bptt", unlike), 0) for unlike in (good, bad, good)]
    first, failed, last = train_stack(networks, task, dtype=torch.float64)
    assert isinstance(failed, InputError) and failed.value == 1e30
    (alone,) = train_stack(networks[1:2], task, dtype=torch.float64)
    assert str(alone) == str(failed)
    assert isinstance(first, xr.Dataset) and isinstance(last, xr.Dataset)
    xr.testing.assert_identical(first, last)


@pytest.mark.parametrize("flossing_learning_rate", [1e-3, 1e308])
def test_networks_that_differ_in_learning_rate_share_their_flossing(flossing_learning_rate: float) -> None:
    """Others do not: neither those of another seed, nor those with more iterations."""
    task = make_task("romo", ROMO, None)

    def network(seed: int, rate: float, iterations: int = 2) -> Network:
        training = {"learning_rate": rate, "flossing_exponents": 2, "flossing_iterations": iterations}
        model = options_of("bptt", {"training": {**training, "flossing_learning_rate": flossing_learning_rate}})
        return Network(model, seed)

    networks = [network(0, 0.01), network(1, 0.01), network(0, 0.02), network(1, 0.02), network(0, 0.01, 3)]
    for one, run in zip(networks, train_stack(networks, task), strict=True):
        (alone,) = train_stack([one], task)
        if flossing_learning_rate > 1:
            assert isinstance(run, InputError) and isinstance(alone, InputError)
            assert run.key == "training.flossing_learning_rate" and str(run) == str(alone)
        else:
            assert isinstance(run, xr.Dataset) and isinstance(alone, xr.Dataset)
            xr.testing.assert_identical(run, alone)


def test_networks_of_several_shapes_are_no_stack() -> None:
    models = [options_of("bptt"), options_of("bptt", {"network": {"tau_steps": 2}})]
    with pytest.raises(ValueError, match="shapes"):
        train_stack([Network(model, 0) for model in models], make_task("romo", ROMO, None))


def test_every_option_that_may_differ_is_one_that_exists() -> None:
    """A misspelt name would split one stack into several shapes."""
    model = Study(BASE).options.of(next(iter(Study(BASE).selection.trained)))
    assert {(group, name) for group in VARIES for name in VARIES[group] if name not in model[group]} == set()
    assert "learning_rate" not in shape(model)["training"] and "units" in shape(model)["network"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_adam_with_a_learning_rate_each_gives_the_bytes_of_one_at_a_time(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    rates = [1e-3, 3e-2, 0.7]
    together = torch.randn(3, 40, dtype=dtype, generator=generator)
    alone = [one.clone() for one in together]
    adam = make_optimiser(together, Options({"optimiser": "adam"}), rates)
    singles = [
        make_optimiser(one, Options({"optimiser": "adam"}), [rate]) for one, rate in zip(alone, rates, strict=True)
    ]
    for update in range(300):
        gradient = torch.randn(3, 40, dtype=dtype, generator=generator) * 10.0 ** (update % 7 - 3)
        adam.step(gradient)
        for own, optimiser in zip(gradient, singles, strict=True):
            optimiser.step(own)
        assert together.numpy().tobytes() == torch.stack(alone).numpy().tobytes(), update


def test_descent_with_a_learning_rate_each() -> None:
    parameters = torch.ones(2, 3, dtype=torch.float64)
    make_optimiser(parameters, Options({"optimiser": "sgd"}), [0.5, 2.0]).step(torch.ones_like(parameters))
    assert parameters.tolist() == [[0.5] * 3, [-1.0] * 3]


# ---- a job

TINY = {
    "network": {"units": 8, "activation": "relu"},
    "training": {"updates": 3, "n_checkpoints": 2, "batch_size": 4, "learning_rate": 1e-2},
}
STUDY = Study(
    merge(
        BASE,
        {
            "use_figures": ["companion_fig1"],
            "tasks": {"romo": TINY, "2af": TINY},
            "settings": {"steep": {"training": {"learning_rate": 1e30}}},
            "figures": {"companion_fig1": {"tasks": ["romo", "2af"], "settings": ["base", "steep", "gain-0.2"]}},
        },
    )
)
GOOD, OTHER, STEEP = (
    Model(*of) for of in (("romo", "eprop", "base"), ("2af", "bptt", "gain-0.2"), ("romo", "bptt", "steep"))
)


def asked(folder: Path, model: Model, /, *seeds: int, **changes: Any) -> ModelRuns:
    runs = {seed: str(folder / str(model) / f"seed{seed}.nc") for seed in seeds}
    (folder / str(model)).mkdir(parents=True, exist_ok=True)
    return ModelRuns(**{"model": STUDY.options.training(model), "outputs": runs, "code": "0123", **changes})


def contents(folder: Path) -> dict[str, bytes]:
    files = {file for file in folder.rglob("*.nc") if FOLDER not in file.parts}
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_a_job_of_two_models_writes_what_two_jobs_write(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of two tasks, too; in any order."""
    for model in (GOOD, OTHER):
        train_models([asked(tmp_path / "apart", model, 0, 1)], None)
    for name, models in (("together", (GOOD, OTHER)), ("turned", (OTHER, GOOD))):
        train_models([asked(tmp_path / name, model, 0, 1) for model in models], None)
        assert contents(tmp_path / name) == contents(tmp_path / "apart")
    assert len(contents(tmp_path / "apart")) == 4
    said = capfd.readouterr().err
    assert "romo/eprop/base seed 1: update 3/3" in said and "2af/bptt/gain-0.2 seed 0: update 3/3" in said


def test_one_model_that_fails_does_not_cost_the_others(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    models = [asked(tmp_path, model, 0, 1) for model in (STEEP, GOOD)]
    with pytest.raises(InputError, match="2 of 4 runs failed; the finished ones are kept") as caught:
        train_models(models, None)
    assert "romo/bptt/steep seed 0: Training diverged" in str(caught.value)
    assert "romo/eprop/base seed" not in str(caught.value)
    capfd.readouterr()
    train_models(models[1:], None)
    assert "romo/eprop/base seed 0: finished before, kept" in capfd.readouterr().err


def test_a_choice_that_is_not_there_does_not_cost_the_others(tmp_path: Path) -> None:
    best = STUDY.options.training(OTHER)
    best["training"] = {**best["training"], "learning_rate": "best"}
    waits = asked(tmp_path, OTHER, 0, model=best, learning_rate_file=str(tmp_path / "choice.json"))
    with pytest.raises(InputError, match="1 of 2 runs failed") as caught:
        train_models([waits, asked(tmp_path, GOOD, 0)], None)
    assert "does not contain a chosen learning rate" in str(caught.value)
    assert len(list((tmp_path / str(GOOD) / FOLDER).iterdir())) == 1


def test_a_change_of_one_model_leaves_the_runs_of_the_others(tmp_path: Path) -> None:
    train_models([asked(tmp_path, model, 0, 1) for model in (GOOD, OTHER)], None)
    before = contents(tmp_path)
    files = {file: (tmp_path / file).stat() for file in before}
    changed = STUDY.options.training(OTHER)
    changed["training"] = {**changed["training"], "learning_rate": 2e-2}
    train_models([asked(tmp_path, GOOD, 0, 1), asked(tmp_path, OTHER, 0, 1, model=changed)], None)
    for file, stat in files.items():
        same = file.startswith("romo")
        assert ((tmp_path / file).stat().st_ino == stat.st_ino) == same
        assert ((tmp_path / file).read_bytes() == before[file]) == same
    rates = {file: open_dataset(tmp_path / file, "a run").attrs["learning_rate"] for file in files}
    assert {file.split("/")[0]: rate for file, rate in rates.items()} == {"romo": 1e-2, "2af": 2e-2}


class SmallMemory:
    """A loss that needs more memory than there is for a stack of more than two networks."""

    def __init__(self, loss: Any) -> None:
        self.loss, self.stacks = loss, []

    def __call__(self, outputs: torch.Tensor, batch: ScoredTrials) -> tuple[torch.Tensor, torch.Tensor]:
        n_networks = len(outputs) if outputs.ndim == 4 else 1
        if n_networks > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.stacks.append(n_networks)
        gradient: tuple[torch.Tensor, torch.Tensor] = self.loss(outputs, batch)
        return gradient


def test_a_stack_that_does_not_fit_into_memory_is_trained_in_halves(capfd: pytest.CaptureFixture[str]) -> None:
    """Five are split into two and three, these into one and two; each run equals that of its network alone."""
    task = make_task("romo", ROMO, None)
    task.loss = small = SmallMemory(task.loss)  # type: ignore[misc, assignment]
    networks = [Network(options_of("bptt", unlike), seed) for seed, unlike in enumerate(UNLIKE[:5])]
    runs = train_in_memory(networks, task, "five")
    assert small.stacks == [*[2] * 3, *[1] * 3, *[2] * 3]
    assert capfd.readouterr().err.count("in two halves") == 2
    for network, run in zip(networks, runs, strict=True):
        (alone,) = train_stack([network], make_task("romo", ROMO, None))
        assert isinstance(run, xr.Dataset) and isinstance(alone, xr.Dataset)
        np.testing.assert_allclose(run["task_loss"], alone["task_loss"], rtol=1e-4)
