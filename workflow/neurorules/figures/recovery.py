"""Model recovery: could this recording have told the learning rules apart? Networks with known ones take its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.plotting.page import points
from neurorules.tables.base.recovered import MEASURE_NAMES, at_own, summary

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Model recovery: could this recording have told the learning rules apart?"
TABLES = ("recovery",)
PRODUCTS = ("pdf", "png", "csv")

# Smallest ratio of two labelled numbers on a logarithmic axis.
ROOM = 1.4
TOO_FEW = "Not testable here: this needs two learning rules with one setting and two seeds each."


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure, and its table of shares, AUC and intervals."""
    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = tables["recovery"]
    shares = summary(table)
    if not len(table):
        figure, axes = panels.make_panels(1)
        panels.mark_empty(axes, TOO_FEW)
        panels.caption(figure, context, table, [])
        return {"figure": figure, "csv": shares}
    groups = list(shares.groupby(PANEL_GROUP, sort=True))
    measures = [name for name in MEASURE_NAMES if name in set(table["measure"])]
    figure, grid = panels.make_grid(2 * len(groups), max(4, len(measures)), width=1.85, height=2.0)
    styles = style.level_styles(measures)
    for row, (_, rows) in enumerate(groups):
        above, below = grid[2 * row], grid[2 * row + 1]
        for panel, measure in zip(above, measures, strict=False):
            _draw_confusion(panel, rows, measure)
        for panel in above[len(measures) :]:
            panel.set_axis_off()
        above[0].set_title(f"{titles.panel_title(rows, shares)}\n{MEASURE_NAMES[measures[0]]}")
        for panel, draw in zip(below, (_over_neurons, _over_trials, _over_training, _controls), strict=False):
            draw(panel, rows, styles)
            panel.axhline(0.5, color="#aaaaaa", linewidth=0.6, zorder=0)
            panel.set(ylim=(-0.05, 1.06), ylabel="AUC, same learning rule closer" if panel is below[0] else "")
        for panel in below[4:]:
            panel.set_axis_off()
    panels.legend_of(figure, {MEASURE_NAMES[m]: {**styles[m], "label": MEASURE_NAMES[m]} for m in measures})
    panels.caption(figure, context, table, _words(table, shares))
    return {"figure": figure, "csv": shares}


def _words(table: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    from neurorules.plotting import titles
    from neurorules.tables.base.columns import PANEL_GROUP

    words = []
    for _, rows in shares.groupby(PANEL_GROUP, sort=True):
        own = at_own(rows)
        own = own[own["quantity"] == "recovered"]
        if not len(own):
            continue
        first = own.iloc[0]
        told = ", ".join(
            f"{MEASURE_NAMES[row['measure']]} in {row['value']:.0%} "
            f"[{row['interval_low']:.0%}, {row['interval_high']:.0%}]"
            for _, row in own.iterrows()
        )
        title = titles.panel_title(rows, shares, ", ")
        words.append(
            f"{title}: with {first['neurons']} neurons, {first['conditions']} conditions and {first['trials']} trials "
            f"each, the learning rule is recovered by {told} of pseudo-recordings (n = {first['networks']} "
            "networks; chance is equal shares)."
        )
    rates = table[["learning_rule", "learning_rate"]].drop_duplicates().sort_values("learning_rule")
    different = rates["learning_rate"].nunique() > 1
    listed = ", ".join(
        f"{titles.rule_label(str(rule))} {titles.rate_label(rate)}" for rule, rate in rates.itertuples(index=False)
    )
    return [
        *words,
        "A trained network with a known learning rule takes the recording's place, with the rates of recorded "
        "neurons, Poisson spikes and the same number of trials; all other networks are compared with it.",
        "Matrices: share of a learning rule's pseudo-recordings (row) by the closest one in mean distance (column).",
        "Calibrated: the difference between the two distances, relative to pseudo-recordings with other seeds, "
        "because one "
        "learning rule's networks may be closer to everything.",
        "AUC: probability that a network with the same learning rule is closer than one with another; chance is .5.",
        "Bars: 95% intervals over networks (Clopper-Pearson; draws from one network are averaged).",
        "Networks with the same seed share initial weights and are left out, except in 'same seed too'.",
        "Over training: networks at the point where they reach each accuracy, if they do.",
        "Nothing to recover: two halves of one learning rule's seeds, trained or untrained.",
        *([f"Learning rates differ: {listed}; learning rule and rate are recovered together."] if different else []),
        "This holds for networks of this kind, not for the brain.",
    ]


# ---- panels


def _draw_confusion(panel: Axes, rows: pd.DataFrame, measure: str) -> None:
    from neurorules.plotting import panels, titles

    panel.set_title(MEASURE_NAMES[measure])
    own = at_own(rows)
    confusion = own[(own["quantity"] == "confusion") & (own["measure"] == measure)]
    if not len(confusion):
        panels.mark_empty([panel], TOO_FEW)
        return
    shares = confusion.pivot(index="learning_rule", columns="recovered_as", values="value")
    networks = confusion.groupby("learning_rule")["networks"].first()
    names = [titles.rule_label(str(rule)) for rule in shares.index]
    panel.imshow(shares.to_numpy(), cmap="Greys", vmin=0.0, vmax=1.0, aspect="auto")
    for (y, x), share in np.ndenumerate(shares.to_numpy()):
        panel.text(
            x,
            y,
            f"{share:.0%}",
            ha="center",
            va="center",
            fontsize=points(7),
            color="white" if share > 0.5 else "black",
        )
    panel.set_xticks(range(len(names)), names, fontsize=points(6))
    ticks = [f"{name}\n(n = {n})" for name, n in zip(names, networks[shares.index], strict=True)]
    panel.set_yticks(range(len(names)), ticks, fontsize=points(6), rotation=90, va="center")
    of_measure = own[(own["quantity"] == "calibrated") & (own["measure"] == measure)]
    words = [f"calibrated: {share:.0%} correct" for share in of_measure["value"]]
    panel.set_xlabel("\n".join(["closest to", *words]), fontsize=points(7))
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)


