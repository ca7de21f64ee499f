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

    from neurorules.claims.primary import PrimaryClaim

TITLE = "Published claims and this study's verdicts"
TABLES = ()
PRODUCTS = ("csv", "md", "html")
PLUGINS = (
    *(f"claims.tests.{name}" for name in CLAIM_TESTS.names()),
    *(f"claims.derivations.{name}" for name in DERIVATIONS.names()),
)
PUBLISHED = ""  # all of published.yaml
OURS = {"ours": "Ours: needed to read the papers' claims"}
HEADER = (
    *(
        "claim",
        "where",
        "decided for",
        "our numbers (n)",
        "published",
        "verdict",
        "at half, double margin; at published SD",
    ),
    *("power and seeds", "verdict on the published numbers", "Holm"),
)


def tables_of_others() -> dict[str, list[str]]:
    """By figure, the table types that claims are decided from."""
    return claimed_table_types()


def make(tables: Mapping[str, Mapping[str, pd.DataFrame]], context: Mapping[str, Any]) -> dict[str, Any]:
    """The ledger as data and as text; `tables` by figure and table type."""
    from neurorules.claims.ledger import ledger
    from neurorules.claims.primary import PrimaryClaim

    claims = context["published"]["claims"]
    primary = PrimaryClaim.of(context["figure"], context["study_recordings"])
    table = ledger(claims, tables, context["published"], primary)
    groups = {claim["id"]: claim.get("parameters", {}) for claim in claims}
    sides = {name: (side_label(both, "first"), side_label(both, "second")) for name, both in groups.items()}
    return {"csv": table, "md": _markdown(table, sides, primary)}


def side_label(parameters: Mapping[str, Any], side: str) -> str:
    """The values that select one of the two compared groups; "" for a fixed number."""
    from neurorules.learning.base.learning_rule import LEARNING_RULES
    from neurorules.plotting import titles

    def label(name: Any) -> str:
        return titles.rule_label(name) if name in LEARNING_RULES.names() else str(name)

    values = parameters.get(side, {}).values()
    return ", ".join(" or ".join(map(label, value if isinstance(value, list) else [value])) for value in values)


def _markdown(table: pd.DataFrame, sides: Mapping[str, tuple[str, str]], primary: PrimaryClaim) -> str:
    from neurorules.claims.ledger import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED
    from neurorules.claims.tests.base.claim_test import UNDECIDED
    from neurorules.claims.untested import figures_missing, without_figure

    verdicts = (REPRODUCED, NOT_REPRODUCED, UNDECIDED, NOT_TESTABLE)
    counts, holm = table["verdict"].value_counts(), table["verdict_holm"].value_counts()
    lines = [
        "# Published claims and this study's verdicts",
        "",
        *_primary(table, sides, primary),
        "## All claims",
        "",
        ", ".join(f"**{int(counts.get(verdict, 0))} {verdict}**" for verdict in verdicts)
        + f": {table['id'].nunique()} claims, each tested for every recording, task, setting and so on that it "
        f"covers; {without_figure(table).sum()} of them need figures that this study does not show. "
        f"With Holm-corrected p-values: "
        + ", ".join(f"{int(holm.get(verdict, 0))} {verdict}" for verdict in verdicts[:3])
        + ".",
        "",
    ]
    if table["synthetic"].any():
        lines += [
            "**Synthetic recordings are never evidence: their test results are in the CSV's column `result`.**",
            "",
        ]
    if table["n_first"].median() < 3:
        lines += ["**Two seeds or fewer: this only shows the format. Do not quote it.**", ""]
    headings = {"paper": "The paper", "companion": "The companion: initial connectivity", **OURS}
    for paper, rows in table.groupby("paper", sort=False):
        lines += [f"### {headings.get(str(paper), str(paper))}", ""]
        shown = rows[~without_figure(rows)].to_dict("records")
        if shown:
            lines += markdown.table(HEADER, [_cells(row, sides[row["id"]]) for row in shown]) + [""]
        lines += [line for line in (figures_missing(rows),) if line] + [""]
    return "\n".join([*lines, *_notes(table)]) + "\n"


