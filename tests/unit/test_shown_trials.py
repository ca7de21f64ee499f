"""Test trials in words: by hand from what the tasks say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurorules.errors import InputError
from neurorules.study import load_study
from neurorules.trials import describe, main

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
        assert lines[1 + 4 * condition : 5 + 4 * condition] == [
            f"condition {condition}",
            f"  inputs   0: 1 0 0 | 1-20: 0 {left} {right} | 21: 0 0 0",
            f"  targets  0-20: 0 | 21: {answer}",
            "  scored   0-21: 1",
        ]


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no such task") as caught:
        describe(load_study(COMPANION), "afc")
    assert caught.value.remedy is not None and "2af" in caught.value.remedy
    with pytest.raises(InputError, match="made from a recording") as caught:
        describe(load_study(COMPANION), "reach-companion")
    assert caught.value.file == "results/companion/recordings/hatsopoulos2007.nc"


def test_all_tasks_of_a_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = tmp_path / "two.yaml"
    study.write_text("use_figures: [companion_fig1, companion_fig2]")
    assert main([str(study)]) == 0
    said = [line.split(":")[0] for line in capsys.readouterr().out.splitlines() if "test trials" in line]
    assert said == ["2af", "dms", "romo"]
    assert main([str(tmp_path / "none.yaml")]) == 1
