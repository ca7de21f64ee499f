"""Pseudo-recordings of a network: some of its units, with real neurons' rates, Poisson spikes and few trials.

1. Units. Only units with changing activity are drawn, without replacement until none are left. Further neurons are sums
   of `MIXED` units with random positive weights (Dirichlet, all shares equally likely). Weights are positive because
   rates are; with only a few units per sum, the neurons stay different, while sums over all units would be alike.
2. Rates. Each pseudo-neuron is shifted and scaled to a recorded neuron's mean and standard deviation over conditions
   and times, so its time course keeps its shape. Recorded neurons are drawn without replacement until none are left.
   The unit that changes most gets the neuron that changes most, and so on, which keeps the network's own order. The
   range is not used, because the largest of many noisy bins is more noise than rate. The SD is that of the rate,
   without the variance expected from Poisson spikes in that many trials. If a rate would fall below 0, the scale is
   reduced: clipping would change the shape.
3. Spikes. The number of spikes of n trials in a bin is Poisson with mean n x rate x bin width; the average is smoothed
   by the recording's kernel. Real trials vary more than Poisson, so recovery is a best case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIXED = 3
# Where the smoothing kernel is cut off, in SD: as for the recorded rates.
TRUNCATE = 4.0


@dataclass(frozen=True)
class RecordedNeurons:
    """The properties of a recording that a pseudo-recording uses.

    Attributes:
        mean: (neuron,) rate, spikes/s.
        sd: (neuron,) SD of the rate over conditions and times, spikes/s, without the Poisson noise of the average.
        trials: (condition, neuron), numbers of trials averaged.
        bin_ms: width of a bin.
        smoothing_ms: SD of the Gaussian that smooths the rates; 0 for none.
    """

    mean: NDArray[Any]
    sd: NDArray[Any]
    trials: NDArray[Any]
    bin_ms: float
    smoothing_ms: float

    @staticmethod
    def of(rates: NDArray[Any], trials: NDArray[Any], bin_ms: float, smoothing_ms: float) -> RecordedNeurons:
        """The properties of recorded rates (condition, time, neuron), in spikes/s; the others as given."""
        rates = np.asarray(rates, np.float64)
        # A Poisson mean of n trials has variance rate / (n x bin); smoothing multiplies it by the sum of squared
        # weights.
        left = (kernel(smoothing_ms / bin_ms) ** 2).sum()
        noise = (rates.mean(1) / trials).mean(0) * left * 1000.0 / bin_ms
        variance = np.clip(rates.var((0, 1)) - noise, 0.0, None)
        return RecordedNeurons(rates.mean((0, 1)), np.sqrt(variance), trials, bin_ms, smoothing_ms)


def kernel(sd: float) -> NDArray[Any]:
    """Weights of the Gaussian that smooths the rates, with sum 1; sd in bins, 0 for none."""
    half = int(TRUNCATE * sd + 0.5)
    at = np.arange(-half, half + 1)
    weights: NDArray[Any] = np.exp(-0.5 * (at / sd) ** 2) if half else np.ones(1)
    weights /= weights.sum()
    return weights


def changing_units(activity: NDArray[Any]) -> NDArray[Any]:
    """Indices of the units with changing activity (condition, time, unit)."""
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
        n_neurons: number of pseudo-neurons; if there are more than recorded neurons, recorded rates are reused.
        rng: of the draws.
        trials: trials per condition; None for the recorded numbers.
    """
    signals = draw_neurons(np.asarray(activity, np.float64), n_neurons, rng)
    drawn = draw_indices(len(recorded.mean), n_neurons, rng)
    # Units and recorded neurons are both sorted from the least changing to the most.
    signals = signals[..., np.argsort(signals.std((0, 1)), kind="stable")]
    drawn = drawn[np.argsort(recorded.sd[drawn], kind="stable")]
    rates = scaled(signals, recorded.mean[drawn], recorded.sd[drawn])
    counts = recorded.trials[:, drawn] if trials is None else np.full((len(rates), n_neurons), trials)
    return averaged_spikes(rates, counts, recorded.bin_ms, recorded.smoothing_ms, rng)


def draw_indices(n_available: int, n_wanted: int, rng: np.random.Generator) -> NDArray[Any]:
    """Random indices, without repetition until none are left, then with repetition."""
    once = rng.permutation(n_available)[:n_wanted]
    return np.concatenate([once, rng.integers(0, n_available, n_wanted - len(once))])


def draw_neurons(activity: NDArray[Any], n_neurons: int, rng: np.random.Generator) -> NDArray[Any]:
    """Changing units, each once, then random positive mixtures of a few, (condition, time, neuron).

    A network without changing units has silent neurons.
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
    """Signals (condition, time, neuron) with given means and SDs (neuron,); a smaller SD if a rate would be below 0."""
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
    """Smoothed trial average of Poisson spikes, in spikes/s.

    Args:
        rates: (condition, time, neuron) in spikes/s.
        trials: (condition, neuron).
        bin_ms, smoothing_ms: see `RecordedNeurons`.
        rng: for the spikes.
    """
    weights = kernel(smoothing_ms / bin_ms)
    # The rate is held constant before the first and after the last bin, so that the noise is the same at the edges.
    beyond = len(weights) // 2
    padded = np.pad(rates, ((0, 0), (beyond, beyond), (0, 0)), mode="edge")
    seconds = trials[:, None] * (bin_ms / 1000.0)
    mean = rng.poisson(padded * seconds) / seconds
    windows = np.lib.stride_tricks.sliding_window_view(mean, len(weights), axis=1)
    smoothed: NDArray[Any] = windows @ weights
    return smoothed