def _primary(table: pd.DataFrame, sides: Mapping[str, tuple[str, str]], primary: PrimaryClaim) -> list[str]:
    """The primary claim, its verdict, and how many seeds it needs."""
    lines, place = ["## Primary claim", ""], ", ".join(filter(None, (primary.recording, primary.setting)))
    found = table[table["primary"] == 1].to_dict("records")
    if not found:
        why = f"not testable here (it has no row for {place})"
        return [*lines, f"{markdown.plain(f'{primary.claim}: {why}')}.", ""]
    (row,) = found
    unit = place if unit_label(row) == markdown.NONE else unit_label(row)
    said = [f"**{markdown.plain(row['claim'])}** {markdown.plain(unit)}: **{markdown.plain(_verdict(row))}**"]
    if row["result"]:
        said += [
            markdown.plain(number_words(row, sides[row["id"]])),
            markdown.plain(power_words(row).capitalize()),
            markdown.plain(f"Seeds needed: {_seeds_needed(row)}"),
        ]
    if row["printed_where"]:
        said.append(markdown.plain(f"Verdict on the published numbers: {printed_words(row)}"))
    return [*lines, *(f"{line}.\n" for line in said if line)]


def _seeds_needed(row: Mapping[str, Any]) -> str:
    """The number of seeds per group that gives the test 80% power, with the SDs found here."""
    if math.isnan(row["seeds_for_80"]) and math.isnan(row["power_no_difference"]):
        return "unknown: no test was made, or the paper prints no effect in the claimed direction"
    have = " and ".join(dict.fromkeys(f"{row[f'n_{side}']:.0f}" for side in ("first", "second")))
    low, high = _count(row["seeds_for_80_low"]), _count(row["seeds_for_80_high"])
    return (
        f"{_count(row['seeds_for_80'])} per group for 80% power at the SDs found here (there are {have}); {low} to "
        f"{high} over the 95% interval of these SDs, which are imprecise with few seeds"
    )


def _count(seeds: float) -> str:
    return f"{seeds:.0f}" if math.isfinite(seeds) else "too many to count"


def _notes(table: pd.DataFrame) -> list[str]:
    """How to read the columns."""
    families = []
    for name, synthetic in (("rows", 0), ("rows of synthetic recordings", 1)):
        n_rows = table.loc[table["synthetic"] == synthetic, "holm_rows"].max()
        families += [f"{n_rows:.0f} {name}"] if n_rows > 0 else []
    family = f"over {' and '.join(families) or 'no rows'}"
    return [
        "*Numbers* are means ± SD over seeds (n) of the two groups compared, and their difference (first minus "
        "second) with its 95% confidence interval over seeds. "
        "Different networks are compared at the highest accuracy that all of them reached. (°): the paper "
        "does not show this claim for this recording.",
        "",
        "*Verdict.* Comparable: reproduced if two one-sided tests place the difference within the margin (p < .05), "
        "not reproduced if a one-sided test places it beyond the margin (p < .05), undecided otherwise: the 90% "
        "interval is within the margin, entirely beyond it, or neither. Directional claims: "
        "one-sided tests at .05 in both directions. The next column has the verdicts at half and twice the margin, "
        "and at the SD that the paper prints, half of it and twice it. Figures, tests and margins with their reasons: "
        "`resources/published.yaml`; all numbers: the CSV.",
        "",
        "*Robust*: the claim is tested again for every choice of movement onset step, measure, all neurons or random "
        "halves of them, and accuracy (the ledger's, .9, .8, the mean over the range up to the ledger's) that can be "
        "tested; it is robust if all give the same result. The figure `multiverse` shows them.",
        "",
        "*Power* is computed at the SDs found here. For equivalence claims: how often the test would say "
        "“reproduced” if there were no difference, and if the difference were as large as the margin (at most 5%, "
        "apart from the approximation in Welch's test). For directional claims: how often it would find a difference "
        "as large as the published one, and the smallest difference that it would find in 80% of studies. Seeds: per "
        "group, for 80%.",
        "",
        "*The verdict on the published numbers* comes from the same test, applied to the means and SDs that the paper "
        "prints, with their number of seeds. Table 3 has no such verdict: its SDs are over splits of one network's "
        "neurons.",
        "",
        f"*Holm*: the verdict with p-values corrected by Holm's method {family}, except the primary claim, "
        "which is not corrected; p-values for and against the claims are two families.",
    ]


