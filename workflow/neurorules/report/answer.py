"""A study's answer in up to four sentences, from its ledger: verdict, numbers, conditions, counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.claims.verdicts import VERDICTS
from neurorules.report.ledger import Entry, Ledger
from neurorules.study.load import Study

if TYPE_CHECKING:
    import pandas as pd

MULTIVERSE = "multiverse"
FEW_SEEDS = 3


@dataclass(frozen=True)
class Answer:
    """A study's answer.

    Attributes:
        verdict, slug: the primary claim's verdict, as text and for CSS; "" if there is none.
        sentences: at most four sentences.
        warning: why nothing should be quoted; "" if there is no reason.
    """

    verdict: str
    slug: str
    sentences: list[str]
    warning: str


def answer(study: Study, ledger: Ledger, root: Path) -> Answer:
    """The answer of a study.

    Args:
        study: a checked study.
        ledger: its ledger.
        root: the folder where Snakemake runs.
    """
    counts = _counts(ledger)
    few = len(study.config["seeds"]) < FEW_SEEDS
    warning = "Fewer than three seeds: this only shows what an answer looks like. Do not quote it." if few else ""
    primary = ledger.primary
    if primary is None:
        return Answer("", "", ["The primary claim is not testable in this study.", counts], warning)
    sentences = [_verdict(primary), _numbers(primary), _conditions(primary, study, root), counts]
    return Answer(primary.verdict, primary.slug, [words for words in sentences if words], warning)


def _verdict(primary: Entry) -> str:
    place = f" ({primary.place})" if primary.place else ""
    why = f": {primary.why}" if primary.why else ""
    claim = primary.claim.rstrip(".")
    said = f"The primary claim, “{claim}”, is {primary.verdict} for {primary.recording}{place}{why}."
    if primary.result:
        said += f" The test's own result: {primary.result}."
    return said


def _numbers(primary: Entry) -> str:
    if not primary.difference:
        return ""
    at = primary.row["matched_accuracy"]
    level = f"At task accuracy {at:.2f}, the" if math.isfinite(at) else "The"
    margin = f"; they count as comparable within {primary.margin}" if primary.margin else ""
    return (
        f"{level} difference in {primary.row['axis'] or 'the claim'} is {primary.difference} (95% interval over seeds; "
        f"{primary.groups}; mean ± SD){margin}."
    )


def _conditions(primary: Entry, study: Study, root: Path) -> str:
    """What the verdict depends on: alignment, level, measure and neurons; and the ledger's note."""
    row = primary.row
    parts = []
    if by_choice := _by_alignment(primary, study, root):
        parts.append(by_choice)
    if row["robust"]:
        parts.append(
            f"{row['specifications_agreeing']:.0f} of {row['specifications']:.0f} choices of movement onset, accuracy, "
            "measure and neurons give the same result"
        )
    if primary.note:
        parts.append(f"the ledger notes: {primary.note}")
    return f"The verdict depends on analysis choices: {'; '.join(parts)}." if parts else ""


def _by_alignment(primary: Entry, study: Study, root: Path) -> str:
    """The results for each possible movement-onset step, over all accuracy levels."""
    if MULTIVERSE not in study.selection.figures:
        return ""
    (file,) = (root / name for name in study.paths.figure_files(MULTIVERSE) if name.endswith(".csv"))
    if not file.is_file():
        return ""
    from neurorules.tables.base.columns import read_tidy_table

    table = read_tidy_table(file)
    for column, value in _same(primary.row).items():
        table = table[table[column] == value]
    table = table[table["result"] != ""]
    if table.empty:
        return ""
    said: dict[str, list[str]] = {}
    for step, of_step in table.groupby("onset_step", sort=True):
        said.setdefault(_results(of_step), []).append(f"{step:g}")
    if len(said) == 1:
        return f"over accuracies and movement onsets, it is {next(iter(said))}"
    return ", and ".join(
        f"with movement onset at step {' or '.join(steps)} it is {words}" for words, steps in said.items()
    )


def _same(row: Mapping[str, Any]) -> dict[str, Any]:
    """Column values of the specifications with the primary claim's measure and all neurons."""
    return {
        "recording": row["recording"],
        "setting": row["setting"],
        "measure": row["measure"] or "procrustes",
        "population": "all",
        "learning_rule": "eprop",
    }


def _results(rows: pd.DataFrame) -> str:
    """The results over levels: a single result, or each result with its number of levels."""
    by_result: dict[str, list[str]] = {}
    for row in rows.to_dict("records"):
        by_result.setdefault(VERDICTS[row["result"]], []).append(str(row["level"]))
    if len(by_result) == 1:
        return f"{next(iter(by_result))} at every accuracy level"
    return " and ".join(
        f"{result} at {len(levels)} of {len(rows)} accuracy levels" for result, levels in by_result.items()
    )


def _counts(ledger: Ledger) -> str:
    counts = ", ".join(f"{count} {verdict}" for verdict, _, count in ledger.counts)
    return (
        f"The ledger has {len(ledger.entries)} rows for {ledger.n_claims} claims, one for each recording, task and "
        f"setting of a claim: {counts}."
    )
