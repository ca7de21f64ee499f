"""The ledger of claims for the results page: one entry per verdict, and the values to filter by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.claims.ledger import OTHER_MARGINS, UNIT_COLUMNS
from neurorules.claims.verdicts import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, VERDICTS
from neurorules.io import markdown
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.report.forest import Block, blocks
from neurorules.report.numbers import decimals, difference_words, minus
from neurorules.similarity.measures.base.measure import MEASURES
from neurorules.study.load import Study

if TYPE_CHECKING:
    import pandas as pd

CLAIMS = "claims"
PAPERS = {"paper": "Main paper", "companion": "Companion paper", "ours": "This project"}
ORDER = (REPRODUCED, NOT_REPRODUCED, "undecided", NOT_TESTABLE)
# A verdict's name in the style sheet, and in the URL of a filtered page.
SLUGS = {
    REPRODUCED: "reproduced",
    NOT_REPRODUCED: "not-reproduced",
    "undecided": "undecided",
    NOT_TESTABLE: "not-testable",
}

# Text columns of the ledger's CSV file. All others are numbers.
TEXT_COLUMNS = (
    *("id", "paper", "where", "claim", "figure", "test", *UNIT_COLUMNS, "published_for", "published"),
    *("result", "verdict", "verdict_holm", "why", "note", *OTHER_MARGINS, "margin_reason", "n_reached", "robust"),
    *("printed_recording", "printed_where", "printed_verdict", "printed_why"),
)


@dataclass(frozen=True)
class Entry:
    """One verdict on a claim.

    Attributes:
        number: its position in the ledger, from 1.
        paper: key and title of the paper that makes the claim.
        recording: title of the recording that the verdict is for, or of the task if there is no recording.
        place: task, setting and other details.
        verdict, slug: the verdict as text, and its CSS name.
        result: the test's result if it does not count as a verdict, as for synthetic recordings.
        difference: the difference with its interval; "" if nothing was compared.
        groups: means of both groups, with n.
        details: more facts, as terms and values.
        row: the ledger's row.
    """

    number: int
    paper: tuple[str, str]
    where: str
    claim: str
    figure: str
    recording: str
    place: str
    verdict: str
    slug: str
    why: str
    note: str
    result: str
    synthetic: bool
    primary: bool
    difference: str
    groups: str
    margin: str
    published: str
    details: list[tuple[str, str]]
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Ledger:
    """The ledger of a study.

    Attributes:
        entries: in the ledger's order.
        forest: blocks of tested entries, by the unit of their differences.
        counts: number of entries by verdict, in ORDER.
        papers, recordings: values to filter by: keys and titles of papers, titles of recordings.
    """

    entries: list[Entry]
    forest: list[Block]
    counts: list[tuple[str, str, int]]
    papers: list[tuple[str, str]]
    recordings: list[str]

    @property
    def n_claims(self) -> int:
        return len({entry.row["id"] for entry in self.entries})

    @property
    def primary(self) -> Entry | None:
        return next((entry for entry in self.entries if entry.primary), None)

    def of_figure(self, name: str) -> list[Entry]:
        """The entries tested with a figure's tables."""
        return [entry for entry in self.entries if entry.figure == name]


def read_ledger(study: Study, root: Path) -> Ledger | None:
    """The ledger of a study; None if the study has none, or it is not made yet.

    Args:
        study: a checked study.
        root: the folder where Snakemake runs.

    Raises:
        DamagedResult: the ledger cannot be read.
    """
    if CLAIMS not in study.selection.figures:
        return None
    (file,) = (root / name for name in study.paths.figure_files(CLAIMS) if name.endswith(".csv"))
    if not file.is_file():
        return None
    from neurorules.claims.published import read_published
    from neurorules.figures.claims_forest import with_places
    from neurorules.io.tables import read_table

    table = read_table(file, TEXT_COLUMNS)
    known = {claim["id"]: claim for claim in read_published()["claims"]}
    # If a claim has been removed since, its row is enough to show it.
    claims = {row["id"]: known.get(row["id"], {"test": row["test"]}) for row in table.to_dict("records")}
    table = with_places(table.assign(number=range(1, len(table) + 1)), claims)
    return _ledger(table.sort_values("number", kind="stable"), table, claims)


