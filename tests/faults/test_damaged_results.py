"""A damaged result is detected and reported by the job that reads it, set aside, and made again by the same command."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from helpers.checkout import Checkout

REACH = "hatsopoulos2007"
RECORDING = f"recordings/{REACH}.nc"
RUN = f"runs/{REACH}/eprop/base/seed1.nc"
TABLE = f"similarity/{REACH}/eprop/base/seeds0-1/distances.csv"

# of fig1: made again after a change of alignment
DISTANCES = {f"similarity/{REACH}/{rule}/base/seeds0-1/distances.csv" for rule in ("bptt", "eprop")}
FIG1 = {f"figures/fig1.{ending}" for ending in ("pdf", "png", "csv")}


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    """One bit of one weight: the file opens as before."""
    with h5py.File(file) as run:
        weight = run["recurrent"][-1, 3, 5].tobytes()
    content = bytearray(file.read_bytes())
    assert content.count(weight) == 1
    content[content.index(weight)] ^= 1
    file.write_bytes(content)
    with h5py.File(file) as run:
        assert set(run) >= {"recurrent", "accuracy"}


def keeping_time(file: Path, damage: Callable[[Path], None]) -> None:
    """Damage a file as a failing disk does it, without Snakemake taking notice."""
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    damage(file)
    os.utime(file, ns=times)


def kept(checkout: Checkout, before: dict[str, str]) -> set[str]:
    now = checkout.hashes()
    return {file for file in before if now.get(file) == before[file]}


@pytest.mark.parametrize(("result", "damage"), [(RUN, flip), (RUN, cut), (RECORDING, cut)])
def test_a_damaged_run_or_recording(
    finished: Checkout, checkout: Checkout, result: str, damage: Callable[[Path], None]
) -> None:
    before = checkout.hashes()
    runs = {run: run.stat().st_ino for run in checkout.results.glob(f"runs/{REACH}/*/*/*.nc")}
    keeping_time(checkout.results / result, damage)
    lost = (checkout.results / result).read_bytes()
    for table in DISTANCES:
        (checkout.results / table).unlink()
    (checkout.results / "figures/fig1.csv").unlink()

    outcome = checkout.run("fig1")
    outcome.refuses(
        f"results/tiny/{result}", "cannot be read as a r", "Run the same snakemake command again", f"{result}.damaged"
    )
    assert (checkout.results / f"{result}.damaged").read_bytes() == lost
    assert kept(checkout, before) >= set(before) - {result} - DISTANCES - FIG1

    if result == RECORDING:  # as its remedy says: made alone, it is the same, and nothing is trained again
        checkout.finish(f"results/tiny/{result}")
    checkout.finish("fig1")
    (checkout.results / f"{result}.damaged").unlink()
    assert checkout.hashes() == finished.hashes()
    trained = {str(run.relative_to(checkout.results)) for run, inode in runs.items() if run.stat().st_ino != inode}
    # seeds 0 and 1 are of one job
    assert trained == (set() if result == RECORDING else {RUN, RUN.replace("seed1", "seed0")})


def cut_line(file: Path) -> None:
    """Cut a table off in the middle of a line."""
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], lines[3][: len(lines[3]) // 2]]))


def noise(file: Path) -> None:
    file.write_bytes(bytes(range(256)))


@pytest.mark.parametrize("damage", [cut_line, noise])
def test_a_damaged_table(finished: Checkout, checkout: Checkout, damage: Callable[[Path], None]) -> None:
    before = checkout.hashes()
    damage(checkout.results / TABLE)
    checkout.run("fig1").refuses(
        f"results/tiny/{TABLE}", "The table cannot be read", "Run the same snakemake command again", f"{TABLE}.damaged"
    )
    assert kept(checkout, before) == set(before) - {TABLE} - FIG1
    if damage is noise:
        checkout.finish("fig1")
        (checkout.results / f"{TABLE}.damaged").unlink()
        assert checkout.hashes() == finished.hashes()
