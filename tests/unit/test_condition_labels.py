"""Test trials and recorded conditions are paired by their labels; their order never matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.provenance.code import coverage
from neurorules.recordings.conditions import in_label_order, with_conditions
from neurorules.study.code import scoring_code
from neurorules.study.load import load_study
from neurorules.study.model import Model
from neurorules.study.yaml_source import REPOSITORY
from neurorules.tables.base.labels import recording_labels
from neurorules.tasks.base.labels import join, joined_recording, labels_of
from neurorules.tasks.base.task import Task, compared_steps, make_task

PERIODS = {"fixation_ms": 100, "stimulus_ms": 200, "delay_ms": 0, "decision_ms": 100}
TWO = {"dt_ms": 100, "sigma": 1.0, "dim_ring": 2, **PERIODS}
COHERENCES = [0, 6.4, 51.2]
LAB = {"title": "Lab", "synthetic": 0}


def two_alternative(coherences: list[float] = COHERENCES) -> Task:
    return make_task("two_alternative", {**TWO, "coherence_percent": coherences}, None)


def recording(seed: int = 0, **labels: Any) -> xr.Dataset:
    """Rates of conditions with these labels; random, so that all conditions differ."""
    n_conditions = len(next(iter(labels.values())))
    rates = np.random.default_rng(seed).gamma(2.0, 5.0, (n_conditions, 4, 3))
    return xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), rates),
            "trial_rates": (("trial", "time"), rates[:, :, 0]),
            "trial_neuron": ("trial", np.zeros(n_conditions, np.int64)),
            "trial_condition": ("trial", np.arange(n_conditions)),
        },
        coords={
            "condition": np.arange(n_conditions),
            **{name: ("condition", np.asarray(values)) for name, values in labels.items()},
        },
        attrs={"name": "lab"},
    )


def choices() -> xr.Dataset:
    """The conditions of 2AF, not in the task's order."""
    return recording(choice=[2, 1, 1, 2], coherence_percent=[51.2, 51.2, 6.4, 6.4])


def refused(
    data: xr.Dataset, task: Task | None = None, module: str = "two_alternative", **comparison: Any
) -> InputError:
    with pytest.raises(InputError) as caught:
        join(module, task or two_alternative(), data, comparison)
    assert caught.value.remedy and caught.value.key
    return caught.value


# ---- what the test trials of each task are


def test_labels_of_two_alternatives_without_coherence_0() -> None:
    labels = labels_of("two_alternative", two_alternative())
    assert {name: values.tolist() for name, values in labels.items()} == {
        "choice": [1, 1, 2, 2],
        "coherence_percent": [6.4, 51.2, 6.4, 51.2],
    }


def test_labels_of_match_to_sample() -> None:
    options = {"dt_ms": 100, "sigma": 1.0, "dim_ring": 4, "fixation_ms": 100, "sample_ms": 100, "delay_ms": 100}
    labels = labels_of("dms", make_task("dms", {**options, "test_ms": 100, "decision_ms": 100}, None))
    assert labels["sample_angle_deg"].tolist() == [0, 0, 90, 90, 180, 180, 270, 270]
    assert labels["match"].tolist() == [1, 0] * 4


def test_labels_of_a_context_decision_are_those_of_the_recording() -> None:
    from neurorules.recordings.readers.mante2013 import CONDITIONS

    levels = {
        f"{test}{feature}_coherence": [0.06, 0.17, 0.5] for test in ("", "test_") for feature in ("motion", "colour")
    }
    options = {"dt_ms": 50, **PERIODS, "delay_ms": 100, "input_noise_sd": 0.25, "trials": "test"}
    inputs = {"colour_target_input": True, "unit_norm_inputs": True}
    labels = labels_of("mante2013", make_task("mante2013", {**options, **inputs, **levels}, None))
    assert list(labels) == ["choice", "motion_rank", "color_rank", "context"]
    assert np.array(list(labels.values())).T.tolist() == [list(condition) for condition in CONDITIONS]


