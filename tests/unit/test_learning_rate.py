"""The choice of a learning rate, compared with training each candidate separately."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from neurorules.errors import InputError
from neurorules.io.netcdf import open_dataset
from neurorules.options import Options
from neurorules.runs.run import learning_rate_used
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.yaml_source import BASE_CONFIG, merge
from neurorules.tasks.base.task import make_task
from neurorules.training.learning_rate import (
    choose_learning_rate,
    read_choice,
    tail_mean,
    with_learning_rate,
)
from neurorules.training.train import train
from neurorules.training.train_models import ModelRuns, train_models

BASE = yaml.safe_load(BASE_CONFIG.read_text())
MODEL = Model("romo", "eprop", "base")
UPDATES, SEED = 40, 17  # of which the last 4 count
TINY = {
    "updates": 6,
    "n_checkpoints": 3,
    "batch_size": 4,
    "learning_rate_updates": UPDATES,
    "learning_rate_seed": SEED,
}


def study(grid: list[float], **training: Any) -> Study:
    """Networks of 8 units on the Romo task."""
    romo = {"network": {"units": 8}, "training": {**TINY, "learning_rate_grid": grid, **training}}
    return Study(merge(BASE, {"use_figures": ["companion_fig1"], "tasks": {"romo": romo}}))


def choose(made: Study, file: Path) -> dict[str, Any]:
    choose_learning_rate(made.options.selection_options(MODEL), None, "0123456789abcdef", str(file))
    chosen: dict[str, Any] = json.loads(file.read_text())
    return chosen


def trained_with(learning_rate: float, updates: int = UPDATES, seed: int = SEED, **training: Any) -> xr.Dataset:
    """A run whose learning rate is a number, trained like any other."""
    model = study([1e-3], learning_rate=learning_rate, updates=updates, **training).options.training(MODEL)
    run = train(model, [seed], make_task("romo", model["task"], None))[seed]
    assert isinstance(run, xr.Dataset)
    return run


def end_loss(learning_rate: float, **training: Any) -> float:
    """Mean loss over the last tenth of the updates."""
    return float(np.mean(trained_with(learning_rate, **training)["task_loss"].values[-UPDATES // 10 :]))


@pytest.mark.parametrize(
    ("grid", "best", "at_edge"),
    [
        ([1.0, 1e-2, 1e-6], 1e-2, False),  # in any order
        ([1e-6, 1e-2], 1e-2, True),
        ([1e-2, 1.0], 1e-2, True),
        ([1e-2], 1e-2, False),  # there is nothing to choose
    ],
    ids=["between", "largest", "smallest", "alone"],
)
def test_the_smallest_loss_at_the_end_is_chosen(tmp_path: Path, grid: list[float], best: float, at_edge: bool) -> None:
    expected = {f"{rate:g}": end_loss(rate) for rate in grid}
    assert min(expected, key=lambda rate: expected[rate]) == f"{best:g}"
    chosen = choose(study(grid), tmp_path / "choice.json")
    assert (chosen["learning_rate"], chosen["at_edge"]) == (best, at_edge)
    assert chosen["candidates"] == pytest.approx(expected, rel=1e-12)
    assert chosen["model"] == study(grid).options.selection_options(MODEL)


def test_what_is_chosen_is_trained_as_the_model_is(tmp_path: Path) -> None:
    """Flossed if the model is flossed; the numbers of updates and checkpoints of its runs do not matter."""
    flossed = {"flossing_iterations": 2, "flossing_exponents": 2, "flossing_trials": 2}
    plain, with_flossing = choose(study([1e-2]), tmp_path / "a"), choose(study([1e-2], **flossed), tmp_path / "b")
    assert with_flossing["candidates"] == pytest.approx({"0.01": end_loss(1e-2, **flossed)}, rel=1e-12)
    assert with_flossing["candidates"] != plain["candidates"]
    longer = choose(study([1e-2], updates=9, n_checkpoints=5, checkpoints="published"), tmp_path / "c")
    assert longer == plain


def test_the_last_tenth_of_the_updates_counts() -> None:
    assert tail_mean([9.0] * 18 + [1.0, 2.0]) == 1.5
    assert tail_mean([9.0] * 27 + [1.0, 2.0]) == 1.5  # 29 updates: 2
    assert tail_mean([9.0, 5.0]) == 5.0


def test_a_learning_rate_that_diverges_is_never_chosen(tmp_path: Path) -> None:
    chosen = choose(study([1e30, 1e-2, 1e-3]), tmp_path / "choice.json")
    assert chosen["candidates"]["1e+30"] is None
    assert all(loss > 0 for rate, loss in chosen["candidates"].items() if rate != "1e+30")
    assert chosen["learning_rate"] in (1e-2, 1e-3)
    # the largest that can be used is not the grid's largest
    assert choose(study([1e30, 1e-2, 1e-6]), tmp_path / "inner.json")["at_edge"] is False


def test_where_all_diverge_the_grid_is_to_blame(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="diverges with every learning rate") as caught:
        choose(study([1e31, 1e30]), tmp_path / "choice.json")
    assert (caught.value.key, caught.value.value) == ("training.learning_rate_grid", [1e30, 1e31])
    assert caught.value.remedy is not None and "smaller learning rates" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    ['{"learning_rate": 0.01, "at_ed', "", "null", "[0.01]", '{"learning_rate": 0.01, "candidates": {}}', None],
    ids=["cut off", "empty", "null", "list", "a key is missing", "no file"],
)
def test_a_damaged_choice_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "choice.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError, match="does not contain a chosen learning rate") as caught:
        with_learning_rate(Options(study([1e-2]).options.training(MODEL)), str(file))
    assert caught.value.file == str(file)
    assert caught.value.remedy is not None and "Delete this file" in caught.value.remedy


def test_a_number_is_taken_as_it_is() -> None:
    model = Options(study([1e-2], learning_rate=0.25).options.training(MODEL))
    assert with_learning_rate(model, None) == (model, None)


def run_of(made: Study, folder: Path, choice: Path | None) -> xr.Dataset:
    """A run as a training job makes it."""
    output = folder / "seed3.nc"
    output.parent.mkdir()
    of_choice = None if choice is None else str(choice)
    train_models([ModelRuns(made.options.training(MODEL), {3: str(output)}, "fedcba98", of_choice)], None)
    return open_dataset(output, "a run")


def test_a_run_says_its_learning_rate_and_how_it_was_chosen(tmp_path: Path) -> None:
    made, file = study([1e-6, 1e-2]), tmp_path / "choice.json"
    chosen = choose(made, file)
    run = run_of(made, tmp_path / "best", file)
    assert run.attrs["learning_rate"] == 1e-2
    kept = {key: chosen[key] for key in ("learning_rate", "at_edge", "candidates")}
    assert json.loads(run.attrs["learning_rate_choice"]) == kept == read_choice(file)
    assert learning_rate_used(run) == (1e-2, True)
    assert json.loads(run.attrs["model"])["training"]["learning_rate"] == "best"
    # the run itself is that of the number
    xr.testing.assert_identical(run.drop_attrs(), trained_with(1e-2, updates=TINY["updates"], seed=3).drop_attrs())


def test_a_run_whose_learning_rate_is_a_number_was_not_chosen(tmp_path: Path) -> None:
    run = run_of(study([1e-6, 1e-2], learning_rate=1e-2), tmp_path / "number", None)
    assert learning_rate_used(run) == (1e-2, False)
    assert json.loads(run.attrs["learning_rate_choice"]) is None


def test_another_choice_is_another_run(tmp_path: Path) -> None:
    """What a stopped job has kept of an older choice is not taken for the run of this one."""
    made, first, second = study([1e-6, 1e-2]), tmp_path / "first.json", tmp_path / "second.json"
    chosen = choose(made, first)
    second.write_text(json.dumps({**chosen, "learning_rate": 1e-6}))
    runs = [run_of(made, tmp_path / file.stem, file) for file in (first, second)]
    assert [run.attrs["learning_rate"] for run in runs] == [1e-2, 1e-6]
    assert not np.array_equal(*(run["recurrent"].values[-1] for run in runs))


def test_flossing_that_fails_is_not_taken_for_a_learning_rate_too_large(tmp_path: Path) -> None:
    made = study([1e-3, 1e-2], flossing_iterations=5, flossing_learning_rate=1e308)
    with pytest.raises(InputError, match="flossing") as error:
        choose(made, tmp_path / "base.json")
    assert error.value.key == "training.flossing_learning_rate"
