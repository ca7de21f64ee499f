"""Model recovery: networks in place of the recording, against SciPy, the measures themselves and known families."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers.options import model_options
from scipy import stats
from scipy.ndimage import gaussian_filter1d

from neurorules.network.parameters import Sizes
from neurorules.options import Options
from neurorules.runs.run import Checkpoint, make_run
from neurorules.similarity.dsa import dsa_distances
from neurorules.similarity.measures.base.measure import MEASURES
from neurorules.similarity.pseudo_recording import (
    RecordedNeurons,
    averaged_spikes,
    draw_indices,
    draw_neurons,
    pseudo_recording,
    scaled,
)
from neurorules.similarity.recovery import Representation, distances, recover
from neurorules.statistics.proportion import exact_interval
from neurorules.tables import recovery
from neurorules.tables.base.recovered import calibrated, summary
from neurorules.tables.base.table_type import ScoredModel

CONDITIONS, TIMES, BIN_MS = 6, 30, 10.0


def smooth(rng: np.random.Generator, n: int, sd: float = 4.0) -> np.ndarray:
    """Smooth random signals, (condition, time, n)."""
    return gaussian_filter1d(rng.standard_normal((CONDITIONS, TIMES, n)), sd, axis=1, mode="nearest")


def neurons(n: int = 20, trials: int = 50, smoothing_ms: float = 25.0) -> RecordedNeurons:
    rng = np.random.default_rng(7)
    mean = rng.uniform(5, 20, n)
    return RecordedNeurons(mean, mean / 3, np.full((CONDITIONS, n), trials), BIN_MS, smoothing_ms)


# ---- pseudo-recordings


def test_spikes_of_very_many_trials_are_the_smoothed_rates() -> None:
    rates = 20 + 3 * smooth(np.random.default_rng(0), 4)
    trials = np.full((CONDITIONS, 4), 10**9)
    got = averaged_spikes(rates, trials, BIN_MS, 25.0, np.random.default_rng(1))
    expected = gaussian_filter1d(rates, 2.5, axis=1, mode="nearest", truncate=4.0)
    np.testing.assert_allclose(got, expected, atol=0.01)
    unsmoothed = averaged_spikes(rates, trials, BIN_MS, 0.0, np.random.default_rng(1))
    np.testing.assert_allclose(unsmoothed, rates, atol=0.01)


@pytest.mark.parametrize("trials", [1, 10])
def test_spikes_vary_as_poisson_spikes_smoothed_with_a_gaussian(trials: int) -> None:
    """The variance of a rate r over n trials under a Gaussian of SD s is r / (2 sqrt(pi) s n), at the edges too."""
    rate, shape = 30.0, (400, 9, 5)
    rng = np.random.default_rng(2)
    got = averaged_spikes(np.full(shape, rate), np.full((400, 5), trials), BIN_MS, 25.0, rng)
    expected = rate / (2 * np.sqrt(np.pi) * 0.025 * trials)
    assert got.mean() == pytest.approx(rate, rel=0.02)
    np.testing.assert_allclose(got.var(axis=(0, 2)), expected, rtol=0.15)


def test_the_recorded_sd_is_that_of_the_rate_without_its_noise() -> None:
    """Rates of known SD, observed in few trials: the observed rates vary more, the corrected SD does not."""
    rng = np.random.default_rng(3)
    true = scaled(rng.random((200, 40, 6)), np.full(6, 20.0), np.full(6, 5.0))
    trials = np.full((200, 6), 8)
    seen = averaged_spikes(true, trials, BIN_MS, 0.0, rng)
    found = RecordedNeurons.of(seen, trials, BIN_MS, 0.0)
    # Poisson noise has the variance 20 / (8 x 0.01 s) = 250, ten times that of the rate. Of 8000 values, a variance of
    # 275 is known to 4.3, and the SD that is left to 0.43.
    np.testing.assert_allclose(seen.var((0, 1)), 275, rtol=0.1)
    np.testing.assert_allclose(found.sd, 5.0, atol=3 * 0.43)
    np.testing.assert_allclose(found.mean, 20.0, rtol=0.05)
    # Pure noise leaves a neuron with no SD, or almost none.
    silent = averaged_spikes(np.full((200, 40, 6), 20.0), trials, BIN_MS, 0.0, rng)
    assert (RecordedNeurons.of(silent, trials, BIN_MS, 0.0).sd < np.sqrt(3 * 4.3)).all()


def test_rates_get_mean_and_sd_and_keep_their_shape() -> None:
    signals = smooth(np.random.default_rng(4), 3)
    rates = scaled(signals, np.array([10.0, 10.0, 0.5]), np.array([1.0, 0.0, 5.0]))
    np.testing.assert_allclose(rates.mean((0, 1)), [10, 10, 0.5])
    np.testing.assert_allclose(rates[..., :2].std((0, 1)), [1, 0], atol=1e-12)
    # The last would fall below 0: it reaches 0, with a smaller SD.
    assert rates.min() == pytest.approx(0, abs=1e-12) and rates[..., 2].std() < 5
    for neuron in (0, 2):
        assert np.corrcoef(rates[..., neuron].ravel(), signals[..., neuron].ravel())[0, 1] == pytest.approx(1)


def test_units_are_drawn_once_and_mixed_beyond() -> None:
    activity = smooth(np.random.default_rng(5), 8) ** 2
    activity[..., 3] = 0.25  # never changes
    few = draw_neurons(activity, 5, np.random.default_rng(0))
    drawn = [np.flatnonzero((activity == few[..., [k]]).all((0, 1))).tolist() for k in range(5)]
    assert len({unit for (unit,) in drawn}) == 5 and [3] not in drawn
    many = draw_neurons(activity, 20, np.random.default_rng(0))
    single = [(activity == many[..., [k]]).all((0, 1)).any() for k in range(20)]
    assert single == [True] * 7 + [False] * 13
    for k in range(7, 20):  # positive weights that add up to 1
        weights = np.linalg.lstsq(activity.reshape(-1, 8), many[..., k].ravel(), rcond=None)[0]
        assert (weights > -1e-8).all() and weights.sum() == pytest.approx(1) and (weights > 1e-8).sum() <= 3
    assert not draw_neurons(np.ones((2, 3, 4)), 2, np.random.default_rng(0)).any()


def test_recorded_neurons_are_taken_once_as_far_as_there_are_any() -> None:
    drawn = draw_indices(6, 15, np.random.default_rng(0))
    assert sorted(drawn[:6]) == list(range(6)) and set(drawn[6:]) <= set(range(6)) and len(drawn) == 15
    assert len(set(draw_indices(6, 4, np.random.default_rng(1)))) == 4


# ---- distances


@pytest.mark.parametrize("rank", [3, 12, 40])
def test_distances_are_those_of_the_measures(rank: int) -> None:
    """Networks of few dimensions, too, whose further ones are rounding; the recording has noise in all of them."""
    rng = np.random.default_rng(rank)
    x = smooth(rng, rank) @ rng.standard_normal((rank, 40))
    y = 10 + x @ rng.standard_normal((40, 25)) + 0.5 * rng.standard_normal((CONDITIONS, TIMES, 25))
    got = distances(Representation(y), Representation(x), ("procrustes", "cca", "cka", "dsa"), 4, 6)
    for name in ("procrustes", "cca", "cka"):
        assert got[name] == pytest.approx(MEASURES.load(name).distance(x, y), abs=2e-4), name
    assert got["dsa"] == pytest.approx(dsa_distances(y, x, 4, 6, ("wasserstein",))["wasserstein"], rel=1e-5)


def test_what_has_no_variance_is_at_distance_1() -> None:
    rng = np.random.default_rng(0)
    constant, other = Representation(np.ones((CONDITIONS, TIMES, 4))), Representation(smooth(rng, 5))
    assert distances(constant, other, ("procrustes", "cca", "cka")) == {"procrustes": 1, "cca": 1, "cka": 1}


# ---- recovery


def test_recovery_by_hand() -> None:
    groups = np.array(["a", "a", "b", "b", "c"])
    found = recover(np.array([1.0, 4.0, 2.0, 4.0, 0.5]), groups, "a")
    # Against b: 1 before both, 4 after 2 and even with 4: (1 + 1 + 0 + .5) / 4. Against c: neither.
    assert found.auc == pytest.approx((2.5 / 4 + 0) / 2)
    assert found.group == "c" and found.own == 2.5 and found.other == pytest.approx((3 + 0.5) / 2)


def test_auc_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(0)
    values, groups = rng.integers(0, 6, 30), np.repeat(["a", "b"], [13, 17])
    u = stats.mannwhitneyu(values[groups == "b"], values[groups == "a"]).statistic
    assert recover(values, groups, "a").auc == pytest.approx(u / (13 * 17))


def of_families(n_seeds: int, apart: float, seed: int) -> np.ndarray:
    """AUC of every network of two families: signals of its family, `apart` from the other's, and some of its own."""
    rng = np.random.default_rng(seed)
    common, of_family = smooth(rng, 5), [smooth(rng, 5) for _ in range(2)]
    networks, family = [], np.repeat(["a", "b"], n_seeds)
    for name in family:
        signals = common + apart * of_family["ab".index(name)] + 0.5 * smooth(rng, 5)
        networks.append(np.tanh(signals @ rng.standard_normal((5, 40))))
    candidates = [Representation(network) for network in networks]
    number = np.tile(np.arange(n_seeds), 2)
    aucs = []
    for own, network in enumerate(networks):
        made = Representation(pseudo_recording(network, neurons(), 15, rng))
        kept = number != number[own]
        found = [distances(made, other, ("procrustes",))["procrustes"] for other in candidates]
        aucs.append(recover(np.array(found)[kept], family[kept], family[own]).auc)
    return np.array(aucs)


