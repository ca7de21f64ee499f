"""The context-dependent decision task, against Neurogym's environment and against values known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.task import make_task
from neurorules.tasks.base.trials import Trials
from neurorules.tasks.mante2013 import ContextDecisionTask

OPTIONS: dict[str, Any] = {
    "dt_ms": 15,
    "fixation_ms": 350,
    "stimulus_ms": 750,
    "delay_ms": 300,
    "decision_ms": 300,
    "motion_coherence": [0.05, 0.15, 0.5],
    "colour_coherence": [0.06, 0.18, 0.5],
    "test_motion_coherence": [0.06, 0.17, 0.5],
    "test_colour_coherence": [0.06, 0.17, 0.5],
    "input_noise_sd": 0.25,
    "colour_target_input": True,
    "unit_norm_inputs": False,
    "trials": "generated",
}
EVIDENCE, CONTEXT, COLOUR_TARGET = slice(1, 5), slice(5, 7), slice(7, 9)


def task(**changes: Any) -> ContextDecisionTask:
    made = make_task("mante2013", OPTIONS | changes, None)
    assert isinstance(made, ContextDecisionTask)
    return made


def conditions(motion: list[float], colour: list[float]) -> list[tuple[int, float, float, int]]:
    """The recorded conditions: (choice, motion, colour towards the preferred target, context), sorted.

    Context is 1 for motion and -1 for colour; on correct trials the choice is the sign of what counts.
    """
    return sorted(
        (1 if (m if context == 1 else c) > 0 else -1, m, c, context)
        for m in [sign * level for level in motion for sign in (-1, 1)]
        for c in [sign * level for level in colour for sign in (-1, 1)]
        for context in (-1, 1)
    )


# Neurogym ------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[15, 50])
def environment(request: pytest.FixtureRequest) -> Any:
    """Neurogym's ContextDecisionMaking-v0 with our timing and no noise."""
    import neurogym

    made = neurogym.make(
        "ContextDecisionMaking-v0",
        dt=request.param,
        use_expl_context=True,
        sigma=0,
        timing={"fixation": 350, "stimulus": 750, "delay": 300, "decision": 300},
    ).unwrapped
    made.seed(5)
    return made


def run_neurogym(environment: Any, motion: float, colour: float, context: int) -> None:
    """Make the environment build the trial of our parameters.

    It numbers contexts 0 (first modality counts) and 1, choices 1 and 2, and gives coherences in percent.
    """
    motion_choice, colour_choice = (1 if evidence < 0 else 2 for evidence in (motion, colour))
    right, other = (motion_choice, colour_choice) if context == 1 else (colour_choice, motion_choice)
    environment.new_trial(
        ground_truth=right,
        other_choice=other,
        context=0 if context == 1 else 1,
        coh_1=100 * abs(motion),
        coh_2=100 * abs(colour),
    )


def assert_agreement(trials: Trials, index: int, environment: Any) -> None:
    """Our trial is Neurogym's, except for two documented differences."""
    ours, theirs = trials.inputs[:, index], environment.ob
    decision = environment.start_ind["decision"]
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours[:, EVIDENCE], theirs[:, EVIDENCE], rtol=0, atol=1e-7)
    np.testing.assert_array_equal(trials.targets[:, index], environment.gt)

    # The fixation input: on until the decision here, only in the fixation period there.
    fixation_end = environment.end_ind["fixation"]
    assert fixation_end < decision
    assert ours[:, 0].tolist() == [1.0] * decision + [0.0] * (len(ours) - decision)
    assert theirs[:, 0].tolist() == [1.0] * fixation_end + [0.0] * (len(ours) - fixation_end)

    # The context: on until the decision here, all the time there.
    np.testing.assert_array_equal(ours[:decision, CONTEXT], theirs[:decision, CONTEXT])
    assert (ours[decision:, CONTEXT] == 0).all()
    assert (theirs[decision:, CONTEXT] == theirs[0, CONTEXT]).all()