def test_labels_of_an_environment() -> None:
    """Neurogym's 2AF: 0-based choices are answers from 1; coherence as it is. Coherence 0 looks the same for both."""
    options = {
        "env": "PerceptualDecisionMaking-v0",
        "dt_ms": 100,
        "steps": 20,
        "test_trials": 4,
        "cohs": [6.4, 51.2],
        "timing": {"fixation": 100, "stimulus": 1000, "delay": 0, "decision": 100},
    }
    task = make_task("neurogym", options, None)
    labels = labels_of("neurogym", task)
    assert set(labels) == {"choice", "coherence_percent"}
    trials = task.test()
    assert labels["choice"].tolist() == trials.targets[11].tolist()
    shown = np.abs(trials.inputs[5, :, 1] - trials.inputs[5, :, 2])  # coherence / 100
    np.testing.assert_allclose(100 * shown, labels["coherence_percent"], rtol=1e-5)


def test_intervals_of_ready_set_go() -> None:
    """Seven intervals, each a test trial: `production` and the durations of periods say nothing more."""
    intervals = [480, 560, 640, 720, 800, 900, 1000]
    options = {"env": "ReadySetGo-v0", "dt_ms": 20, "steps": 200, "test_trials": 7, "timing": {"measure": intervals}}
    labels = labels_of("neurogym", make_task("neurogym", options, None))
    assert list(labels) == ["interval_ms"]
    assert sorted(labels["interval_ms"]) == intervals


def test_ready_set_go_is_compared_from_ready_on() -> None:
    """Ready is on from step 5 (100 ms of fixation in steps of 20); the shortest trial lasts 100 + 3 x 480 + 83 ms.

    Set comes at another step in every trial, so that a recording around it has no steps that are the same in all.
    """
    options = {"env": "ReadySetGo-v0", "dt_ms": 20, "steps": 200, "test_trials": 2, "timing": {"measure": [480, 1000]}}
    task = make_task("neurogym", options, None)
    data = recording(t_s=[1.0, 0.48]).isel(time=slice(4))
    data = data.assign_coords(time=20.0 * np.arange(-2, 2)).assign_attrs(bin_width_ms=20.0)
    assert compared_steps(task, data, Options({"onset_step": 5})).tolist() == [3, 4, 5, 6]
    labels = {"interval_ms": {"label": "t_s", "scale": 1000}}
    found = join("neurogym", task, data, {"labels": labels})
    of_trials = labels_of("neurogym", task)["interval_ms"]
    assert [1000 * data["t_s"].values[condition] for condition in found.conditions] == of_trials.tolist()
    for onset, key in ((1, "comparison.onset_step"), (200, "comparison.onset_step")):
        with pytest.raises(InputError, match="shortest test trial") as caught:
            compared_steps(task, data, Options({"onset_step": onset}))
        assert caught.value.key == key
    with pytest.raises(InputError, match=r"0\.5 of a step"):
        compared_steps(
            task, data.assign_coords(time=data["time"] + 10).assign_attrs(time_in_bin="edge"), {"onset_step": 5}
        )


# ---- pairs


