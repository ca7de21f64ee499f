"""`neurorules inspect` for raw files: facts, the resulting recording, and options that work as printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from scipy.io import savemat

from neurorules.cli.inspect_raw import is_raw
from neurorules.cli.main import main
from neurorules.recordings.readers.trials import read


@pytest.fixture
def mat(tmp_path: Path) -> Path:
    """20 trials of 2 sides, 3 units, 100 bins; the third unit is silent."""
    rng = np.random.default_rng(1)
    array = np.empty(20, dtype=[("spikes", object), ("side", object)])
    for i in range(20):
        counts = rng.integers(0, 2, (3, 100)).astype(np.uint8)
        counts[2] = 0
        array[i] = (counts, ["left", "right"][i % 2])
    savemat(tmp_path / "day1.mat", {"D": array})
    return tmp_path / "day1.mat"


def block(text: str) -> dict[str, Any]:
    """The options that were printed to start from."""
    (entry,) = yaml.safe_load(text[text.index("recordings:") :])["recordings"].values()
    found: dict[str, Any] = entry
    return found


def test_facts_and_a_block_that_works(mat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(mat)]) == 0
    said = capsys.readouterr().out
    for fact in ("D: 1x20 struct", "D.spikes: 3x100 uint8, 0 to 1", "side: left (10), right (10)", "1 without a spike"):
        assert fact in said
    assert "neurons: 2" in said and "unit003: no spike in the window" in said
    entry = block(said)
    assert (entry["reader"], entry["path"]) == ("trials", str(mat))
    found = read([mat], entry["options"])
    assert dict(found.sizes) == {"condition": 2, "time": 10, "neuron": 2, "trial": 40}


def test_given_options_give_a_picture(mat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", str(mat)])
    entry = block(capsys.readouterr().out)
    entry["options"]["bin_ms"] = 20
    options, picture = tmp_path / "options.yaml", tmp_path / "look.png"
    options.write_text(yaml.safe_dump({"recordings": {"mine": entry}}))
    assert main(["inspect", str(mat), "--options", str(options), "--picture", str(picture)]) == 0
    said = capsys.readouterr().out
    assert "5 of 20 ms" in said and f"Picture: {picture}" in said
    with Image.open(picture) as image:
        assert min(image.size) > 200 and np.unique(np.asarray(image.convert("L"))).size > 10


WRONG = {
    "misspelt option": ({"widow_ms": [0, 100]}, "Did you mean window_ms?"),
    "misspelt column": ({"condition": ["sid"]}, "Did you mean side?"),
    "misspelt path": ({"counts": "D.spike"}, "Did you mean spikes?"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_misspelt(mat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str) -> None:
    changes, words = WRONG[fault]
    main(["inspect", str(mat)])
    options = {**block(capsys.readouterr().out)["options"], **changes}
    (tmp_path / "o.yaml").write_text(yaml.safe_dump(options))
    assert main(["inspect", str(mat), "--options", str(tmp_path / "o.yaml")]) == 1
    assert words in capsys.readouterr().err


def test_tables_are_looked_at_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(2)
    start = np.arange(20.0)
    times = np.sort(rng.uniform(0, 20, 2000))
    pd.DataFrame({"unit": rng.integers(1, 4, 2000), "time": times}).to_csv(tmp_path / "spikes.csv", index=False)
    trials = pd.DataFrame({"start_time": start, "stop_time": start + 0.9, "choice": ["a", "b"] * 10})
    trials.assign(go_cue_time=start + 0.3).to_csv(tmp_path / "trials.csv", index=False)
    files = [tmp_path / "spikes.csv", tmp_path / "trials.csv"]
    assert main(["inspect", *map(str, files)]) == 0
    options = block(capsys.readouterr().out)["options"]
    assert (options["spikes_file"], options["align"], options["condition"]) == ("spikes.csv", "go_cue_time", ["choice"])
    assert options["window_ms"] == [-200, 400]
    assert dict(read(files, options).sizes)["neuron"] == 3


def test_directions_are_proposed_as_conditions_and_success_as_a_filter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    start = np.arange(40.0)
    spikes = pd.DataFrame({"unit": rng.integers(1, 4, 4000), "time": np.sort(rng.uniform(0, 40, 4000))})
    spikes.to_csv(tmp_path / "spikes.csv", index=False)
    trials = pd.DataFrame({"start_time": start, "stop_time": start + 0.9, "block": [1, 2] * 20})
    trials = trials.assign(success=[1, 1, 1, 1, 0] * 8, target_dir=[0, 90, 180, 270] * 10, go_cue_time=start + 0.3)
    trials.to_csv(tmp_path / "trials.csv", index=False)
    files = [tmp_path / "spikes.csv", tmp_path / "trials.csv"]
    assert main(["inspect", *map(str, files)]) == 0
    options = block(capsys.readouterr().out)["options"]
    assert (options["condition"], options["keep_trials"]) == (["target_dir"], {"success": 1})
    assert read(files, options)["target_dir"].values.tolist() == [0, 90, 180, 270]


def test_files_in_which_nothing_looks_like_trials(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    savemat(tmp_path / "a.mat", {"x": 1.0, "name": "text"})
    assert main(["inspect", str(tmp_path / "a.mat")]) == 0
    said = capsys.readouterr().out
    assert "x: 1x1" in said and "no options are suggested" in said
    (tmp_path / "b.mat").write_bytes(b"MATLAB 5.0")
    assert main(["inspect", str(tmp_path / "b.mat")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_tables_of_ours_are_results(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("recording,task,scoring_code\nx,y,z\n")
    (tmp_path / "b.csv").write_text("unit,time\n1,0.5\n")
    assert not is_raw(tmp_path / "a.csv") and is_raw(tmp_path / "b.csv") and is_raw(tmp_path / "c.nwb")