@pytest.mark.filterwarnings("ignore:.*render_modes")
class TestAgainstNeurogym:
    """Agreement with neurogym 2.3.1, ContextDecisionMaking-v0, explicit context, at both steps.

    Same: the order of the inputs (fixation; first modality, choice 1 and 2; second modality, choice 1 and 2;
    context), the periods, the strength of evidence (1 +- coherence) / 2, the target at every step. Its first
    modality is our motion (left, right), its second our colour (red, green, with the green target on the
    right). Different, and asserted as such: when the fixation and the context inputs end; it has no
    colour-target inputs, so ours are left out here, or stand alone behind its seven.
    """

    def test_every_test_trial(self, environment: Any) -> None:
        trials = task(dt_ms=environment.dt, colour_target_input=False).test()
        expected = conditions([0.06, 0.17, 0.5], [0.06, 0.17, 0.5])
        assert trials.n_trials == len(expected) == 72
        for index, (_, motion, colour, context) in enumerate(expected):
            run_neurogym(environment, motion, colour, context)
            assert_agreement(trials, index, environment)

    def test_trials_that_neurogym_draws(self, environment: Any) -> None:
        """Its own coherences are 5, 15 and 50 percent for both modalities."""
        coherence = [0.05, 0.15, 0.5]
        trials = task(
            dt_ms=environment.dt,
            colour_target_input=False,
            test_motion_coherence=coherence,
            test_colour_coherence=coherence,
        ).test()
        place = {
            (round(100 * motion), round(100 * colour), context): index
            for index, (_, motion, colour, context) in enumerate(conditions(coherence, coherence))
        }
        seen = set()
        for _ in range(200):
            drawn = environment.new_trial()
            choices = drawn["ground_truth"], drawn["other_choice"]
            first, second = choices if drawn["context"] == 0 else reversed(choices)
            motion = int(drawn["coh_1"]) * (1 if first == 2 else -1)
            colour = int(drawn["coh_2"]) * (1 if second == 2 else -1)
            index = place[motion, colour, 1 if drawn["context"] == 0 else -1]
            seen.add(index)
            assert_agreement(trials, index, environment)
        assert len(seen) > 36

    def test_generated_trials(self, environment: Any) -> None:
        trials = task(dt_ms=environment.dt, colour_target_input=False, input_noise_sd=0).batch(
            np.random.default_rng(1), 150
        )
        table = conditions([0.05, 0.15, 0.5], [0.06, 0.18, 0.5])
        for index, condition in enumerate(trials.condition):
            _, motion, colour, context = table[condition]
            run_neurogym(environment, motion, colour, context)
            assert_agreement(trials, index, environment)

    def test_the_colour_target_inputs_stand_behind_neurogyms_seven(self, environment: Any) -> None:
        nine, seven = task(dt_ms=environment.dt).test(), task(dt_ms=environment.dt, colour_target_input=False).test()
        assert nine.inputs.shape[2] == environment.observation_space.shape[0] + 2
        np.testing.assert_array_equal(nine.inputs[:, :, :7], seven.inputs)
        np.testing.assert_array_equal(nine.targets, seven.targets)


# Test trials ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dt_ms", "periods", "n_steps"), [(15, (23, 50, 20, 20), 113), (50, (7, 15, 6, 6), 34)])
def test_steps_of_each_period(dt_ms: int, periods: tuple[int, ...], n_steps: int) -> None:
    trials = task(dt_ms=dt_ms).test()
    assert trials.n_steps == n_steps == sum(periods)
    fixation, stimulus, delay, _ = periods
    before_decision = fixation + stimulus + delay
    on = np.arange(n_steps)
    for channels, expected in (
        (slice(0, 1), on < before_decision),
        (EVIDENCE, (on >= fixation) & (on < fixation + stimulus)),
        (CONTEXT, on < before_decision),
        (COLOUR_TARGET, np.ones(n_steps, bool)),
    ):
        # Every trial has something on these channels at these steps, and nothing at others.
        np.testing.assert_array_equal((trials.inputs[:, :, channels] != 0).any(-1), np.tile(expected[:, None], 72))
    assert (trials.targets[:before_decision] == 0).all()
    assert np.isin(trials.targets[before_decision:], (1, 2)).all()
    assert trials.scored.all() and trials.scored.shape == (n_steps, 72)


def test_order_of_the_test_trials() -> None:
    """Read back from the inputs; rows 0 to 3, 35, 36 and 71 are also those of the published trials."""
    trials = task().test()
    left, right, red, green = trials.inputs[40, :, EVIDENCE].T.astype(float)
    context = np.where(trials.inputs[40, :, 5] == 1, 1, -1)
    choice = np.where(trials.targets[-1] == 1, -1, 1)
    rows = list(zip(choice, np.round(right - left, 6), np.round(green - red, 6), context, strict=True))
    assert rows == conditions([0.06, 0.17, 0.5], [0.06, 0.17, 0.5])
    assert rows[:4] == [(-1, -0.5, -0.5, -1), (-1, -0.5, -0.5, 1), (-1, -0.5, -0.17, -1), (-1, -0.5, -0.17, 1)]
    assert rows[35:37] == [(-1, 0.5, -0.06, -1), (1, -0.5, 0.06, -1)]
    assert rows[71] == (1, 0.5, 0.5, 1)
    assert trials.condition.tolist() == list(range(72))
    assert (trials.inputs[:, :, COLOUR_TARGET] == [0, 1]).all()


