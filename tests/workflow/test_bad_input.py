"""User errors are reported in full, without a traceback, and nothing finished is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from helpers.checkout import STUDY_FILE, Checkout, Outcome

from neurorules.recordings.formats import safe_pickle
from neurorules.recordings.synthetic.base.write import write_synthetic

REACH = "hatsopoulos2007"
REACH_FILE = "data_output_aligntomovementonset_minT-800_maxT400_FRsmoothSD25ms.npy"


# ---- the study file

CONFIG: dict[str, tuple[tuple[str, ...], Any, tuple[str, ...]]] = {
    "a misspelt key": (
        ("defaults", "training", "learning_rat"),
        1e-3,
        ("Unknown key", "defaults.training.learning_rat", "0.001", "Did you mean learning_rate?"),
    ),
    "a misspelt key at the top": (("seeds_per_jobs",), 1, ("seeds_per_jobs", "Did you mean seeds_per_job?")),
    "a wrong type": (
        ("defaults", "training", "batch_size"),
        "many",
        ("defaults.training.batch_size", "'many'", "must be of type integer"),
    ),
    "a negative gain": (
        ("settings", "base", "network", "gain"),
        -1,
        ("settings.base.network.gain", "-1", "must be at least 0"),
    ),
    "no seeds": (("seeds",), [], ("seeds", "[]", "at least 1 item")),
    "an unknown learning rule": (
        ("figures", "fig1", "learning_rules"),
        ["bptt", "eprob"],
        ("figures.fig1.learning_rules", "'eprob'", "Did you mean eprop?"),
    ),
    "an unknown setting": (
        ("figures", "fig1", "settings"),
        ["bse"],
        ("figures.fig1.settings", "'bse'", "Did you mean base?"),
    ),
    "an unknown task": (("figures", "fig1", "tasks"), ["mante2031"], ("figures.fig1.tasks", "Did you mean mante2013?")),
    "an unknown recording": (
        ("use_recordings",),
        ["hatsopoulos2008"],
        ("use_recordings", "'hatsopoulos2008'", "Did you mean hatsopoulos2007?"),
    ),
    "a comparison with an unknown recording": (
        ("tasks", REACH, "comparison", "recording"),
        "hatsopoulos",
        (f"tasks.{REACH}.comparison.recording", "'hatsopoulos'", "Did you mean hatsopoulos2007?"),
    ),
    "an unknown reader": (
        ("recordings", REACH, "reader"),
        "hatsopoulos",
        (f"recordings.{REACH}.reader", "'hatsopoulos'", "Did you mean hatsopoulos2007?"),
    ),
    "an unknown source": (
        ("recordings", REACH, "source"),
        "processd",
        (f"recordings.{REACH}.source", "'processd'", "Did you mean processed?"),
    ),
    "an unknown figure": (("use_figures",), ["figg1"], ("use_figures", "'figg1'", "Did you mean fig1?")),
    "an unknown option of a task": (
        ("tasks", REACH, "task", "stepz"),
        100,
        (f"tasks.{REACH}.task.stepz", "Did you mean steps?"),
    ),
    "an unknown option of a task in a setting": (
        ("settings", "base", "by_task", REACH, "task", "test_step"),
        100,
        (f"settings.base.by_task.{REACH}.task.test_step", "Did you mean test_steps?"),
    ),
    "an option of one task for all": (
        ("settings", "base", "task", "steps"),
        110,
        ("settings.base.task.steps", "Unknown option for the task mante2013", "by_task"),
    ),
    "a task without one of its options": (
        ("tasks", "short", "module"),
        REACH,
        ("Missing key", "tasks.short.task.dt_ms", "interval1_steps"),
    ),
}


Refusal = tuple[Outcome, dict[str, str]]


@pytest.fixture(scope="module")
def refusals(
    finished: Checkout, two_at_a_time: Executor, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Refusal]]:
    """The outcome of each mistake, and the results after it."""

    def of(mistake: str) -> Refusal:
        keys, value, _ = CONFIG[mistake]
        checkout = finished.copy(tmp_path_factory.mktemp("mistake") / "checkout")
        checkout.configure(*keys, to=value)
        return checkout.run(cores=1), checkout.hashes()

    return {mistake: two_at_a_time.submit(of, mistake) for mistake in CONFIG}


@pytest.mark.parametrize("mistake", CONFIG)
def test_a_mistake_in_the_study_file(finished: Checkout, refusals: dict[str, Future[Refusal]], mistake: str) -> None:
    _, _, words = CONFIG[mistake]
    outcome, after = refusals[mistake].result()
    outcome.refuses(STUDY_FILE, *words)
    assert after == finished.hashes()


# ---- raw files


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files of both recordings, laid out as in raw_dir."""
    folder = tmp_path_factory.mktemp("raw")
    write_synthetic("mante2013", "raw", folder, 0, {"neurons": 2, "trials_per_condition": 1, "monkey": "ar"})
    write_synthetic(REACH, "processed", folder, 0, {"neurons": 8, "trials_per_condition": 3})
    return folder


Damage = Callable[[Path], object]


