"""Training jobs of several models in Snakemake: effects of one model's change or failure on the others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.checkout import RESULTS, Checkout

BPTT, EPROP = (f"runs/hatsopoulos2007/{rule}/base/seed0.nc" for rule in ("bptt", "eprop"))
TARGETS = (f"{RESULTS}/{BPTT}", f"{RESULTS}/{EPROP}")
LOG = "logs/runs/hatsopoulos2007/bptt/base/seed0_of_2_models.log"
OF_EPROP = ("settings", "base", "by_learning_rule", "eprop")


@pytest.fixture(scope="module")
def trained(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Seed 0 of BPTT and of e-prop, from one job."""
    checkout = pristine.copy(tmp_path_factory.mktemp("trained") / "checkout")
    checkout.configure("seeds_per_job", to=1)
    checkout.configure("models_per_job", to=2)
    checkout.finish(*TARGETS)
    assert (checkout.results / LOG).exists()
    return checkout


def test_a_change_of_one_model_trains_that_model(trained: Checkout, tmp_path: Path) -> None:
    checkout = trained.copy(tmp_path / "checkout")
    assert checkout.planned(*TARGETS) == set()
    before = checkout.hashes()
    checkout.configure(*OF_EPROP, to={"training": {"learning_rate": 1e-4}})
    assert checkout.planned(*TARGETS) == {BPTT, EPROP}
    checkout.finish(*TARGETS)
    after = checkout.hashes()
    assert {file for file in before if after.get(file) != before[file]} == {EPROP}
    said = (checkout.results / LOG).read_text()
    assert "bptt/base seed 0: finished before, kept" in said
    assert re.search(r"eprop/base seed 0: update 20/20.* done", said) and "bptt/base seed 0: update" not in said
    assert checkout.planned(*TARGETS) == set()


def test_a_failure_of_one_model_leaves_the_runs_of_the_others(trained: Checkout, tmp_path: Path) -> None:
    checkout = trained.copy(tmp_path / "checkout")
    before = checkout.hashes()
    checkout.configure(*OF_EPROP, to={"network": {"activation": "relu"}, "training": {"learning_rate": 1e30}})
    outcome = checkout.run(*TARGETS)
    outcome.refuses("1 of 2 runs failed; the finished ones are kept", "eprop/base seed 0: Training diverged", "1e+30")
    assert checkout.hashes()[BPTT] == before[BPTT]
    checkout.configure(*OF_EPROP, to={"training": {"learning_rate": 1e-4}})
    checkout.finish(*TARGETS)
    after = checkout.hashes()
    assert after[BPTT] == before[BPTT] and after[EPROP] != before[EPROP]
    assert "bptt/base seed 0: finished before, kept" in (checkout.results / LOG).read_text()


def test_other_models_in_a_job_train_nothing_again(trained: Checkout, tmp_path: Path) -> None:
    checkout = trained.copy(tmp_path / "checkout")
    before = checkout.hashes()
    checkout.configure("models_per_job", to=1)
    checkout.finish(*TARGETS)
    assert checkout.hashes() == before
