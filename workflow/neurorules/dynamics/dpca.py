"""Demixed PCA with two marginalisations, "time" and "condition" (Figure 4; Kobak et al. 2016, eLife 5:e10989).

The centred activity X is a sum of what time alone explains, its mean over conditions, and the rest: condition with its
interaction with time. For each part X_phi, reduced-rank regression minimises ||X_phi - F D X||^2: of the
least-squares map C from X to X_phi, the encoder F holds the first left singular vectors of C X and D = F^T C decodes.
No ridge, as in the dPCA package by default: Kobak et al. choose one by cross-validation over single trials, which
condition averages do not have. With as many features as samples the decoders can therefore demix perfectly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Directions whose singular value is below this part of the largest hold no more than the rounding of float32 activity.
ROUNDING = 1e-6


@dataclass(frozen=True)
class DemixedComponent:
    """One component of a marginalisation.

    Attributes:
        decoder: d, (feature,).
        encoder: f, (feature,), of length 1, its largest entry positive.
        projection: d^T X of the centred activity, (condition, time), in units of the activity.
        explained_variance: fraction of the variance of all activity, (||X||^2 - ||X - f d^T X||^2) / ||X||^2; 0 where
            there is no variance.
    """

    decoder: NDArray[Any]
    encoder: NDArray[Any]
    projection: NDArray[Any]
    explained_variance: float


def marginalise(activity: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Centred activity (condition, time, feature) as its parts "time" and "condition", of the same shape each."""
    centred = activity - activity.mean((0, 1))
    time = np.broadcast_to(centred.mean(0), centred.shape)
    return {"time": time, "condition": centred - time}


def demixed_components(activity: NDArray[Any], n_components: int = 1) -> dict[str, list[DemixedComponent]]:
    """The first components of the marginalisations "time" and "condition".

    Args:
        activity: (condition, time, feature).
        n_components: of each marginalisation.
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
    """Projections with the signs that correlate positively with those of a reference: the sign of one is arbitrary.

    Args:
        reference: (..., condition, time), of the recording.
        projections: the same shape, of a network in the same conditions at the same times.

    Raises:
        ValueError: the shapes differ.
    """
    if reference.shape != projections.shape:
        raise ValueError(f"{projections.shape} against {reference.shape}: conditions and times must line up")
    centred = [signal - signal.mean((-2, -1), keepdims=True) for signal in (reference, projections)]
    opposite = (centred[0] * centred[1]).sum((-2, -1), keepdims=True) < 0
    return np.where(opposite, -projections, projections)
