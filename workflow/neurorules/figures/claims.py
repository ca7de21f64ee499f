"""The ledger of claims: each published claim, our numbers, the published ones, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.derivations.base.derivation import DERIVATIONS
from neurorules.claims.published import claimed_table_types
from neurorules.claims.tests.base.claim_test import CLAIM_TESTS
from neurorules.io import markdown

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Published claims and what this study says of them"
TABLES = ()
PRODUCTS = ("csv", "md", "html")
PLUGINS = (
    *(f"claims.tests.{name}" for name in CLAIM_TESTS.names()),
    *(f"claims.derivations.{name}" for name in DERIVATIONS.names()),
)
PUBLISHED = ""  # all of published.yaml


def tables_of_others() -> dict[str, list[str]]:
    """By figure, the table types that claims are decided from."""
    return claimed_table_types()


def make(tables: Mapping[str, Mapping[str, pd.DataFrame]], context: Mapping[str, Any]) -> dict[str, Any]:
    """The ledger as data and as text to read; `tables` by figure and table type."""
    from neurorules.claims.ledger import ledger

    claims = context["published"]["claims"]
    table = ledger(claims, tables)
    groups = {claim["id"]: claim.get("parameters", {}) for claim in claims}
    sides = {name: (_side(both, "first"), _side(both, "second")) for name, both in groups.items()}
    return {"csv": table, "md": _markdown(table, sides)}


def _side(parameters: Mapping[str, Any], side: str) -> str:
    """What one of the two compared groups is, by the values that select it; nothing of a fixed number."""
    from neurorules.learning.base.learning_rule import LEARNING_RULES
    from neurorules.plotting import titles

    def label(name: Any) -> str:
        return titles.rule_label(name) if name in LEARNING_RULES.names() else str(name)

    values = parameters.get(side, {}).values()
    return ", ".join(" or ".join(map(label, value if isinstance(value, list) else [value])) for value in values)


def _markdown(table: pd.DataFrame, sides: Mapping[str, tuple[str, str]]) -> str:
    from neurorules.claims.ledger import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED
    from neurorules.claims.tests.base.claim_test import UNDECIDED

    verdicts = (REPRODUCED, NOT_REPRODUCED, UNDECIDED, NOT_TESTABLE)
    counts = table["verdict"].value_counts()
    lines = [
        "# Published claims and what this study says of them",
        "",
        ", ".join(f"**{int(counts.get(verdict, 0))} {verdict}**" for verdict in verdicts)
        + f": {table['id'].nunique()} claims, each decided for every recording, task, setting ... that it is about.",
        "",
    ]
    if table["synthetic"].any():
        lines += [
            "**Synthetic recordings are never evidence: what a test gave there is in the CSV's column `result`.**",
            "",
        ]
    if table["n_first"].median() < 3:
        lines += ["**Two seeds or fewer: this shows the form. Quote nothing from it.**", ""]
    header = ["claim", "where", "decided for", "our numbers (n)", "published", "verdict", "at half, double margin"]
    headings = {"paper": "The paper", "companion": "The companion: initial connectivity"}
    for paper, rows in table.groupby("paper", sort=False):
        lines += [f"## {headings.get(str(paper), str(paper))}", ""]
        lines += markdown.table(header, [_cells(row, sides[row["id"]]) for row in rows.to_dict("records")]) + [""]
    lines += [
        "Numbers are means ± SD over seeds (n) of the two groups that are compared, and their difference (first less "
        "second) with its 95% confidence interval. "
        "Distances of different networks are compared at the highest accuracy that all of them reached. "
        "Comparable: reproduced where two one-sided tests put the difference within the margin (p < .05), not "
        "reproduced where the difference is significant and larger than the margin, undecided otherwise. Claims with a "
        "direction: one-sided test at .05 either way. Figures, tests and margins with their reasons: "
        "`resources/published.yaml`; all numbers: the CSV. (°): the paper does not show this claim for this recording. "
        "P-values are not corrected for the number of claims.",
    ]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any], sides: tuple[str, str]) -> list[str]:
    return [
        row["claim"],
        row["where"],
        _unit(row),
        _numbers(row, sides) or markdown.NONE,
        row["published"] or markdown.NONE,
        row["verdict"] + (f" ({row['why']})" if row["why"] else ""),
        _margins(row),
    ]


def _margins(row: Mapping[str, Any]) -> str:
    """How the verdict changes at half and at double the margin."""
    verdicts = (row["verdict_half_margin"], row["verdict_double_margin"])
    if not any(verdicts):
        return markdown.NONE
    return "the same" if set(verdicts) == {row["verdict"]} else ", ".join(verdicts)


def _unit(row: Mapping[str, Any]) -> str:
    """What a claim unit is about, without repetitions."""
    names = ("recording", "task", "setting", "learning_rule", "component", "level", "score", "flow")
    said = dict.fromkeys(str(row[name]) for name in names if row[name] != "")
    return ", ".join(said) + (" (°)" if row["published_here"] == 0 else "") if said else markdown.NONE


def _numbers(row: Mapping[str, Any], sides: tuple[str, str]) -> str:
    from neurorules.statistics.comparison import Summary

    if math.isfinite(row["cases"]):
        return f"{row['cases_as_predicted']:.0f} of {row['cases']:.0f} cases as predicted"
    if not math.isfinite(row["difference"]):
        return ""
    first, second = (Summary(row[f"mean_{x}"], row[f"sd_{x}"], int(row[f"n_{x}"])) for x in ("first", "second"))
    parts = [
        " against ".join(
            f"{side} {markdown.mean_sd(numbers)}".lstrip() for side, numbers in zip(sides, (first, second), strict=True)
        ),
        f"difference {row['difference']:+.3f} {markdown.interval((row['ci95_low'], row['ci95_high']))}".rstrip(),
    ]
    if math.isfinite(row["margin"]):
        parts.append(f"p equivalent {markdown.number(row['p_equivalent'])} (margin {row['margin']:.3g})")
    else:
        parts.append(f"p lower {markdown.number(row['p_lower'])}")
    if math.isfinite(row["matched_accuracy"]):
        parts.append(f"at accuracy {row['matched_accuracy']:.3f}")
    return "; ".join(parts)
