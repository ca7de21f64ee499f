"""A synthetic session of Golub et al. 2018: cursor control before and after learning, in the format of its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io.atomic import whole_file
from neurorules.options import Options
from neurorules.recordings.locate import download_paths
from neurorules.recordings.synthetic.base.matlab import MARK, save_mat

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULTS = {"neurons": 40, "trials_per_condition": 40}

_FACTORS = 10
_ANGLES = 45.0 * np.arange(8)
_DT_S = 0.045
# The perturbed decoder exchanges the factors that carry the intended direction with two that do not.
_EXCHANGED = [2, 3, 0, 1, *range(4, _FACTORS)]
_TUNING, _LEARNT = 1.2, 0.6  # strength of these factors' tuning; the other two acquire theirs by learning


def write(source: str, folder: Path, seed: int, options: Options) -> list[Path]:
    """Write the session: Poisson counts with cosine tuning through ten factors, decoded by two Kalman filters."""
    (file,) = download_paths("golub2018", source, folder)
    rng = np.random.default_rng([seed, 2018, 0])
    loadings, mean = _neurons(options.neurons, seed)
    sd = np.sqrt(mean * 1.1)
    left, singular, right = np.linalg.svd(loadings, full_matrices=False)
    private = 1.0 - np.clip((loadings**2).sum(1), 0.0, 0.8)
    beta = loadings.T @ np.linalg.inv(loadings @ loadings.T + np.diag(private))
    order = np.eye(_FACTORS)
    shared = {
        "mu_u": mean,
        "Sigma_u": np.diag(1.0 / sd),
        "beta": beta,
        "L": loadings,
        "Ph": private,
        "mu": np.zeros(_FACTORS),
        "Sigma_z": order,
        "U": left,
        "D": np.diag(singular),
        "V": right.T,
        "K": rng.normal(size=(2, _FACTORS)) * 12.0,
        "d": rng.normal(size=_FACTORS) * 0.05,
        "dt": _DT_S,
    }
    # The first two factors carry the intended direction; the intuitive decoder reads them as they are.
    shared["K"][:, :2] = 45.0 * np.eye(2)
    mappings = {"intuitive": {**shared, "eta": order}, "perturbed": {**shared, "eta": order[_EXCHANGED]}}
    for of in mappings.values():
        of["M2"] = of["K"] @ of["eta"] @ of["Sigma_z"] @ beta @ of["Sigma_u"]
        of["m0"] = -of["M2"] @ mean - of["K"] @ of["d"]
    n, content = options.trials_per_condition, {}
    for number, (name, learnt) in enumerate({"beforeLearning": 0.0, "afterLearning": _LEARNT}.items()):
        draws = np.random.default_rng([seed, 2018, 1, number])
        content[name] = {"name": "Data", "clouds": _clouds(mappings, loadings, sd, n, learnt, draws)}
    whole = {**content, "expParams": {f"{name}Mapping": of for name, of in mappings.items()}, "synthetic": MARK}
    with whole_file(file) as partial:
        save_mat(partial, whole)
    return [file]


def _neurons(n: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Loadings (neuron, factor) and mean counts (neuron,); a neuron does not depend on their number."""
    loadings, means = [], []
    for neuron in range(n):
        own = np.random.default_rng([seed, 2018, 2, neuron])
        loadings.append(own.normal(size=_FACTORS) * np.r_[0.35, 0.35, np.full(_FACTORS - 2, 0.2)])
        means.append(own.gamma(4.0, 0.6))
    return np.stack(loadings), np.maximum(np.array(means), 0.5)


def _clouds(
    mappings: dict[str, dict[str, Any]],
    loadings: NDArray[Any],
    sd: NDArray[Any],
    n: int,
    learnt: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """The samples of a stage, as cells of one cloud per direction."""
    names = ("spikes", "factorActivity", "cursorToTargetDirection", "cursorProgress")
    cells: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    of = mappings["intuitive"]
    for angle in np.deg2rad(_ANGLES):
        aim = np.array([[np.cos(angle)], [np.sin(angle)]])
        factors = rng.normal(size=(_FACTORS, n)) * 0.5
        factors[:2] += _TUNING * aim
        factors[2:4] += learnt * aim
        expected = of["mu_u"][:, None] + sd[:, None] * (loadings @ factors)
        counts = rng.poisson(np.maximum(expected, 0.0))
        off = angle + rng.uniform(-np.pi / 8, np.pi / 8, n)
        direction = np.stack([np.cos(off), np.sin(off)])
        cells["spikes"].append(counts.astype(np.uint8))
        cells["cursorToTargetDirection"].append(direction)
        deviations = of["Sigma_u"] @ (counts - of["mu_u"][:, None])
        cells["factorActivity"].append(of["D"] @ of["V"].T @ of["beta"] @ deviations)
        for name, mapping in mappings.items():
            velocity = mapping["M2"] @ counts + mapping["m0"][:, None]
            cells.setdefault(f"vraw_{name}", []).append(velocity)
            cells.setdefault(f"{name}Progress", []).append(_DT_S * (velocity * direction).sum(0)[None])
    cells["cursorProgress"] = cells["intuitiveProgress" if learnt == 0 else "perturbedProgress"]
    return {**{name: _cell(values) for name, values in cells.items()}, "angles": _ANGLES[None]}


def _cell(values: list[NDArray[Any]]) -> NDArray[Any]:
    """A MATLAB cell array of matrices, 1 x n."""
    cell = np.empty((1, len(values)), dtype=object)
    for number, value in enumerate(values):
        cell[0, number] = value
    return cell
