"""The ledger of claims: every published claim, decided from the tidy tables of this study.

A claim is an entry of published.yaml:

    figure        the figure whose selection of models, seeds and recordings the claim is about
    table         the table type that decides it, or
    derivation    {name, parameters ...}: a table that is computed from tidy tables, by a file in `derivations/`
    select        column -> value, or a list of values: the rows that count
    by            columns that divide these rows into claim units, which are decided one by one
    labels        optional: what the ledger says of a claim unit that the table has no column for
    test          a file in `tests/`, with its `parameters`
    margin        of tests of equivalence: by recording, or `default`, with its reason

Margins and tests are fixed there, from the papers alone, before any study is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.derivations.base.derivation import DERIVATIONS
from neurorules.claims.published import published_name, table_types_read
from neurorules.claims.tests.base.claim_test import CLAIM_TESTS, FAILS, HOLDS, UNDECIDED, Evidence, select, untestable
from neurorules.tables.base.labels import NO_RECORDING

if TYPE_CHECKING:
    import pandas as pd

REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable here"
VERDICTS = {HOLDS: REPRODUCED, FAILS: NOT_REPRODUCED, UNDECIDED: UNDECIDED, "": NOT_TESTABLE}
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
    *("p_different", "p_lower", "p_higher", "p_equivalent"),
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
    *("difference_paired", "p_claimed_paired", "learning_rates", "cases", "cases_as_predicted"),
)


Tables = Mapping[str, Mapping[str, "pd.DataFrame"]]


def ledger(claims: list[Mapping[str, Any]], tables: Tables) -> pd.DataFrame:
    """One row per claim unit, in the order of the claims.

    `result` says what the test gave: holds, fails, undecided, or nothing. `verdict` is what follows for the claim:
    reproduced, not reproduced, undecided, or not testable here, and `why` says why for the last two. Synthetic
    recordings are never evidence: their verdict is "not testable here" whatever the result. Claims of equivalence also
    have the verdicts at half and at double their margin.

    Args:
        claims: section `claims` of published.yaml.
        tables: by figure and table type, the tidy tables of the figure's models, below each other.
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


def _rows(order: int, claim: Mapping[str, Any], tables: Tables) -> Iterator[dict[str, Any]]:
    table = claimed_table(claim, tables)
    if isinstance(table, Evidence):
        yield _row(order, claim, {}, False, table)
        return
    columns = [*claim["by"], *claim.get("select", {})]
    if missing := sorted({column for column in columns if column not in table.columns}):
        yield _row(order, claim, {}, False, untestable(f"the table has no column {', '.join(missing)}"))
        return
    wanted = claim.get("select", {})
    chosen = select(table, wanted)
    if chosen.empty:
        absent = [column for column in wanted if select(table, {column: wanted[column]}).empty]
        what = ", ".join(f"{column} {wanted[column]}" for column in absent or wanted) or "any row"
        yield _row(order, claim, {}, False, untestable(f"not there: {what}"))
        return
    # Without columns that divide it, the table is one claim unit.
    units = chosen.groupby(claim["by"], sort=True, dropna=False) if claim["by"] else [((), chosen)]
    for key, rows in units:
        unit = {column: rows[column].iloc[0] for column in UNIT_COLUMNS if column in rows and _is_one(rows[column])}
        unit |= {**claim.get("labels", {}), **dict(zip(claim["by"], key, strict=True))}
        synthetic = "synthetic" in rows and bool(rows["synthetic"].any())
        yield _decided(order, claim, unit, synthetic, rows)


def claimed_table(claim: Mapping[str, Any], tables: Tables) -> pd.DataFrame | Evidence:
    """The table that decides a claim, or why there is none.

    Args:
        claim: an entry of published.yaml.
        tables: see `ledger`.
    """
    figure = claim["figure"]
    if figure not in tables:
        return untestable(f"figure {figure} is not part of this study")
    if missing := [name for name in table_types_read(claim) if name not in tables[figure]]:
        return untestable(f"there is no table of type {', '.join(missing)}")
    if "derivation" in claim:
        derived: pd.DataFrame = DERIVATIONS.load(claim["derivation"]["name"]).derive(
            tables[figure], claim["derivation"]
        )
        return derived
    return tables[figure][claim["table"]]


def _is_one(values: pd.Series) -> bool:
    """One value and no gaps."""
    return values.nunique(dropna=False) == 1 and bool(values.notna().all())


def _decided(
    order: int, claim: Mapping[str, Any], unit: dict[str, Any], synthetic: bool, rows: pd.DataFrame
) -> dict[str, Any]:
    decide, parameters = CLAIM_TESTS.load(claim["test"]).decide, claim.get("parameters", {})
    if "margin" not in claim:
        return _row(order, claim, unit, synthetic, decide(rows, parameters, NAN))
    margin = margin_of(claim, str(unit.get("recording", "")), str(unit.get("setting", "")))
    if margin != margin:
        return _row(order, claim, unit, synthetic, untestable("no margin is stated for this recording"))
    evidence = decide(rows, parameters, margin)
    if not evidence.result:
        return _row(order, claim, unit, synthetic, evidence)
    return {
        **_row(order, claim, unit, synthetic, evidence),
        "margin": evidence.numbers.get("margin", margin),
        "verdict_half_margin": _verdict(decide(rows, parameters, margin / 2), synthetic),
        "verdict_double_margin": _verdict(decide(rows, parameters, margin * 2), synthetic),
    }


def _verdict(evidence: Evidence, synthetic: bool) -> str:
    return NOT_TESTABLE if synthetic else VERDICTS[evidence.result]


def _row(
    order: int, claim: Mapping[str, Any], unit: Mapping[str, Any], synthetic: bool, evidence: Evidence
) -> dict[str, Any]:
    # Where there is no recording, a claim is about a task.
    recording = str(unit.get("recording", ""))
    place = str(unit.get("task", "")) if recording == NO_RECORDING else recording
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
        **{column: unit.get(column, "") for column in UNIT_COLUMNS},
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
