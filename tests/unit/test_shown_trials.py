"""Test trials in words, worked out by hand from the tasks' definitions; compared rates must fit them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurorules.cli.main import main
from neurorules.cli.trials import describe
from neurorules.errors import InputError
from neurorules.study.load import load_study
from neurorules.study.preflight import check_own_rates

COMPANION = Path(__file__).parents[2] / "config" / "companion.yaml"


def test_stretches_of_a_choice() -> None:
    """100 ms fixation, 2000 stimulus, 100 decision in steps of 100; evidence is 0.5 plus and minus coherence / 200."""
    lines = describe(load_study(COMPANION), "2af").splitlines()
    assert lines[0] == "2af: 8 test trials, 22 steps of 100 ms, 3 inputs, 3 outputs"
    assert len(lines) == 1 + 8 * 4
    for condition, (left, right, answer) in enumerate(
        [("0.532", "0.468", 1), ("0.564", "0.436", 1), ("0.628", "0.372", 1), ("0.756", "0.244", 1)]
        + [("0.468", "0.532", 2), ("0.436", "0.564", 2), ("0.372", "0.628", 2), ("0.244", "0.756", 2)]
    ):
        coherence = ("6.4", "12.8", "25.6", "51.2")[condition % 4]
        assert lines[1 + 4 * condition : 5 + 4 * condition] == [
            f"condition {condition}: choice {answer}, coherence_percent {coherence}",
            f"  inputs   0: 1 0 0 | 1-20: 0 {left} {right} | 21: 0 0 0",
            f"  targets  0-20: 0 | 21: {answer}",
            "  scored   0-21: 1",
        ]


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="Unknown task") as caught:
        describe(load_study(COMPANION), "afc")
    assert caught.value.remedy is not None and "2af" in caught.value.remedy
    with pytest.raises(InputError, match="made from a recording") as caught:
        describe(load_study(COMPANION), "reach-companion")
    assert caught.value.file == "results/companion/recordings/hatsopoulos2007.nc"
    with pytest.raises(InputError, match="the study specifies none") as caught:
        describe(load_study(COMPANION), "reach")
    assert caught.value.key == "tasks.reach.comparison.recording"


def test_all_tasks_of_a_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = tmp_path / "two.yaml"
    study.write_text("use_figures: [companion_fig1, companion_fig2]")
    assert main(["trials", str(study)]) == 0
    said = [line.split(":")[0] for line in capsys.readouterr().out.splitlines() if "test trials" in line]
    assert said == ["2af", "dms", "romo"]
    assert main(["trials", str(tmp_path / "none.yaml")]) == 1


def test_trials_as_arrays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trials.npz"
    assert main(["trials", str(COMPANION), "2af", "--output", str(file)]) == 0
    assert f"{file}: inputs (22, 8, 3), targets (22, 8), scored (22, 8)" in capsys.readouterr().out
    with np.load(file) as trials:
        assert sorted(trials.files) == ["inputs", "label_choice", "label_coherence_percent", "scored", "targets"]
        np.testing.assert_allclose(trials["inputs"][1, 0], [0, 0.532, 0.468], rtol=1e-6)
        assert trials["label_coherence_percent"].tolist() == [6.4, 12.8, 25.6, 51.2] * 2
    assert main(["trials", str(COMPANION), "2af", "dms", "--output", str(file)]) == 1
    assert "trials of one task" in capsys.readouterr().err


def test_who_reads_only_the_beginning_gets_no_traceback() -> None:
    command = f"{sys.executable} -m neurorules trials {COMPANION} mante2013 dms 2af | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mante2013: 72 test trials")


# ---- a user's own rates


def own(
    folder: Path,
    n_conditions: int = 8,
    n_bins: int = 22,
    bin_ms: float = 100.0,
    n_neurons: int = 3,
    **attributes: object,
) -> Path:
    """A study that compares 2af with a user's rates, which are written as well."""
    (folder / "lab").mkdir(exist_ok=True)
    rates = np.random.default_rng(0).gamma(2.0, 5.0, (n_conditions, n_bins, n_neurons))
    choice, coherence_percent = np.repeat([1, 2], 4), np.tile([6.4, 12.8, 25.6, 51.2], 2)
    xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rates, {"units": "Hz"})},
        coords={
            "time": ("time", bin_ms * np.arange(n_bins), {"units": "ms"}),
            "choice": ("condition", choice[:n_conditions]),
            "coherence_percent": ("condition", coherence_percent[:n_conditions]),
        },
        attrs={"title": "Lab", **attributes},
    ).to_netcdf(folder / "lab" / "rates.nc")
    study = folder / "own.yaml"
    study.write_text(
        "use_recordings: [lab]\n"
        "use_figures: [fig1]\n"
        f"recordings: {{lab: {{reader: own_rates, source: netcdf, path: {folder / 'lab'}}}}}\n"
        "tasks: {2af: {comparison: {recording: lab}, training: {learning_rate: 0.001}}}\n"
        "settings: {slow: {by_task: {2af: {task: {dt_ms: 50}}}}}\n"
        "figures: {fig1: {tasks: [2af], settings: [base], extra_models: []}}\n"
    )
    return study