def _ledger(table: pd.DataFrame, places: pd.DataFrame, claims: Mapping[str, Mapping[str, Any]]) -> Ledger:
    entries = [_entry(row, claims[row["id"]]) for row in table.to_dict("records")]
    counts = Counter(entry.verdict for entry in entries)
    return Ledger(
        entries=entries,
        forest=blocks(places[places["axis"] != ""], {entry.number: entry.slug for entry in entries}),
        counts=[(verdict, SLUGS[verdict], counts[verdict]) for verdict in ORDER],
        papers=list(dict.fromkeys(entry.paper for entry in entries)),
        recordings=sorted({entry.recording for entry in entries} - {""}),
    )


def _entry(row: Mapping[str, Any], claim: Mapping[str, Any]) -> Entry:
    from neurorules.figures import claims as words

    sides = tuple(words.side_label(claim.get("parameters", {}), side) for side in ("first", "second"))
    return Entry(
        number=row["number"],
        paper=(row["paper"], PAPERS.get(row["paper"], row["paper"])),
        where=row["where"],
        claim=row["claim"],
        figure=row["figure"],
        recording=row["column"],
        place=_place(row),
        verdict=row["verdict"],
        slug=SLUGS[row["verdict"]],
        why=row["why"],
        note=row["note"],
        result=VERDICTS[row["result"]] if row["verdict"] == NOT_TESTABLE and row["result"] else "",
        synthetic=bool(row["synthetic"]),
        primary=bool(row["primary"]),
        difference=_difference(row),
        groups=_groups(row, sides),
        margin=f"±{row['margin']:.3g}" if math.isfinite(row["margin"]) else "",
        published=row["published"],
        details=_details(row),
        row=row,
    )


def _place(row: Mapping[str, Any]) -> str:
    """What a row is about, besides its recording: setting base, e-prop, Procrustes ..."""
    from neurorules.plotting.titles import TASK_TITLES, rule_label

    task = str(row["task"])
    said = [task] if task and task != row["recording"] and TASK_TITLES.get(task, task) != row["column"] else []
    said += [f"setting {row['setting']}"] if row["setting"] else []
    said += [rule_label(row["learning_rule"])] if row["learning_rule"] in LEARNING_RULES.names() else []
    said += [MEASURES.load(row["measure"]).LABEL] if row["measure"] in MEASURES.names() else []
    others = ("component", "level", "score", "flow")
    return ", ".join([*said, *(str(row[name]) for name in others if row[name])])


def _difference(row: Mapping[str, Any]) -> str:
    if math.isfinite(row["cases"]):
        return f"{row['cases_as_predicted']:.0f} of {row['cases']:.0f} cases as predicted"
    return difference_words(row) if math.isfinite(row["difference"]) else ""


def _groups(row: Mapping[str, Any], sides: tuple[str, ...]) -> str:
    """Mean ± SD (n) of both groups, or of the only group if it is compared with a fixed number."""
    if not math.isfinite(row["difference"]) or math.isfinite(row["cases"]):
        return ""
    digits = decimals(row["mean_first"], row["mean_second"])
    both = []
    for name, side in zip(("first", "second"), sides, strict=True):
        mean, sd, n = (row[f"{value}_{name}"] for value in ("mean", "sd", "n"))
        spread = f" ± {sd:.{digits}f}" if math.isfinite(sd) else ""
        both.append(f"{side} {mean:.{digits}f}{spread} (n = {n:.0f})".lstrip())
    return minus(" against ".join(both))


def _details(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """More facts from the ledger, as terms and values."""
    from neurorules.figures import claims as words

    p = f"{markdown.number(row['p_claimed'])} for the claim, {markdown.number(row['p_against'])} against it"
    accuracy = f"{row['matched_accuracy']:.3f}" if math.isfinite(row["matched_accuracy"]) else ""
    facts = [
        ("p", p if math.isfinite(row["p_claimed"]) else ""),
        ("Compared at accuracy", accuracy),
        ("Networks that reached this accuracy", row["n_reached"]),
        ("Margin", f"±{row['margin']:.3g}: {row['margin_reason']}" if math.isfinite(row["margin"]) else ""),
        ("At half and double margin, and at the published SD", words.margin_words(row)),
        ("Other analysis choices", words.robust_words(row)),
        ("Power", words.power_words(row)),
        ("Verdict from the published numbers", words.printed_words(row)),
        ("With Holm's correction", words.holm_words(row)),
        ("Shown in the paper for", row["published_for"]),
    ]
    return [(term, minus(said)) for term, said in facts if said not in ("", markdown.NONE)]
