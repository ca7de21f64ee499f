"""Results that do not match the current study are not used for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from helpers.studies import study

from neurorules.errors import InputError, StaleResult
from neurorules.figures.base.produce import produce
from neurorules.io.identity import canonical_json
from neurorules.io.netcdf import netcdf_attributes, write_dataset
from neurorules.recordings.recording import open_recording
from neurorules.runs.run import open_run
from neurorules.study.identity import Identities
from neurorules.study.model import Model
from neurorules.study.raw_files import check_finished_recordings
from neurorules.study.unrecorded import check_unrecorded
from neurorules.training.learning_rate import read_choice

MODEL = Model("romo", "eprop", "base")


def identities(units: int = 8, code: str = "code") -> Identities:
    """Of one learning rule on the Romo task, which needs no recording."""
    figure = {"tasks": ["romo"], "learning_rules": ["eprop"], "settings": ["base"], "extra_models": [], "seeds": [0, 1]}
    over = {
        "study": "mine",
        "use_figures": ["companion_fig1"],
        "figures": {"companion_fig1": figure},
        "tasks": {"romo": {"network": {"units": units}}},
    }
    return Identities(study(over), lambda script, plugins=(): code)


def write(file: str | Path, **attributes: Any) -> Path:
    """A file with everything that a run requires."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    variables = {name: ("unit", np.zeros(2)) for name in ("recurrent", "accuracy", "task_loss")}
    write_dataset(path, xr.Dataset(variables, attrs=netcdf_attributes(attributes)))
    return path


def write_runs(of: Identities) -> list[str]:
    files = [of.study.paths.run_file(MODEL, seed) for seed in (0, 1)]
    for seed, file in enumerate(files):
        write(file, **of.run(MODEL), seed=seed)
    return files


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_of_other_options(here: Path) -> None:
    old, now = identities(units=8), identities(units=32)
    run = write("seed0.nc", **old.run(MODEL), seed=0)
    open_run(run, {**old.run(MODEL), "seed": 0})
    for asked, words in (
        ({**now.run(MODEL), "seed": 0}, "model.network.units (it was 8, it is 32)"),
        ({**old.run(MODEL), "seed": 1}, "seed (it was 0, it is 1)"),
        ({**identities(code="new").run(MODEL), "seed": 0}, "code (it was 'code', it is 'new')"),
    ):
        with pytest.raises(StaleResult) as caught:
            open_run(run, asked)
        assert words in caught.value.problem and caught.value.file == str(run)


def test_a_recording_of_another_source(here: Path) -> None:
    spec = {"reader": "hatsopoulos2007", "source": "processed", "synthetic": True}
    file = write("reach.nc", made_from=spec, code="code")
    with pytest.raises(StaleResult, match=r"made_from\.synthetic \(it was True, it is False\)"):
        open_recording(file, {"made_from": canonical_json({**spec, "synthetic": False}), "code": "code"})


def test_a_learning_rate_that_was_chosen_otherwise(here: Path) -> None:
    file = here / "choice.json"
    choice = {"learning_rate": 0.1, "at_edge": False, "candidates": {}, "code": "0", "model": {"task": {"steps": 1}}}
    file.write_text(json.dumps(choice))
    assert read_choice(file, {"code": "0", "model": {"task": {"steps": 1}}})["learning_rate"] == 0.1
    with pytest.raises(StaleResult, match=r"model\.task\.steps \(it was 1, it is 2\)"):
        read_choice(file, {"code": "0", "model": {"task": {"steps": 2}}})


@pytest.mark.parametrize("table", ["seed,made_from\n0,old\n", "seed,made_from\n0,new\n0,old\n", "seed\n0\n"])
def test_a_figure_takes_no_table_of_other_options(here: Path, table: str) -> None:
    file = here / "distances.csv"
    file.write_text(table)
    with pytest.raises(StaleResult, match=r"This table does not match the study.*it is 'new'"):
        produce("fig1", {}, {"fig1": [str(file)]}, "", [], {str(file): "new"})


def test_what_identifies_a_table_is_all_that_the_study_says_of_it() -> None:
    now = identities()
    (file, *_) = now.figure_tables("companion_fig1")
    assert identities().table(file) == now.table(file)
    assert len({now.table(file), identities(units=9).table(file), identities(code="new").table(file)}) == 3
    assert identities(units=9).figure("companion_fig1") != now.figure("companion_fig1")


def none(_: str) -> bool:
    return False