def test_the_order_does_not_depend_on_the_order_of_the_levels() -> None:
    mixed = task(test_motion_coherence=[0.5, 0.06, 0.17], test_colour_coherence=[0.17, 0.5, 0.06]).test()
    np.testing.assert_array_equal(mixed.inputs, task().test().inputs)
    np.testing.assert_array_equal(mixed.targets, task().test().targets)


@pytest.mark.parametrize(
    ("row", "evidence", "context", "target"),
    [
        (0, [0.75, 0.25, 0.75, 0.25], [0, 1], 1),  # motion -.5, colour -.5, colour counts
        (36, [0.75, 0.25, 0.47, 0.53], [0, 1], 2),  # motion -.5, colour .06, colour counts
        (71, [0.25, 0.75, 0.25, 0.75], [1, 0], 2),  # motion .5, colour .5, motion counts
    ],
)
def test_values_of_three_trials_by_hand(row: int, evidence: list[float], context: list[int], target: int) -> None:
    holding, deciding = [1, 0, 0, 0, 0, *context, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 1]
    seeing = [1, *evidence, *context, 0, 1]
    expected = np.array([holding] * 23 + [seeing] * 50 + [holding] * 20 + [deciding] * 20, float)
    trials = task().test()
    np.testing.assert_allclose(trials.inputs[:, row], expected, rtol=0, atol=1e-7)
    assert trials.targets[:, row].tolist() == [0] * 93 + [target] * 20

    scaled = task(unit_norm_inputs=True).test()
    square = 3 + sum(x * x for x in evidence)  # fixation, context, colour target and the evidence
    expected[:23] /= np.sqrt(3)
    expected[23:73] /= np.sqrt(square)
    expected[73:93] /= np.sqrt(3)
    np.testing.assert_allclose(scaled.inputs[:, row], expected, rtol=0, atol=1e-7)


def test_unit_norm_leaves_a_silent_decision_silent() -> None:
    """Without the colour-target inputs nothing is on during the decision; 0/0 must not come of it."""
    inputs = task(unit_norm_inputs=True, colour_target_input=False).test().inputs
    norm = np.linalg.norm(inputs.astype(float), axis=-1)
    np.testing.assert_allclose(norm[:93], 1, atol=1e-6)
    assert (norm[93:] == 0).all()