def test_two_families_are_told_apart_and_one_family_is_not() -> None:
    assert of_families(6, apart=3.0, seed=0).mean() > 0.99
    # Families that do not differ: chance is within the interval in nearly all of a few draws.
    low, high = np.transpose([exact_interval(of_families(6, apart=0.0, seed=s).mean(), 12) for s in range(5)])
    assert ((low < 0.5) & (high > 0.5)).sum() >= 4


def test_the_interval_is_wide_enough_although_networks_share_their_candidates() -> None:
    """Points instead of networks, from two learning rules that do not differ; points of one seed are similar."""
    rng = np.random.default_rng(1)
    n_seeds, outside = 8, np.zeros(2)
    rules, seeds = np.repeat(["a", "b"], n_seeds), np.tile(np.arange(n_seeds), 2)
    for _ in range(150):
        points = np.tile(rng.standard_normal((n_seeds, 3)), (2, 1)) * 0.7 + 0.7 * rng.standard_normal((2 * n_seeds, 3))
        points *= np.exp(rng.standard_normal((2 * n_seeds, 1)) / 2)  # some are far from all others
        seen = points + 0.3 * rng.standard_normal(points.shape)
        found = []
        for own in range(2 * n_seeds):
            kept = seeds != seeds[own]
            found.append(recover(np.linalg.norm(points - seen[own], axis=1)[kept], rules[kept], rules[own]))
        means = (
            np.mean([one.auc for one in found]),
            np.mean([one.group == r for one, r in zip(found, rules, strict=True)]),
        )
        for number, mean in enumerate(means):
            low, high = exact_interval(float(mean), 2 * n_seeds)
            outside[number] += not low <= 0.5 <= high
    # 5% of 150, and three standard deviations of chance.
    assert (outside <= 7.5 + 3 * np.sqrt(150 * 0.05 * 0.95)).all()


