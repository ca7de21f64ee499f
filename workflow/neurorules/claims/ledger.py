"""The ledger of claims: every published claim, decided from what this study's figures show.

A claim is an entry of published.yaml: which figure's table decides it (`figure`), which rows of it (`select`), what
divides these into parts that are decided one by one (`by`), by which test (`test`, a file in `deciding/`) with which
`parameters`, and for tests of equivalence the `margin` (by recording, or `default`) with its reason. Margins and tests
are fixed there, from the papers alone, before any study is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.published import published_name
from neurorules.claims.tests.base.evidence import FAILS, HOLDS, UNDECIDED, Evidence, load_deciding, select, untestable
from neurorules.tables.base.score_recording import NO_RECORDING

if TYPE_CHECKING:
    import pandas as pd

REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable here"
VERDICTS = {HOLDS: REPRODUCED, FAILS: NOT_REPRODUCED, UNDECIDED: UNDECIDED, "": NOT_TESTABLE}
SYNTHETIC = "synthetic recording"
NAN = float("nan")

# What a part of a claim may be about; `recording` comes first in every ledger.
PART_COLUMNS = (
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
    *("p_different", "p_lower", "p_higher", "p_equivalent"),
    *("hedges_g", "hedges_g_ci95_low", "hedges_g_ci95_high"),
)

# Columns of the ledger that come from a test's further numbers.
NUMBER_COLUMNS = (
    *(
        "matched_accuracy",
        "overlap_from",
        "difference_upper_half",
        "p_different_upper_half",
        "difference_last",
        "p_different_last",
    ),
    *("difference_paired", "p_claimed_paired", "learning_rates", "cases", "cases_as_predicted"),
)


def ledger(claims: list[Mapping[str, Any]], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per claim and part, in the order of the claims.

    `result` says what the test gave: holds, fails, undecided, or nothing. `verdict` is what follows for the claim:
    reproduced, not reproduced, undecided, or not testable here, and `why` says why for the last two. Synthetic
    recordings are never evidence: their verdict is "not testable here" whatever the result. Claims of equivalence also
    have the verdicts at half and at double their margin.

    Args:
        claims: section `claims` of published.yaml.
        tables: by figure, the table that it leaves as CSV.
    """
    import pandas as pd

    rows = [row for order, claim in enumerate(claims) for row in _rows(order, claim, tables)]
    return pd.DataFrame(rows)


def margin_of(claim: Mapping[str, Any], recording: str, setting: str = "") -> float:
    """A claim's margin of equivalence for a recording, and a setting where it has several; NaN where none is stated."""
    margin = claim.get("margin")
    if margin is None:
        return NAN
    value = margin.get(published_name(recording), margin.get("default", NAN))
    if isinstance(value, Mapping):
        value = value.get(setting, NAN)
    return float(value)


def _rows(order: int, claim: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    figure = claim["figure"]
    if figure not in tables:
        yield _row(order, claim, {}, False, untestable(f"figure {figure} is not part of this study"))
        return
    table = tables[figure]
    columns = [*claim["by"], *claim.get("select", {})]
    if missing := sorted({column for column in columns if column not in table.columns}):
        yield _row(order, claim, {}, False, untestable(f"the figure's table has no column {', '.join(missing)}"))
        return
    chosen = select(table, claim.get("select", {}))
    if chosen.empty:
        what = ", ".join(f"{column} {value}" for column, value in claim.get("select", {}).items()) or "any row"
        yield _row(order, claim, {}, False, untestable(f"not there: {what}"))
        return
    # Without columns that divide it, the table is one part.
    parts = chosen.groupby(claim["by"], sort=True, dropna=False) if claim["by"] else [((), chosen)]
    for key, rows in parts:
        part = {column: rows[column].iloc[0] for column in PART_COLUMNS if column in rows and _is_one(rows[column])}
        part |= dict(zip(claim["by"], key, strict=True))
        synthetic = "synthetic" in rows and bool(rows["synthetic"].any())
        yield _decided(order, claim, part, synthetic, rows)


def _is_one(values: pd.Series) -> bool:
    """One value and no gaps: tables below each other leave columns empty that are the other's."""
    return values.nunique(dropna=False) == 1 and bool(values.notna().all())


def _decided(
    order: int, claim: Mapping[str, Any], part: dict[str, Any], synthetic: bool, rows: pd.DataFrame
) -> dict[str, Any]:
    decide, parameters = load_deciding(claim["test"]).decide, claim.get("parameters", {})
    if "margin" not in claim:
        return _row(order, claim, part, synthetic, decide(rows, parameters, NAN))
    margin = margin_of(claim, str(part.get("recording", "")), str(part.get("setting", "")))
    if margin != margin:
        return _row(order, claim, part, synthetic, untestable("no margin is stated for this recording"))
    evidence = decide(rows, parameters, margin)
    if not evidence.result:
        return _row(order, claim, part, synthetic, evidence)
    return {
        **_row(order, claim, part, synthetic, evidence),
        "margin": evidence.numbers.get("margin", margin),
        "verdict_half_margin": _verdict(decide(rows, parameters, margin / 2), synthetic),
        "verdict_double_margin": _verdict(decide(rows, parameters, margin * 2), synthetic),
    }


def _verdict(evidence: Evidence, synthetic: bool) -> str:
    return NOT_TESTABLE if synthetic else VERDICTS[evidence.result]


def _row(
    order: int, claim: Mapping[str, Any], part: Mapping[str, Any], synthetic: bool, evidence: Evidence
) -> dict[str, Any]:
    # Where there is no recording, a claim is about a task.
    recording = str(part.get("recording", ""))
    place = str(part.get("task", "")) if recording == NO_RECORDING else recording
    published_for = claim["published_for"]
    why = "; ".join([SYNTHETIC] * synthetic + [evidence.why] * bool(evidence.why))
    return {
        "id": claim["id"],
        "order": order,
        "paper": claim["paper"],
        "where": claim["where"],
        "claim": claim["claim"],
        "figure": claim["figure"],
        "test": claim["test"],
        **{column: part.get(column, "") for column in PART_COLUMNS},
        "synthetic": int(synthetic),
        "published_for": ", ".join(published_for),
        "published_here": int(published_name(place) in published_for) if place else "",
        "published": claim.get("published", ""),
        "result": evidence.result,
        "verdict": _verdict(evidence, synthetic),
        "why": why,
        "verdict_half_margin": "",
        "verdict_double_margin": "",
        "margin": NAN,
        "margin_reason": claim.get("margin", {}).get("reason", ""),
        **_comparison_columns(evidence),
        **{column: evidence.numbers.get(column, NAN) for column in NUMBER_COLUMNS},
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
        *(comparison.hedges_g, *comparison.g_ci95),
    )
    return dict(zip(COMPARISON_COLUMNS, values, strict=True))
