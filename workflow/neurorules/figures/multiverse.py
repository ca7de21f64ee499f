"""Difference between learning rules for every choice that an analyst could have made (specification curve).

Top: difference from BPTT with its intervals, in units of the equivalence margin, so that measures on different scales
share an axis; specifications are in order of the difference. Bottom: the choices of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Difference from BPTT in distance to the recording, over the analyst's choices"
TABLES = ("specifications",)
PRODUCTS = ("pdf", "png", "csv")
PLUGINS = ("claims.tests.equivalent_at_accuracy",)
PUBLISHED = ""  # margins and tests of all claims

# Values of the column `margin_source`.
PUBLISHED_MARGIN, OWN_MARGIN = "ledger", "SD of BPTT"

# Rows of marks below the curve.
CHOICE_TITLES = {
    "onset_step": "Movement onset at step",
    "measure": "Measure",
    "population": "Neurons",
    "level": "Accuracy",
}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table, with one row per specification."""
    import pandas as pd

    from neurorules.plotting import panels, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = tables["specifications"]
    found = _compared(table, context["published"]["claims"])
    columns = list(found.groupby([*PANEL_GROUP, "learning_rule"], sort=True)) if len(found) else []
    figure, grid = panels.make_grid(2, max(1, len(columns)), width=4.4, height=2.9)
    if not columns:
        panels.mark_empty(list(grid[0]), "No learning rule to compare with BPTT.")
        grid[1][0].set_axis_off()
    for index, (_, rows) in enumerate(columns):
        ordered = rows.sort_values(["difference_in_margins", *CHOICE_TITLES], kind="stable")
        tested = ordered[np.isfinite(ordered["difference_in_margins"])].reset_index(drop=True)
        _draw_differences(grid[0][index], tested, len(rows) - len(tested), rows["why"])
        _draw_choices(grid[1][index], tested)
        name = titles.rule_label(str(rows["learning_rule"].iloc[0]))
        title = titles.panel_title(rows, table)
        grid[0][index].set_title(f"{title}\n{name} minus BPTT, n = {_networks(tested)}")
    panels.legend(figure, list(grid[0]))
    own = found[found["margin_source"] == OWN_MARGIN] if len(found) else found
    panels.caption(
        figure,
        context,
        table,
        [
            "One column of marks per specification, in order of the difference between means over seeds.",
            "Thick bars: 90% interval (Welch), within the band if the two are equivalent at .05; "
            "thin: 95%. Band: equivalence margin of the measure.",
            "Ring: the specification that decides the ledger's row.",
            "Range: mean over accuracies from clearly above guessing up to the ledger's.",
            *_without_margin(own),
        ],
    )
    csv = found if len(found) else pd.DataFrame({"synthetic": table["synthetic"].iloc[:0]})
    return {"figure": figure, "csv": csv}