def _cells(row: Mapping[str, Any], sides: tuple[str, str]) -> list[str]:
    return [
        row["claim"],
        row["where"],
        unit_label(row),
        number_words(row, sides) or markdown.NONE,
        row["published"] or markdown.NONE,
        ("primary: " if row["primary"] else "") + _verdict(row),
        margin_words(row),
        power_words(row) or markdown.NONE,
        printed_words(row) or markdown.NONE,
        holm_words(row),
    ]


def _verdict(row: Mapping[str, Any]) -> str:
    """The verdict with its reason, whether it is robust, and what limits it."""
    return str(row["verdict"]) + "".join(
        f" ({words})" for words in (row["why"], robust_words(row), row["note"]) if words
    )


def robust_words(row: Mapping[str, Any]) -> str:
    """A phrase with the number of the analyst's other choices that give the same result."""
    if not row["robust"]:
        return ""
    choices = f"{row['specifications_agreeing']:.0f} of {row['specifications']:.0f} choices agree"
    return f"{row['robust']}: {choices}"


def margin_words(row: Mapping[str, Any]) -> str:
    """How the verdict changes at half and twice the margin, and at the published SD, half of it and twice it."""
    names = ("verdict_half_margin", "verdict_double_margin")
    of_sd = ("verdict_published_sd", "verdict_half_published_sd", "verdict_double_published_sd")
    parts = [_changes(row, names, f"{row['margin']:.3g}"), _changes(row, of_sd, f"SD {row['margin_published_sd']:.3g}")]
    return "; ".join(filter(None, parts)) or markdown.NONE


def _changes(row: Mapping[str, Any], names: tuple[str, ...], of: str) -> str:
    verdicts = [row[name] for name in names]
    if not any(verdicts):
        return ""
    return f"{of}: {'the same' if set(verdicts) == {row['verdict']} else ', '.join(verdicts)}"


def power_words(row: Mapping[str, Any]) -> str:
    """The power of the test, and the seeds for 80% power."""
    parts = []
    if math.isfinite(row["power_no_difference"]):
        parts.append(f"power {row['power_no_difference']:.0%} at no difference")
        parts.append(f"{row['power_at_margin']:.1%} at the margin")
    if math.isfinite(row["power_published_effect"]):
        parts.append(f"power {row['power_published_effect']:.0%} at the published {row['printed_difference']:+.3f}")
    if math.isfinite(row["detectable_difference"]):
        parts.append(f"detects {row['detectable_difference']:.3g} in 80%")
    if math.isfinite(row["seeds_for_80"]):
        parts.append(f"{row['seeds_for_80']:.0f} seeds for 80%")
    return "; ".join(parts)


def printed_words(row: Mapping[str, Any]) -> str:
    """The test's verdict on the paper's own numbers."""
    if not row["printed_where"]:
        return ""
    where = f"{row['printed_where']}, {row['printed_recording']}"
    if not row["printed_verdict"]:
        return f"{row['printed_why']} ({where})"
    p = f"p {markdown.number(row['printed_p_claimed'])}, n {row['printed_n']:.0f}"
    if math.isfinite(row["printed_power_no_difference"]):
        p += f", power {row['printed_power_no_difference']:.0%} at no difference"
    return f"{row['printed_verdict']} ({p}; {where})"


def holm_words(row: Mapping[str, Any]) -> str:
    """The verdict with corrected p-values."""
    if not row["holm_rows"]:
        return markdown.NONE
    p = f"p {markdown.number(row['p_claimed_holm'])} for it, {markdown.number(row['p_against_holm'])} against it"
    return f"{'the same' if row['verdict_holm'] == row['verdict'] else row['verdict_holm']} ({p})"


def unit_label(row: Mapping[str, Any]) -> str:
    """Recording, task, setting and so on of a claim unit, without repetitions."""
    names = ("recording", "task", "setting", "learning_rule", "component", "level", "score", "flow")
    said = dict.fromkeys(str(row[name]) for name in names if row[name] != "")
    return ", ".join(said) + (" (°)" if row["published_here"] == 0 else "") if said else markdown.NONE


def number_words(row: Mapping[str, Any], sides: tuple[str, str]) -> str:
    from neurorules.statistics.comparison import Summary

    if math.isfinite(row["cases"]):
        return f"{row['cases_as_predicted']:.0f} of {row['cases']:.0f} cases agree with the prediction"
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
