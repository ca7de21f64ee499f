"""Measures of similarity and baselines against netrep's values, other formulas of the same, and mathematics."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import xarray as xr
from helpers.options import COMPARISON
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorules.errors import InputError
from neurorules.similarity.baselines import cross_condition_average, participation_ratio, trial_averaging
from neurorules.similarity.measures import cca, cka, cka_debiased, cross_validated
from neurorules.similarity.measures.base.measure import MEASURES, load_between
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.similarity.samples import Samples, principal_components

# Those with the same invariances. Tests of the others are in files of their own.
NAMES = ["cca", "cka", "cka_debiased", "cross_validated", "procrustes"]
OTHERS = ["linear_predictivity", "reverse_predictivity", "rsa", "soft_matching"]

shapes = {"seed": st.integers(0, 2**32 - 1), "p": st.integers(1, 7), "q": st.integers(1, 7)}


def rotation(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def correlations(x: np.ndarray, y: np.ndarray, **options: float) -> np.ndarray:
    return cca.canonical_correlations(Samples(x), Samples(y), **options)  # type: ignore[arg-type]


def white(rng: np.random.Generator, n_features: int) -> np.ndarray:
    return rng.standard_normal((6, 10, n_features))


@pytest.fixture(scope="module")
def netrep(real_data: Path) -> list[tuple[np.ndarray, np.ndarray, dict]]:
    """Arrays with the distances that netrep gives for them."""
    file = Path(os.environ.get("NEURORULES_REFERENCE", real_data.parent / "reference")) / "netrep.json"
    if not file.is_file():
        pytest.skip(f"no reference values: {file} does not exist")
    cases = []
    for case in json.loads(file.read_text())["cases"]:
        rng = np.random.default_rng(case["seed"])
        x, y = (rng.standard_normal((case["m"], case[n])) for n in ("p", "q"))
        if case["mixed"]:
            y = x @ rng.standard_normal((case["p"], case["q"])) + 0.5 * y
        cases.append((x, y, case))
    return cases


def test_measures_are_found_by_name() -> None:
    assert MEASURES.names() == sorted([*NAMES, *OTHERS])
    for name in MEASURES.names():
        assert "distance" in MEASURES.load(name).LABEL
    with pytest.raises(InputError, match=r"(?s)comparison.measures.*'speed'.*cca, cka"):
        MEASURES.load("speed")


@pytest.mark.parametrize("name", NAMES)
def test_without_variance_the_distance_is_one(name: str) -> None:
    """Including constants whose mean rounds to a different number: 0.1 * 60 / 60 is not 0.1."""
    distance = MEASURES.load(name).distance
    x = white(np.random.default_rng(0), 5)
    for nothing in (np.zeros((6, 10, 3)), np.full((6, 10, 3), 0.1), np.full((6, 10, 3), 1 / 3, np.float32)):
        assert distance(nothing, x) == distance(x, nothing) == distance(nothing, nothing) == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_identical_is_zero_and_noise_is_far(name: str) -> None:
    distance = MEASURES.load(name).distance
    rng = np.random.default_rng(1)
    x = rng.standard_normal((20, 500, 4))
    assert distance(x, x) == pytest.approx(0, abs=1e-7)
    # Canonical correlations of independent samples are of order sqrt((p + q) / 10000).
    assert 0.9 < distance(x, rng.standard_normal((20, 500, 6))) <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_rank_deficient_and_more_features_than_samples(name: str) -> None:
    """Copies of two signals are those signals; 100 features of 60 samples need no more."""
    distance = MEASURES.load(name).distance
    rng = np.random.default_rng(2)
    signals = white(rng, 2)
    copies = signals @ rng.standard_normal((2, 30))
    assert distance(copies, copies @ rotation(rng, 30)) == pytest.approx(0, abs=1e-6)
    assert 0 <= distance(white(rng, 100), white(rng, 80)) <= 1


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(**shapes)
def test_symmetric_and_blind_to_rotation_shift_and_scale(name: str, seed: int, p: int, q: int) -> None:
    distance = MEASURES.load(name).distance
    rng = np.random.default_rng(seed)
    x, y = white(rng, p), white(rng, q)
    xy = distance(x, y)
    assert 0 <= xy <= 1
    assert distance(y, x) == pytest.approx(xy, abs=1e-9)
    moved = y @ rotation(rng, q) + rng.standard_normal(q)
    assert distance(x, moved) == pytest.approx(xy, abs=1e-7)
    # CCA's ridge of 1e-3 is an absolute number, small against sums of squares of about 60.
    assert distance(x, 3.7 * moved) == pytest.approx(xy, abs=1e-4 if name == "cca" else 1e-7)


@settings(max_examples=25, deadline=None)
@given(**shapes)
def test_canonical_correlations_without_ridge_ignore_invertible_maps(seed: int, p: int, q: int) -> None:
    """All components kept; with some left out, a map changes which these are."""
    rng = np.random.default_rng(seed)
    x, y = white(rng, p), white(rng, q)
    mapping = rotation(rng, q) * rng.uniform(0.1, 10, q) @ rotation(rng, q)
    np.testing.assert_allclose(correlations(x, y @ mapping, ridge=0.0), correlations(x, y, ridge=0.0), atol=1e-9)


def test_cka_and_cca_of_netrep(netrep: list) -> None:
    """netrep gives angles: cos is linear CKA, and for CCA (alpha = 0) the sum of correlations / sqrt(p q)."""
    assert len(netrep) >= 7
    for x, y, case in netrep:
        assert cka.distance(x, y) == pytest.approx(1 - np.cos(case["linear_cka_angle"]), abs=1e-12)
        found = correlations(x, y, n_components=len(x), ridge=0.0)
        assert len(found) == min(case["p"], case["q"])
        expected = np.cos(case["cca_angular"]) * np.sqrt(case["p"] * case["q"])
        assert found.sum() == pytest.approx(expected, abs=1e-9)
        if case["p"] == case["q"] <= 20:
            assert cca.distance(x, y) == pytest.approx(1 - np.cos(case["cca_angular"]), abs=1e-4)


def test_cca_is_the_published_eigenproblem() -> None:
    """Regularized CCA as it is defined by Bilenko & Gallant (2016): eigenvectors of cross-products with a ridge."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((90, 30)) * np.geomspace(1, 1e-4, 30)  # the ridge changes the last ones
    y = x @ rng.standard_normal((30, 25)) + 0.3 * rng.standard_normal((90, 25))
    reduced = []
    for samples in (x, y):
        centred = samples - samples.mean(0)
        axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :20]
        reduced.append(centred @ axes)
    cross = reduced[0].T @ reduced[1]
    left = np.block([[np.zeros((20, 20)), cross], [cross.T, np.zeros((20, 20))]])
    right = scipy.linalg.block_diag(*(s.T @ s + 1e-3 * np.eye(20) for s in reduced))
    vectors = scipy.linalg.eigh(left, right, subset_by_index=[20, 39])[1]
    variates = reduced[0] @ vectors[:20], reduced[1] @ vectors[20:]
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(*(v.T for v in variates), strict=True)]
    np.testing.assert_allclose(np.sort(correlations(x, y)), np.sort(expected), atol=1e-6)
    assert cca.distance(x, y) == pytest.approx(1 - np.mean(expected), abs=1e-6)
    assert abs(correlations(x, y, ridge=0.0).mean() - np.mean(expected)) > 1e-3


