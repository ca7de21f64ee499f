"""Sensitivity of a claim's test: its power with the seeds and SDs of this study, and the seeds it needs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from neurorules.claims.tests.base.claim_test import Evidence
from neurorules.statistics.power import (
    Design,
    detectable_difference,
    power_equivalence,
    power_lower,
    replicates_for,
    sd_interval,
)

NAN = float("nan")

# Columns of the ledger.
SENSITIVITY_COLUMNS = (
    *("power_no_difference", "power_at_margin", "power_published_effect", "detectable_difference"),
    *("seeds_for_80", "seeds_for_80_low", "seeds_for_80_high"),
)


def sensitivity(evidence: Evidence, margin: float, published_effect: float) -> Mapping[str, float]:
    """SENSITIVITY_COLUMNS of a claim unit; NaN if no p-value decides or no effect is given to compute power for.

    Power at the effect found in the study would only restate its p-value, so it is left out.

    Args:
        evidence: result of the test.
        margin: of equivalence; NaN for a directional claim.
        published_effect: difference of the printed means, first minus second; NaN if none is printed.
    """
    columns = dict.fromkeys(SENSITIVITY_COLUMNS, NAN)
    design = None if evidence.comparison is None else Design.of(evidence.comparison)
    if design is None or math.isnan(evidence.p_claimed):
        return columns
    if math.isfinite(margin):
        columns["power_no_difference"] = power_equivalence(design, margin)
        columns["power_at_margin"] = power_equivalence(design, margin, margin)

        def power(of: Design) -> float:
            return power_equivalence(of, margin)
    else:
        columns["detectable_difference"] = detectable_difference(design)
        if not published_effect < 0:  # none, or against the claim
            return columns
        columns["power_published_effect"] = power_lower(design, published_effect)

        def power(of: Design) -> float:
            return power_lower(of, published_effect)

    low, high = _factors(design)
    columns["seeds_for_80"] = replicates_for(power, design)
    columns["seeds_for_80_low"] = replicates_for(power, _scaled(design, low))
    columns["seeds_for_80_high"] = replicates_for(power, _scaled(design, high))
    return columns


def _factors(design: Design) -> tuple[float, float]:
    """The 95% interval of the estimated SD, as factors of it: with few seeds, the estimate is imprecise."""
    if not design.n_second:
        return sd_interval(1.0, design.n - 1)
    # Welch's degrees of freedom, for the sum of both groups' variances.
    v1, v2 = design.sd**2 / design.n, design.sd_second**2 / design.n_second
    return sd_interval(1.0, (v1 + v2) ** 2 / (v1**2 / (design.n - 1) + v2**2 / (design.n_second - 1)))


def _scaled(design: Design, factor: float) -> Design:
    return Design(design.sd * factor, design.n, design.sd_second * factor, design.n_second)
