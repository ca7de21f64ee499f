"""Reaches to the targets of any recording, compared with independently known trials and formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.study.yaml_source import REPOSITORY
from neurorules.tasks.base.cues import minimum_jerk, radians
from neurorules.tasks.base.fraction_correct import fraction_correct
from neurorules.tasks.base.guessing import guessing
from neurorules.tasks.base.labels import join
from neurorules.tasks.base.task import compared_steps, make_task

CONFIG: dict[str, Any] = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text("utf-8"))["tasks"]
ANGLES = 360.0 * np.arange(7) / 7


def recording(
    angles: Any = ANGLES, time_ms: Any = None, label: str = "target_dir", kinematics: int = 0, **more: Any
) -> xr.Dataset:
    """Random rates; by default, 7 directions in 40 bins of 10 ms from 0 ms."""
    time_ms = 10.0 * np.arange(40) if time_ms is None else np.asarray(time_ms, float)
    rng = np.random.default_rng(0)
    shape = len(angles), len(time_ms)
    moved = {name: (("condition", "time"), rng.standard_normal(shape)) for name in ("hand_x", "hand_y")[:kinematics]}
    return xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rng.gamma(2.0, 5.0, (*shape, 5))), **moved},
        coords={
            "condition": np.arange(len(angles)),
            "time": time_ms,
            label: ("condition", np.asarray(angles)),
            **{name: ("condition", np.asarray(values)) for name, values in more.items()},
        },
        attrs={"name": "lab", "bin_width_ms": 10.0, "time_in_bin": "edge"},
    )


def reach(data: xr.Dataset, **changes: Any) -> Any:
    return make_task("reach", CONFIG["reach"]["task"] | {"angle_label": "target_dir"} | changes, data)


def refused(data: xr.Dataset, **changes: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        reach(data, **changes)
    assert caught.value.remedy and caught.value.key
    return caught.value


def test_the_published_reach_is_a_case_of_it() -> None:
    """Same trials as hatsopoulos2007, with sine and cosine in the other order."""
    data = recording(45.0 * np.arange(8), np.arange(-800.0, 401.0, 10.0), "angle_deg", kinematics=2)
    data = data.rename(hand_x="shoulder_angle", hand_y="elbow_angle")
    published = make_task("hatsopoulos2007", CONFIG["hatsopoulos2007"]["task"], data)
    options = {name: CONFIG["hatsopoulos2007"]["task"][name] for name in ("output_offset_steps", "output_start_ms")}
    outputs = {"outputs": ["shoulder_angle", "elbow_angle"], "normalise": "none", "angle_label": "angle_deg"}
    ours = reach(data, **options, **outputs)
    for one, other in (
        (published.test(), ours.test()),
        (published.batch(np.random.default_rng(1), 30), ours.batch(np.random.default_rng(1), 30)),
    ):
        np.testing.assert_allclose(other.inputs[..., [1, 0, 2]], one.inputs, atol=1e-6)
        np.testing.assert_array_equal(other.targets, one.targets)
        np.testing.assert_array_equal(other.scored, one.scored)
        np.testing.assert_array_equal(other.condition, one.condition)
    # the movement's own onset, 153 in docs; the published comparison uses 185
    assert ours.window(data["time"].values, Options({}))[80] == 153
    assert ours.window(data["time"].values, Options({"onset_step": 185}))[80] == 185


def test_held_cues_are_those_of_the_maze() -> None:
    data = recording(kinematics=1)
    maze = xr.Dataset(
        {
            "plan_input": (("condition", "plan_input_channel"), np.eye(7)),
            "emg": (("condition", "emg_time", "muscle"), data["hand_x"].values[:, :, None]),
        },
        {"emg_time": data["time"].values},
    )
    options = CONFIG["sussillo2015"]["task"] | {"test_steps": 250}
    published = make_task("sussillo2015", options, maze).test()
    # its outputs are counted from the first step at which the cue falls, ours from the end of the hold cue, 8 later
    same = {"outputs": ["hand_x"], "normalise": "none", "cue": "one_hot", "cue_shape": "held"}
    timing = {name: options[name] for name in ("test_steps", "test_interval1_steps", "test_interval2_steps")}
    ours = reach(data, **same, **timing, output_offset_steps=options["output_offset_steps"] - 8).test()
    np.testing.assert_allclose(ours.inputs, published.inputs, atol=1e-6)
    np.testing.assert_array_equal(ours.targets, published.targets)


def test_minimum_jerk() -> None:
    """Halfway at half the time with 15/8 of the mean speed (Flash and Hogan 1985), straight, and still at both ends."""
    path = minimum_jerk(np.array([0.0, np.pi / 2, np.pi]), np.array([0.0, 200.0, 400.0, 500.0]), 400.0)
    np.testing.assert_allclose(path[0], [[0, 0], [0.5, 0], [1, 0], [1, 0]], atol=1e-12)
    np.testing.assert_allclose(path[1, :, 1], [0, 0.5, 1, 1], atol=1e-12)
    np.testing.assert_allclose(path[2, :, 0], [0, -0.5, -1, -1], atol=1e-12)
    fine = np.linspace(0, 400, 4001)
    way = minimum_jerk(np.zeros(1), fine, 400.0)[0, :, 0]
    speed = np.gradient(way, fine)
    assert abs(speed.max() - 15 / 8 / 400) < 1e-7 and fine[speed.argmax()] == 200.0
    assert abs(speed[0]) < 1e-7 and abs(np.gradient(speed, fine)[-1]) < 1e-6


def test_directions_in_the_units_of_labs() -> None:
    in_degrees = reach(recording()).test().inputs
    for angles, unit in ((np.deg2rad(ANGLES), "radian"), (np.arange(7), "index of 7")):
        np.testing.assert_allclose(reach(recording(angles), angle_unit=unit).test().inputs, in_degrees, atol=1e-6)
    names = recording([f"reach{number}" for number in range(1, 8)])
    values = {"angle_unit": "index of 7", "angle_values": {f"reach{number}": number - 1 for number in range(1, 8)}}
    np.testing.assert_allclose(reach(names, **values).test().inputs, in_degrees, atol=1e-6)
    assert refused(names, angle_values={"reach1": 0}).key == "task.angle_values"
    assert refused(names).key == "task.angle_label"
    # the bump is at its height 10 steps after the first interval of 25
    np.testing.assert_allclose(in_degrees[35, :, 0], np.cos(np.deg2rad(ANGLES)), atol=1e-6)
    np.testing.assert_allclose(in_degrees[35, :, 1], np.sin(np.deg2rad(ANGLES)), atol=1e-6)
    assert radians(np.array([2.0]), "index of 8")[0] == np.pi / 2


def test_seven_directions_in_400_ms_from_the_event() -> None:
    """Movement starts when the hold cue has ended: 25 + 105 steps of intervals and 23 of the cue, step 153."""
    data, made = recording(), reach(recording())
    trials = made.test()
    assert compared_steps(made, data, {}).tolist() == list(range(153, 193))
    assert not trials.targets[:154].any() and trials.targets[154].any()
    assert trials.scored[193].all() and not trials.scored[194:].any()  # 400 ms have 41 times
    np.testing.assert_allclose(trials.targets[173, :, 0], 0.5 * np.cos(np.deg2rad(ANGLES)), atol=1e-6)
    np.testing.assert_allclose(trials.targets[193, :, 1], np.sin(np.deg2rad(ANGLES)), atol=1e-6)
    assert join("reach", made, data, {}).conditions.tolist() == list(range(7))


def test_outputs_and_rates_are_aligned_at_target_onset() -> None:
    """With no second interval, and outputs from the step of the cue on: what was recorded at 0 ms is at that step."""
    data = recording(kinematics=2)
    made = reach(
        data, outputs=["hand"], output_offset_steps=-23, interval2_steps=[0, 1], test_interval2_steps=0, test_steps=100
    )
    assert compared_steps(made, data, {}).tolist() == list(range(25, 65))
    recorded = np.stack([data["hand_x"].values, data["hand_y"].values], -1)
    change = recorded - recorded[:, :1]
    np.testing.assert_allclose(
        made.test().targets[25:65].transpose(1, 0, 2), change / np.abs(change).max((0, 1)), atol=1e-6
    )


def test_a_cursor_of_45_ms_steps() -> None:
    """Eight directions of a brain-computer interface, no hand: the cursor's way takes 450 ms, ten steps."""
    data = recording(45.0 * np.arange(8), 45.0 * np.arange(-4, 16))
    data.attrs["bin_width_ms"] = 45.0
    timing = {
        "interval1_steps": [0, 5],
        "interval2_steps": [0, 10],
        "test_interval1_steps": 3,
        "test_interval2_steps": 5,
    }
    made = reach(data, dt_ms=45, movement_ms=450, steps=60, test_steps=60, **timing)
    assert compared_steps(made, data, {}).tolist() == list(range(27, 47))  # 3 + 5 + 23 is 0 ms
    np.testing.assert_allclose(made.test().targets[36, 0], [0.5, 0], atol=1e-6)


