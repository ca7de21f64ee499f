"""Procrustes distance (paper, equation 4 and all figures), the study's main measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.similarity.procrustes import distance_from_cross_product
from neurorules.similarity.procrustes import procrustes_distance as distance

if TYPE_CHECKING:
    from neurorules.similarity.samples import Samples

__all__ = ["LABEL", "between", "distance"]

LABEL = "Procrustes distance"


def between(x: Samples, y: Samples) -> float:
    """`distance` of activities that are compared more than once."""
    return distance_from_cross_product(x.cross(y), x.norm, y.norm)
