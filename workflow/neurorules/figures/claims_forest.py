"""Overview of all claims: the ledger as a forest plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

# Both figures are drawn from one ledger.
from neurorules.figures.claims import PLUGINS, tables_of_others

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PLUGINS", "PRODUCTS", "PUBLISHED", "TABLES", "TITLE", "make", "tables_of_others"]

TITLE = "Published claims: differences, intervals and verdicts"
TABLES = ()
PRODUCTS = ("pdf", "png", "csv")
PUBLISHED = ""  # all of published.yaml

# Units of differences that are not distances between networks and a recording.
DISTANCE = "distance (0 to 1)"
VALUES = {
    "task_loss": "mean task loss",
    "exponent": "largest Lyapunov exponent (per time constant)",
    "distance_from_0": "largest Lyapunov exponent (per time constant)",
    "r_with_data": "Pearson's r",
}
TABLE_VALUES = {"dsa": "DSA distance", "model_dynamics": "DSA distance", "eigenvalues": "distance of spectra"}
TEST_VALUES = {"more_updates": "updates", "falls_with_accuracy": "distance, per unit of accuracy"}
SLOPES = {"negative_slope": "per unit of gain", "rises_with_learning_rate": "per factor of ten in learning rate"}
# Columns of the ledger that are part of a label, besides the claim.
LABEL_COLUMNS = ("setting", "learning_rule", "component", "level", "score")


def make(tables: Mapping[str, Mapping[str, pd.DataFrame]], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its rows of the ledger; `tables` by figure and table type."""
    from neurorules.claims.ledger import ledger
    from neurorules.plotting import forest, panels

    claims = {claim["id"]: claim for claim in context["published"]["claims"]}
    rows = ledger(list(claims.values()), tables, context["published"])
    table = with_places(rows, claims)
    shown = table[table["axis"] != ""]
    without = left_out(table)
    if shown.empty:
        figure, axes = panels.make_panels(1, width=4.0)
        panels.mark_empty(axes, "No claim is testable in this study.")
    else:
        figure = forest.make_forest(shown)
        panels.legend_of(figure, forest.legend_entries(shown))
    words = [
        "Difference of the two groups that a claim compares, first minus second, with its 95% confidence interval over "
        "seeds (n in the table). Directional claims hold to the left of 0. Beige: margin within which "
        "'as close as' is reproduced. Vertical bars: the difference that the paper prints for that recording.",
        "Colour and marker: verdict; hollow: a synthetic recording, which is never evidence. "
        "Intervals beyond an axis are cut.",
        without,
    ]
    panels.caption(figure, {**context, "models": []}, table, words)
    return {"figure": figure, "csv": table}


def axis_of(claim: Mapping[str, Any]) -> str:
    """The unit of a claim's difference."""
    of_table = claim.get("table", "")
    value = VALUES.get(claim.get("parameters", {}).get("value", ""), TABLE_VALUES.get(of_table, DISTANCE))
    if claim["test"] in SLOPES:
        return f"{value}, {SLOPES[claim['test']]}"
    return TEST_VALUES.get(claim["test"], value)


def with_places(rows: pd.DataFrame, claims: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The ledger with columns for each row's place in the figure.

    Adds axis ("" for rows that are not drawn because nothing was tested), column, label, and published_difference, the
    difference of the means that the paper prints for the same recording.
    """
    from neurorules.claims.published import published_name
    from neurorules.plotting.titles import TASK_TITLES

    drawn = (rows["result"] != "") & rows["difference"].notna()
    axes = rows["id"].map(lambda claim: axis_of(claims[claim]))
    titles = rows["recording_title"].where(rows["recording_title"] != "", rows["task"])
    own = rows["printed_recording"] == rows["recording"].map(published_name)
    table = rows.assign(
        axis=axes.where(drawn, ""),
        column=titles.map(lambda title: TASK_TITLES.get(title, title)),
        label=[_label(row) for row in rows.to_dict("records")],
        published_difference=rows["printed_difference"].where(own),
    )
    order = list(dict.fromkeys(table.loc[drawn, "axis"]))
    places = table["axis"].map({axis: place for place, axis in enumerate(order)}).fillna(len(order))
    return table.assign(_place=places).sort_values(["_place", "order"], kind="stable").drop(columns="_place")


def _label(row: Mapping[str, Any]) -> str:
    """A claim's id in words, with the row's setting, learning rule and so on."""
    from neurorules.plotting.titles import rule_label

    said = [rule_label(row[name]) if name == "learning_rule" else str(row[name]) for name in LABEL_COLUMNS if row[name]]
    words = row["id"].removeprefix("companion-").removeprefix("ours-").removeprefix("earlier-").replace("-", " ")
    whose = "" if row["paper"] == "paper" else f"{row['paper']}: "
    return f"{whose}{words}" + (f" ({', '.join(said)})" if said else "")


def left_out(table: pd.DataFrame) -> str:
    """A sentence with the number of rows that are not drawn, and the most common reasons."""
    rows = table[table["axis"] == ""]
    if rows.empty:
        return ""
    why = rows["why"].str.replace(r"figure \w+ is not part", "their figure is not part", regex=True)
    reasons = ", ".join(f"{count} because {reason}" for reason, count in why.value_counts().head(3).items())
    return f"Not drawn: {len(rows)} rows of {rows['id'].nunique()} claims that are not testable here ({reasons} ...)."
