"""Table 2: distances by measures other than Procrustes, BPTT against e-prop, at the end and at equal accuracy.

The CSV has the distances themselves, one row per seed and checkpoint, which decide claims. The Markdown summarises
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io import markdown

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distance to the recording by CCA, CKA and other measures"
TABLES = ("distances", "baselines")
PRODUCTS = ("csv", "md", "html")
PUBLISHED = "table2"

# The other figures are about it.
MAIN_MEASURE = "procrustes"
# The paper's, for the error.
USUAL = ("cca", "cka")

# Columns of baselines, see `plotting/baseline_lines.py`, and of the means to compare them with.
BASELINES = {
    "cross_condition_average": "cross-condition average",
    "bptt": "BPTT",
    "eprop": "e-prop",
    "untrained": "untrained",
    "distance_shuffled": "conditions shuffled",
    "distance_rotated": "reaches turned",
}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The distances as data, and the table as text.

    Raises:
        InputError: no other measure is computed in this study.
    """
    from neurorules.errors import InputError

    distances = tables["distances"]
    chosen = distances[distances["measure"] != MAIN_MEASURE]
    if chosen.empty:
        raise InputError(
            "Table 2 shows measures other than Procrustes, and this study computes none.",
            key="comparison.measures",
            value=sorted(set(distances["measure"])),
            remedy=f"Add {' and '.join(USUAL)} to the measures, or remove table2 from use_figures.",
        )
    return {"csv": chosen, "md": _markdown(chosen, tables, context)}


def _markdown(distances: pd.DataFrame, tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> str:
    from neurorules.plotting import titles
    from neurorules.tables.base.columns import PANEL_GROUP

    lines = ["# Table 2: distance to the recording by other measures", ""]
    if distances["synthetic"].any():
        lines += ["**Synthetic recordings: these numbers say nothing about the brain.**", ""]
    header = [
        "recording",
        "measure",
        "stage",
        "accuracy",
        "BPTT",
        "e-prop",
        "e-prop - BPTT",
        "p",
        "p equivalent (margin)",
    ]
    rows, baselines = [], []
    for _, part in distances.groupby(PANEL_GROUP, sort=True):
        title = titles.panel_title(part, distances, ", ")
        for measure, of_measure in part.groupby("measure", sort=True):
            rows += [[title, *line] for line in _lines(str(measure), of_measure, context["published"])]
            baselines.append([title, titles.measure_label(str(measure)), *_baselines(of_measure, tables, str(measure))])
    lines += markdown.table([*header, "published BPTT, e-prop", "published p", "recomputed p"], rows)
    lines += [
        "",
        "Distances from 0 (alike) to about 1 (nothing in common): mean ± SD over seeds (n). Settings: "
        f"{markdown.listed(context['figure']['settings'])}. Matched: at the highest accuracy that every network of "
        "both learning rules reached. p: Welch's t-test over seeds, two-sided; p equivalent: two one-sided tests "
        "against the margin, the SD that the paper prints for BPTT. Published numbers are for Sussillo 2015. "
        "Recomputed: Student's t-test from the printed means and SDs, taken as dividing by n, "
        f"of n = {context['published']['n']} seeds; in brackets the range that rounding allows.",
        "",
        "## Reference distances",
        "",
        *markdown.table(["recording", "measure", *BASELINES.values()], baselines),
        "",
        "Cross-condition average: the recording's average over conditions in place of a network. Untrained: before "
        "the first update. Shuffled: after training, no condition keeps its place; turned: each reach compared with "
        "the opposite one; both for BPTT and e-prop together. Means over networks. Debiased: corrected for the bias "
        "of small samples, assuming independent time bins.",
    ]
    if context["left_out"]:
        lines += ["", f"Left out, recording not in this study: {markdown.listed(context['left_out'])}."]
    return "\n".join(lines) + "\n"


def _baselines(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame], measure: str) -> list[str]:
    """One cell for each of BASELINES: means over networks, or a dash."""
    from neurorules.plotting.baseline_lines import values_of
    from neurorules.tables.base.matched import last_values

    values = values_of(tables, rows, measure)
    for rule in ("bptt", "eprop"):
        of_rule = rows[rows["learning_rule"] == rule]
        if len(of_rule):
            values[rule] = float(last_values(of_rule).mean())
    return [markdown.number(values.get(name, float("nan"))) for name in BASELINES]


def _lines(measure: str, rows: pd.DataFrame, section: Mapping[str, Any]) -> list[list[str]]:
    """Rows for the end of training and matched accuracy by one measure; none if a learning rule is missing."""
    from neurorules.claims.published import printed, published_name, recomputed_p
    from neurorules.plotting import titles
    from neurorules.statistics.comparison import compare
    from neurorules.tables.base.levels import doubts
    from neurorules.tables.base.matched import last_values, matched

    bptt, eprop = (rows[rows["learning_rule"] == rule] for rule in ("bptt", "eprop"))
    if bptt.empty or eprop.empty:
        return []
    numbers = section.get(measure, {})
    margin = float(numbers.get("equivalence_margin", float("nan")))
    common = matched([eprop, bptt])
    accuracy = np.concatenate([last_values(eprop, "accuracy"), last_values(bptt, "accuracy")]).mean()
    stages = [("trained", f"{accuracy:.3f}", compare(last_values(eprop), last_values(bptt), margin))]
    if common is not None:
        stages.append(
            (
                "matched",
                f"{common.level:.3f}{doubts(common, rows)}",
                compare(common.at_level[0], common.at_level[1], margin),
            )
        )
    own = published_name(str(rows["recording"].iloc[0])) == section["recording"] and not rows["synthetic"].any()
    beside = [markdown.NONE] * 3
    if own and numbers:
        beside = [
            f"{printed(numbers['bptt'])}, {printed(numbers['eprop'])}",
            f"{numbers['p']:.3g}",
            recomputed_p(numbers["eprop"], numbers["bptt"], section),
        ]
    return [
        [
            titles.measure_label(measure),
            stage,
            level,
            markdown.mean_sd(result.second),
            markdown.mean_sd(result.first),
            f"{result.difference:+.3f} {markdown.interval(result.ci95)}",
            markdown.number(result.p_different),
            f"{markdown.number(result.p_equivalent)} ({margin:g})" if np.isfinite(margin) else markdown.NONE,
            *beside,
        ]
        for stage, level, result in stages
    ]