def test_the_pairs_are_those_of_the_labels() -> None:
    found = join("two_alternative", two_alternative(), choices(), {})
    assert (found.trials.tolist(), found.conditions.tolist()) == ([0, 1, 2, 3], [2, 1, 3, 0])
    ordered = joined_recording("two_alternative", two_alternative(), choices(), {})
    np.testing.assert_array_equal(ordered["rates"], choices()["rates"].values[[2, 1, 3, 0]])
    assert ordered["condition"].values.tolist() == [0, 1, 2, 3]
    # a single trial is still of the condition whose rates it has
    np.testing.assert_array_equal(ordered["trial_rates"], ordered["rates"].values[ordered["trial_condition"], :, 0])


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_conditions_gives_the_same_recording(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(4)
    straight, shuffled = choices(), with_conditions(choices(), order)
    assert (shuffled["rates"].values[0] == straight["rates"].values[order[0]]).all()
    one, other = (joined_recording("two_alternative", two_alternative(), data, {}) for data in (straight, shuffled))
    xr.testing.assert_identical(one, other)
    xr.testing.assert_identical(in_label_order(straight), in_label_order(shuffled))


def test_numbers_are_the_same_within_a_millionth() -> None:
    near = choices().assign_coords(coherence_percent=("condition", np.float32([51.2, 51.2, 6.4, 6.4])))
    assert join("two_alternative", two_alternative(), near, {}).conditions.tolist() == [2, 1, 3, 0]
    off = choices().assign_coords(coherence_percent=("condition", [51.2, 51.2, 6.401, 6.4]))
    error = refused(off)
    assert "2 and the task lacks" not in error.problem
    assert (
        "lab lacks (choice 1, coherence_percent 6.4); the task lacks (choice 1, coherence_percent 6.401)"
        in error.problem
    )


def test_other_names_units_scales_and_values() -> None:
    lab = recording(side=["right", "left", "left", "right"], coh=[0.512, 0.512, 0.064, 0.064])
    labels = {
        "choice": {"label": "side", "values": {"left": 1, "right": 2}},
        "coherence_percent": {"label": "coh", "scale": 100},
    }
    assert join("two_alternative", two_alternative(), lab, {"labels": labels}).conditions.tolist() == [2, 1, 3, 0]
    # a study's mapping after a round trip through JSON: keys are text, groups are Options
    options = Options(
        {"labels": {"choice": {"label": "side", "values": {"-1": 1, "1.0": 2}}, "coherence_percent": "coh"}}
    )
    numbers = recording(side=[1, -1, -1, 1], coh=[51.2, 51.2, 6.4, 6.4])
    assert join("two_alternative", two_alternative(), numbers, options).conditions.tolist() == [2, 1, 3, 0]


def test_angles_are_modulo_a_turn() -> None:
    options = {"dt_ms": 100, "sigma": 1.0, "dim_ring": 4, "fixation_ms": 100, "sample_ms": 100, "delay_ms": 100}
    task = make_task("dms", {**options, "test_ms": 100, "decision_ms": 100}, None)
    angle = np.deg2rad([-90.0, 360.0, 90.0, -180.0])
    lab = recording(theta=np.tile(angle, 2), match=np.repeat([0, 1], 4))
    labels = {"sample_angle_deg": {"label": "theta", "unit": "radian"}}
    assert join("dms", task, lab, {"labels": labels}).conditions.tolist() == [5, 1, 6, 2, 7, 3, 4, 0]


# ---- refusals


def test_missing_labels_are_named_with_what_is_wanted() -> None:
    error = refused(recording(choise=[1, 1, 2, 2], coherence_percent=[6.4, 51.2] * 2))
    assert (error.key, error.value) == ("comparison.labels.choice", "choice")
    assert "Did you mean choise?" in str(error.remedy)
    assert "choice (1, 2); coherence_percent (6.4, 51.2)" in str(error.remedy)
    assert "no labels" in str(refused(recording(n=[0]).drop_vars("n")).remedy)


def test_position_is_no_label() -> None:
    """As many conditions as test trials, without labels."""
    assert "lack a label" in refused(choices().drop_vars(["choice", "coherence_percent"])).problem


def test_conditions_of_one_side() -> None:
    fewer = with_conditions(choices(), [0, 1, 2])
    error = refused(fewer)
    assert "4 test trials, the recording 3 conditions, of which 3 are the same" in error.problem
    assert "lab lacks (choice 2, coherence_percent 6.4)" in error.problem and "the task lacks" not in error.problem
    assert error.key == "comparison.recording" and "comparison.conditions: shared" in str(error.remedy)
    shared = joined_recording("two_alternative", two_alternative([6.4, 51.2, 99.0]), fewer, {"conditions": "shared"})
    found = join("two_alternative", two_alternative([6.4, 51.2, 99.0]), fewer, {"conditions": "shared"})
    assert found.trials.tolist() == [0, 1, 4]  # of choice 1 with 6.4, 51.2, 99; choice 2 with 6.4, 51.2, 99
    np.testing.assert_array_equal(shared["rates"], fewer["rates"].values[[2, 1, 0]])
    assert shared.attrs["unpaired_conditions"] == [0, 3]
    # trials of a condition that is left out have no condition
    less = joined_recording("two_alternative", two_alternative([51.2]), fewer, {"conditions": "shared"})
    assert less["trial_condition"].values.tolist() == [1, 0, -1, -1]
    none = recording(choice=[1, 2], coherence_percent=[1.0, 1.0])
    assert refused(none, conditions="shared").key == "comparison.conditions"


def test_labels_twice() -> None:
    error = refused(recording(choice=[1, 1, 2, 2], coherence_percent=[6.4, 6.4, 6.4, 51.2]))
    assert "two conditions of lab, 0 and 1, have the same" in error.problem
    assert error.value == "choice 1, coherence_percent 6.4"


def test_labels_that_are_not_the_tasks() -> None:
    error = refused(choices(), labels={"coherence": "coh"})
    assert error.key == "comparison.labels.coherence" and "Did you mean coherence_percent?" in str(error.remedy)
    error = refused(choices(), labels={"choice": {"values": {"1": 1}}})
    assert (error.key, error.value) == ("comparison.labels.choice.values", 2)
    text = choices().assign_coords(choice=("condition", ["r", "l", "l", "r"]))
    error = refused(text)
    assert error.value == "l, r" and "values" in str(error.remedy)
    nothing = choices().assign_coords(coherence_percent=("condition", [51.2, 51.2, np.nan, 6.4]))
    assert "condition 2 is not a finite number" in refused(nothing).problem


def test_a_task_that_does_not_say_what_it_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    from neurorules.tasks import two_alternative as module

    task = two_alternative()
    monkeypatch.delattr(module, "condition_labels")
    assert refused(choices(), task).key == "task.module"


# ---- the order of conditions in a recording


def test_conditions_are_sorted_by_their_labels() -> None:
    data = recording(side=["right", "left", "right", "left"], coherence=[10.0, 9.0, -1.0, 90.0])
    ordered = in_label_order(data)
    assert ordered["side"].values.tolist() == ["left", "left", "right", "right"]
    assert ordered["coherence"].values.tolist() == [9.0, 90.0, -1.0, 10.0]  # not as text
    assert ordered["trial_condition"].values.tolist() == [3, 0, 2, 1]
    assert in_label_order(ordered) is ordered
    bare = data.drop_vars(["side", "coherence"])
    assert in_label_order(bare) is bare


def test_titles_say_how_many_conditions_are_left_out() -> None:
    shared = {"conditions": "shared"}
    few = joined_recording("two_alternative", two_alternative([51.2]), choices().assign_attrs(LAB), shared)
    assert recording_labels("2af", few)["recording_title"] == (
        "Lab, 3 neurons only, 2 conditions (2 recorded and 0 tested left out)"
    )
    assert recording_labels("2af", choices().assign_attrs(LAB))["recording_title"] == "Lab, 3 neurons only"


def test_training_does_not_depend_on_labels() -> None:
    """A renamed label causes rescoring, but no training."""
    labels = "neurorules.tasks.mante2013", "condition_labels"
    scripts = REPOSITORY / "workflow" / "scripts"
    assert labels not in coverage(scripts / "train.py", ["learning.bptt", "tasks.mante2013"])
    plugins = ["tables.distances", "tasks.mante2013", "tasks.mante2013:condition_labels"]
    assert labels in coverage(scripts / "score.py", plugins)
    study = load_study(REPOSITORY / "config" / "mante-units.yaml")
    models = [Model("mante2013", "bptt", "base")]
    assert plugins[2] in scoring_code(study, "score.py", "distances", models)[1]
    assert plugins[2] not in scoring_code(study, "score.py", "learning", models)[1]
