"""Procrustes distance (paper, equation 4 and all figures): the measure that the study is about."""

from __future__ import annotations

from neurorules.similarity.procrustes import procrustes_distance as distance

__all__ = ["LABEL", "distance"]

LABEL = "Procrustes distance"