def _compared(table: pd.DataFrame, claims: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Every specification for every learning rule against BPTT, with the labels of its models."""
    import pandas as pd

    from neurorules.claims.specifications import margins_of, specifications, spread_margins
    from neurorules.tables.base.columns import PANEL_GROUP

    parts = []
    for key, rows in table.groupby(PANEL_GROUP, sort=True):
        unit = dict(zip(PANEL_GROUP, key, strict=True))
        for learning_rule in sorted(set(rows["learning_rule"]) - {"bptt"}):
            claim = _claim(claims, learning_rule)
            published = margins_of(claims, claim, str(unit["recording"]))
            found = specifications(claim, unit, rows, {**spread_margins(rows), **published})
            if len(found):
                found["margin_source"] = np.where(found["measure"].isin(list(published)), PUBLISHED_MARGIN, OWN_MARGIN)
            labels = {**unit, "learning_rule": learning_rule}
            labels |= {name: rows[name].iloc[0] for name in ("recording_title", "synthetic")}
            parts.append(found.assign(**labels))
    if not parts:
        return pd.DataFrame()
    found = pd.concat(parts, ignore_index=True)
    return found.assign(difference_in_margins=found["difference"] / found["margin"])


def _claim(claims: Sequence[Mapping[str, Any]], learning_rule: str) -> dict[str, Any]:
    """The claim that a learning rule is comparable to BPTT; for one without a claim, e-prop's claim applied to it."""
    from neurorules.claims.specifications import has_specifications

    about = [claim for claim in claims if has_specifications(claim) and claim["figure"] == "fig1"]
    groups = {"first": {"learning_rule": learning_rule}, "second": {"learning_rule": "bptt"}}
    for claim in about:
        if claim["test"] == "equivalent_at_accuracy" and claim["parameters"] == groups:
            return dict(claim)
    return {**about[0], "parameters": groups}


def _without_margin(rows: pd.DataFrame) -> list[str]:
    """Which measures have no margin in the ledger, and what replaces it here."""
    from neurorules.plotting.titles import measure_label

    if rows.empty:
        return []
    names = ", ".join(measure_label(measure) for measure in sorted(set(rows["measure"])))
    return [f"{names}: the ledger has no margin; here, it is the SD over seeds of trained BPTT networks."]


def _networks(rows: pd.DataFrame) -> str:
    """The numbers of networks that the specifications compare: "20" or "3 to 20"."""
    found = sorted({int(n) for column in ("n_first", "n_second") for n in rows[column].dropna()})
    return "–" if not found else str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _draw_differences(panel: Axes, rows: pd.DataFrame, untested: int, reasons: pd.Series) -> None:
    """Draw differences over margin with intervals, coloured by verdict, or the most common reason for none."""
    from neurorules.plotting import panels, style

    if rows.empty:
        panels.mark_empty([panel], f"None of {untested} specifications can be tested: {reasons.mode().iloc[0]}.")
        return
    panel.axhspan(-1, 1, color="#dddddd", zorder=0, linewidth=0, label="within the margin")
    panel.axhline(0, color="#555555", linewidth=0.6, zorder=1)
    for result, (colour, marker, name) in style.VERDICTS.items():
        of_result = rows[rows["result"] == result]
        for level, width in ((95, 0.6), (90, 1.8)):
            low, high = (of_result[f"ci{level}_{end}"] / of_result["margin"] for end in ("low", "high"))
            panel.vlines(of_result.index, low, high, color=colour, linewidth=width, zorder=2)
        if len(of_result):
            panel.plot(
                of_result.index,
                of_result["difference_in_margins"],
                marker,
                color=colour,
                markersize=3,
                label=f"{name} ({len(of_result)})",
                zorder=3,
            )
    used = rows[rows["is_used"] == 1]
    panel.plot(
        used.index,
        used["difference_in_margins"],
        "o",
        markersize=8,
        markerfacecolor="none",
        markeredgecolor="#000000",
        markeredgewidth=0.8,
        zorder=4,
        label="the ledger's own" if len(used) else None,
    )
    panel.set(xlim=(-1, len(rows)), xticks=[], ylabel="Difference in distance\n(in equivalence margins)")
    panels.note(panel, [f"{untested} specifications cannot be tested."] if untested else [])


def _draw_choices(panel: Axes, rows: pd.DataFrame) -> None:
    """Draw a mark for each choice of each specification."""
    if rows.empty:
        panel.set_axis_off()
        return
    names, y = [], 0.0
    places: list[float] = []
    for column, title in CHOICE_TITLES.items():
        values = _in_order(column, rows)
        if len(values) < 2:
            continue
        names.append(title)
        places.append(y)
        for value in values:
            y += 1
            chosen = rows.index[rows[column].astype(str) == value]
            panel.plot(chosen, np.full(len(chosen), y), "|", color="#000000", markersize=5, markeredgewidth=0.9)
            names.append(_words(column, value))
            places.append(y)
        y += 1.4
    panel.set(xlim=(-1, len(rows)), ylim=(y, -0.8), xticks=[], xlabel="Specifications, in order of the difference")
    panel.set_yticks(places, names)
    for label, name in zip(panel.get_yticklabels(), names, strict=True):
        label.set_fontsize(points(6))
        if name in CHOICE_TITLES.values():
            label.set_fontweight("bold")
    panel.tick_params(axis="y", length=0)
    panel.spines[["left"]].set_visible(False)


def _in_order(column: str, rows: pd.DataFrame) -> list[str]:
    from neurorules.claims.specifications import LEVELS

    values = sorted(set(rows[column].astype(str)))
    return [name for name in LEVELS if name in values] if column == "level" else values


def _words(column: str, value: str) -> str:
    """A choice in the figure's words."""
    from neurorules.plotting.titles import measure_label

    if column == "measure":
        return measure_label(value)
    if column == "onset_step":
        return value.removesuffix(".0")
    return {"all": "all", "halves": "random halves"}.get(value, value)
