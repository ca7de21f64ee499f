"""Whatever is killed, the same command again ends in the same bytes and trains nothing twice."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.checkout import Checkout, Running

RUNS = "runs/hatsopoulos2007"


class Kept:
    """Runs that were finished at some moment; hard links keep the same files."""

    def __init__(self, checkout: Checkout, folder: Path) -> None:
        self.checkout, self.folder = checkout, folder
        self.links: dict[str, Path] = {}
        folder.mkdir()

    def remember(self, run: Path, output: str) -> None:
        """`run` is a finished run that is to become, or is, the output of this name below results/tiny."""
        if output not in self.links:
            self.links[output] = self.folder / output.replace("/", "-")
            os.link(run, self.links[output])

    def still_there(self) -> None:
        for output, link in self.links.items():
            assert (self.checkout.results / output).samefile(link), f"{output} was trained again"


def runs(checkout: Checkout) -> set[str]:
    """Run files below results/tiny."""
    return {str(file.relative_to(checkout.results)) for file in checkout.results.glob(f"{RUNS}/*/*/seed*.nc")}


def finished_seeds(checkout: Checkout) -> list[Path]:
    """Seeds that are finished while their block is not."""
    return list(checkout.results.glob(f"{RUNS}/*/*/.finished/seed*.nc"))


def output_of(checkout: Checkout, kept: Path) -> str:
    """.../.finished/seed0-<identity>.nc becomes .../seed0.nc."""
    return str((kept.parent.parent / f"{kept.name.split('-')[0]}.nc").relative_to(checkout.results))


def test_killed_again_and_again_it_ends_in_the_same_bytes(finished: Checkout, fresh: Checkout, tmp_path: Path) -> None:
    kept = Kept(fresh, tmp_path / "kept")

    # as soon as there is a run file: Snakemake has not taken note of it yet
    running = fresh.start(cores=1)
    running.until(lambda: runs(fresh))
    power_cut(running)
    unconfirmed = set(finished_seeds(fresh))  # they keep their second names until a table is made of them

    # while a second seed trains: the first one is finished
    running = fresh.start(cores=1)
    (first,) = running.until(lambda: set(finished_seeds(fresh)) - unconfirmed)
    power_cut(running)
    assert set(finished_seeds(fresh)) - unconfirmed == {first}
    kept.remember(first, output_of(fresh, first))

    # when a training job has ended, whatever comes next
    running = fresh.start(cores=1)
    done = running.until(lambda: running.made() & runs(fresh))
    power_cut(running)
    assert len(done) == 2
    for run in done:
        kept.remember(fresh.results / run, run)

    # while scoring
    running = fresh.start(cores=1)
    running.until(lambda: list(fresh.results.glob("logs/similarity/**/*.log")))
    power_cut(running)
    assert not list(fresh.results.glob("figures/*"))

    fresh.finish()
    kept.still_there()
    assert fresh.hashes() == finished.hashes()
    assert fresh.planned() == set()


def power_cut(running: Running) -> None:
    running.kill()
    running.checkout.finish("--unlock")


def test_a_killed_training_job_keeps_its_finished_seeds(finished: Checkout, checkout: Checkout, tmp_path: Path) -> None:
    target = "results/tiny/runs/hatsopoulos2007/eprop/base/seed1.nc"
    for run in checkout.results.glob(f"{RUNS}/eprop/base/*.nc"):
        run.unlink()
    kept = Kept(checkout, tmp_path / "kept")
    running = checkout.start(target)
    (first,) = running.until(lambda: finished_seeds(checkout))
    for process in running.descendants("train.py"):
        process.kill()
    outcome = running.end()
    assert outcome.code != 0
    assert "Error in rule train_seed0_1" in outcome.text
    assert finished_seeds(checkout) == [first]
    kept.remember(first, output_of(checkout, first))

    outcome = checkout.finish(target)
    assert "eprop/base seed 0: finished before, kept" in outcome.text
    assert "eprop/base seed 1: finished before, kept" not in outcome.text
    kept.still_there()
    assert checkout.hashes() == finished.hashes()


def test_a_seed_that_diverges_does_not_cost_the_other(checkout: Checkout) -> None:
    # Without saturation, activity grows by a factor per step that differs between networks of 16 random units: at this
    # gain seed 5 leaves float32 in its first trials, by ten orders of magnitude, and seed 11 stays as far below.
    checkout.configure("settings", "exploding", "network", to={"activation": "relu", "gain": 12.0})
    checkout.configure("figures", "fig1", to={"settings": ["exploding"], "seeds": [5, 11]})
    outcome = checkout.run(f"results/tiny/{RUNS}/bptt/exploding/seed11.nc", "--retries", "1")
    outcome.refuses(
        "1 of 2 seeds failed", "seed 5: Training diverged", "training.learning_rate", "smaller learning rate"
    )
    assert [file.name.split("-")[0] for file in finished_seeds(checkout)] == ["seed11"]
    # the second try trained only what had failed
    assert "seed 11: update 20/20" in outcome.text
    assert outcome.text.count("seed 11: finished before, kept") >= 1
    log = (checkout.results / "logs" / RUNS / "bptt/exploding/seed5_11.log").read_text()
    assert "seed 5: Training diverged" in log
    assert "seed 11: finished before, kept" in log
    assert "update 20/20" not in log
    assert not list((checkout.results / RUNS / "bptt/exploding").glob("seed*.nc"))
