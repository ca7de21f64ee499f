"""How far a study has come, on folders in which files and their times are known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers.studies import study as load_study_over

from neurorules.cli.pace import finished_jobs
from neurorules.cli.status import report
from neurorules.errors import InputError
from neurorules.study.load import Study, load_study

NOW = 1_000_000.0


@pytest.fixture
def study(repository: Path) -> Study:
    return load_study(repository / "config" / "companion.yaml")


def touch(root: Path, file: str, ended: float, text: str = "") -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (ended, ended))


def train(study: Study, root: Path, n_jobs: int, seconds: float, ended: float, side_by_side: int = 1) -> None:
    """The first jobs of a study: `side_by_side` end together, one lot after another, the last at `ended`."""
    jobs = [(model, block) for block in study.selection.blocks for model in block.models][:n_jobs]
    n_lots = n_jobs // side_by_side
    for number, (model, block) in enumerate(jobs):
        end = ended - seconds * (n_lots - 1 - number // side_by_side)
        touch(root, study.paths.training_benchmark(model, block.seeds), end, f"s\th:m:s\n{seconds}\t0:01:00\n")
        for seed in block.seeds:
            touch(root, study.paths.run_file(model, seed), end)


def test_nothing_is_there_yet(study: Study, tmp_path: Path) -> None:
    text = report(study, tmp_path, NOW)
    assert "runs                       0 of 450     0%" in text
    assert "not yet: companion_fig1" in text
    assert "known after the first training job" in text


def test_runs_of_other_models_are_said_while_some_are_left(study: Study, tmp_path: Path) -> None:
    """As when a study of two files is asked for with one of them."""
    train(study, tmp_path, 1, 50.0, NOW)
    assert "other runs" not in report(study, tmp_path, NOW)
    touch(tmp_path, study.paths.run_file("reach/bptt/other", 0), NOW)
    text = report(study, tmp_path, NOW)
    assert "other runs in this folder: 1 models that this study does not use, such as reach/bptt/other." in text


@pytest.mark.parametrize("side_by_side", [1, 2])
def test_time_left_by_hand(study: Study, tmp_path: Path, side_by_side: int) -> None:
    """20 of 90 jobs of 5 runs and 50 s each: 350 runs of 10 s are left."""
    train(study, tmp_path, 20, 50.0, NOW, side_by_side)
    text = report(study, tmp_path, NOW)
    assert "runs                     100 of 450    22%" in text
    left = {1: "58:20", 2: "29:10"}[side_by_side]
    assert f"about {left}, with {side_by_side}.0 jobs in parallel" in text
    assert "ago" not in text


def test_an_earlier_session_is_not_the_pace(study: Study, tmp_path: Path) -> None:
    jobs = [(model, block) for block in study.selection.blocks for model in block.models]
    train(study, tmp_path, 10, 50.0, NOW)
    for model, block in jobs[:5]:  # two hours before, side by side
        touch(tmp_path, study.paths.training_benchmark(model, block.seeds), NOW - 7200, "s\th:m:s\n50.0\t0:00:50\n")
    assert "with 1.0 jobs in parallel" in report(study, tmp_path, NOW)


def test_the_time_of_a_job_of_two_models_goes_by_their_updates(tmp_path: Path) -> None:
    """Two seeds each of 100 and of 300 updates in 80 s: 0.1 s an update, 10 s and 30 s a run."""
    figure = {"tasks": ["romo"], "learning_rules": ["eprop"], "settings": ["base", "longer"], "seeds": [0, 1]}
    made = load_study_over(
        {
            "seeds_per_job": 2,
            "models_per_job": 2,
            "use_figures": ["companion_fig1"],
            "figures": {"companion_fig1": figure},
            "tasks": {"romo": {"training": {"updates": 100}}},
            "settings": {"longer": {"training": {"updates": 300}}},
        }
    )
    (block,) = made.selection.blocks
    file = made.paths.training_benchmark(block.models[0], block.seeds, 2)
    touch(tmp_path, file, NOW, "s\th:m:s\n80.0\t0:01:20\n")
    (job,) = finished_jobs(made, tmp_path)
    assert {model.setting: seconds for model, seconds in job.per_run.items()} == pytest.approx(
        {"base": 10.0, "longer": 30.0}
    )
    # two runs are left, one of each
    for model in block.models:
        touch(tmp_path, made.paths.run_file(model, 0), NOW)
    assert "about 0:40, with 1.0 jobs" in report(made, tmp_path, NOW)


def test_a_study_at_rest_says_since_when(study: Study, tmp_path: Path) -> None:
    train(study, tmp_path, 4, 50.0, NOW - 7200)
    assert "(the last one ended 2:00:00 ago)" in report(study, tmp_path, NOW)


def test_a_finished_study_has_no_time_left(study: Study, tmp_path: Path) -> None:
    train(study, tmp_path, len([m for block in study.selection.blocks for m in block.models]), 1.0, NOW)
    for name in study.selection.figures:
        for file in [*study.paths.figure_tables(name), *study.paths.figure_files(name)]:
            touch(tmp_path, file, NOW)
    text = report(study, tmp_path, NOW)
    assert "figures                   10 of 10    100%" in text
    assert "not yet" not in text and "time left" not in text


def test_targets_that_are_nearly_figures_are_named(study: Study) -> None:
    for fine in ("companion_fig1", "all", "recording", "score", "train_seed0", "results/companion/figures/fig1.pdf"):
        study.check_target(fine)
    with pytest.raises(InputError, match="not part of the study companion"):
        study.check_target("fig6")
    with pytest.raises(InputError) as error:
        study.check_target("companion_fig11")
    assert "Did you mean companion_fig1?" in str(error.value)


def test_a_figure_without_one_of_its_files_is_not_there(study: Study, tmp_path: Path) -> None:
    files = study.paths.figure_files("companion_fig1")
    for file in files[:-1]:
        touch(tmp_path, file, NOW)
    assert "not yet: companion_fig1" in report(study, tmp_path, NOW)
    touch(tmp_path, files[-1], NOW)
    assert "not yet: companion_fig2" in report(study, tmp_path, NOW)
