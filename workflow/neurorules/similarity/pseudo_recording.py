"""A network's activity as if it had been recorded: some units, rates of real neurons, Poisson spikes, few trials.

1. Units. Only units whose activity changes are drawn, without replacement while there are any left. Neurons beyond
   those are sums of `MIXED` units with random positive weights (Dirichlet, all shares equally likely): rates of neurons
   are positive, and so few units keep the neurons different, where a sum of all units would make them alike.
2. Rates. Every pseudo-neuron gets the mean and the standard deviation over conditions and times of a recorded neuron,
   by a shift and a scale, so that its time course keeps its shape. Neurons are drawn without replacement as far as the
   recording has them. The unit that changes most gets the neuron that changes most, and so on: the network's own order
   is kept. Not the range: the largest of many noisy bins is more noise than rate. The SD is that of the rate, with the
   variance that Poisson spikes of so many trials have anyway taken off. Where a rate would fall below 0, the scale is
   made smaller: a clipped rate would have another shape.
3. Spikes. The spikes of n trials in a bin are a Poisson number of mean n x rate x bin width; their mean is smoothed by
   the recording's kernel. Real trials vary more than Poisson, so that recovery is a best case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIXED = 3
# Of the smoothing kernel, in SD: as the recorded rates were smoothed.
TRUNCATE = 4.0


@dataclass(frozen=True)
class RecordedNeurons:
    """What a pseudo-recording takes from a recording.

    Attributes:
        mean: (neuron,) rate, spikes/s.
        sd: (neuron,) SD of the rate over conditions and times, spikes/s, without the Poisson noise of the average.
        trials: (condition, neuron) trials that were averaged.
        bin_ms: width of a bin.
        smoothing_ms: SD of the Gaussian that rates are smoothed with; 0 for none.
    """

    mean: NDArray[Any]
    sd: NDArray[Any]
    trials: NDArray[Any]
    bin_ms: float
    smoothing_ms: float

    @staticmethod
    def of(rates: NDArray[Any], trials: NDArray[Any], bin_ms: float, smoothing_ms: float) -> RecordedNeurons:
        """What there is of recorded rates (condition, time, neuron), in spikes/s; the rest as the attributes."""
        rates = np.asarray(rates, np.float64)
        # A Poisson mean of n trials has the variance rate / (n x bin); smoothing leaves the sum of squared weights.
        left = (kernel(smoothing_ms / bin_ms) ** 2).sum()
        noise = (rates.mean(1) / trials).mean(0) * left * 1000.0 / bin_ms
        variance = np.clip(rates.var((0, 1)) - noise, 0.0, None)
        return RecordedNeurons(rates.mean((0, 1)), np.sqrt(variance), trials, bin_ms, smoothing_ms)


def kernel(sd: float) -> NDArray[Any]:
    """Weights of the Gaussian that rates are smoothed with, which add up to 1; sd in bins, 0 for none."""
    half = int(TRUNCATE * sd + 0.5)
    at = np.arange(-half, half + 1)
    weights: NDArray[Any] = np.exp(-0.5 * (at / sd) ** 2) if half else np.ones(1)
    weights /= weights.sum()
    return weights


def changing_units(activity: NDArray[Any]) -> NDArray[Any]:
    """Indices of the units whose activity (condition, time, unit) changes."""
    return np.flatnonzero(np.ptp(activity, axis=(0, 1)) > 0)


def pseudo_recording(
    activity: NDArray[Any],
    recorded: RecordedNeurons,
    n_neurons: int,
    rng: np.random.Generator,
    trials: int | None = None,
) -> NDArray[Any]:
    """Rates of pseudo-neurons in spikes/s, (condition, time, neuron); see the module.

    Args:
        activity: (condition, time, unit) of the network, in the recording's conditions and bins.
        recorded: the recording's neurons.
        n_neurons: pseudo-neurons; more than were recorded take rates of recorded ones repeatedly.
        rng: of the draws.
        trials: trials per condition; None for as many as were recorded.
    """
    signals = draw_neurons(np.asarray(activity, np.float64), n_neurons, rng)
    drawn = draw_indices(len(recorded.mean), n_neurons, rng)
    # From the least changing to the most, units and recorded neurons alike.
    signals = signals[..., np.argsort(signals.std((0, 1)), kind="stable")]
    drawn = drawn[np.argsort(recorded.sd[drawn], kind="stable")]
    rates = scaled(signals, recorded.mean[drawn], recorded.sd[drawn])
    counts = recorded.trials[:, drawn] if trials is None else np.full((len(rates), n_neurons), trials)
    return averaged_spikes(rates, counts, recorded.bin_ms, recorded.smoothing_ms, rng)


def draw_indices(n_available: int, n_wanted: int, rng: np.random.Generator) -> NDArray[Any]:
    """Random indices, each once while there are any left, those beyond at random."""
    once = rng.permutation(n_available)[:n_wanted]
    return np.concatenate([once, rng.integers(0, n_available, n_wanted - len(once))])


def draw_neurons(activity: NDArray[Any], n_neurons: int, rng: np.random.Generator) -> NDArray[Any]:
    """(condition, time, neuron): changing units, each once, then random positive mixtures of a few.

    A network without any change has silent neurons.
    """
    units = changing_units(activity)
    if not len(units):
        return np.zeros((*activity.shape[:2], n_neurons))
    weights = np.zeros((activity.shape[-1], n_neurons))
    once = rng.permutation(units)[:n_neurons]
    weights[once, np.arange(len(once))] = 1.0
    for neuron in range(len(once), n_neurons):
        mixed = rng.choice(units, min(MIXED, len(units)), replace=False)
        weights[mixed, neuron] = rng.dirichlet(np.ones(len(mixed)))
    neurons: NDArray[Any] = activity @ weights
    return neurons


def scaled(signals: NDArray[Any], mean: NDArray[Any], sd: NDArray[Any]) -> NDArray[Any]:
    """Signals (condition, time, neuron) of given means and SD (neuron,); a smaller SD where a rate would be below 0."""
    z = signals - signals.mean((0, 1))
    spread = z.std((0, 1))
    z = np.divide(z, spread, out=np.zeros_like(z), where=spread > 0)
    lowest = -z.min((0, 1))
    room = np.divide(mean, lowest, out=np.full_like(mean, np.inf), where=lowest > 0)
    rates: NDArray[Any] = np.clip(mean + np.minimum(sd, room) * z, 0.0, None)  # of rounding
    return rates


def averaged_spikes(
    rates: NDArray[Any], trials: NDArray[Any], bin_ms: float, smoothing_ms: float, rng: np.random.Generator
) -> NDArray[Any]:
    """Mean over trials of Poisson spikes, smoothed, in spikes/s.

    Args:
        rates: (condition, time, neuron) in spikes/s.
        trials: (condition, neuron).
        bin_ms, smoothing_ms: see `RecordedNeurons`.
        rng: of the spikes.
    """
    weights = kernel(smoothing_ms / bin_ms)
    # Before the first and after the last bin the rate is taken to stay, so that noise is the same at the edges.
    beyond = len(weights) // 2
    padded = np.pad(rates, ((0, 0), (beyond, beyond), (0, 0)), mode="edge")
    seconds = trials[:, None] * (bin_ms / 1000.0)
    mean = rng.poisson(padded * seconds) / seconds
    windows = np.lib.stride_tricks.sliding_window_view(mean, len(weights), axis=1)
    smoothed: NDArray[Any] = windows @ weights
    return smoothed
