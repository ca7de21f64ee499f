"""The ledger of claims: every published claim, tested on the tidy tables of this study.

A claim is an entry of published.yaml:

    figure        the figure whose models, seeds and recordings the claim is about
    table         the table type that decides it, or
    derivation    {name, parameters ...}: a table that is computed from tidy tables, by a file in `derivations/`
    select        column -> value, or a list of values: the rows that count
    by            columns that divide these rows into claim units, each tested separately
    labels        optional: values of ledger columns that the table does not have
    test          a file in `tests/`, with its `parameters`
    margin        for equivalence tests: by recording, or `default`, with its reason and `published_sd`
    note, inferred_for, arithmetic
                  optional: what limits a claim, see `caveats.py`

Margins and tests are fixed there, from the papers alone, before any study is run. The section `published_numbers` of
that file says where a claim's numbers are printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurorules.claims.caveats import Caveats, caveats, place_of
from neurorules.claims.derivations.base.derivation import DERIVATIONS
from neurorules.claims.multiplicity import corrected
from neurorules.claims.primary import PrimaryClaim, is_primary
from neurorules.claims.printed import Printed, printed_columns, printed_numbers
from neurorules.claims.published import margin_of, published_sd_of, read_published, table_types_read
from neurorules.claims.sensitivity import sensitivity
from neurorules.claims.specifications import robust_columns
from neurorules.claims.tests.base.claim_test import CLAIM_TESTS, Evidence, select, untestable
from neurorules.claims.untested import NOT_SHOWN
from neurorules.claims.verdicts import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, VERDICTS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOT_REPRODUCED", "NOT_TESTABLE", "REPRODUCED", "VERDICTS", "PrimaryClaim", "ledger", "margin_of"]

SYNTHETIC = "synthetic recording"
NAN = float("nan")

# Columns of the ledger that say what a claim unit is about.
UNIT_COLUMNS = (
    "recording",
    "recording_title",
    "task",
    "setting",
    "learning_rule",
    "measure",
    "component",
    "level",
    "score",
    "flow",
)

# Columns of the ledger that come from a Comparison.
COMPARISON_COLUMNS = (
    *("n_first", "mean_first", "sd_first", "n_second", "mean_second", "sd_second"),
    *("difference", "ci95_low", "ci95_high", "ci90_low", "ci90_high"),
    *("p_different", "p_lower", "p_higher", "p_equivalent", "p_beyond"),
    *("hedges_g", "hedges_g_ci95_low", "hedges_g_ci95_high"),
)

# Columns of the ledger that come from a test's further numbers.
NUMBER_COLUMNS = (
    *(
        "matched_accuracy",
        "n_reached",
        "overlap_from",
        "difference_upper_half",
        "p_different_upper_half",
        "difference_last",
        "p_different_last",
    ),
    *("difference_paired", "p_claimed_paired", "learning_rates", "cases", "cases_as_predicted", "n_reached"),
)

# Columns of the ledger about other margins: the reference and the factor.
OTHER_MARGINS = {
    "verdict_half_margin": ("margin", 0.5),
    "verdict_double_margin": ("margin", 2.0),
    "verdict_published_sd": ("published_sd", 1.0),
    "verdict_half_published_sd": ("published_sd", 0.5),
    "verdict_double_published_sd": ("published_sd", 2.0),
}

Tables = Mapping[str, Mapping[str, "pd.DataFrame"]]


@dataclass(frozen=True)
class Unit:
    """What a row of the ledger is about.

    Attributes:
        order: position of the claim.
        claim: an entry of published.yaml.
        columns: the UNIT_COLUMNS that the claim unit has.
        synthetic: whether its recording is synthetic.
        printed: the published numbers, if there are any.
        caveats: what limits it.
    """

    order: int
    claim: Mapping[str, Any]
    columns: Mapping[str, Any] = field(default_factory=dict)
    synthetic: bool = False
    printed: Printed | None = None
    caveats: Caveats = field(default_factory=Caveats)


def ledger(
    claims: list[Mapping[str, Any]],
    tables: Tables,
    published: Mapping[str, Any] | None = None,
    primary: PrimaryClaim | None = None,
) -> pd.DataFrame:
    """One row per claim unit, in the order of the claims.

    `result` is the test's result: holds, fails, undecided, or nothing. `verdict` is the claim's: reproduced, not
    reproduced, undecided, or not testable here; `why` gives the reason for the last two. Synthetic recordings and
    results that hold by construction are never evidence: their verdict is "not testable here" whatever the result.
    `note` says what limits a row. Equivalence claims also have the verdicts at half and twice their margin, and at the
    published SD, half of it and twice it. Each row also has the sensitivity of its test (`sensitivity`), the verdict on
    the paper's own numbers (`printed`), and its verdict with corrected p-values (`multiplicity`). `robust` says whether
    all of the analyst's other choices give the same result (`specifications`).

    Args:
        claims: section `claims` of published.yaml.
        tables: by figure and table type, the concatenated tidy tables of the figure's models.
        published: all of published.yaml; default: the repository's.
        primary: the study's primary claim.
    """
    import pandas as pd

    published = read_published() if published is None else published
    rows = [row for order, claim in enumerate(claims) for row in _rows(order, claim, tables, published)]
    found = [number for number, row in enumerate(rows) if is_primary({"id": row["id"]}, row, primary)]
    for number, row in enumerate(rows):
        row["primary"] = int(number in found[:1])  # two tasks may share a recording
        row |= robust_columns(claims, claims[row["order"]], row, tables)
    return corrected(pd.DataFrame(rows))


def _rows(
    order: int, claim: Mapping[str, Any], tables: Tables, published: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    table = claimed_table(claim, tables)
    whole = Unit(order, claim, caveats=caveats(claim, {}))
    if isinstance(table, Evidence):
        yield _row(whole, table)
        return
    columns = [*claim["by"], *claim.get("select", {})]
    if missing := sorted({column for column in columns if column not in table.columns}):
        yield _row(whole, untestable(f"the table has no column {', '.join(missing)}"))
        return
    wanted = claim.get("select", {})
    chosen = select(table, wanted)
    if chosen.empty:
        absent = [column for column in wanted if select(table, {column: wanted[column]}).empty]
        what = ", ".join(f"{column} {wanted[column]}" for column in absent or wanted) or "any row"
        yield _row(whole, untestable(f"not found: {what}"))
        return
    # A table without `by` columns is one claim unit.
    units = chosen.groupby(claim["by"], sort=True, dropna=False) if claim["by"] else [((), chosen)]
    for key, rows in units:
        unit = {column: rows[column].iloc[0] for column in UNIT_COLUMNS if column in rows and _is_one(rows[column])}
        unit |= {**claim.get("labels", {}), **dict(zip(claim["by"], key, strict=True))}
        synthetic = "synthetic" in rows and bool(rows["synthetic"].any())
        limits = caveats(claim, unit, rows)
        yield _decided(Unit(order, claim, unit, synthetic, printed_numbers(claim, unit, published), limits), rows)


def claimed_table(claim: Mapping[str, Any], tables: Tables) -> pd.DataFrame | Evidence:
    """The table that decides a claim, or the reason why there is none.

    Args:
        claim: an entry of published.yaml.
        tables: see `ledger`.
    """
    figure = claim["figure"]
    if figure not in tables:
        return untestable(f"figure {figure} {NOT_SHOWN}")
    if missing := [name for name in table_types_read(claim) if name not in tables[figure]]:
        return untestable(f"there is no table of type {', '.join(missing)}")
    if "derivation" in claim:
        derived: pd.DataFrame = DERIVATIONS.load(claim["derivation"]["name"]).derive(
            tables[figure], claim["derivation"]
        )
        return derived
    return tables[figure][claim["table"]]


def _is_one(values: pd.Series) -> bool:
    """Whether there is one value and no gap."""
    return values.nunique(dropna=False) == 1 and bool(values.notna().all())


def _decided(unit: Unit, rows: pd.DataFrame) -> dict[str, Any]:
    claim = unit.claim
    decide, parameters = CLAIM_TESTS.load(claim["test"]).decide, claim.get("parameters", {})
    if "margin" not in claim:
        return _row(unit, decide(rows, parameters, NAN))
    of = (claim, str(unit.columns.get("recording", "")), str(unit.columns.get("setting", "")))
    margins = {"margin": margin_of(*of), "published_sd": published_sd_of(*of)}
    if math.isnan(margins["margin"]):
        return _row(unit, untestable("no margin is stated for this recording"))
    evidence = decide(rows, parameters, margins["margin"])
    if not evidence.result:
        return _row(unit, evidence)
    return {
        **_row(unit, evidence, evidence.numbers.get("margin", margins["margin"])),
        "margin_published_sd": margins["published_sd"],
        **{
            column: _verdict(decide(rows, parameters, factor * margins[name]), unit)
            for column, (name, factor) in OTHER_MARGINS.items()
            if not math.isnan(margins[name])
        },
    }


def _verdict(evidence: Evidence, unit: Unit) -> str:
    no_evidence = unit.synthetic or unit.caveats.no_evidence(evidence.result)
    return NOT_TESTABLE if no_evidence else VERDICTS[evidence.result]


def _row(unit: Unit, evidence: Evidence, margin: float = NAN) -> dict[str, Any]:
    claim, columns, limits = unit.claim, unit.columns, unit.caveats
    place, published_for = place_of(columns), claim["published_for"]
    arithmetic = limits.no_evidence(evidence.result)
    why = "; ".join(filter(None, (SYNTHETIC * unit.synthetic, limits.arithmetic * arithmetic, evidence.why)))
    return {
        "id": claim["id"],
        "order": unit.order,
        "primary": 0,
        "paper": claim["paper"],
        "where": claim["where"],
        "claim": claim["claim"],
        "figure": claim["figure"],
        "test": claim["test"],
        **{column: columns.get(column, "") for column in UNIT_COLUMNS},
        "synthetic": int(unit.synthetic),
        "published_for": ", ".join(published_for),
        "published_here": int(place in published_for) if place else "",
        "inferred_here": int(limits.inferred),
        "published": claim.get("published", ""),
        "result": evidence.result,
        "verdict": _verdict(evidence, unit),
        "why": why,
        "note": limits.note,
        **dict.fromkeys(OTHER_MARGINS, ""),
        "margin": margin,
        "margin_reason": claim.get("margin", {}).get("reason", ""),
        "margin_published_sd": NAN,
        **_comparison_columns(evidence),
        **{column: evidence.numbers.get(column, NAN) for column in NUMBER_COLUMNS},
        "p_claimed": NAN if arithmetic else evidence.p_claimed,
        "p_against": NAN if arithmetic else evidence.p_against,
        **sensitivity(evidence, margin, unit.printed.difference if unit.printed else NAN),
        **printed_columns(unit.printed),
    }


def _comparison_columns(evidence: Evidence) -> dict[str, Any]:
    comparison = evidence.comparison
    if comparison is None:
        return dict.fromkeys(COMPARISON_COLUMNS, NAN)
    first, second = comparison.first, comparison.second
    values = (
        *(first.n, first.mean, first.sd, second.n, second.mean, second.sd),
        *(comparison.difference, *comparison.ci95, *comparison.ci90),
        *(comparison.p_different, comparison.p_lower, comparison.p_higher, comparison.p_equivalent),
        comparison.p_beyond,
        *(comparison.hedges_g, *comparison.g_ci95),
    )
    return dict(zip(COMPARISON_COLUMNS, values, strict=True))
