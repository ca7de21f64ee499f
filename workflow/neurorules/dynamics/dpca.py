"""Demixed PCA with two marginalisations, "time" and "condition" (Figure 4; Kobak et al. 2016, eLife 5:e10989).

The centred activity X is the sum of its mean over conditions ("time") and the rest ("condition", including its
interaction with time). For each part X_phi, reduced-rank regression minimises ||X_phi - F D X||^2. With C the
least-squares map from X to X_phi, the encoder F has the first left singular vectors of C X, and the decoder is D = F^T
C. There is no ridge penalty, as by default in the dPCA package: Kobak et al. choose one by cross-validation over single
trials, which condition averages do not have. With as many features as samples, the decoders can therefore demix
perfectly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Directions with singular values below this share of the largest are rounding of float32 activity.
ROUNDING = 1e-6


@dataclass(frozen=True)
class DemixedComponent:
    """One component of a marginalisation.

    Attributes:
        decoder: d, (feature,).
        encoder: f, (feature,), of length 1 with a positive largest entry.
        projection: d^T X of the centred activity, (condition, time), in units of the activity.
        explained_variance: fraction of the total variance, (||X||^2 - ||X - f d^T X||^2) / ||X||^2; 0 if there is no
            variance.
    """

    decoder: NDArray[Any]
    encoder: NDArray[Any]
    projection: NDArray[Any]
    explained_variance: float


def marginalise(activity: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The parts "time" and "condition" of centred activity (condition, time, feature), each of the same shape."""
    centred = activity - activity.mean((0, 1))
    time = np.broadcast_to(centred.mean(0), centred.shape)
    return {"time": time, "condition": centred - time}


def demixed_components(activity: NDArray[Any], n_components: int = 1) -> dict[str, list[DemixedComponent]]:
    """The first components of the marginalisations "time" and "condition".

    Args:
        activity: (condition, time, feature).
        n_components: number of components of each marginalisation.
    """
    activity = np.asarray(activity, np.float64)
    parts = {name: part.reshape(-1, activity.shape[-1]).T for name, part in marginalise(activity).items()}
    x = parts["time"] + parts["condition"]  # (feature, sample)
    from_x = np.linalg.pinv(x, rcond=ROUNDING)
    total = float(np.sum(x**2))
    components: dict[str, list[DemixedComponent]] = {}
    for name, part in parts.items():
        regression = part @ from_x
        encoders = np.linalg.svd(regression @ x, full_matrices=False)[0][:, :n_components].T
        components[name] = []
        for encoder in encoders:
            encoder = encoder * np.sign(encoder[np.argmax(np.abs(encoder))])  # a singular vector's sign is arbitrary
            decoder = encoder @ regression
            projection = decoder @ x
            left = float(np.sum((x - np.outer(encoder, projection)) ** 2))
            explained = (total - left) / total if total > 0 else 0.0
            components[name].append(
                DemixedComponent(decoder, encoder, projection.reshape(activity.shape[:2]), explained)
            )
    return components


def align_signs(reference: NDArray[Any], projections: NDArray[Any]) -> NDArray[Any]:
    """Projections with signs flipped to correlate positively with a reference, because a component's sign is arbitrary.

    Args:
        reference: (..., condition, time), of the recording.
        projections: the same shape, of a network in the same conditions at the same times.

    Raises:
        ValueError: the shapes differ.
    """
    if reference.shape != projections.shape:
        raise ValueError(
            f"Different shapes, {projections.shape} and {reference.shape}: conditions and times must match"
        )
    centred = [signal - signal.mean((-2, -1), keepdims=True) for signal in (reference, projections)]
    opposite = (centred[0] * centred[1]).sum((-2, -1), keepdims=True) < 0
    return np.where(opposite, -projections, projections)
