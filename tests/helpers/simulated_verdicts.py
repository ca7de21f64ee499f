"""How often each verdict comes out, on simulated tables in which the truth is known.

    python tests/helpers/simulated_verdicts.py [--studies 20000] [--through-the-ledger 100]

Distances of e-prop's networks lie a true difference above those of BPTT's, normal over seeds; margin and SDs are those
of the center-out reach. The rates come from the rules of the claim tests, and from so many whole tables of the ledger.
Below the margin a difference makes "as close as" true, and "not reproduced" false.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from neurorules.claims.ledger import ledger
from neurorules.claims.published import read_published
from neurorules.claims.tests.base.claim_test import FAILS, HOLDS, UNDECIDED, decide_equivalence, decide_lower
from neurorules.claims.verdicts import NOT_REPRODUCED, REPRODUCED
from neurorules.statistics.comparison import compare

MARGIN, MEAN = 0.014, 0.41
CLAIMS = {"equivalent": "fig1-eprop-comparable", "lower": "fig1-bptt-slightly-closer"}
RESULTS = (HOLDS, FAILS, UNDECIDED)
VERDICTS = (REPRODUCED, NOT_REPRODUCED, UNDECIDED)


def distances(
    difference: float, sd: float, n: int, studies: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(studies, n) distances of BPTT's and of e-prop's networks."""
    bptt, eprop = rng.normal(MEAN, sd, (2, studies, n))
    return bptt, eprop + difference


def results_by_scipy(bptt: np.ndarray, eprop: np.ndarray) -> Mapping[str, np.ndarray]:
    """By claim, (study,) results: the rules of the claim tests, with the t-tests of scipy, for many studies at once."""

    def p(shift: float, side: str) -> np.ndarray:
        values: np.ndarray = stats.ttest_ind(eprop + shift, bptt, axis=1, equal_var=False, alternative=side).pvalue
        return values

    within = np.maximum(p(MARGIN, "greater"), p(-MARGIN, "less")) < 0.05
    beyond = np.minimum(p(-MARGIN, "greater"), p(MARGIN, "less")) < 0.05
    return {
        "equivalent": np.select([within, beyond], [HOLDS, FAILS], UNDECIDED),
        "lower": np.select([p(0.0, "greater") < 0.05, p(0.0, "less") < 0.05], [HOLDS, FAILS], UNDECIDED),
    }


def results_of_the_rules(bptt: np.ndarray, eprop: np.ndarray) -> Mapping[str, np.ndarray]:
    """The same by the rules of the claim tests themselves."""
    found: dict[str, list[str]] = {"equivalent": [], "lower": []}
    for first, second in zip(bptt, eprop, strict=True):
        found["equivalent"].append(decide_equivalence(compare(second, first, MARGIN), MARGIN).result)
        found["lower"].append(decide_lower(compare(first, second)).result)
    return {name: np.array(results) for name, results in found.items()}


def rates_of_the_rules(
    difference: float, sd: float, n: int, studies: int, rng: np.random.Generator
) -> Mapping[str, list[float]]:
    """By claim, the shares of HOLDS, FAILS and UNDECIDED."""
    results = results_by_scipy(*distances(difference, sd, n, studies, rng))
    return {name: [float(np.mean(of == result)) for result in RESULTS] for name, of in results.items()}


def table(difference: float, sd: float, n: int, studies: int, rng: np.random.Generator) -> pd.DataFrame:
    """A table of distances with a recording for each study: networks learn from 0 to accuracy .95, and come closer."""
    rules = dict(zip(("bptt", "eprop"), distances(difference, sd, n, studies, rng), strict=True))
    rows: list[dict[str, Any]] = []
    for (rule, values), study, seed in itertools.product(rules.items(), range(studies), range(n)):
        name = f"hatsopoulos2007-{study:05d}"
        of = {"recording": name, "recording_title": name, "synthetic": 0, "task": "hatsopoulos2007", "setting": "base"}
        of |= {"learning_rule": rule, "measure": "procrustes", "seed": seed}
        for update, accuracy in enumerate((0.0, 0.5, 0.95)):
            far = values[study, seed] + 0.1 * (0.95 - accuracy)
            rows.append({**of, "update": update, "accuracy": accuracy, "distance": far})
    return pd.DataFrame(rows)


def rates_through_the_ledger(
    difference: float, sd: float, n: int, studies: int, rng: np.random.Generator
) -> Mapping[str, list[float]]:
    """By claim, the shares of reproduced, not reproduced and undecided."""
    published = read_published()
    claims = [claim for claim in published["claims"] if claim["id"] in CLAIMS.values()]
    rows = ledger(claims, {"fig1": {"distances": table(difference, sd, n, studies, rng)}}, published)
    return {
        name: [float(np.mean(rows.loc[rows["id"] == claim, "verdict"] == verdict)) for verdict in VERDICTS]
        for name, claim in CLAIMS.items()
    }


def main() -> None:
    """Print the rates for each truth, SD and number of seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--through-the-ledger", type=int, default=100)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    columns = [f"{claim}: {verdict}" for claim in CLAIMS for verdict in VERDICTS]
    print("| true difference | SD | n | by | " + " | ".join(columns) + " |")
    print("|---" * (4 + len(columns)) + "|")
    for times, sd, n in itertools.product((0, 0.5, 1, 2), (0.008, 0.012), (4, 10, 20)):
        for way, rates_of, studies in (
            ("rules", rates_of_the_rules, arguments.studies),
            ("ledger", rates_through_the_ledger, arguments.through_the_ledger),
        ):
            if studies:
                rates = rates_of(times * MARGIN, sd, n, studies, rng)
                shares = [f"{share:.1%}" for claim in CLAIMS for share in rates[claim]]
                print(f"| {times} x margin | {sd} | {n} | {way} ({studies}) | " + " | ".join(shares) + " |", flush=True)


if __name__ == "__main__":
    main()
