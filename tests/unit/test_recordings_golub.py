"""The brain-computer interface of Golub et al. 2018: the reader's decoders give the file's own velocities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from neurorules.errors import InputError
from neurorules.io.netcdf import write_dataset
from neurorules.recordings.convert import read_recording
from neurorules.recordings.decoders import PERTURBED, Decoders, recorded_patterns
from neurorules.recordings.readers.golub2018 import read
from neurorules.recordings.recording import open_recording
from neurorules.recordings.synthetic.base.write import write_synthetic

SYNTHETIC = {"name": "made", "reader": "golub2018", "source": "example", "synthetic": True, "options": {}}


def by_hand() -> dict[str, Any]:
    """Two units, two factors, two directions with two samples each. All matrices are simple enough for exact numbers.

    beta = Sigma_z = D = V = 1. Sigma_u = diag(1/2, 1), mu_u = (2, 1): factors are ((u0 - 2) / 2, u1 - 1). K = diag(10,
    20), d = (0.1, 0): the intuitive velocity is (5 u0 - 11, 20 u1 - 20). eta exchanges the factors: the perturbed one
    is (10 u1 - 11, 10 u0 - 20). A time step lasts 50 ms.
    """
    one = np.eye(2)
    mapping = {
        **{"mu_u": np.array([2.0, 1.0]), "Sigma_u": np.diag([0.5, 1.0]), "beta": one, "Sigma_z": one},
        **{"U": one, "D": one, "V": one, "K": np.diag([10.0, 20.0]), "d": np.array([0.1, 0.0]), "eta": one, "dt": 0.05},
    }
    stages = {
        "beforeLearning": [np.array([[4, 2], [1, 1]]), np.array([[2, 2], [3, 1]])],
        "afterLearning": [np.array([[2, 0], [2, 3]]), np.array([[5, 4], [1, 0]])],
    }
    directions = [np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[0.0, 0.6], [1.0, 0.8]])]
    content: dict[str, Any] = {}
    for stage, spikes in stages.items():
        clouds: dict[str, Any] = {"spikes": cell(spikes), "cursorToTargetDirection": cell(directions)}
        clouds["factorActivity"] = cell([np.stack([(u[0] - 2) / 2, u[1] - 1.0]) for u in spikes])
        velocity = {
            "intuitive": [np.stack([5.0 * u[0] - 11, 20.0 * u[1] - 20]) for u in spikes],
            "perturbed": [np.stack([10.0 * u[1] - 11, 10.0 * u[0] - 20]) for u in spikes],
        }
        for name, values in velocity.items():
            clouds[f"vraw_{name}"] = cell(values)
            progress = [0.05 * (v * d).sum(0) for v, d in zip(values, directions, strict=True)]
            clouds[f"{name}Progress"] = cell(progress)
        clouds["angles"] = np.array([[90.0, 0.0]])
        content[stage] = {"name": "Data", "clouds": clouds}
    content["expParams"] = {"intuitiveMapping": mapping, "perturbedMapping": {**mapping, "eta": one[::-1]}}
    return content


def cell(values: list[Any]) -> np.ndarray:
    made = np.empty((1, len(values)), object)
    made[0, :] = values
    return made


def written(folder: Path, content: dict[str, Any]) -> Path:
    file = folder / "exampleData.mat"
    savemat(file, content)
    return file


def test_values_known_by_hand(tmp_path: Path) -> None:
    found = read([written(tmp_path, by_hand())], {})
    assert found["angle_deg"].values.tolist() == [0.0, 90.0]
    # means of the cloud at 90 degrees, the first in the file, are (3, 1) spikes in 50 ms
    np.testing.assert_allclose(found["rates"].values[:, 0], [[40.0, 40.0], [60.0, 20.0]])
    np.testing.assert_allclose(found["decoder_weights"], [[[5, 0], [0, 20]], [[0, 10], [10, 0]]], atol=1e-12)
    np.testing.assert_allclose(found["decoder_offset"], [[-11, -20], [-11, -20]], atol=1e-12)
    np.testing.assert_allclose(found["factor_weights"], [[0.5, 0], [0, 1]])
    assert found["count_sd"].values.tolist() == [2.0, 1.0]
    after = recorded_patterns(found, "after")
    at_90 = after.condition == 1
    assert after.counts[at_90].tolist() == [[2.0, 2.0], [0.0, 3.0]]
    # perturbed velocities towards (1, 0): 9 and 19; at 0 degrees, towards (0, 1) and (.6, .8): 30 and -6.6 + 16
    mean = np.mean([np.mean([9.0, 19.0]), np.mean([30.0, 9.4])])
    assert Decoders.of(found).progress(after, PERTURBED) == pytest.approx(mean)


def test_recordings_are_written_and_read_again(tmp_path: Path) -> None:
    files = write_synthetic("golub2018", "example", tmp_path, 0, {"neurons": 7, "trials_per_condition": 5})
    made = read_recording(SYNTHETIC, files)
    assert dict(made.sizes) == {
        **{"condition": 8, "time": 1, "neuron": 7, "sample": 80, "decoder": 2, "axis": 2, "factor": 7}
    }
    assert made.attrs["synthetic"] == 1
    write_dataset(tmp_path / "made.nc", made)
    assert open_recording(tmp_path / "made.nc").identical(made) or open_recording(tmp_path / "made.nc").equals(made)


def damage(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    content = by_hand()
    change(content)
    return content


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["expParams"]["perturbedMapping"].update(eta=np.eye(2)), "its own velocity_perturbed"),
        (lambda c: c["expParams"]["intuitiveMapping"].update(d=np.zeros(2)), "its own velocity_intuitive"),
        (lambda c: c["beforeLearning"]["clouds"]["spikes"][0, 0].__setitem__((0, 0), 3), "its own"),
        (lambda c: c["afterLearning"]["clouds"].pop("angles"), "KeyError"),
        (lambda c: c["afterLearning"]["clouds"].update(angles=np.array([[90.0, 180.0]])), "no samples"),
        (lambda c: c.pop("expParams"), "KeyError"),
    ],
    ids=["wrong order", "wrong offset", "wrong count", "no angles", "missing stage", "no decoder"],
)
def test_files_that_do_not_fit_their_decoders_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    file = written(tmp_path, damage(change))
    with pytest.raises(InputError, match=words) as caught:
        read([file], {})
    assert caught.value.file == str(file)


def test_a_file_that_is_not_matlab(tmp_path: Path) -> None:
    (tmp_path / "exampleData.mat").write_bytes(b"<html>not here</html>")
    with pytest.raises(InputError, match="not a MATLAB file"):
        read([tmp_path / "exampleData.mat"], {})


def test_the_real_session(real_data: Path) -> None:
    """Velocities from M2 and m0, which the reader does not use, and the numbers of the paper's example session."""
    file = real_data / "lab-files" / "bci_20120305.mat"
    if not file.exists():
        pytest.skip(f"{file} does not exist")
    found = read([file], {})
    assert {name: found.sizes[name] for name in ("condition", "neuron", "sample", "factor")} == {
        **{"condition": 8, "neuron": 86, "sample": 2 * 8 * 69, "factor": 10}
    }
    content = loadmat(file, simplify_cells=True)
    for number, name in enumerate(("intuitive", "perturbed")):
        mapping = content["expParams"][f"{name}Mapping"]
        # the file's M2 and m0 have nine digits
        np.testing.assert_allclose(found["decoder_weights"][number], mapping["M2"], atol=1e-8)
        np.testing.assert_allclose(found["decoder_offset"][number], mapping["m0"], atol=1e-6)
        patterns = recorded_patterns(found, "after")
        stored = np.mean([np.mean(p) for p in content["afterLearning"]["clouds"][f"{name}Progress"]]) / 0.045
        assert Decoders.of(found).progress(patterns, number) == pytest.approx(stored, rel=1e-9)