@pytest.mark.parametrize("successes, n", [(0, 7), (3, 7), (7, 7), (39, 40)])
def test_exact_interval_is_that_of_scipy(successes: int, n: int) -> None:
    expected = stats.binomtest(successes, n).proportion_ci(0.95, "exact")
    np.testing.assert_allclose(exact_interval(successes / n, n), (expected.low, expected.high), atol=1e-9)


# ---- the table, of networks whose weights are set

UNITS, SEEDS, N_NEURONS = 12, (0, 1, 2, 3), 6
COMPARISON = model_options().comparison.but(recovery_measures=["procrustes", "cka", "dsa"])


class FewTrials:
    """Random inputs, one trial per condition; every step is compared."""

    accuracy = loss = batch = None
    n_inputs, n_outputs = 2, 1
    n_conditions = CONDITIONS  # which the center-out reach, whose labels these are, asks for

    def test(self) -> Any:
        from neurorules.tasks.base.trials import Trials

        inputs = np.random.default_rng(0).standard_normal((TIMES, CONDITIONS, 2)).cumsum(0).astype(np.float32)
        shape = (TIMES, CONDITIONS)
        return Trials(inputs, np.zeros((*shape, 1), np.float32), np.ones(shape, bool), np.arange(CONDITIONS))

    def window(self, time_ms: np.ndarray, comparison: Options) -> np.ndarray:
        return np.arange(len(time_ms))


