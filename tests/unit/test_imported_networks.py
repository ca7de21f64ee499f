"""Networks that were trained elsewhere: their files, their runs and their place in a study."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import xarray as xr
from helpers.studies import refused, study
from scipy.io import savemat

from neurorules.archive.verify import run_reader
from neurorules.errors import InputError
from neurorules.imported.arrays import read_arrays
from neurorules.imported.network import import_network, open_network
from neurorules.imported.weights import read_weights
from neurorules.io.netcdf import netcdf_attributes, write_dataset
from neurorules.network.parameters import Sizes
from neurorules.options import Options
from neurorules.runs.evaluate import ModelActivity
from neurorules.runs.run import open_run, stages_of
from neurorules.study.identity import Identities
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.network_files import find_network_files
from neurorules.tables.base.score import score_model
from neurorules.tasks.base.task import compared_steps, make_task

TASK = "hatsopoulos2007"
INPUTS, UNITS, OUTPUTS = 3, 12, 2
MODEL = Model(TASK, "ours", "base")
TIME_MS = np.arange(-800.0, 401.0, 10.0)
KEYS = {
    "recurrent": "model_state_dict.fc_h2ah.weight",
    "input": "model_state_dict.fc_x2ah.weight",
    "bias": "model_state_dict.fc_x2ah.bias",
    "initial_state": "model_state_dict.ah0",
    "readout": "model_state_dict.fc_h2y.weight",
    "readout_bias": "model_state_dict.fc_h2y.bias",
}


def random_weights(seed: int = 0, units: int = UNITS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = Sizes(INPUTS, units, OUTPUTS).shapes()
    scale = {"recurrent": 1.5 / np.sqrt(units), "readout": 0.3}
    return {name: scale.get(name, 0.5) * rng.standard_normal(shape) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def recording_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of eight reaches, from which the task makes its trials."""
    rng = np.random.default_rng(1)
    angle = np.arange(8) * np.pi / 4
    reach = np.clip((TIME_MS + 100) / 300, 0, 1) ** 2
    rates = 20 + np.cumsum(rng.random((8, len(TIME_MS), 9)), axis=1)
    recording = xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), rates),
            "shoulder_angle": (("condition", "time"), np.sin(angle)[:, None] * reach),
            "elbow_angle": (("condition", "time"), np.cos(angle)[:, None] * reach),
        },
        coords={
            "condition": np.arange(8),
            "time": TIME_MS,
            "neuron": [f"n{k}" for k in range(9)],
            "angle_deg": ("condition", 45.0 * np.arange(8)),
        },
        attrs={
            "name": TASK,
            "title": "Reaches",
            "source": "by hand",
            "licence": "none",
            "citation": "none",
            "aligned_to": "movement onset",
            "bin_width_ms": 10.0,
            "synthetic": 1,
            "left_out": "[]",
            "made_by": "a test",
            "time_in_bin": "edge",
        },
    )
    recording.attrs = netcdf_attributes(recording.attrs)
    file = tmp_path_factory.mktemp("recordings") / "reach.nc"
    write_dataset(file, recording)
    return file


def entry(folder: Path, **over: Any) -> dict[str, Any]:
    """An entry of `networks:`; None takes a key out."""
    network = {"units": UNITS, "activation": "retanh", "tau_steps": 10}
    keys = {name: name for name in Sizes(INPUTS, UNITS, OUTPUTS).shapes()}
    whole = {
        "task": TASK,
        "path": str(folder),
        "files": ["net.npz"],
        "updates": [500],
        "network": network,
        "weights": keys,
        **over,
    }
    return {key: value for key, value in whole.items() if value is not None}


def study_of(folder: Path, figures: dict[str, Any] | None = None, **over: Any) -> Study:
    figures = figures or {"fig1": {"tasks": [TASK], "learning_rules": ["ours"], "extra_models": []}}
    return study(
        {
            "networks": {"ours": entry(folder, **over)},
            "use_recordings": [TASK],
            "use_figures": list(figures),
            "figures": figures,
        }
    )


def imported(of: Study, recording_file: Path, folder: Path, seed: int = 0) -> xr.Dataset:
    """The run of one network, through a file."""
    options, output = of.options.training(MODEL), folder / f"run{seed}.nc"
    files = find_network_files(of, MODEL, seed)
    import_network(options, seed, files, str(recording_file), "code", str(output))
    return open_network(output, options)