def refused(study: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        check_own_rates(load_study(study))
    assert caught.value.remedy
    return caught.value


def test_rates_that_fit_are_let_through(tmp_path: Path) -> None:
    check_own_rates(load_study(own(tmp_path)))


def test_rates_that_do_not_fit_are_named_with_the_key(tmp_path: Path) -> None:
    study = own(tmp_path, n_conditions=6)
    error = refused(study)
    assert "8 test trials, the recording 6 conditions" in error.problem and "rates.nc for 2af/" in error.problem
    assert (error.file, error.key) == (str(study), "tasks.2af.comparison.recording")
    error = refused(own(tmp_path, n_bins=21))
    assert (error.key, error.value) == ("tasks.2af.task.dt_ms", 100)
    assert "add up" in (error.remedy or "")
    # the key of the setting that it comes from
    study = own(tmp_path)
    study.write_text(study.read_text().replace("settings: [base]", "settings: [slow]"))
    error = refused(study)
    assert (error.file, error.key, error.value) == (str(study), "settings.slow.by_task.2af.task.dt_ms", 50)
    # a task that takes more from its recording than there is
    study.write_text(
        study.read_text().replace("2af: {comp", "hatsopoulos2007: {comp").replace("[2af]", "[hatsopoulos2007]")
    )
    study.write_text(study.read_text().replace("settings: [slow]", "settings: [base]"))
    assert "rates.nc for hatsopoulos2007/" in refused(study).problem


def test_synthetic_rates_are_none_of_ones_own(tmp_path: Path) -> None:
    assert refused(own(tmp_path, synthetic=1)).key == "synthetic"
    study = own(tmp_path)
    study.write_text(study.read_text().replace("source: netcdf", "source: netcdf, synthetic: true"))
    assert refused(study).key == "recordings.lab.synthetic"


def test_a_file_that_is_gone_is_missed_until_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = own(tmp_path)
    (tmp_path / "lab" / "rates.nc").unlink()
    assert refused(study).key == "recordings.lab.path"
    made = Path(load_study(study).paths.recording_file("lab"))
    made.parent.mkdir(parents=True)
    made.touch()
    check_own_rates(load_study(study))


# ---- rates from which a figure cannot be made: reported before anything is trained


def with_figure(study: Path, figure: str, entry: str) -> Path:
    text = study.read_text().replace("use_figures: [fig1]", f"use_figures: [{figure}]")
    study.write_text(text.replace("figures: {fig1:", f"figures: {{{figure}: {entry}, fig1:"))
    return study


@pytest.mark.parametrize("figure", ["fig5", "table3"])
def test_one_neuron_has_no_noise_floor(tmp_path: Path, figure: str) -> None:
    study = with_figure(own(tmp_path, n_neurons=1), figure, "{tasks: [2af], settings: [base]}")
    error = refused(study)
    assert (error.file, error.key, error.value) == (str(tmp_path / "lab" / "rates.nc"), "neuron", 1)
    assert "at least 2 neurons" in error.problem
    check_own_rates(load_study(with_figure(own(tmp_path, n_neurons=2), figure, "{tasks: [2af], settings: [base]}")))
    check_own_rates(load_study(own(tmp_path, n_neurons=1)))


def test_trials_are_missed_before_table_4_is_made(tmp_path: Path) -> None:
    error = refused(with_figure(own(tmp_path), "table4", "{recordings: [lab]}"))
    assert "no single trials" in error.problem