def units(folder: Path) -> list[Path]:
    return sorted((folder / "mante2013/PFC data/PFC data 1").glob("*.mat"))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def no_folder(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def no_files(folder: Path) -> None:
    for unit in units(folder):
        unit.unlink()


def cut_unit(folder: Path) -> None:
    cut(units(folder)[1])


def other_mat(folder: Path) -> None:
    from scipy.io import savemat

    savemat(units(folder)[1], {"weather": {"sun": 1.0}})


def without_a_condition(folder: Path) -> None:
    """No unit keeps a correct trial of motion -0.5 in the motion context with color +0.5."""
    from scipy.io import loadmat, savemat

    for file in units(folder):
        unit = loadmat(file, simplify_cells=True)["unit"]
        trials = unit["task_variable"]
        keep = ~((trials["stim_dir"] == -0.5) & (trials["stim_col2dir"] == 0.5) & (trials["context"] == 1))
        assert not keep.all() or file == units(folder)[1]  # the second unit lacks it from the start
        unit["response"] = unit["response"][keep]
        unit["task_variable"] = {name: values[keep].reshape(-1, 1) for name, values in trials.items()}
        unit["time"] = unit["time"].reshape(1, -1)
        savemat(file, {"unit": unit}, oned_as="column")


def cut_reach(folder: Path) -> None:
    cut(folder / REACH / REACH_FILE)


class Hostile:
    """Unpickled without care, it leaves a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch ran",)


def hostile_pickle(folder: Path) -> None:
    np.save(folder / REACH / REACH_FILE, {"firing_rate": Hostile(), "synthetic": "yes"}, allow_pickle=True)  # type: ignore[arg-type]


def negative_rates(folder: Path) -> None:
    content = safe_pickle.load(folder / REACH / REACH_FILE)
    np.save(folder / REACH / REACH_FILE, {**content, "firing_rate": -content["firing_rate"]}, allow_pickle=True)  # type: ignore[arg-type]


RAW: dict[Damage, tuple[str, tuple[str, ...]]] = {
    no_folder: ("mante", ("raw_dir", "does not exist", "Correct raw_dir")),
    no_files: ("mante", ("PFC data 1", "contains no *.mat file", "Unpack the archive")),
    cut_unit: ("mante", ("ar000101_0002_a1_Vstim_100_850_ms.mat", "truncated")),
    other_mat: ("mante", ("ar000101_0002_a1_Vstim_100_850_ms.mat", "unit")),
    without_a_condition: (
        "mante",
        ("PFC data 1", "no unit has a correct trial in", "a unit needs a correct trial in each of the 72 conditions"),
    ),
    cut_reach: ("reach", (REACH_FILE, "truncated", "get a complete copy from its original source")),
    hostile_pickle: ("reach", (REACH_FILE, "posix.system", "None of it was run", "Do not trust this file")),
    negative_rates: ("reach", (REACH_FILE, "must not be negative")),
}


@pytest.fixture
def with_raw(checkout: Checkout, raw: Path, tmp_path: Path) -> Checkout:
    """A finished study with two more recordings, `mante` and `reach`, read from a copy of the raw files."""
    shutil.copytree(raw, tmp_path / "raw")
    catalogue = checkout.folder / "resources/recordings.yaml"
    about = yaml.safe_load(catalogue.read_text())
    about[REACH]["sources"]["processed"]["files"][0].update(bytes=None, sha256=None)  # else no other file is opened
    catalogue.write_text(yaml.safe_dump(about))
    checkout.configure("raw_dir", to=str(tmp_path / "raw"))
    checkout.configure("use_recordings", to=[REACH, "mante", "reach"])
    options = {"monkey": "ar", "dt_ms": 50, "keep_trials": False}
    checkout.configure("recordings", "mante", to={"reader": "mante2013", "source": "raw", "options": options})
    checkout.configure("recordings", "reach", to={"reader": REACH, "source": "processed", "options": {}})
    return checkout


@pytest.mark.parametrize("name", ["mante", "reach"])
def test_whole_raw_files_are_read_and_synthetic_ones_known(with_raw: Checkout, tmp_path: Path, name: str) -> None:
    """Errors about damaged files below are due to the damage only. Their folder is also found from a home folder."""
    before = with_raw.hashes()
    with_raw.configure("raw_dir", to="~/raw")
    with_raw.run(f"results/tiny/recordings/{name}.nc", cores=1, HOME=str(tmp_path)).refuses(
        "disagree on whether this recording is synthetic", f"recordings.{name}.synthetic", "remedy:"
    )
    assert with_raw.hashes() == before


@pytest.mark.parametrize("damage", RAW, ids=lambda damage: damage.__name__)
def test_damaged_raw_files(with_raw: Checkout, tmp_path: Path, damage: Damage) -> None:
    name, words = RAW[damage]
    before = with_raw.hashes()
    damage(tmp_path / "raw")
    outcome = with_raw.run(f"results/tiny/recordings/{name}.nc", cores=1)
    outcome.refuses(str(tmp_path / "raw"), "remedy:", *words)
    assert with_raw.hashes() == before
    assert not (with_raw.folder / "ran").exists()


def test_a_download_without_a_network(checkout: Checkout) -> None:
    checkout.configure("use_recordings", to=[REACH, "reach"])
    checkout.configure("recordings", "reach", to={"reader": REACH, "source": "processed", "options": {}})
    before = checkout.hashes()
    nowhere = dict.fromkeys(("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy"), "http://127.0.0.1:9")
    outcome = checkout.run("results/tiny/recordings/reach.nc", cores=1, no_proxy="", NO_PROXY="", **nowhere)
    outcome.refuses(
        "The file is missing and its source cannot be reached",
        f"resources/raw/{REACH}/{REACH_FILE}",  # which file, and where to put it
        "By hand: open https://github.com/",  # where to get it
        "download the .npy file",
        "put it at",
        "`make demo`",
    )
    assert checkout.hashes() == before
    assert not (checkout.folder / "resources/raw" / REACH / REACH_FILE).exists()