def test_labels_as_inputs_and_one_input_for_each_condition() -> None:
    data = recording(speed=[1, 2, 3, 4, 5, 6, 7], load=[0, 1, 0, 1, 0, 1, 0])
    made = reach(data, cue="labels", cue_labels=["load", "speed"])
    assert made.n_inputs == 3
    assert made.test().inputs[35, :, :2].tolist() == [[load, speed] for speed, load in enumerate([0, 1] * 3 + [0], 1)]
    assert reach(data, cue="one_hot").test().inputs[35, :, :7].tolist() == np.eye(7).tolist()


def test_who_guesses_reaches_one_in_seven_and_who_moves_right_all() -> None:
    made = reach(recording())
    trials = made.test()
    guess = guessing(made)
    assert guess.fraction_correct == pytest.approx(1 / 7)
    assert guess.accuracy == pytest.approx(0.0, abs=1e-6)  # the mean over directions that go once around is no movement
    assert fraction_correct(made.loss, trials.targets, trials) == 1.0
    others = np.roll(trials.targets, 1, axis=1)
    assert fraction_correct(made.loss, others, trials) == 0.0


def test_conditions_in_another_order_are_the_same_trials() -> None:
    data, order = recording(kinematics=2), np.random.default_rng(3).permutation(7)
    turned = data.isel(condition=order).assign_coords(condition=np.arange(7))
    one, other = (reach(each, outputs=["hand"]).test() for each in (data, turned))
    np.testing.assert_array_equal(other.inputs, one.inputs[:, order])
    np.testing.assert_array_equal(other.targets, one.targets[:, order])


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"angle_label": "target_dri"}, "task.angle_label", "Did you mean target_dir?"),
        ({"angle_label": None}, "task.angle_label", "target_dir"),
        ({"angle_label": None, "cue": "one_hot"}, "task.angle_label", "outputs: [hand_velocity]"),
        ({"outputs": ["hand_z"]}, "task.outputs", "hand_x"),
        ({"outputs": ["still"]}, "task.outputs", "Leave it out"),
        ({"cue": "labels"}, "task.cue_labels", "target_dir"),
        ({"cue": "labels", "cue_labels": ["side"]}, "task.cue_labels", "one_hot"),
        ({"cue": "labels", "cue_labels": ["load"]}, "task.cue", "one_hot"),
        ({"angle_label": "load"}, "task.cue", "one_hot"),
        ({"output_start_ms": 400}, "task.output_start_ms", "0 to 390 ms"),
        ({"output_offset_steps": -24}, "task.output_offset_steps", "-23"),
        ({"cue_shape": "held", "output_offset_steps": -17}, "task.output_offset_steps", "-16"),
        ({"test_steps": 193}, "task.test_steps", "194"),
        ({"dt_ms": 20}, "task.dt_ms", "10"),
    ],
)
def test_refusals(changes: dict[str, Any], key: str, says: str) -> None:
    data = recording(kinematics=2, load=np.zeros(7), side=list("abcdefg"))
    data["still"] = data["hand_x"] * 0.0
    error = refused(data, **changes)
    assert error.key == key
    assert says in str(error.remedy)


def test_a_direction_along_an_axis_leaves_the_other_output_at_zero() -> None:
    """Not at 1e-16, by which a squared error would be divided."""
    from neurorules.tasks.base.cues import minimum_jerk, unit_vectors

    quarter_turns = np.pi / 2 * np.arange(4)
    np.testing.assert_array_equal(unit_vectors(quarter_turns), [[1, 0], [0, 1], [-1, 0], [0, -1]])
    path = minimum_jerk(quarter_turns, 10.0 * np.arange(50), 400.0)
    assert (path[::2, :, 1] == 0).all() and (path[1::2, :, 0] == 0).all()