@pytest.mark.parametrize("now", [lambda: identities(units=32), lambda: identities(code="new")])
def test_results_without_a_record_are_compared(here: Path, now: Callable[[], Identities]) -> None:
    """As results that were copied without .snakemake, which is all that Snakemake knows of them."""
    files = write_runs(identities())
    check_unrecorded(identities(), none)
    with pytest.raises(InputError) as caught:
        check_unrecorded(now(), none)
    assert caught.value.file == files[0]
    for words in (*files, "2 files", "--forceall", "delete them all"):
        assert words in str(caught.value)
    check_unrecorded(now(), lambda file: True)  # Snakemake knows, and makes them again


def test_tables_and_figures_without_a_record_are_compared(here: Path) -> None:
    old = identities()
    (table, *_) = old.figure_tables("companion_fig1")
    figure, *_ = (f for f in old.study.paths.figure_files("companion_fig1") if f.endswith(".png"))
    for file, text in ((table, f"seed,made_from\n0,{old.table(table)}\n"), (figure, old.figure("companion_fig1"))):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text)
    check_unrecorded(identities(), none)
    with pytest.raises(InputError, match="2 files") as caught:
        check_unrecorded(identities(units=9), none)
    assert table in caught.value.problem and figure in caught.value.problem


# ---- raw files that are gone


def with_own_rates(path: str, **entry: Any) -> Any:
    """A study that compares with a user's rates in a folder."""
    recording = {"reader": "own_rates", "source": "netcdf", "path": path, **entry}
    figure = {"tasks": ["2af"], "learning_rules": ["bptt"], "settings": ["base"], "extra_models": []}
    return study(
        {
            "study": "mine",
            "use_recordings": ["our-lab"],
            "use_figures": ["fig1"],
            "recordings": {"our-lab": recording},
            "tasks": {"2af": {"comparison": {"recording": "our-lab"}}},
            "figures": {"fig1": figure},
        }
    )


def finish(made: Any, code: str = "code") -> None:
    write(made.paths.recording_file("our-lab"), made_from=made.selection.recording_spec("our-lab"), code=code)


@pytest.mark.parametrize("path", ["/mnt/not-there", "not/there"])
def test_a_finished_recording_whose_source_is_gone_is_said(here: Path, path: str) -> None:
    now = with_own_rates(path)
    finish(now)
    (words,) = check_finished_recordings(now, lambda _: "code")
    for part in ("our-lab", path, "recordings.our-lab.path", now.paths.recording_file("our-lab"), "fig1"):
        assert part in words


def test_a_change_whose_source_is_gone_is_refused(here: Path) -> None:
    finish(with_own_rates("/mnt/lab"))
    changed = with_own_rates("/mnt/lab", options={"keep_trials": True})
    with pytest.raises(InputError, match=r"options\.keep_trials \(it was None, it is True\)"):
        list(check_finished_recordings(changed, lambda _: "code"))
    with pytest.raises(InputError, match="the code that reads it") as caught:
        list(check_finished_recordings(with_own_rates("/mnt/lab"), lambda _: "new"))
    assert caught.value.key == "recordings.our-lab.path" and caught.value.value == "/mnt/lab"


def test_a_synthetic_recording_does_not_become_a_real_one_unseen(here: Path) -> None:
    entry = {"reader": "hatsopoulos2007", "source": "processed"}
    over = {"study": "mine", "use_recordings": ["hatsopoulos2007"], "use_figures": ["fig1"], "raw_dir": "/mnt/gone"}
    now = study({**over, "recordings": {"hatsopoulos2007": {**entry, "synthetic": False}}})
    before = {"name": "hatsopoulos2007", **entry, "synthetic": True, "options": {}}
    write(now.paths.recording_file("hatsopoulos2007"), made_from=before, code="code")
    with pytest.raises(InputError, match="synthetic") as caught:
        list(check_finished_recordings(now, lambda _: "code"))
    assert caught.value.key == "raw_dir" and caught.value.file == "/mnt/gone"


def test_variables_of_the_environment_in_folders(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from neurorules.recordings.locate import expand_folder

    monkeypatch.setenv("LAB", "/data/lab")
    assert expand_folder("$LAB/x", "raw_dir") == expand_folder("${LAB}/x", "raw_dir") == Path("/data/lab/x")
    with pytest.raises(InputError, match="NO_SUCH_VARIABLE") as caught:
        expand_folder("$NO_SUCH_VARIABLE/x", "raw_dir")
    assert caught.value.key == "raw_dir" and caught.value.value == "$NO_SUCH_VARIABLE/x"
    (here / "$5").mkdir()  # a folder that is really called so
    assert expand_folder("$5", "raw_dir") == Path("$5")