def test_cca_is_the_angle_between_subspaces() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((50, 4)), rng.standard_normal((50, 7))
    angles = scipy.linalg.subspace_angles(x - x.mean(0), y - y.mean(0))
    found = correlations(x, y, ridge=0.0)
    np.testing.assert_allclose(found, np.sort(np.cos(angles))[::-1], atol=1e-9)


def test_cka_is_the_correlation_of_centred_gram_matrices() -> None:
    """Hilbert-Schmidt independence criterion, Kornblith et al. 2019, equation 3."""
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((40, 6)) + 3, rng.standard_normal((40, 9)) - 2
    centring = np.eye(40) - 1 / 40

    def hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
        return np.trace(k @ centring @ l @ centring)

    k, l = x @ x.T, y @ y.T  # noqa: E741
    assert cka.distance(x, y) == pytest.approx(1 - hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l)), abs=1e-12)


def test_debiased_cka_is_the_estimator_of_song_et_al() -> None:
    """Their equation 5, with matrices as it is printed; not blind to a mean of the features, were it not centred."""
    rng = np.random.default_rng(7)
    x, y = rng.standard_normal((12, 5)) + 2, rng.standard_normal((12, 9))
    y[:, :3] += x[:, :3]
    ones, n = np.ones(12), 12

    def hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
        k, l = (m - np.diag(np.diag(m)) for m in (k, l))  # noqa: E741
        trace, means = np.trace(k @ l), (ones @ k @ ones) * (ones @ l @ ones) / ((n - 1) * (n - 2))
        return (trace + means - 2 / (n - 2) * ones @ k @ l @ ones) / (n * (n - 3))

    k, l = x @ x.T, y @ y.T  # noqa: E741
    expected = hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))
    assert cka_debiased.debiased_cka(Samples(x), Samples(y)) == pytest.approx(expected, abs=1e-12)
    assert 0 < expected < 1 - cka.distance(x, y)


