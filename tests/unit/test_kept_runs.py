"""Finished runs are kept under a second name until a job that uses them has confirmed them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import yaml

from neurorules.runs.kept import FOLDER, confirm, hand_out, keep
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.yaml_source import BASE_CONFIG, merge
from neurorules.training.train_models import ModelRuns, train_models

MODEL = Model("romo", "eprop", "base")
ROMO = {
    "network": {"units": 8},
    "training": {"updates": 3, "n_checkpoints": 2, "batch_size": 4, "learning_rate": 1e-2},
}
OPTIONS = Study(
    merge(yaml.safe_load(BASE_CONFIG.read_text()), {"use_figures": ["companion_fig1"], "tasks": {"romo": ROMO}})
).options.training(MODEL)


def trained(folder: Path, *seeds: int, code: str = "0123") -> dict[int, Path]:
    runs = {seed: folder / "base" / f"seed{seed}.nc" for seed in seeds}
    runs[seeds[0]].parent.mkdir(parents=True, exist_ok=True)
    train_models([ModelRuns(OPTIONS, {seed: str(run) for seed, run in runs.items()}, code)], None)
    return runs


def test_outputs_that_were_removed_are_found_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Snakemake removes the outputs of a job that ended while it was not there; training them took hours."""
    runs = trained(tmp_path, 1, 10)
    before = {seed: run.stat().st_ino for seed, run in runs.items()}
    for run in runs.values():
        run.unlink()
    capfd.readouterr()
    trained(tmp_path, 1, 10)
    assert {seed: run.stat().st_ino for seed, run in runs.items()} == before
    said = capfd.readouterr().err
    assert "seed 1: finished before, kept" in said and "seed 10: finished before, kept" in said


def test_a_second_name_takes_no_space_and_goes_when_its_run_is_confirmed(tmp_path: Path) -> None:
    runs = trained(tmp_path, 1, 10)
    assert [run.stat().st_nlink for run in runs.values()] == [2, 2]
    confirm([runs[1]])
    assert [run.stat().st_nlink for run in runs.values()] == [1, 2]
    confirm([runs[10]])
    assert sorted(file.name for file in runs[1].parent.iterdir()) == ["seed1.nc", "seed10.nc"]


def test_what_other_code_made_is_not_taken(tmp_path: Path) -> None:
    run = trained(tmp_path, 1)[1]
    before = run.stat().st_ino
    run.unlink()
    trained(tmp_path, 1, code="other")
    assert run.stat().st_ino != before
    (kept,) = (run.parent / FOLDER).iterdir()  # no run of older code piles up
    assert kept.stat().st_ino == run.stat().st_ino


def test_a_damaged_one_is_trained_again(tmp_path: Path) -> None:
    run = trained(tmp_path, 1)[1]
    whole = run.read_bytes()
    os.truncate(run, len(whole) // 2)  # its second name is the same file
    run.rename(f"{run}.damaged")
    trained(tmp_path, 1)
    assert run.read_bytes() == whole


def test_without_hard_links_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")  # as on FAT

    monkeypatch.setattr(os, "link", refuse)
    run, kept = tmp_path / "seed1.nc", tmp_path / FOLDER / "seed1-0.nc"
    run.write_text("a run")
    keep(run, kept)
    assert kept.read_text() == "a run" and not run.exists()
    hand_out(kept, run)
    assert run.read_text() == "a run" and not kept.parent.exists()