def recorded(**attributes: Any) -> xr.Dataset:
    rates = 20 + 4 * smooth(np.random.default_rng(9), N_NEURONS)
    time = 10.0 * np.arange(TIMES)
    attributes = {
        "name": "made",
        "title": "Made",
        "synthetic": 1,
        "bin_width_ms": 10,
        "time_in_bin": "edge",
    } | attributes
    return xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rates)},
        coords={
            "condition": np.arange(CONDITIONS),
            "time": time,
            "angle_deg": ("condition", 45.0 * np.arange(CONDITIONS)),
        },
        attrs=attributes,
    )


def weights(seed: int) -> np.ndarray:
    sizes = Sizes(2, UNITS, 1)
    n = sum(int(np.prod(shape)) for shape in sizes.shapes().values())
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def member(rule: str, last: dict[int, np.ndarray], accuracy: float = 0.9) -> ScoredModel:
    """Networks of a rule by seed: the seed's own weights before training, those given after it."""
    runs = {
        seed: make_run(
            Sizes(2, UNITS, 1),
            {0: Checkpoint(weights(seed), -0.1), 10: Checkpoint(after, accuracy)},
            np.zeros((3, 10)),
        )
        for seed, after in last.items()
    }
    labels = {"task": "made", "learning_rule": rule, "setting": "base", "learning_rate": 1e-3}
    options = model_options(rule).but(task_module="hatsopoulos2007")
    return ScoredModel(labels, options, FewTrials(), runs)  # type: ignore[arg-type]


LABELS = {"recording": "made", "recording_title": "Made", "synthetic": 1, "task": "made"}


def table_of(*members: ScoredModel, **options: Any) -> pd.DataFrame:
    return recovery.table(members, LABELS, COMPARISON.but(**options), recorded())


def families() -> list[ScoredModel]:
    """Two learning rules that each lead every seed close to different weights."""
    return [
        member(rule, {seed: weights(100 + number) + 0.05 * weights(seed) for seed in SEEDS})
        for number, rule in enumerate(("bptt", "eprop"))
    ]