def test_debiased_cka_by_hand() -> None:
    """Four samples of one feature, (1, -1, 0, 0) and (0, 0, 1, -1). The products' diagonals are (1, 1, 0, 0) and
    (0, 0, 1, 1), so HSIC(K, L) = (0 - 2 x 0 + 2 x 2 / 6) / 4 = 1/6; HSIC(K, K) = (4 - 2 x 2 + 4 / 6) / 4 = 1/6."""
    x, y = np.array([[1.0], [-1.0], [0.0], [0.0]]), np.array([[0.0], [0.0], [1.0], [-1.0]])
    of_x = Samples(x)
    assert cka_debiased.unbiased_hsic(of_x, Samples(y)) == pytest.approx(1 / 6)
    assert cka_debiased.unbiased_hsic(of_x, of_x) == pytest.approx(1 / 6)
    assert cka_debiased.distance(x[:3], y[:3]) == 1.0


def test_debiased_cka_of_independent_features_is_zero_on_average() -> None:
    """20 samples of 30 features: by CKA, they have most in common."""
    rng = np.random.default_rng(8)
    pairs = [(rng.standard_normal((20, 30)), rng.standard_normal((20, 30))) for _ in range(400)]
    unbiased = np.array([cka_debiased.unbiased_hsic(Samples(x), Samples(y)) for x, y in pairs])
    assert abs(unbiased.mean()) < 3 * unbiased.std() / 20
    similarity = np.array([cka_debiased.debiased_cka(Samples(x), Samples(y)) for x, y in pairs])
    assert abs(similarity.mean()) < 3 * similarity.std() / 20
    assert np.mean([1 - cka.distance(x, y) for x, y in pairs[:20]]) > 0.5


def test_cross_validation_leaves_exact_rotations_and_punishes_noise() -> None:
    rng = np.random.default_rng(6)
    for n_conditions in (2, 8, 9, 20):
        x = rng.standard_normal((n_conditions, 15, 5))
        padded = np.concatenate([x, np.zeros((n_conditions, 15, 3))], axis=2) @ rotation(rng, 8)
        assert cross_validated.distance(x, 2.5 * padded + 1) == pytest.approx(0, abs=1e-7)
        assert cross_validated.distance(x, x @ rotation(rng, 5)) == pytest.approx(0, abs=1e-7)
    in_sample, held_out = [], []
    for _ in range(20):
        x, y = rng.standard_normal((2, 8, 5, 12))
        in_sample.append(procrustes_distance(x, y))
        held_out.append(cross_validated.distance(x, y))
    assert np.mean(in_sample) < 0.8 and np.mean(held_out) > 0.95