def test_unit_norm_holds_with_noise() -> None:
    inputs = task(unit_norm_inputs=True).batch(np.random.default_rng(2), 50).inputs
    np.testing.assert_allclose(np.linalg.norm(inputs.astype(float), axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize(("dt_ms", "first", "last"), [(15, 23, 72), (50, 7, 21)])
def test_window_is_the_stimulus(dt_ms: int, first: int, last: int) -> None:
    """The recording runs from 100 to 850 ms after dots onset."""
    time_ms = np.arange(100 + dt_ms / 2, 850, dt_ms)
    assert task(dt_ms=dt_ms).window(time_ms, Options({})).tolist() == list(range(first, last + 1))


# Training trials -----------------------------------------------------------------------------------------------------


def test_with_trials_test_a_batch_is_the_test_trials() -> None:
    full = task(trials="test", unit_norm_inputs=True)
    rng = np.random.default_rng(0)
    for n_trials in (1, 72, 100):
        batch, test = full.batch(rng, n_trials), full.test()
        for field in ("inputs", "targets", "scored", "condition"):
            np.testing.assert_array_equal(getattr(batch, field), getattr(test, field))
    assert rng.integers(1 << 62) == np.random.default_rng(0).integers(1 << 62)  # nothing was drawn


def test_noise_is_on_the_evidence_during_the_stimulus_alone() -> None:
    """The same draws with and without noise: their difference is the noise, its mean 0, its sd 0.25 per step."""
    noisy = task().batch(np.random.default_rng(7), 400)
    quiet = task(input_noise_sd=0).batch(np.random.default_rng(7), 400)
    np.testing.assert_array_equal(noisy.targets, quiet.targets)
    difference = noisy.inputs.astype(float) - quiet.inputs
    noise = difference[23:73, :, EVIDENCE].copy()
    difference[23:73, :, EVIDENCE] = 0
    assert (difference == 0).all()

    assert noise.std() == pytest.approx(0.25, abs=6 * 0.25 / np.sqrt(2 * noise.size))
    assert noise.mean() == pytest.approx(0, abs=6 * 0.25 / np.sqrt(noise.size))
    # Independent between the four channels, and between steps.
    correlation = np.corrcoef(noise.reshape(-1, 4).T) - np.eye(4)
    assert np.abs(correlation).max() < 6 / np.sqrt(noise.size / 4)
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 6 / np.sqrt(noise.size)


@pytest.mark.parametrize("dt_ms", [15, 50])
def test_noise_per_step_does_not_depend_on_the_step(dt_ms: int) -> None:
    made, quiet = task(dt_ms=dt_ms), task(dt_ms=dt_ms, input_noise_sd=0)
    noise = made.batch(np.random.default_rng(3), 500).inputs - quiet.batch(np.random.default_rng(3), 500).inputs
    noise = noise[made.stimulus, :, EVIDENCE].astype(float)
    assert noise.std() == pytest.approx(0.25, abs=6 * 0.25 / np.sqrt(2 * noise.size))


def test_generated_trials_are_evenly_spread_over_the_conditions() -> None:
    """20,000 draws from 72: each count within 6 standard deviations of the binomial."""
    n = 20_000
    short = task(dt_ms=150)
    counts = np.bincount(short.batch(np.random.default_rng(0), n).condition, minlength=72)
    assert len(counts) == 72
    assert np.abs(counts - n / 72).max() < 6 * np.sqrt(n * (1 / 72) * (71 / 72))


def test_where_the_green_target_stands_decides_what_colour_means() -> None:
    """The rule of the experiment, from what the network sees: in the colour context go where the target of the
    dots' colour is, in the motion context where the dots move."""
    trials = task(input_noise_sd=0).batch(np.random.default_rng(21), 600)
    left, right, red, green = trials.inputs[40, :, EVIDENCE].T
    green_right = trials.inputs[40, :, 8] == 1
    assert (trials.inputs[:, :, COLOUR_TARGET].sum(-1) == 1).all()
    assert (trials.inputs[:, :, 8] == green_right).all()  # always on, all through the trial
    assert abs(green_right.mean() - 0.5) < 6 * 0.5 / np.sqrt(600)
    go_right = np.where(trials.inputs[40, :, 5] == 1, right > left, (green > red) == green_right)
    np.testing.assert_array_equal(trials.targets[-1], np.where(go_right, 2, 1))
    # The condition counts colour towards the right target, as the recording does.
    table = np.array(conditions([0.05, 0.15, 0.5], [0.06, 0.18, 0.5]))[trials.condition]
    np.testing.assert_allclose(right - left, table[:, 1], atol=1e-6)
    np.testing.assert_allclose((green - red) * np.where(green_right, 1, -1), table[:, 2], atol=1e-6)


def test_without_colour_target_inputs_green_is_always_right() -> None:
    trials = task(colour_target_input=False, input_noise_sd=0).batch(np.random.default_rng(22), 300)
    _, _, red, green = trials.inputs[40, :, EVIDENCE].T
    colour_counts = trials.inputs[40, :, 6] == 1
    np.testing.assert_array_equal(trials.targets[-1, colour_counts], np.where(green > red, 2, 1)[colour_counts])


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dt_ms", 0),
        ("dt_ms", -15),
        ("fixation_ms", -350),
        ("stimulus_ms", 14),
        ("delay_ms", -1),
        ("decision_ms", 0),
        ("motion_coherence", []),
        ("motion_coherence", [0.05, 0.05, 0.5]),
        ("colour_coherence", [0.0, 0.18, 0.5]),
        ("test_motion_coherence", [-0.06, 0.17, 0.5]),
        ("test_colour_coherence", [6, 17, 50]),
        ("motion_coherence", [0.05, 0.5]),
        ("colour_coherence", [0.03, 0.06, 0.18, 0.5]),
        ("input_noise_sd", -0.25),
        ("input_noise_sd", float("nan")),
        ("trials", "published"),
    ],
)
def test_options_that_make_no_sense(key: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        task(**{key: value})
    assert caught.value.key == f"task.{key}"
    assert caught.value.value is value
    assert caught.value.remedy


def test_no_fixation_and_no_delay_are_allowed() -> None:
    trials = task(fixation_ms=0, delay_ms=0).test()
    assert trials.n_steps == 70
    assert (trials.inputs[:50, :, EVIDENCE] > 0).all()
    assert (trials.targets[50:] > 0).all()


@pytest.mark.parametrize(
    ("dt_ms", "stimulus_ms", "bin_ms", "n_bins"),
    [
        (15, 750, 50, 15),  # the recording in coarser bins
        (50, 750, 15, 50),  # in finer bins
        (15, 600, 15, 50),  # a shorter stimulus
        (50, 2500, 15, 50),  # the same number, with a different width
    ],
)
def test_a_recording_that_does_not_fit(dt_ms: int, stimulus_ms: int, bin_ms: int, n_bins: int) -> None:
    time_ms = 100.0 + bin_ms * np.arange(n_bins)
    with pytest.raises(InputError) as caught:
        task(dt_ms=dt_ms, stimulus_ms=stimulus_ms).window(time_ms, Options({}))
    assert (caught.value.key, caught.value.value) == ("task.dt_ms", dt_ms)
    assert f"{stimulus_ms // dt_ms} steps of {dt_ms} ms" in caught.value.problem
    assert f"{n_bins} bins of {bin_ms} ms" in caught.value.problem