def test_rules_that_lead_to_different_networks_are_recovered() -> None:
    table = table_of(*families(), recovery_trials=[10**6], recovery_trials_per_condition=1000)
    rules = table[table["control"] == "rules"]
    everything = rules[rules["trials"] == 0]
    assert set(everything["measure"]) == {"procrustes", "cka", "dsa"}
    assert (everything["recovered_as"] == everything["learning_rule"]).all() and (everything["auc"] == 1).all()
    # By stage: the recording's own numbers, other neurons, other trials, everything; and where accuracy .5 is reached.
    assert set(zip(rules["stage"], rules["neurons"], rules["trials"], strict=True)) == {
        *[("trained", 6, 1000), ("trained", 4, 1000), ("trained", 6, 10**6), ("trained", UNITS, 0)],
        ("matched", 6, 1000),
    }
    dsa = table[table["measure"] == "dsa"]
    assert set(zip(dsa["stage"], dsa["neurons"], strict=True)) == {("trained", 6), ("trained", 12), ("untrained", 6)}
    # Within one rule, and before training, halves of the seeds: of one rule alone, as untrained networks are shared.
    assert set(table[table["control"] == "one_rule"]["learning_rule"]) == {"bptt", "eprop"}
    assert set(table[table["control"] == "untrained"]["learning_rule"]) == {"bptt"}
    assert set(table[table["control"] == "untrained"]["update"]) == {0}


def test_networks_of_the_same_seed_are_left_out() -> None:
    """Two rules that do the same: a seed's networks are equal, those of other seeds are not."""
    same = {seed: weights(seed + 50) for seed in SEEDS}
    table = table_of(member("bptt", same), member("eprop", same), recovery_trials_per_condition=1000)
    procrustes = table[(table["measure"] == "procrustes") & (table["stage"] == "trained")].groupby("control")
    # Among other seeds, each network occurs once for either learning rule: all is balanced.
    np.testing.assert_allclose(procrustes.get_group("rules")["auc"], 0.5)
    # The other rule has one more with it, the equal network: of 3 x 4 comparisons 9 are even, 3 are won or lost.
    won = 12 * procrustes.get_group("rules_same_seed")["auc"] - 4.5
    np.testing.assert_allclose(won, won.round(), atol=1e-9)
    assert won.between(0, 3).all() and not np.allclose(won, 1.5)


def test_levels_that_networks_do_not_reach_have_no_rows() -> None:
    good, poor = families()
    poor = member("eprop", {seed: weights(101) + 0.05 * weights(seed) for seed in SEEDS}, accuracy=0.4)
    assert "matched" not in set(table_of(good, poor)["stage"])
    assert "matched" in set(table_of(good, poor, recovery_levels=[0.3])["stage"])
    # Networks that start above a level were not trained there.
    assert "matched" not in set(table_of(*families(), recovery_levels=[-0.2])["stage"])


def test_draws_depend_on_the_network_alone() -> None:
    few = table_of(*[member(m.labels["learning_rule"], last) for m, last in zip(families(), [{}, {}], strict=True)])
    assert not len(few)
    both = families()
    alone = table_of(*both, recovery_neurons=None, recovery_levels=[0.9])
    more = table_of(*both, recovery_neurons=[4], recovery_levels=[0.5])
    keys = ["control", "learning_rule", "seed", "neurons", "trials", "measure", "distance"]
    ends = [t[(t["stage"] == "trained") & (t["neurons"] == 6)][keys].reset_index(drop=True) for t in (alone, more)]
    pd.testing.assert_frame_equal(*ends)


def test_trials_and_smoothing_are_the_recordings_own_where_it_says_them() -> None:
    recording = recorded(smoothing_sd_ms=25)
    assert recovery.recorded_neurons(recording, COMPARISON).smoothing_ms == 25
    assert recovery.recorded_neurons(recording, COMPARISON.but(recovery_smoothing_sd_ms=0.0)).smoothing_ms == 0
    assert recovery.recorded_neurons(recorded(), COMPARISON).smoothing_ms == 0
    assert (recovery.recorded_neurons(recording, COMPARISON).trials == 5).all()
    # Two trials of every neuron and condition, but four of the first neuron in the first condition.
    pairs = np.array([(c, n) for c in range(CONDITIONS) for n in range(N_NEURONS)] * 2 + [(0, 0)] * 2)
    recording["trial_rates"] = (("trial", "time"), np.ones((len(pairs), TIMES)))
    recording["trial_condition"], recording["trial_neuron"] = ("trial", pairs[:, 0]), ("trial", pairs[:, 1])
    trials = recovery.recorded_neurons(recording, COMPARISON).trials
    assert trials.shape == (CONDITIONS, N_NEURONS) and trials[0, 0] == 4 and (trials.ravel()[1:] == 2).all()