Styles = Mapping[str, Mapping[str, Any]]


def _draw_lines(
    panel: Axes, rows: pd.DataFrame, place: Callable[[pd.DataFrame], Any], styles: Styles, step: Any
) -> None:
    """Draw AUC with intervals, a line per measure; `step` offsets the measures so that bars do not overlap."""
    for number, (measure, look) in enumerate(styles.items()):
        of_measure = rows[(rows["measure"] == measure) & (rows["quantity"] == "auc")]
        if not len(of_measure):
            continue
        x = step(np.asarray(place(of_measure), float), number - (len(styles) - 1) / 2)
        order, auc = np.argsort(x), of_measure["value"].to_numpy()
        low, high = (of_measure[f"interval_{side}"].to_numpy() for side in ("low", "high"))
        bars = np.clip(np.stack([auc - low, high - auc]), 0, None)
        panel.errorbar(x[order], auc[order], bars[:, order], **look, markersize=3, linewidth=0.9, elinewidth=0.6)


def _ratio(x: Any, number: float) -> Any:
    return x * 1.06**number


def _shift(x: Any, number: float) -> Any:
    return x + 0.1 * number


def _over_numbers(panel: Axes, rows: pd.DataFrame, styles: Styles, column: str, other: str) -> None:
    own = at_own(rows).iloc[0]
    shown = rows[(rows["control"] == "rules") & (rows["stage"] == "trained") & (rows["trials"] > 0)]
    shown = shown[shown[other] == own[other]]
    _draw_lines(panel, shown, lambda of_measure: of_measure[column], styles, _ratio)
    panel.set_xscale("log")
    # The recording's own number is always labelled, the others if there is room.
    numbers = [own[column]]
    for number in sorted(shown[column].unique()):
        if all(max(number / kept, kept / number) > ROOM for kept in numbers):
            numbers.append(number)
    numbers.sort()
    panel.set_xticks(numbers, [str(n) for n in numbers], rotation=90 if len(numbers) > 4 else 0, fontsize=points(6))
    panel.set_xticks([], minor=True)
    panel.axvline(own[column], color="#aaaaaa", linewidth=0.6, linestyle=":", zorder=0)


def _over_neurons(panel: Axes, rows: pd.DataFrame, styles: Styles) -> None:
    _over_numbers(panel, rows, styles, "neurons", "trials")
    panel.set(xlabel="Neurons", title="Over neurons")


def _over_trials(panel: Axes, rows: pd.DataFrame, styles: Styles) -> None:
    _over_numbers(panel, rows, styles, "trials", "neurons")
    panel.set(xlabel="Trials per condition", title="Over trials")


def _over_training(panel: Axes, rows: pd.DataFrame, styles: Styles) -> None:
    levels = rows[rows["stage"] == "matched"]
    accuracies = sorted(levels["level_accuracy"].unique())
    at_end = at_own(rows)
    place = {accuracy: number for number, accuracy in enumerate(accuracies)}
    shown = levels.groupby("level_accuracy")["networks"].max()
    names = [f"{accuracy:g}\n({shown[accuracy]})" for accuracy in accuracies]
    _draw_lines(panel, levels, lambda of_measure: of_measure["level_accuracy"].map(place), styles, _shift)
    _draw_lines(panel, at_end, partial(_at_place, len(place)), styles, _shift)
    panel.set_xticks(range(len(place) + 1), [*names, f"end\n({at_end['networks'].max()})"], fontsize=points(6))
    panel.set(xlim=(-0.5, len(place) + 0.5), xlabel="Accuracy (networks)", title="Over training")


def _at_place(place: int, rows: pd.DataFrame) -> Any:
    return np.full(len(rows), place)


def _controls(panel: Axes, rows: pd.DataFrame, styles: Styles) -> None:
    noiseless = rows[(rows["control"] == "rules") & (rows["trials"] == 0)]
    shown = {
        "rules": at_own(rows),
        "same seed too": at_own(rows, "rules_same_seed"),
        "all units,\nno noise": noiseless,
        "one rule,\ntwo halves": at_own(rows, "one_rule"),
        "untrained,\ntwo halves": at_own(rows, "untrained"),
    }
    apart = {name: {**look, "linestyle": "none"} for name, look in styles.items()}
    for place, of_control in enumerate(shown.values()):
        if not len(of_control):
            panel.text(place, 0.5, "not testable", rotation=90, ha="center", va="center", fontsize=points(5.5))
        _draw_lines(panel, of_control, partial(_at_place, place), apart, _shift)
    panel.set_xticks(range(len(shown)), list(shown), rotation=90, fontsize=points(6))
    panel.set(xlim=(-0.5, len(shown) - 0.5), title="Controls")