def activity_of(run: xr.Dataset, of: Study, recording_file: Path) -> np.ndarray:
    options = Options(of.options.of(MODEL))
    recording = xr.open_dataset(recording_file)
    task = make_task(TASK, options.task, recording)
    return ModelActivity(run, options, task, None).all_steps_at(0)


def leaky_network(weights: dict[str, np.ndarray], inputs: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Activity and outputs, (trial, step, ...), of inputs (step, trial, input), in float64.

    By the equation of the authors' published code:

    ah[t] = ah[t-1] + (dt/Tau) (-ah[t-1] + Wahh h[t-1] + Wahx x[t] + bah); h = max(tanh(ah), 0); y = Wyh h + by
    """
    ah = np.tile(weights["initial_state"], (inputs.shape[1], 1))
    h = np.maximum(np.tanh(ah), 0)
    stored = []
    for x in inputs:
        ah = ah + alpha * (-ah + h @ weights["recurrent"].T + x @ weights["input"].T + weights["bias"])
        h = np.maximum(np.tanh(ah), 0)
        stored.append(h)
    activity = np.stack(stored, axis=1)
    return activity, activity @ weights["readout"].T + weights["readout_bias"]


def authors_dict(weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """A checkpoint as the authors' code writes it."""
    state = {KEYS[name].removeprefix("model_state_dict."): torch.tensor(v).float() for name, v in weights.items()}
    return {"model_state_dict": state, "figure_suffix": "", "regularization_activityL2": 10.0}


def test_a_network_runs_as_its_equation_says_and_has_its_accuracy(tmp_path: Path, recording_file: Path) -> None:
    weights = random_weights()
    torch.save(authors_dict(weights), tmp_path / "net.pth")
    of = study_of(tmp_path, files=["net.pth"], weights=KEYS)
    run = imported(of, recording_file, tmp_path)
    recording = xr.open_dataset(recording_file)
    task = make_task(TASK, of.options.of(MODEL)["task"], recording)
    trials = task.test()
    activity, outputs = leaky_network(weights, np.asarray(trials.inputs, np.float64), 0.1)
    np.testing.assert_allclose(activity_of(run, of, recording_file), activity, atol=1e-5)
    scored, target = trials.scored.T, trials.targets.transpose(1, 0, 2).astype(np.float64)
    errors = [
        ((outputs[..., k] - target[..., k])[scored] ** 2).sum()
        / ((target[..., k] - target[..., k][scored].mean())[scored] ** 2).sum()
        for k in range(OUTPUTS)
    ]
    assert float(run["accuracy"][0]) == pytest.approx(1 - np.mean(errors), abs=1e-4)


class Elsewhere(torch.nn.Module):
    """A leaky network with other names, whose recurrent product is h @ U."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        super().__init__()
        as_parameter = {name: torch.nn.Parameter(torch.tensor(value)) for name, value in weights.items()}
        self.U = torch.nn.Parameter(as_parameter["recurrent"].T.clone())
        self.cell = torch.nn.Module()
        self.cell.w_in, self.cell.b_in = as_parameter["input"], torch.nn.Parameter(as_parameter["bias"] / 2)
        self.cell.b_more = torch.nn.Parameter(as_parameter["bias"] / 2)
        self.x0 = as_parameter["initial_state"]
        self.out = torch.nn.Linear(UNITS, OUTPUTS, dtype=torch.float64)
        self.out.weight, self.out.bias = as_parameter["readout"], as_parameter["readout_bias"]


def write_forms(folder: Path, weights: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """The same network in every file format, with the study entry for each."""
    torch.save(Elsewhere(weights).state_dict(), folder / "net.pt")
    np.savez(folder / "net.npz", **{**weights, "recurrent": weights["recurrent"].T, "readout": weights["readout"].T})
    savemat(folder / "net.mat", {"net": {"W": weights["recurrent"], **weights}})
    with h5py.File(folder / "net73.mat", "w", userblock_size=512) as file:
        for name, value in weights.items():
            file[f"net/{name}"] = np.atleast_2d(value)  # a column vector, transposed as MATLAB stores it
            file[f"net/{name}"].attrs["MATLAB_class"] = np.bytes_(b"double")
        for name in ("recurrent", "input", "readout"):
            del file[f"net/{name}"]
            file[f"net/{name}"] = weights[name].T
    with (folder / "net73.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM")
    nested = {name: f"net.{name}" for name in weights}
    torch_keys = {
        "recurrent": "U",
        "input": "cell.w_in",
        "bias": ["cell.b_in", "cell.b_more"],
        "initial_state": "x0",
        "readout": "out.weight",
        "readout_bias": "out.bias",
    }
    return {
        "net.pt": {"weights": torch_keys, "transpose": ["recurrent"]},
        "net.npz": {"transpose": ["recurrent", "readout"]},
        "net.mat": {"weights": {**nested, "recurrent": "net.W"}},
        "net73.mat": {"weights": nested},
    }


def test_every_form_of_file_gives_the_same_network(tmp_path: Path, recording_file: Path) -> None:
    weights = random_weights(3)
    recording = xr.open_dataset(recording_file)
    expected = None
    for file, says in write_forms(tmp_path, weights).items():
        of = study_of(tmp_path, files=[file], **says)
        run = imported(of, recording_file, tmp_path)
        if expected is None:
            inputs = make_task(TASK, of.options.of(MODEL)["task"], recording).test().inputs
            expected, _ = leaky_network(weights, np.asarray(inputs, np.float64), 0.1)
        found = activity_of(run, of, recording_file)
        np.testing.assert_allclose(found, expected, atol=1e-6, err_msg=file)
        np.testing.assert_array_equal(run["recurrent"][0], weights["recurrent"].astype(np.float32), err_msg=file)


def test_a_run_says_what_it_was_made_of(tmp_path: Path, recording_file: Path) -> None:
    np.savez(tmp_path / "net.npz", **random_weights())
    of = study_of(tmp_path, label="Ours", learning_rate=3e-4)
    run = imported(of, recording_file, tmp_path)
    assert run.attrs["learning_rate"] == 3e-4 and run.attrs["seed"] == 0
    assert run.sizes["update"] == 0, "nothing is known of its training"
    assert stages_of(run) == ("trained",), "there is no untrained network"
    size = (tmp_path / "net.npz").stat().st_size
    assert f"net.npz {size} " in run.attrs["network_files"]
    assert '"weights"' in run.attrs["model"] and str(tmp_path) not in run.attrs["model"]
    open_run(tmp_path / "run0.nc")  # a run like any other


def test_weights_that_are_not_named_are_zero(tmp_path: Path) -> None:
    weights = random_weights()
    np.savez(tmp_path / "net.npz", **weights)
    keys = {name: name for name in ("recurrent", "input", "readout")}
    flat = read_weights(tmp_path / "net.npz", keys, [], Sizes(INPUTS, UNITS, OUTPUTS), "networks.ours")
    n = UNITS * UNITS + UNITS * INPUTS
    assert not flat[n : n + 2 * UNITS].any() and not flat[-OUTPUTS:].any()
    np.testing.assert_array_equal(flat[: UNITS * UNITS], weights["recurrent"].astype(np.float32).ravel())


def test_a_single_output_of_matlab_is_a_row(tmp_path: Path) -> None:
    savemat(tmp_path / "net.mat", {"w": np.arange(UNITS)[None, :], "u": np.eye(UNITS), "x": np.ones((UNITS, 1))})
    keys = {"recurrent": "u", "input": "x", "readout": "w"}
    flat = read_weights(tmp_path / "net.mat", keys, [], Sizes(1, UNITS, 1), "networks.ours")
    np.testing.assert_array_equal(flat[-1 - UNITS : -1], np.arange(UNITS))


# ---- what is refused


def refusal(tmp_path: Path, recording_file: Path, **over: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        imported(study_of(tmp_path, **over), recording_file, tmp_path)
    assert not (tmp_path / "run0.nc").exists(), "nothing is left half-written"
    return caught.value


def test_a_wrong_key_is_refused_with_the_one_that_was_meant(tmp_path: Path, recording_file: Path) -> None:
    torch.save(authors_dict(random_weights()), tmp_path / "net.pth")
    error = refusal(
        tmp_path, recording_file, files=["net.pth"], weights={**KEYS, "recurrent": "model_state_dict.fc_h2h.weight"}
    )
    assert error.key == "networks.ours.weights.recurrent" and error.file.endswith("net.pth")
    assert "Did you mean model_state_dict.fc_h2ah.weight?" in error.remedy
    error = refusal(tmp_path, recording_file, files=["net.pth"], weights={**KEYS, "readout": "fc_h2y.weight"})
    assert "Did you mean model_state_dict.fc_h2y.weight?" in error.remedy


@pytest.mark.parametrize("name, wrong", [("recurrent", (UNITS + 1, UNITS + 1)), ("input", (UNITS, 4))])
def test_a_wrong_shape_is_refused(tmp_path: Path, recording_file: Path, name: str, wrong: tuple[int, int]) -> None:
    np.savez(tmp_path / "net.npz", **{**random_weights(), name: np.zeros(wrong)})
    error = refusal(tmp_path, recording_file)
    assert f"{wrong[0]} x {wrong[1]}" in error.problem and error.key == f"networks.ours.weights.{name}"


def test_inputs_that_do_not_fit_the_task_are_refused(tmp_path: Path, recording_file: Path) -> None:
    np.savez(tmp_path / "net.npz", **{**random_weights(), "input": np.zeros((UNITS, 9))})
    assert f"need {UNITS} x {INPUTS}" in refusal(tmp_path, recording_file).problem


def test_the_other_way_round_is_seen_where_it_can_be(tmp_path: Path, recording_file: Path) -> None:
    weights = random_weights()
    np.savez(tmp_path / "net.npz", **{**weights, "readout": weights["readout"].T})
    assert "add readout to networks.ours.transpose" in refusal(tmp_path, recording_file).remedy


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_diverged_are_refused(tmp_path: Path, recording_file: Path, wrong: float) -> None:
    weights = random_weights()
    weights["recurrent"][2, 3] = wrong
    np.savez(tmp_path / "net.npz", **weights)
    error = refusal(tmp_path, recording_file)
    assert error.problem.startswith(f"1 of the {UNITS * UNITS} numbers") and error.key == "recurrent"


class Evil:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.file}",)


def test_code_in_a_file_is_refused_and_not_executed(tmp_path: Path, recording_file: Path) -> None:
    executed = tmp_path / "executed"
    torch.save({"state": Evil(executed)}, tmp_path / "net.pt")
    error = refusal(tmp_path, recording_file, files=["net.pt"])
    assert "would execute code" in error.problem and "state_dict()" in error.remedy
    (tmp_path / "net.pth").write_bytes(pickle.dumps({"recurrent": Evil(executed)}))
    refusal(tmp_path, recording_file, files=["net.pth"])
    np.savez(tmp_path / "net.npz", recurrent=np.array([Evil(executed)], object))
    refusal(tmp_path, recording_file)
    torch.save(Elsewhere(random_weights()), tmp_path / "whole.pt")
    assert "complete module" in refusal(tmp_path, recording_file, files=["whole.pt"]).remedy
    assert not executed.exists()


def test_a_missing_file_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    np.savez(tmp_path / "network.npz", **random_weights())
    with pytest.raises(InputError, match=r"Did you mean network\.npz\?") as caught:
        find_network_files(study_of(tmp_path, files=["netwrk.npz"]), MODEL, 0)
    assert caught.value.key == "networks.ours.files"


def test_a_kind_of_file_that_is_not_read_is_refused(tmp_path: Path, recording_file: Path) -> None:
    (tmp_path / "net.h5").write_bytes(b"")
    assert ".npz" in refusal(tmp_path, recording_file, files=["net.h5"]).remedy


def test_a_tensor_that_is_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    """One number, with a view that claims to be 8 TB."""
    torch.save({"w": torch.zeros(1).expand(10**6, 10**6)}, tmp_path / "net.pt")
    with pytest.raises(InputError, match="declares"):
        read_arrays(tmp_path / "net.pt", [("w", "key")])


@pytest.mark.parametrize("file", ["net.pt", "net.npz", "net.mat", "net73.mat", "net.npy"])
def test_any_bytes_give_arrays_or_a_clear_error(tmp_path: Path, file: str) -> None:
    weights = random_weights()
    write_forms(tmp_path, weights)
    np.save(tmp_path / "net.npy", weights["recurrent"])
    whole = (tmp_path / file).read_bytes()
    name = {"net.pt": "U", "net.npz": "recurrent", "net.npy": "array"}.get(file, "net.recurrent")
    rng = np.random.default_rng(8)
    damaged = [b"", whole[:100], whole[: len(whole) // 2], whole[:-30], bytes(len(whole)), b"PK\x03\x04" + whole[4:]]
    for _ in range(4 if file == "net.mat" else 14):  # SciPy may compute until the limit
        content = bytearray(whole)
        for place in rng.integers(0, len(whole) if rng.random() < 0.5 else min(900, len(whole)), size=8):
            content[place] = rng.integers(256)
        damaged.append(bytes(content))
    refused_ones = 0
    for content in damaged:
        (tmp_path / file).write_bytes(content)
        try:
            found = read_arrays(tmp_path / file, [(name, "key")])[name]
            assert found.dtype == np.float64 and np.isfinite(found).all()
        except InputError as error:
            refused_ones += 1
            assert str(tmp_path / file) in str(error)
    assert refused_ones >= 5


# ---- only activity


def write_activity(folder: Path, activity: np.ndarray, order: np.ndarray) -> None:
    """Activity with its conditions in a different order."""
    labels = {"angle_deg": ("condition", 45.0 * order)}
    array = xr.DataArray(activity[order], dims=("condition", "time", "unit"), coords=labels, name="activity")
    array.to_netcdf(folder / "net.nc")
    np.save(folder / "net.npy", activity[order].transpose(2, 0, 1))
    savemat(folder / "net.mat", {"h": activity[order]})


def test_activity_is_matched_by_labels_and_scored_as_the_network_itself(tmp_path: Path, recording_file: Path) -> None:
    np.savez(tmp_path / "net.npz", **random_weights(4))
    of = study_of(tmp_path)
    run = imported(of, recording_file, tmp_path)
    order = np.array([3, 1, 0, 7, 5, 6, 2, 4])
    recording = xr.open_dataset(recording_file)
    task = make_task(TASK, of.options.of(MODEL)["task"], recording)
    window = compared_steps(task, recording, of.options.of(MODEL)["comparison"])
    whole = activity_of(run, of, recording_file)
    labels = {"angle_deg": (45 * order).tolist()}
    network = {"units": UNITS}
    scored = {}
    for steps, values in (("all", whole), ("window", whole[:, window])):
        write_activity(tmp_path, values, order)
        for file, says in (
            ("net.nc", {}),
            ("net.npy", {"labels": labels, "order": ["unit", "condition", "time"]}),
            ("net.mat", {"labels": labels, "activity": "h"}),
        ):
            alone = study_of(
                tmp_path,
                {"fig5": {"tasks": [TASK], "learning_rules": ["ours"], "settings": ["base"]}},
                form="activity",
                files=[file],
                weights=None,
                network=network,
                steps=steps,
                **says,
            )
            imported(alone, recording_file, tmp_path)
            run_reader(Identities(alone, lambda *_: "code"), MODEL, 0)(tmp_path / "run0.nc")  # as the archive's check
            table = tmp_path / "table.csv"
            options = {**alone.options.training(MODEL), **alone.options.scoring(MODEL, "noise_floor")}
            score_model(
                "noise_floor",
                str(MODEL),
                options,
                {0: str(tmp_path / "run0.nc")},
                str(recording_file),
                "code",
                str(table),
            )
            scored[steps, file] = table.read_text()
    first = scored["all", "net.nc"].splitlines()
    rows = [line.rsplit(",", 1)[-1] for line in first]
    for text in scored.values():
        assert [line.rsplit(",", 1)[-1] for line in text.splitlines()] == rows
    options = {**of.options.training(MODEL), **of.options.scoring(MODEL, "noise_floor")}
    import_network(
        of.options.training(MODEL),
        0,
        [tmp_path / "net.npz"],
        str(recording_file),
        "code",
        str(tmp_path / "run0.nc"),
    )
    score_model(
        "noise_floor",
        str(MODEL),
        options,
        {0: str(tmp_path / "run0.nc")},
        str(recording_file),
        "code",
        str(tmp_path / "t.csv"),
    )
    of_weights = [line.rsplit(",", 1)[-1] for line in (tmp_path / "t.csv").read_text().splitlines()]
    assert rows == of_weights


@pytest.mark.parametrize(
    "labels, problem",
    [
        (None, "have no labels"),
        ({"angle": list(range(8))}, "Unknown label"),
        ({"angle_deg": list(range(7))}, "different number of labels"),
        ({"angle_deg": [0] * 8}, "8 conditions of the activity have the labels of condition 0"),
        ({"angle_deg": [1, *range(45, 360, 45)]}, "No conditions of the activity"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    tmp_path: Path, recording_file: Path, labels: dict[str, Any] | None, problem: str
) -> None:
    np.save(tmp_path / "net.npy", np.random.default_rng(0).random((8, len(TIME_MS), UNITS)))
    error = refusal(
        tmp_path,
        recording_file,
        **({"form": "activity", "files": ["net.npy"], "weights": None, "network": {"units": UNITS}, "labels": labels}),
    )
    assert problem in error.problem and error.key == "networks.ours.labels" and error.remedy


# ---- a study's own checks


@pytest.mark.parametrize(
    "over, key",
    [
        ({"task": "hatsopoulos"}, "networks.ours.task"),
        ({"setting": "gain"}, "networks.ours.setting"),
        ({"catalogue": "authors"}, "networks.ours.catalogue"),
        ({"weights": None}, "networks.ours.weights"),
        ({"network": {"units": 3, "activation": "tanh"}}, "networks.ours.network.tau_steps"),
        ({"updates": [5, 0], "files": ["a{update}.npz"]}, "networks.ours.updates"),
        ({"updates": [0, 5]}, "networks.ours.files.0"),
        ({"accuracy": [0.5]}, "networks.ours.accuracy"),
        ({"weight": {}}, "networks.ours.weight"),
        ({"form": "activity"}, "networks.ours.weights"),
    ],
)
def test_what_an_entry_must_not_say(tmp_path: Path, over: dict[str, Any], key: str) -> None:
    error = refused({"networks": {"ours": entry(tmp_path, **over)}})
    assert error.key == key and error.remedy


def test_a_network_cannot_have_the_name_of_a_learning_rule(tmp_path: Path) -> None:
    assert refused({"networks": {"bptt": entry(tmp_path)}}).key == "networks.bptt"


def test_a_figure_without_the_task_of_a_network_is_refused(tmp_path: Path) -> None:
    fig1 = {"tasks": ["mante2013"], "learning_rules": ["bptt", "ours"], "extra_models": []}
    error = refused({"networks": {"ours": entry(tmp_path)}, "use_figures": ["fig1"], "figures": {"fig1": fig1}})
    assert error.key == "figures.fig1.learning_rules" and error.value == "ours"


def test_a_figure_that_needs_what_is_not_known_is_refused_or_says_so(tmp_path: Path) -> None:
    curves = {"learning_curves": {"tasks": [TASK], "learning_rules": ["ours"], "settings": ["base"]}}
    with pytest.raises(InputError, match="its training history is not known"):
        study_of(tmp_path, curves)
    beside = {"learning_curves": {"tasks": [TASK], "learning_rules": ["bptt", "ours"], "settings": ["base"]}}
    of = study_of(tmp_path, beside, label="Our network")
    assert of.selection.figure_context("learning_curves")["lacking"] == [
        "Our network: its training history is not known"
    ]
    assert not any("ours" in file for file in of.paths.figure_tables("learning_curves"))


def test_networks_are_seeds_and_are_not_trained(tmp_path: Path) -> None:
    fig1 = {"tasks": [TASK], "learning_rules": ["bptt", "ours"], "extra_models": [], "seeds": [4, 5]}
    of = study_of(tmp_path, {"fig1": fig1}, files=["a.npz", "b.npz", "c.npz"])
    assert of.selection.seeds == {Model(TASK, "bptt", "base"): [4, 5], MODEL: [0, 1, 2]}
    assert all(MODEL not in block.models for block in of.selection.blocks)
    named = [file for file in of.paths.figure_tables("fig1") if "/ours/" in file and "distances" in file]
    assert sorted({Path(file).parent.name for file in named}) == ["seeds0-2"]
    assert of.selection.figure_context("fig1")["networks"] == {"ours": {"label": "ours", "colour": None, "number": 0}}


def test_studies_without_networks_know_nothing_of_them() -> None:
    assert "networks" not in study({"networks": {}}).selection.figure_context("fig1")


# ---- the authors' networks


def test_the_catalogue_has_every_file_that_the_config_names() -> None:
    from neurorules.recordings.catalogue import NETWORKS, PUBLISHED, source_entry

    of = study({})
    for name in of.options.imported.entries:
        whole = of.options.imported.entry(name)
        files = source_entry(whole["catalogue"], PUBLISHED, catalogue=NETWORKS)["files"]
        assert [file["path"] for file in files] == of.options.imported.files(name, 0)
        assert all(file["url"].endswith(Path(file["path"]).name) and len(file["sha256"]) == 64 for file in files)


def test_the_test_trials_are_those_that_the_authors_analyse(recording_file: Path) -> None:
    """Steps by their code, counted from 1: 25 before the cue of 23 steps, 105 after it, then the hold cue has ended."""
    options = study({}).options.of(Model(TASK, "bptt", "published-code"))
    recording = xr.open_dataset(recording_file)
    task = make_task(TASK, options["task"], recording)
    ramp = np.array([0.05, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9, 0.95])
    first, last = 25 + 1, 25 + 1 + 22
    hold_ends = last + 105
    expected = np.zeros((8, 250, INPUTS))
    expected[:, :hold_ends, 2] = 1
    expected[:, hold_ends - 8 : hold_ends, 2] = ramp[::-1]
    for condition in range(8):
        angle = condition * np.pi / 4
        bump = np.concatenate([ramp, np.ones(7), ramp[::-1]])
        expected[condition, first - 1 : last, 0] = np.sin(angle) * bump
        expected[condition, first - 1 : last, 1] = np.cos(angle) * bump
    np.testing.assert_allclose(task.test().inputs.transpose(1, 0, 2), expected, atol=1e-6)
    steps = np.arange(250)
    within = (10 * (steps - 185) >= -800) & (10 * (steps - 185) <= 400)
    np.testing.assert_array_equal(compared_steps(task, recording, options["comparison"]), steps[within])


# ---- figures


def test_figures_name_and_colour_them_and_claims_leave_them_out() -> None:
    import pandas as pd

    from neurorules.figures.base.produce import _without
    from neurorules.plotting import style, titles
    from neurorules.plotting.imported import showing

    shown = {
        "ours": {"label": "Ours, FORCE", "colour": None, "number": 0},
        "theirs": {"label": "Theirs", "colour": "#123456", "number": 1},
    }
    with showing(shown):
        assert titles.rule_label("ours") == "Ours, FORCE" and titles.rule_label("bptt") == "BPTT"
        looks = [style.line_style(name) for name in ("bptt", "eprop", "ours", "theirs")]
        assert looks[3]["color"] == "#123456"
        assert len({look["color"] for look in looks}) == len({look["marker"] for look in looks}) == 4
    with pytest.raises(InputError):
        titles.rule_label("ours")
    table = pd.DataFrame({"learning_rule": ["bptt", "ours"], "distance": [0.1, 0.2]})
    pairs = pd.DataFrame({"learning_rule_a": ["bptt", "bptt"], "learning_rule_b": ["eprop", "ours"]})
    left = _without({"fig1": {"distances": table, "model_distances": pairs}}, shown)["fig1"]
    assert left["distances"]["learning_rule"].tolist() == ["bptt"]
    assert left["model_distances"]["learning_rule_b"].tolist() == ["eprop"]


def test_untrained_networks_of_others_are_not_among_ours() -> None:
    import pandas as pd

    from neurorules.claims.derivations.noise_floor_summary import noise_floor_groups
    from neurorules.plotting import baseline_lines

    labels = {"recording": "r", "task": "t", "setting": "base", "quantity": "model", "repeat": 0, "seed": 0}
    rows = [
        {**labels, "learning_rule": rule, "stage": stage, "distance": distance}
        for rule, stage, distance in (
            ("bptt", "untrained", 0.6),
            ("bptt", "trained", 0.4),
            ("ours", "untrained", 0.9),
            ("ours", "trained", 0.3),
        )
    ]
    groups = noise_floor_groups(pd.DataFrame(rows))
    assert dict(zip(groups["group"], groups["distance"], strict=True)) == {"untrained": 0.6, "bptt": 0.4, "ours": 0.3}
    of_update = pd.DataFrame(rows).assign(measure="procrustes", update=[0, 9, 0, 9])
    found = baseline_lines.values_of({}, of_update)
    assert found[baseline_lines.UNTRAINED] == 0.6
