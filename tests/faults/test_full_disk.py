"""A full disk is reported, destroys nothing finished, and the same command continues once there is more space."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.checkout import Checkout

from neurorules.errors import InputError
from neurorules.io.netcdf import write_dataset
from neurorules.io.tables import write_table
from neurorules.plotting.save import save_figure

RUN = "runs/hatsopoulos2007"


class Disk:
    """A file system in memory of a size that can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, size: int) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root may mount a small file system to fill")
        self.folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    def resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)

    def fill(self) -> Path:
        """A file that takes all free space, including space that HDF5 releases late from a removed file."""
        gc.collect()
        filler = self.folder / "of-others"
        with filler.open("wb", buffering=0) as file:
            page = bytes(os.sysconf("SC_PAGE_SIZE"))
            with contextlib.suppress(OSError):
                while file.write(page):
                    pass
        return filler

    def unmount(self) -> None:
        if self.folder.is_mount():
            # lazily: after a failed write, HDF5 keeps its file open while this process lives
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(fresh: Checkout) -> Iterator[Disk]:
    """The disk of `fresh`'s results, not mounted yet."""
    disk = Disk(fresh.folder / "results")
    yield disk
    disk.unmount()


def on_disk(*files: Path) -> int:
    """Bytes that files take: a tmpfs gives out pages."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(-(-file.stat().st_size // page) * page for file in files)


def test_a_study_that_fills_the_disk_goes_on_when_there_is_space(
    finished: Checkout, fresh: Checkout, disk: Disk
) -> None:
    raw = on_disk(*(file for file in (finished.results / "raw").rglob("*") if file.is_file()))
    recording = on_disk(finished.result("recordings/*.nc"))
    run = on_disk(finished.result(f"{RUN}/bptt/base/seed0.nc"))
    logs = 2.5 * os.sysconf("SC_PAGE_SIZE")  # of one page each, of the jobs that come to be
    expected = finished.hashes()
    target = f"results/tiny/{RUN}/bptt/base/seed0.nc"

    # room for the raw file and half of the recording
    disk.mount(int(raw + recording / 2 + logs))
    outcome = fresh.run(target)
    outcome.refuses("No space left", "results/tiny/recordings/hatsopoulos2007.nc", "run the same command again")
    assert set(fresh.hashes()) == {file for file in expected if file.startswith("raw/")}

    # room for the recording and one and a half runs
    disk.resize(int(raw + recording + 1.5 * run + logs))
    outcome = fresh.run(target)
    outcome.refuses("No space left", "1 of 2 seeds failed; the finished ones are kept", "run the same command again")
    (kept,) = fresh.results.glob(f"{RUN}/bptt/base/.finished/*")
    assert kept.name.startswith("seed0-")
    found = fresh.hashes()
    assert found.pop(str(kept.relative_to(fresh.results))) in expected.values()
    assert found == {file: bytes_ for file, bytes_ in expected.items() if file.startswith(("raw/", "recordings/"))}
    before = [kept.stat().st_ino, fresh.result("recordings/*.nc").stat().st_ino]

    # room for all
    disk.resize(1 << 24)
    outcome = fresh.finish()
    assert fresh.hashes() == expected
    now = [kept.parent.parent / "seed0.nc", fresh.result("recordings/*.nc")]
    assert [file.stat().st_ino for file in now] == before
    assert outcome.text.count("seed 0: finished before, kept") == 1
    assert fresh.planned() == set()


def test_a_table_and_a_figure_that_fill_the_disk(finished: Checkout, fresh: Checkout, disk: Disk) -> None:
    table = "similarity/hatsopoulos2007/eprop/base/seeds0-1/distances.csv"
    figure = [f"figures/fig1.{ending}" for ending in ("csv", "pdf", "png")]
    disk.mount(1 << 24)
    for folder in ("results", ".snakemake"):
        shutil.copytree(finished.folder / folder, fresh.folder / folder, dirs_exist_ok=True)
    for name in (table, *figure):
        (fresh.results / name).unlink()
    expected = finished.hashes()
    filler = disk.folder / "of-others"

    def leave(pages: int) -> None:
        filler.unlink(missing_ok=True)
        space = os.statvfs(disk.folder)
        filler.write_bytes(bytes((space.f_bavail - pages) * space.f_bsize))

    leave(1)  # for the job's output
    fresh.run("fig1").refuses("No space left", f"results/tiny/{table}", "run the same command again")
    assert fresh.hashes() == {file: bytes_ for file, bytes_ in expected.items() if file not in (table, *figure)}
    leave(6)  # for the table, of two pages, but not for a figure of some thirty
    fresh.run("fig1").refuses("No space left", "results/tiny/figures/fig1.", "run the same command again")
    assert fresh.hashes() == {file: bytes_ for file, bytes_ in expected.items() if file not in figure}
    filler.unlink()
    fresh.finish()
    assert fresh.hashes() == expected


def test_files_of_every_kind_say_that_the_disk_is_full(disk: Disk) -> None:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    disk.mount(3 << 20)
    numbers = np.random.default_rng(0).random(500_000)  # 4 MB
    figure = Figure()
    figure.subplots().plot(numbers[:5000])

    def refuses(name: str, write: Callable[[Path], None], *, full: bool) -> None:
        folder = disk.folder / "of-a-study"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("of an earlier day")
        filler = disk.fill() if full else None
        with pytest.raises(InputError, match=r"No space left(.|\n)*Free some space") as refused:
            write(folder / name)
        assert name in str(refused.value)
        assert [file.name for file in folder.iterdir()] == [name]
        assert (folder / name).read_text() == "of an earlier day"
        (folder / name).unlink()
        if filler:
            filler.unlink()

    # larger than all that there is: once its beginning is removed again, the disk looks as if there were space
    refuses("run.nc", lambda file: write_dataset(file, xr.Dataset({"recurrent": ("unit", numbers)})), full=False)
    refuses("table.csv", lambda file: write_table(file, pd.DataFrame({"distance": numbers})), full=False)

    # small files on a disk that others have filled
    numbers = numbers[:5000]
    refuses("run.nc", lambda file: write_dataset(file, xr.Dataset({"recurrent": ("unit", numbers)})), full=True)
    refuses("table.csv", lambda file: write_table(file, pd.DataFrame({"distance": numbers})), full=True)
    refuses(
        "f.pdf",
        lambda file: save_figure(figure, file, file.with_suffix(".png"), "title", "made by a test"),
        full=True,
    )
