"""Demixed PCA against the dPCA package and signals put in by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurorules.claims.derivations.dpca_correlations import with_correlations
from neurorules.dynamics.dpca import align_signs, demixed_components, marginalise


def activity_of(seed: int, conditions: int = 6, times: int = 40, features: int = 9) -> np.ndarray:
    """Random activity with a common time course, tuning that varies in time, and noise, none of it orthogonal."""
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.standard_normal((1, times, 3)), axis=1) @ rng.standard_normal((3, features))
    tuned = rng.standard_normal((conditions, 1, 2)) @ rng.standard_normal((2, features))
    both = np.cumsum(rng.standard_normal((conditions, times, 2)), axis=1) @ rng.standard_normal((2, features))
    return common + 3 * tuned + 0.5 * both + 0.3 * rng.standard_normal((conditions, times, features)) + 7.0


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_dpca_package(seed: int) -> None:
    package = pytest.importorskip("dPCA.dPCA")
    activity = activity_of(seed)
    x = activity.transpose(2, 0, 1)  # (feature, condition, time)
    np.random.seed(0)  # the package draws from the global generator
    peer = package.dPCA(labels="st", join={"st": ["s", "st"]}, n_components=2, regularizer=None, n_iter=20)
    peer.fit(x)
    projections = peer.transform(x)
    centred = x - x.mean((1, 2), keepdims=True)
    for name, key in {"time": "t", "condition": "st"}.items():
        for k, component in enumerate(demixed_components(activity, 2)[name]):
            expected = align_signs(component.projection, projections[key][k])
            np.testing.assert_allclose(component.projection, expected, atol=1e-6 * np.abs(expected).max())
            # Kobak et al. (2016): the residual of the data after this component's reconstruction.
            back = np.tensordot(peer.P[key][:, k], projections[key][k], 0)
            explained = 1 - np.sum((centred - back) ** 2) / np.sum(centred**2)
            assert component.explained_variance == pytest.approx(explained, abs=1e-9)


def test_orthogonal_signals_are_recovered() -> None:
    """A time course in one direction, tuning in another: two components that explain everything."""
    rng = np.random.default_rng(0)
    first, second = np.linalg.qr(rng.standard_normal((7, 7)))[0][:2]
    course = np.sin(np.linspace(0, 5, 30))
    tuning = np.array([-3.0, 1.0, 2.0, 4.0])
    activity = course[None, :, None] * first + tuning[:, None, None] * second + 5.0
    components = demixed_components(activity)
    (time,), (condition,) = components["time"], components["condition"]
    assert abs(time.encoder @ first) == pytest.approx(1.0) and abs(condition.encoder @ second) == pytest.approx(1.0)
    centred_course, centred_tuning = course - course.mean(), tuning - tuning.mean()
    expected = np.broadcast_to(centred_course, (4, 30))
    np.testing.assert_allclose(align_signs(expected, time.projection), expected, atol=1e-9)
    expected = np.broadcast_to(centred_tuning[:, None], (4, 30))
    np.testing.assert_allclose(align_signs(expected, condition.projection), expected, atol=1e-9)
    total = 4 * np.sum(centred_course**2) + 30 * np.sum(centred_tuning**2)
    assert time.explained_variance == pytest.approx(4 * np.sum(centred_course**2) / total)
    assert time.explained_variance + condition.explained_variance == pytest.approx(1.0)


def test_signals_that_are_not_orthogonal_are_demixed() -> None:
    """Time and tuning in directions 60 degrees apart: projections show neither in the other."""
    course, tuning = np.sin(np.linspace(0, 5, 30)), np.array([-3.0, 1.0, 2.0])
    directions = np.array([[1.0, 0.0, 0.0], [0.5, np.sqrt(3) / 2, 0.0]])
    activity = course[None, :, None] * directions[0] + tuning[:, None, None] * directions[1]
    components = demixed_components(activity)
    time, condition = components["time"][0].projection, components["condition"][0].projection
    np.testing.assert_allclose(time, np.broadcast_to(time[:1], time.shape), atol=1e-9)
    np.testing.assert_allclose(condition, np.broadcast_to(condition[:, :1], condition.shape), atol=1e-9)


def test_marginalisations_add_up_and_are_orthogonal() -> None:
    activity = activity_of(3)
    parts = marginalise(activity)
    np.testing.assert_allclose(parts["time"] + parts["condition"], activity - activity.mean((0, 1)), atol=1e-12)
    assert np.sum(parts["time"] * parts["condition"]) == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(parts["condition"].mean(0), 0.0, atol=1e-12)


def test_silent_and_repeated_units_and_float32_change_nothing() -> None:
    """Rounding errors in directions without activity must not be taken for signal."""
    activity = activity_of(4)
    more = np.concatenate([activity, 0.7 * activity, np.zeros((6, 40, 5))], axis=2)
    for name, components in demixed_components(more.astype(np.float32)).items():
        expected = demixed_components(more)[name][0]
        assert components[0].explained_variance == pytest.approx(expected.explained_variance, abs=1e-4)
        got = align_signs(expected.projection, components[0].projection)
        np.testing.assert_allclose(got, expected.projection, atol=1e-3 * np.abs(expected.projection).max())
    for components in demixed_components(np.full((3, 4, 5), 2.0)).values():
        assert components[0].explained_variance == 0.0 and not components[0].projection.any()


def test_signs_follow_the_reference() -> None:
    reference = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(align_signs(reference, 100 - reference), reference - 100)
    np.testing.assert_array_equal(align_signs(reference, reference - 100), reference - 100)
    stack = np.stack([reference, -reference])
    np.testing.assert_array_equal(align_signs(np.stack([reference, reference]), stack), [reference, reference])
    with pytest.raises(ValueError, match="must match"):
        align_signs(reference, reference[:2])


def test_figure_correlates_each_seed_with_the_data() -> None:
    """Over conditions and times, whatever the order of rows; the data, which come with every model, once."""
    label = {"recording": "r", "task": "t", "setting": "base", "component": "time 1"}
    at = pd.DataFrame({"condition": [0, 0, 1, 1], "time_ms": [0.0, 10.0, 0.0, 10.0]})
    data = np.array([1.0, -1.0, 2.0, -2.0])

    def rows(rule: str, quantity: str, seed: int, projection: np.ndarray) -> pd.DataFrame:
        of = {"learning_rule": rule, "quantity": quantity, "seed": seed, "projection": projection}
        return at.assign(**label, **of)

    table = pd.concat(
        [
            rows("bptt", "data", -1, data),
            rows("eprop", "data", -1, data),
            rows("bptt", "model", 0, 3 * data + 1)[::-1],
            rows("bptt", "model", 1, -data),
            rows("eprop", "model", 0, np.array([1.0, -1.0, -2.0, 2.0])),
            rows("eprop", "model", 1, np.zeros(4)),
        ]
    )
    result = with_correlations(table)
    assert len(result) == 20 and (result["learning_rule"] == "data").sum() == 4
    found = result.groupby(["learning_rule", "seed"])["r_with_data"].unique()
    assert found["bptt", 0] == pytest.approx([1.0]) and found["bptt", 1] == pytest.approx([-1.0])
    assert found["eprop", 0] == pytest.approx([-0.6])  # (1 + 1 - 4 - 4) / 10
    assert np.isnan(found["eprop", 1]).all() and np.isnan(found["data", -1]).all()