def test_cross_validation_by_hand() -> None:
    """Two conditions of one feature: the sign is fitted to one and tried on the other."""
    x = np.array([[[1.0], [-1.0]], [[1.0], [-1.0]]])
    other_sign = np.array([[[1.0], [-1.0]], [[-1.0], [1.0]]])
    assert procrustes_distance(x, other_sign) == 1.0
    assert cross_validated.distance(x, other_sign) == 1.0  # cosine -1, clipped
    # Held-out overlaps 2 * 1 + 2 * 1 over norms sqrt(2 + 2) and sqrt(2 + 18): cosine (2 + 6) / sqrt(80).
    scaled = x * np.array([1.0, 3.0])[:, None, None]
    assert cross_validated.distance(x, scaled) == pytest.approx(np.arccos(8 / np.sqrt(80)) * 2 / np.pi)
    with pytest.raises(InputError, match="two conditions"):
        cross_validated.distance(x[:1], x[:1])


def test_what_is_common_to_all_conditions() -> None:
    rates = np.arange(12.0).reshape(3, 2, 2)
    average = cross_condition_average(rates)
    np.testing.assert_array_equal(average, [[[4, 5], [6, 7]]] * 3)
    np.testing.assert_array_equal(cross_condition_average(average), average)


def test_participation_ratio_known_by_hand() -> None:
    rng = np.random.default_rng(7)
    axes = rng.standard_normal((50, 4))
    axes = np.linalg.qr(axes - axes.mean(0))[0]  # centred and orthonormal
    turned = rotation(rng, 4)
    assert participation_ratio(axes @ turned) == pytest.approx(4)
    assert participation_ratio(axes[:, :1] * [[1.0, -2.0, 3.0]]) == pytest.approx(1)
    # Variances 3, 1: (3 + 1)^2 / (9 + 1).
    assert participation_ratio(axes[:, :2] * np.sqrt([3.0, 1.0]) + 5) == pytest.approx(1.6)
    assert participation_ratio(np.full((4, 5, 3), 0.1)) == 0.0


def recorded_trials(rng: np.random.Generator, signal: np.ndarray, n_trials: np.ndarray, noise_sd: float) -> xr.Dataset:
    """Trials of signal (condition, time, neuron), n_trials (condition, neuron), shuffled, with some of no condition."""
    cells = [(c, n) for c, n in np.ndindex(n_trials.shape) for _ in range(n_trials[c, n])]
    cells += [(-1, 0)] * 5
    cells = [cells[i] for i in rng.permutation(len(cells))]
    condition, neuron = np.array(cells).T
    rates = signal[condition, :, neuron] + noise_sd * rng.standard_normal((len(cells), signal.shape[1]))
    rates[condition == -1] = np.nan
    return xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), signal),
            "trial_rates": (("trial", "time"), rates.astype(np.float32)),
            "trial_neuron": ("trial", neuron),
            "trial_condition": ("trial", condition),
        },
        coords={"condition": np.arange(signal.shape[0]), "neuron": [str(n) for n in range(signal.shape[2])]},
    )


def test_trials_averaged_against_known_noise() -> None:
    """One neuron of variance V and noise variance s^2 per trial: cos(angle) = V / (V + s^2 / k) for many samples."""
    rng = np.random.default_rng(8)
    signal = rng.standard_normal((10, 2000, 1))
    trials = recorded_trials(rng, signal, np.full((10, 1), 12), noise_sd=2.0)
    found = trial_averaging(trials, counts=(1, 3, 6), n_repeats=4, seed=1)
    for k, (distances, n_neurons) in found.items():
        expected = np.arccos(signal.var() / (signal.var() + 4 / k)) * 2 / np.pi
        assert n_neurons == 1 and distances.shape == (4,)
        np.testing.assert_allclose(distances, expected, atol=0.02)
        assert len(set(distances)) == 4 or k == 6
    means = [distances.mean() for distances, _ in found.values()]
    assert means[0] > means[1] > means[2]


def test_neurons_need_enough_trials_in_every_condition() -> None:
    rng = np.random.default_rng(9)
    n_trials = np.array([[4, 3, 9], [4, 8, 2]])
    trials = recorded_trials(rng, rng.standard_normal((2, 30, 3)), n_trials, noise_sd=1.0)
    found = trial_averaging(trials, counts=(1, 2, 3), n_repeats=2, seed=0)
    # The neurons' fewest trials are 4, 3 and 2.
    assert [n for _, n in found.values()] == [3, 1, 0]
    assert [len(d) for d, _ in found.values()] == [2, 2, 0]
    alone = trial_averaging(trials, counts=(2,), n_repeats=2, seed=0)
    np.testing.assert_array_equal(alone[2].distances, found[2].distances)