# ---- the figure's numbers


def test_calibration_by_hand() -> None:
    """BPTT's networks are closer to everything, to e-prop's less so: nearest is BPTT always, calibrated is right."""
    own = {"bptt": [0.20, 0.21, 0.22], "eprop": [0.40, 0.39, 0.41]}
    other = {"bptt": [0.40, 0.42, 0.41], "eprop": [0.35, 0.36, 0.34]}
    rows = pd.DataFrame(
        {"learning_rule": rule, "seed": seed, "distance": own[rule][seed], "distance_to_other": other[rule][seed]}
        for rule in own
        for seed in range(3)
    )
    # Closer to BPTT by .2, .21, .19 where BPTT made it, by .05, .03, .07 where e-prop did.
    assert list(calibrated(rows)) == [1.0] * 6
    # Of seed 0, now e-prop's is closer by .19: more than the middle of seeds 1 and 2, (.2 + .05) / 2.
    rows.loc[3, "distance"] = 0.54
    assert list(calibrated(rows)) == [1, 1, 1, 0, 1, 1]
    assert calibrated(rows[rows["seed"] == 0]) is None
    assert calibrated(rows[rows["learning_rule"] == "bptt"]) is None


def test_summary_averages_draws_first() -> None:
    """Two networks a rule, two draws each; one network of BPTT is taken for e-prop's once."""
    row = {**LABELS, "setting": "base", "learning_rate": 1e-3, "control": "rules", "stage": "trained", "conditions": 8}
    row |= {"level_accuracy": np.nan, "neurons": 6, "trials": 5, "measure": "cka"}
    table = pd.DataFrame(
        {**row, "learning_rule": rule, "seed": seed, "repeat": draw, "recovered_as": as_, "auc": auc}
        | {"distance": 0.1, "distance_to_other": 0.2}
        for rule, seed, draw, as_, auc in (
            *[("bptt", 0, 0, "bptt", 1.0), ("bptt", 0, 1, "eprop", 0.5), ("bptt", 1, 0, "bptt", 1.0)],
            *[("bptt", 1, 1, "bptt", 1.0), ("eprop", 0, 0, "eprop", 1.0), ("eprop", 1, 0, "eprop", 1.0)],
        )
    )
    shares = summary(table).set_index(["quantity", "learning_rule", "recovered_as"])
    recovered = shares.loc["recovered", "", ""]
    assert recovered["value"] == pytest.approx((0.5 + 1 + 1 + 1) / 4) and recovered["networks"] == 4
    assert shares.loc["auc", "", ""]["value"] == pytest.approx((0.75 + 3) / 4)
    assert shares.loc["confusion", "bptt", "eprop"]["value"] == pytest.approx(0.25)
    assert shares.loc["confusion", "eprop", "eprop"]["value"] == 1
    low = stats.beta.ppf(0.025, 3.5, 1.5)
    assert recovered["interval_low"] == pytest.approx(low)
    assert recovered["statement"] == (
        "With 6 neurons, 8 conditions and 5 trials each, CKA tells BPTT from e-prop in 88% of pseudo-recordings "
        f"[{low:.0%}, {recovered['interval_high']:.0%}], n = 4 networks; chance is 50%: such a recording is not shown "
        "to be able to tell networks of these learning rules apart."
    )
