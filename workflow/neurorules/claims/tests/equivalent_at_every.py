"""Two groups of networks are equally far from the recording at every value of other columns (DSA: delays, rank)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests import equivalent_at_accuracy
from neurorules.claims.tests.base.claim_test import FAILS, HOLDS, UNDECIDED, Evidence, missing_columns, untestable

if TYPE_CHECKING:
    import pandas as pd

# From the worst for the claim to the best.
ORDER = (FAILS, UNDECIDED, HOLDS)


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Intersection-union test: holds if it holds at every combination of values, fails if it fails at any.

    Holding everywhere needs no correction for the number of combinations: it is at most as probable as holding at the
    worst one. Failing anywhere does, so p-values for failing are multiplied by their number (Bonferroni). The numbers
    are those of the worst combination; `why` names it and counts the combinations at which the claim holds.

    Args:
        rows: as for equivalent_at_accuracy, with the columns named in `over`.
        parameters: over, a list of columns; the others as for equivalent_at_accuracy.
        margin: of equivalence.
    """
    over = parameters["over"]
    if why := missing_columns(rows, *over):
        return untestable(why)
    found: list[tuple[str, Evidence]] = []
    for key, of_values in rows.groupby(over, sort=True):
        evidence = equivalent_at_accuracy.decide(of_values, parameters, margin)
        found.append((", ".join(f"{name} {value}" for name, value in zip(over, key, strict=True)), evidence))
    if untested := [f"{name}: {evidence.why}" for name, evidence in found if not evidence.result]:
        return untestable(f"{len(untested)} of {len(found)} combinations ({untested[0]})")
    results = [(_corrected(evidence, len(found)), name, evidence) for name, evidence in found]
    result, name, worst = min(results, key=lambda one: (ORDER.index(one[0]), -_p(one[2])))
    held = sum(one == HOLDS for one, _, _ in results)
    words = "; ".join(filter(None, (f"worst at {name}", worst.why, f"holds at {held} of {len(found)} combinations")))
    return replace(worst, result=result, why=words)


def _p(evidence: Evidence) -> float:
    """The p-value of equivalence, 1 if there is none."""
    p = 1.0 if evidence.comparison is None else evidence.comparison.p_equivalent
    return p if p == p else 1.0


def _corrected(evidence: Evidence, count: int) -> str:
    comparison = evidence.comparison
    if evidence.result == FAILS and (comparison is None or comparison.p_beyond * count >= 0.05):
        return UNDECIDED
    return evidence.result