def test_the_two_averages_share_no_trial() -> None:
    """Two trials of opposite noise in each condition: one average has one of them, the other the other."""
    wave = np.sin(np.linspace(0, 4 * np.pi, 40, endpoint=False))  # mean 0, variance 1/2
    trials = xr.Dataset(
        {
            "trial_rates": (("trial", "time"), np.stack([wave, -wave, 1 + wave, 1 - wave])),
            "trial_neuron": ("trial", np.zeros(4, int)),
            "trial_condition": ("trial", [0, 0, 1, 1]),
        },
        coords={"condition": [0, 1], "neuron": ["0"]},
    )
    # The conditions' means have variance 1/4; the waves, always of opposite signs, have covariance -1/2.
    expected = np.arccos(abs(0.25 - 0.5) / (0.25 + 0.5)) * 2 / np.pi
    np.testing.assert_allclose(trial_averaging(trials, (1,), 6)[1].distances, expected, atol=1e-12)


def test_neurons_recorded_together_keep_their_common_trials() -> None:
    """Neurons that do the same in every trial are no farther apart than one of them."""
    rng = np.random.default_rng(10)
    one = rng.standard_normal((30, 50))
    condition = np.repeat([0, 1, 2], 10)
    trials = xr.Dataset(
        {
            "trial_rates": (("trial", "time"), np.concatenate([one, one, one])),
            "trial_neuron": ("trial", np.repeat([0, 1, 2], 30)),
            "trial_condition": ("trial", np.tile(condition, 3)),
        },
        coords={"condition": [0, 1, 2], "neuron": ["0", "1", "2"]},
    )
    alone = trials.isel(trial=slice(30), neuron=slice(1))
    together = trial_averaging(trials, (2, 5), 3)
    for k, (distances, _) in trial_averaging(alone, (2, 5), 3).items():
        np.testing.assert_allclose(together[k].distances, distances, atol=1e-9)


def test_trials_are_needed() -> None:
    with pytest.raises(InputError, match="keep_trials"):
        trial_averaging(xr.Dataset({"rates": (("condition", "time", "neuron"), np.zeros((2, 3, 4)))}))


# ---- decompositions that measures share


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
def test_measures_between_samples_are_their_distances(name: str) -> None:
    """With all features, with some, and with conditions in a different order."""
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((2, 6, 30, 50))
    x[..., :20] += y[..., :20]
    of_x, of_y, order = Samples(x), Samples(y[..., :40]), rng.permutation(6)
    some, others = np.arange(10), np.array([3, 1, 9])
    distance, between = MEASURES.load(name).distance, load_between(name, COMPARISON)
    assert between(of_x, of_y) == pytest.approx(distance(x, y[..., :40]), abs=1e-12)
    assert between(of_x.reordered(order), of_y) == pytest.approx(distance(x[order], y[..., :40]), abs=1e-12)
    found = between(of_x.some(some), of_y.some(others))
    assert found == pytest.approx(distance(x[..., some], y[..., others]), abs=1e-12)
    assert 0 < found < 1


@pytest.mark.parametrize("decay", [0.0, 0.05, 0.3, 2.0])
def test_principal_components_are_the_leading_singular_vectors(decay: float) -> None:
    """Whether or not later components are too small for the short way. The space that they span, as signs are free."""
    rng = np.random.default_rng(12)
    samples = rng.standard_normal((300, 90)) @ (np.exp(-decay * np.arange(90))[:, None] * rotation(rng, 90))
    samples -= samples.mean(0)
    left, singular, _ = np.linalg.svd(samples, full_matrices=False)
    found, sizes = principal_components(samples, 20)
    np.testing.assert_allclose(sizes, singular[: len(sizes)], rtol=1e-9, atol=1e-14 * singular[0])
    assert len(sizes) == min(20, int((singular > 300 * np.finfo(float).eps * singular[0]).sum()))
    np.testing.assert_allclose(np.abs((found * left[:, : len(sizes)]).sum(0)), 1.0, atol=1e-9)
