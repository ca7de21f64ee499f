"""One claim, tested for every choice that an analyst could have made (specification curve).

The choices are those of table type `specifications`, and the accuracy at which networks are compared. A verdict is
robust if every testable specification gives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurorules.claims.published import SPECIFIED, published_name
from neurorules.claims.tests.base.claim_test import CLAIM_TESTS, FAILS, Evidence, select

if TYPE_CHECKING:
    import pandas as pd

# The accuracies at which networks are read, as the parameter `level` of claim tests, see `levels.deciding`.
LEVELS: Mapping[str, Any] = {"as in the ledger": None, "0.9": 0.9, "0.8": 0.8, "range up to the ledger's": "range"}

# Columns of the table with the choices, except the level.
CHOICES = ("onset_step", "measure", "population")

ROBUST, NOT_ROBUST = "robust", "not robust"

# Claim tests of distances at equal accuracy.
TESTS = ("equivalent_at_accuracy", "lower_at_accuracy")


def has_specifications(claim: Mapping[str, Any]) -> bool:
    """Whether a claim is about distances to a recording and can be tested for every specification."""
    return claim["test"] in TESTS and claim.get("table") == "distances"


def specifications(
    claim: Mapping[str, Any], unit: Mapping[str, Any], table: pd.DataFrame, margins: Mapping[str, float]
) -> pd.DataFrame:
    """One row per specification of one claim unit.

    Args:
        claim: an entry of published.yaml for which `has_specifications`.
        unit: recording, task and the other columns that divide the claim.
        table: concatenated tables of type `specifications`.
        margins: equivalence margins by measure; claims that need a margin leave out measures without one.

    Returns:
        Columns: the choices, `level`, `is_used` (1 for the specification that decides the ledger's row), `result` and
        `why` of the test, margin, difference and its intervals, n of both groups, and the accuracy of the level. Empty
        if the table has no rows for this claim unit.
    """
    import pandas as pd

    wanted = {column: unit[column] for column in claim["by"] if column in table.columns}
    wanted |= {column: value for column, value in claim.get("select", {}).items() if column != "measure"}
    rows = select(table, wanted)
    # A claim about a measure other than Procrustes keeps its own measure.
    measure = claim.get("select", {}).get("measure", "procrustes")
    if measure != "procrustes":
        rows = select(rows, {"measure": measure})
    found = []
    for choices, of_choice in rows.groupby(list(CHOICES), sort=True, dropna=False):
        chosen = dict(zip(CHOICES, choices, strict=True))
        margin = margins.get(str(chosen["measure"]), float("nan"))
        if "margin" in claim and margin != margin:
            continue
        by_default = _decide(claim, of_choice, None, margin)
        for name, level in LEVELS.items():
            if level is not None and level == by_default.numbers.get("matched_accuracy"):
                continue  # the same networks at the same accuracy
            evidence = by_default if level is None else _decide(claim, of_choice, level, margin)
            used = (
                of_choice["is_used"].iloc[0] == 1
                and chosen["measure"] == measure
                and chosen["population"] == "all"
                and level is None
            )
            found.append({**chosen, "level": name, "is_used": int(used), **_columns(evidence, margin)})
    return pd.DataFrame(found)


def margins_of(claims: Sequence[Mapping[str, Any]], claim: Mapping[str, Any], recording: str) -> dict[str, float]:
    """A claim's margin by measure: its own, or that of the same claim about e-prop by another measure.

    Cross-validated distances are on the scale of Procrustes distances and use their margin.
    """
    own = claim.get("select", {}).get("measure", "procrustes")
    found: dict[str, float] = {}
    for other in (claim, *claims):
        if other.get("test") != "equivalent_at_accuracy" or other.get("table") != "distances":
            continue
        measure = other.get("select", {}).get("measure", "procrustes")
        margin = other.get("margin", {})
        value = margin.get(published_name(recording), margin.get("default"))
        if isinstance(value, int | float) and (measure != own or other is claim):
            found.setdefault(measure, float(value))
    if "procrustes" in found:
        found.setdefault("cross_validated", found["procrustes"])
    return found


def spread_margins(rows: pd.DataFrame) -> dict[str, float]:
    """The SD over seeds of BPTT's distances at the end of training, by measure: what Table 2's margins are made from.

    For measures without a published number. These margins come from the study's own networks, so no verdict of the
    ledger uses them.

    Args:
        rows: a table of type `specifications`, about one recording, task and setting.
    """
    from neurorules.tables.base.matched import last_values

    bptt = rows[(rows["learning_rule"] == "bptt") & (rows["is_used"] == 1) & (rows["population"] == "all")]
    found = {}
    for measure, of_measure in bptt.groupby("measure", sort=True):
        values = last_values(of_measure)
        spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        if spread > 0:
            found[str(measure)] = spread
    return found


def robust_columns(
    claims: Sequence[Mapping[str, Any]],
    claim: Mapping[str, Any],
    row: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
) -> dict[str, Any]:
    """Columns of the ledger; empty if the claim has no specifications in this study.

    Args:
        claims: all of published.yaml.
        claim: the row's claim.
        row: a row of the ledger.
        tables: by figure and table type, see `ledger`.
    """
    figure, table_type = SPECIFIED
    table = tables.get(figure, {}).get(table_type)
    if table is None or not row["result"] or not has_specifications(claim):
        return {"robust": "", "specifications": 0, "specifications_agreeing": 0}
    margins = margins_of(claims, claim, str(row["recording"]))
    return robustness(specifications(claim, row, table, margins), str(row["result"]))


def robustness(found: pd.DataFrame, result: str) -> dict[str, Any]:
    """How many specifications can be tested, how many of them agree with a result, and whether all do.

    Differences beyond a margin agree only if they have the sign of the ledger's own difference.

    Args:
        found: see `specifications`.
        result: of the test in the ledger's own row.
    """
    if found.empty:
        return {"robust": "", "specifications": 0, "specifications_agreeing": 0}
    tested = found[found["result"] != ""]
    agree = tested["result"] == result
    own = tested.loc[(tested["is_used"] == 1) & agree, "difference"]
    if result == FAILS and len(own):
        agree &= (tested["difference"] > 0) == (own.iloc[0] > 0)
    robust = "" if tested.empty else ROBUST if agree.all() else NOT_ROBUST
    return {"robust": robust, "specifications": len(tested), "specifications_agreeing": int(agree.sum())}


def _decide(claim: Mapping[str, Any], rows: pd.DataFrame, level: Any, margin: float) -> Evidence:
    parameters = {**claim.get("parameters", {}), "level": level}
    evidence: Evidence = CLAIM_TESTS.load(claim["test"]).decide(rows, parameters, margin)
    return evidence


def _columns(evidence: Evidence, margin: float) -> dict[str, Any]:
    nan, comparison = float("nan"), evidence.comparison
    values: tuple[float, ...] = (nan,) * 7
    if comparison is not None:
        values = (
            *(comparison.difference, *comparison.ci95, *comparison.ci90),
            *(comparison.n_first, comparison.n_second),
        )
    names = ("difference", "ci95_low", "ci95_high", "ci90_low", "ci90_high", "n_first", "n_second")
    return {
        "result": evidence.result,
        "why": evidence.why,
        "margin": evidence.numbers.get("margin", margin),
        **dict(zip(names, values, strict=True)),
        "matched_accuracy": evidence.numbers.get("matched_accuracy", nan),
    }
