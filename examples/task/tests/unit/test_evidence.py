"""Evidence integration, compared with trials worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.labels import join
from neurorules.tasks.evidence import make

PERIODS = {"dt_ms": 20, "fixation_steps": 2, "stimulus_steps": 3, "decision_steps": 1}
OPTIONS = Options({**PERIODS, "evidence": [0.5], "noise_sd": 0.1})


def test_trials_known_by_hand() -> None:
    trials = make(OPTIONS, None).test()
    on, off = [[1.0], [0.0]]
    np.testing.assert_array_equal(trials.inputs[:, 0, 0], on * 5 + off)
    np.testing.assert_array_equal(trials.inputs[:, 0, 1], off * 2 + [0.5] * 3 + off)  # evidence -0.5: for the left
    np.testing.assert_array_equal(trials.inputs[:, 1, 1], off * 6)
    np.testing.assert_array_equal(trials.targets.T, [[0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 2]])
    np.testing.assert_array_equal(make(OPTIONS, None).window(np.array([10.0, 30.0, 50.0]), Options({})), [2, 3, 4])


def test_conditions_are_paired_by_their_evidence() -> None:
    recorded = xr.Dataset(coords={"condition": [0, 1], "evidence": ("condition", [0.5, -0.5])})
    assert join("evidence", make(OPTIONS, None), recorded, {}).conditions.tolist() == [1, 0]
    for other in (recorded.assign_coords(evidence=("condition", [0.4, -0.5])), recorded.drop_vars("evidence")):
        with pytest.raises(InputError, match=r"lack a label|the task lacks"):
            join("evidence", make(OPTIONS, None), other, {})


def test_a_batch_is_of_its_generator_alone() -> None:
    task = make(OPTIONS, None)
    first, again, other = (task.batch(np.random.default_rng(seed), 50) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert (first.inputs != other.inputs).any() and set(first.condition) == {0, 1}
