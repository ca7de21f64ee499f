"""What the test of a claim could have found: its power with the seeds and SDs of this study, and the seeds it needs."""

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
    """SENSITIVITY_COLUMNS of a claim unit; NaN where no p-value decides, or there is nothing to refer to.

    Power at the effect that the study itself found would say nothing but its p-value again, so that it is not given.

    Args:
        evidence: what the test found.
        margin: of equivalence; NaN for a claim with a direction.
        published_effect: difference of the printed means, first less second; NaN where none is printed.
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
    """The 95% interval of the SD that was found, as a factor of it: few seeds say little of an SD."""
    if not design.n_second:
        return sd_interval(1.0, design.n - 1)
    # Welch's degrees of freedom: those of the sum of both groups' variances.
    v1, v2 = design.sd**2 / design.n, design.sd_second**2 / design.n_second
    return sd_interval(1.0, (v1 + v2) ** 2 / (v1**2 / (design.n - 1) + v2**2 / (design.n_second - 1)))


def _scaled(design: Design, factor: float) -> Design:
    return Design(design.sd * factor, design.n, design.sd_second * factor, design.n_second)
