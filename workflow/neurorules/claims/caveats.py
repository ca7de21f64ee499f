"""Caveats of claim units that the ledger states with the verdict, and which units are not evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurorules.claims.published import published_name
from neurorules.claims.tests.base.claim_test import FAILS, select
from neurorules.tables.base.labels import NO_RECORDING
from neurorules.tables.base.pairs import DATA

if TYPE_CHECKING:
    import pandas as pd

INFERRED = "the paper states this in the text only, without a panel or number"
ARITHMETIC = "arithmetic, not evidence"


@dataclass(frozen=True)
class Caveats:
    """What limits a row of the ledger.

    Attributes:
        note: one or more phrases, "" if there is nothing to say.
        inferred: whether the paper makes the claim for this recording in the text only.
        arithmetic: why a result would hold by construction, "" if it would not.
        refutable: whether a result against the claim still counts: a theorem has no counterexample.
    """

    note: str = ""
    inferred: bool = False
    arithmetic: str = ""
    refutable: bool = False

    def no_evidence(self, result: str) -> bool:
        """Whether a result is not evidence, because it holds by construction."""
        return bool(self.arithmetic) and bool(result) and not (self.refutable and result == FAILS)


def place_of(columns: Mapping[str, Any]) -> str:
    """The recording that a claim unit is about, or its task if it has no recording."""
    recording = str(columns.get("recording", ""))
    return published_name(str(columns.get("task", "")) if recording == NO_RECORDING else recording)


def caveats(claim: Mapping[str, Any], columns: Mapping[str, Any], rows: pd.DataFrame | None = None) -> Caveats:
    """The caveats of a claim unit.

    Args:
        claim: an entry of published.yaml, with optional `note`, `inferred_for` and `arithmetic`. The last is {reason,
            where, refutable}: `where` selects the rows (default: all) in which the claim holds by construction.
        columns: recording, task and so on of the claim unit.
        rows: of the claim unit.
    """
    inferred = place_of(columns) in claim.get("inferred_for", ())
    notes = [claim.get("note", ""), INFERRED * inferred, "" if rows is None else confounded(rows, claim)]
    entry = claim.get("arithmetic", {})
    by_construction = entry and rows is not None and len(select(rows, entry.get("where", {}))) == len(rows)
    return Caveats(
        note="; ".join(filter(None, notes)),
        inferred=inferred,
        arithmetic=f"{ARITHMETIC}: {entry['reason']}" if by_construction else "",
        refutable=bool(entry.get("refutable", False)),
    )


def confounded(rows: pd.DataFrame, claim: Mapping[str, Any]) -> str:
    """A phrase with the learning rates of the learning rules compared in one setting if they differ, else "".

    In such a row, an effect of the learning rule may be an effect of its learning rate.

    Args:
        rows: columns learning_rule, setting and learning_rate, or these columns for both sides of pairs.
        claim: only the learning rules that it names count; if it names none, all count.
    """
    import pandas as pd

    from neurorules.learning.base.learning_rule import load_learning_rule

    names = ["learning_rule", "setting", "learning_rate"]
    sides = [
        rows[found].set_axis(names, axis=1)
        for found in ([name + side for name in names] for side in ("", "_a", "_b"))
        if set(found) <= set(rows.columns)
    ]
    if not sides:
        return ""
    models = pd.concat(sides).drop_duplicates().dropna()
    named = set(_learning_rules(claim.get("parameters", {})))
    models = models[models["learning_rule"].isin(named) if named else models["learning_rule"] != DATA]
    for setting, of_setting in models.groupby("setting", sort=True):
        rates = of_setting.groupby("learning_rule")["learning_rate"].first()
        if rates.nunique() > 1:
            said = ", ".join(f"{load_learning_rule(str(rule)).label} {rate:g}" for rule, rate in rates.items())
            return f"confounded: in setting {setting}, learning rules have different learning rates ({said})"
    return ""


def _learning_rules(parameters: Any) -> Iterator[str]:
    """The learning rules named in a claim's parameters, at any depth."""
    if not isinstance(parameters, Mapping):
        return
    for key, value in parameters.items():
        if key in ("learning_rule", "learning_rules"):
            yield from value if isinstance(value, list) else [value]
        else:
            yield from _learning_rules(value)
