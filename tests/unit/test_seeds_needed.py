"""Seeds that a primary claim needs and their cost, in studies whose jobs and ledgers are known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neurorules.claims.published import read_published
from neurorules.cli.seeds import compared_models, seeds_report
from neurorules.study.load import Study, load_study

CLAIMS = {claim["id"]: claim for claim in read_published()["claims"]}


@pytest.fixture
def study(repository: Path) -> Study:
    return load_study(repository / "config" / "reach.yaml")


def train(study: Study, root: Path, seconds: dict[str, float]) -> None:
    """All jobs in setting base, by learning rule; each has so many seconds for a run."""
    for block in study.selection.blocks:
        for model in block.models:
            if model.learning_rule in seconds and model.setting == "base":
                file = root / study.paths.training_benchmark(model, block.seeds)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"s\th:m:s\n{seconds[model.learning_rule] * len(block.seeds)}\t0:00:00\n")
                os.utime(file, (1000.0, 1000.0))


def ledger(study: Study, root: Path, seeds: str) -> None:
    (file,) = (file for file in study.paths.figure_files("claims") if file.endswith(".csv"))
    (root / file).parent.mkdir(parents=True)
    columns = "primary,n_first,n_second,seeds_for_80,seeds_for_80_low,seeds_for_80_high"
    (root / file).write_text(f"{columns}\n0,4.0,4.0,99.0,98.0,100.0\n1,4.0,4.0,{seeds}\n")


def test_the_networks_of_a_claim(study: Study) -> None:
    models = compared_models(study, CLAIMS["fig1-eprop-comparable"], "hatsopoulos2007", "base")
    assert {(m.task, m.learning_rule, m.setting) for m in models} == {
        ("hatsopoulos2007", "bptt", "base"),
        ("hatsopoulos2007", "eprop", "base"),
    }
    gains = compared_models(study, CLAIMS["table1-gain-1-below-gain-0"], "hatsopoulos2007", "base")
    assert {m.setting for m in gains} == {"base", "gain-0"}  # which the claim itself names


def test_before_anything_has_run(study: Study, tmp_path: Path) -> None:
    """Margin .014, SD .020: normal theory says 2 (1.645 + 1.282)^2 (.020 / .014)^2 = 35 a side, t-tests one more."""
    text = seeds_report(study, tmp_path)
    assert "fig1-eprop-comparable (hatsopoulos2007; base): 36 seeds per group for 80% power" in text
    assert "the published SD over seeds, 0.02" in text and "this study has 4" in text
    assert "32 more seeds of bptt and eprop, 64 runs" in text
    assert "known after the first training job of this study" in text


def test_cost_by_hand(study: Study, tmp_path: Path) -> None:
    """6 more seeds, of 100 s by BPTT and 50 s by e-prop: 900 s."""
    train(study, tmp_path, {"bptt": 100.0, "eprop": 50.0})
    ledger(study, tmp_path, "10.0,5.0,40.0")
    text = seeds_report(study, tmp_path)
    assert "10 seeds per group for 80% power (at the SDs found with 4 seeds, 5 to 40 over the 95% interval" in text
    assert "6 more seeds of bptt and eprop, 12 runs: about 15:00 one after another" in text
    assert "bptt 100 s, eprop 50 s" in text


def test_enough_seeds_cost_nothing(study: Study, tmp_path: Path) -> None:
    ledger(study, tmp_path, "4.0,2.0,9.0")
    text = seeds_report(study, tmp_path)
    assert "4 seeds per group" in text and "more seeds" not in text


def test_without_a_published_sd_no_number_is_made_up(repository: Path, tmp_path: Path) -> None:
    text = seeds_report(load_study(repository / "config" / "companion.yaml"), tmp_path)
    assert (
        "companion-fig1-gain-matters-eprop (romo; " in text
        and "not known (the claim has no margin with a published SD" in text
    )
