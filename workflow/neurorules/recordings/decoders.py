"""The decoders of a brain-computer interface, and the activity patterns that they decode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

INTUITIVE, PERTURBED = 0, 1


@dataclass(frozen=True)
class Patterns:
    """Activity patterns of single time steps.

    Attributes:
        counts: (sample, unit) spike counts.
        condition: (sample,) index of the condition.
        direction: (sample, axis) unit vector from cursor to target.
    """

    counts: NDArray[Any]
    condition: NDArray[Any]
    direction: NDArray[Any]

    def part(self, chosen: NDArray[Any]) -> Patterns:
        """Some of the patterns, by index."""
        return Patterns(self.counts[chosen], self.condition[chosen], self.direction[chosen])


@dataclass(frozen=True)
class Decoders:
    """The decoders and factors of a session; see `recordings/readers/golub2018.py`.

    Attributes:
        weights: (decoder, axis, unit) mm/s per spike; the intuitive decoder, then the perturbed one.
        offset: (decoder, axis) mm/s.
        factor_weights: (factor, unit).
        mean, sd: (unit,) of the counts at calibration.
    """

    weights: NDArray[Any]
    offset: NDArray[Any]
    factor_weights: NDArray[Any]
    mean: NDArray[Any]
    sd: NDArray[Any]

    @staticmethod
    def of(recording: xr.Dataset) -> Decoders:
        """The decoders in a recording."""
        ordered = recording.sel(decoder=["intuitive", "perturbed"])
        dimensions = {"decoder_weights": ("decoder", "axis", "neuron"), "decoder_offset": ("decoder", "axis")}
        dimensions |= {"factor_weights": ("factor", "neuron"), "count_mean": ("neuron",), "count_sd": ("neuron",)}
        return Decoders(*(ordered[name].transpose(*of).values for name, of in dimensions.items()))

    def factors(self, counts: NDArray[Any]) -> NDArray[Any]:
        """(sample, factor) orthonormalised factors."""
        factors: NDArray[Any] = (counts - self.mean) @ self.factor_weights.T
        return factors

    def progress(self, patterns: Patterns, decoder: int) -> float:
        """Velocity towards the target in mm/s, mean over the patterns of a condition, then over conditions."""
        velocity = patterns.counts @ self.weights[decoder].T + self.offset[decoder]
        return float(condition_means((velocity * patterns.direction).sum(1, keepdims=True), patterns.condition).mean())

    def factor_directions(self, decoder: int) -> NDArray[Any]:
        """(factor, 2) orthonormal basis of the directions in factor space that move the cursor."""
        in_factors = self.weights[decoder] @ np.linalg.pinv(self.factor_weights)
        basis: NDArray[Any] = np.linalg.svd(in_factors, full_matrices=False)[2].T
        return basis


def recorded_patterns(recording: xr.Dataset, stage: str) -> Patterns:
    """The samples of a stage, `before` or `after`, with conditions found by their labels."""
    at_stage = recording["sample_stage"].values == stage
    angle, label = recording["sample_angle_deg"].values[at_stage], recording["angle_deg"].values
    same = np.abs(angle[:, None] - label[None, :]) < 1e-6
    kept = same.any(1)  # samples of conditions that the task does not have are left out
    return Patterns(
        recording["sample_counts"].transpose("sample", "neuron").values[at_stage][kept].astype(float),
        same.argmax(1)[kept],
        recording["sample_direction"].transpose("sample", "axis").values[at_stage][kept],
    )


def condition_means(values: NDArray[Any], condition: NDArray[Any]) -> NDArray[Any]:
    """(condition, feature) means of values (sample, feature)."""
    numbers = np.arange(condition.max() + 1)
    means: NDArray[Any] = np.stack([values[condition == number].mean(0) for number in numbers])
    return means
