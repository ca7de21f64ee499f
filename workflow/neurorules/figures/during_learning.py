"""How activity changes after the decoder is changed: learning rules, and the recorded animal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Learning a changed decoder: which learning rule changes activity as in the recording?"
TABLES = ("during_learning",)
PRODUCTS = ("pdf", "png", "csv")

# One panel per measure, with its label.
MEASURES = {
    "tuned_change_cosine": "Similarity of the change\n(cosine with the recording's)",
    "tuned_change_size": "Size of the change\n(relative to the tuning)",
    "repertoire_change": "Change in repertoire",
    "variance_intuitive": "Variance along the first\ndecoder (change in %)",
    "variance_perturbed": "Variance along the changed\ndecoder (change in %)",
    "progress_intuitive": "Progress under\nthe first decoder",
}
ACROSS = 4
RECORDING, CONTROL = "recording", "no learning (halves)"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure, and its table: means over seeds with intervals, and the recording's values."""
    from neurorules.plotting import panels, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = tables["during_learning"]
    networks = table[table["seed"] >= 0]
    groups = list(networks.groupby(PANEL_GROUP, sort=True))
    figure, axes = panels.make_grid(2 * len(groups), ACROSS, width=2.3, height=2.2)
    for row, (key, rows) in zip(axes.reshape(len(groups), 2 * ACROSS), groups, strict=True):
        data = _data_of(table, str(rows["recording"].iloc[0]))
        _over_updates(row[0], rows)
        row[0].set_title(titles.panel_title(rows, networks))
        for panel, (quantity, label) in zip(row[1:-1], MEASURES.items(), strict=True):
            _matched(panel, rows, data, quantity, label)
        _recovered(row[-1], rows, table[(table["setting"] == key[-1]) & (table["seed"] < 0)])
    panels.legend(figure, list(axes.flat))
    panels.caption(figure, context, networks, _words(table))
    return {"figure": figure, "csv": summary(table)}


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row per group of networks x stage x quantity, and the table's rows about the recording and about groups.

    Columns as in the table: `value` is the mean over networks and the interval is that of the t-distribution over them;
    `networks` is n.
    """
    import pandas as pd

    from neurorules.tables.base.columns import PANEL_GROUP, below_each_other

    labels = ["recording_title", "synthetic", "learning_rate"]
    rows = []
    shown = table[(table["seed"] >= 0) & table["stage"].isin(["matched", "trained"])]
    keys = [*PANEL_GROUP, "learning_rule", "stage", "quantity"]
    for key, of_group in shown.groupby(keys, sort=True):
        values = of_group["value"].dropna()
        low, high = _interval(values.to_numpy())
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                **{label: of_group[label].iloc[0] for label in labels},
                "value": values.mean(),
                "interval_low": low,
                "interval_high": high,
                "networks": len(values),
                "data_value": of_group["data_value"].iloc[0],
            }
        )
    found = pd.DataFrame(rows)
    others = table.loc[table["seed"] < 0, [column for column in (*labels, *keys, *found.columns) if column in table]]
    return below_each_other([found, others.loc[:, ~others.columns.duplicated()]])


def _interval(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """95% interval of the mean over networks (t-distribution); NaN for fewer than two."""
    from scipy import special

    if len(values) < 2:
        return float("nan"), float("nan")
    half = float(special.stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()) - half, float(values.mean()) + half


def _data_of(table: pd.DataFrame, recording: str) -> dict[tuple[str, str], dict[str, float]]:
    """The recording's rows by stage and quantity."""
    rows = table[(table["learning_rule"] == "data") & (table["recording"] == recording)]
    return {(row["stage"], row["quantity"]): row for row in rows.to_dict("records")}


def _over_updates(panel: Axes, rows: pd.DataFrame) -> None:
    """Share of the lost progress that is regained, over updates since the swap."""
    from neurorules.plotting import style, titles

    chosen = rows[(rows["stage"] == "learning") & (rows["quantity"] == "progress_regained")]
    for rule, runs in chosen.dropna(subset=["value"]).groupby("learning_rule", sort=True):
        look = style.line_style(str(rule))
        for _, run in runs.groupby("seed"):
            panel.plot(run["update"], run["value"], **{**look, "marker": ""}, alpha=0.25, linewidth=0.5)
        mean = runs.groupby("update")["value"].mean()
        label = f"{titles.rule_label(str(rule))} (n = {runs['seed'].nunique()})"
        panel.plot(mean.index, mean, **look, markersize=3, markevery=0.2, label=label)
    share = chosen["data_value"].dropna()
    if len(share):
        panel.axhline(share.iloc[0], color=style.DATA[0], linewidth=1.0, label=RECORDING)
    panel.set(xlabel="Updates since the decoder changed", ylabel="Share of lost progress\nregained")


def _matched(
    panel: Axes, rows: pd.DataFrame, data: Mapping[tuple[str, str], Mapping[str, float]], quantity: str, label: str
) -> None:
    """Networks at the recorded progress, one column of points per learning rule, beside the recording."""
    from neurorules.plotting import style

    rules = sorted(rows["learning_rule"].unique())
    for place, rule in enumerate(rules):
        at = rows[(rows["learning_rule"] == rule) & (rows["quantity"] == quantity) & (rows["stage"] == "matched")]
        values = at.sort_values("seed")["value"].to_numpy()
        look = style.line_style(str(rule))
        if not len(values):
            panel.annotate("not\nreached", (place, 0.5), xycoords=("data", "axes fraction"), ha="center", fontsize=5)
            continue
        spread = place + 0.5 * ((np.arange(len(values)) + 0.5) / len(values) - 0.5)
        panel.plot(spread, values, color=look["color"], marker=look["marker"], linestyle="", markersize=2, alpha=0.5)
        low, high = _interval(values)
        panel.errorbar(
            place, values.mean(), [[values.mean() - low], [high - values.mean()]], color="#000000", capsize=2
        )
    recorded, control = data.get(("trained", quantity)), data.get(("halves", quantity))
    if recorded is not None:
        _band(panel, recorded, style.DATA[0], 0.25)
        panel.axhline(recorded["value"], color=style.DATA[0], linewidth=1.0)
    if control is not None:
        _band(panel, control, "#888888", 0.15)
        panel.axhline(control["value"], color="#888888", linewidth=0.8, linestyle=":", label=CONTROL)
    if quantity == "tuned_change_cosine":
        ceiling = data.get(("trained", "tuned_change_ceiling"))
        if ceiling is not None:
            panel.axhline(ceiling["value"], color=style.DATA[0], linewidth=1.0, linestyle="--")
        panel.axhline(0.0, color="#888888", linewidth=0.8, linestyle=":")
    _name_rules(panel, rules)
    panel.set(ylabel=label, xlim=(-0.6, len(rules) - 0.4))


def _band(panel: Axes, row: Mapping[str, float], colour: str, alpha: float) -> None:
    panel.axhspan(row["interval_low"], row["interval_high"], color=colour, alpha=alpha, linewidth=0)


def _recovered(panel: Axes, rows: pd.DataFrame, groups: pd.DataFrame) -> None:
    """Share of networks whose learning rule is recovered, and share of resamples in which a rule is closest."""
    from neurorules.plotting import panels, style
    from neurorules.statistics.proportion import exact_interval

    found = rows[(rows["quantity"] == "recovered") & (rows["stage"] == "matched")]
    if not len(found):
        panels.mark_empty([panel], "Not testable here: this needs two learning rules that reach the recorded progress.")
        return
    rules = sorted(found["learning_rule"].unique())
    for place, rule in enumerate(rules):
        right = (found.loc[found["learning_rule"] == rule, "value"] > 0).to_numpy()
        low, high = exact_interval(float(right.mean()), len(right))
        look = style.line_style(str(rule))
        share = float(right.mean())
        panel.errorbar(
            place, share, [[share - low], [high - share]], color=look["color"], marker=look["marker"], capsize=2
        )
        closest = groups[(groups["learning_rule"] == rule) & (groups["quantity"] == "closest_share")]
        closest = closest[closest["stage"] == "matched"]
        panel.plot(place + 0.25, closest["value"].iloc[0], color=style.DATA[0], marker="_", markersize=9)
    panel.axhline(1.0 / len(rules), color="#888888", linewidth=0.8, linestyle=":")
    _name_rules(panel, rules)
    panel.set(ylabel="Learning rule recovered (share)", ylim=(-0.05, 1.05), xlim=(-0.6, len(rules) - 0.4))


def _name_rules(panel: Axes, rules: Sequence[str]) -> None:
    from neurorules.plotting import titles

    labels = [titles.rule_label(str(rule)) for rule in rules]
    panel.set_xticks(range(len(rules)), labels, rotation=40, ha="right", rotation_mode="anchor", fontsize=5)


def _words(table: pd.DataFrame) -> Sequence[str]:
    share = table.loc[table["quantity"] == "progress_regained", "data_value"].dropna()
    regained = f" ({share.iloc[0]:.0%} of the loss regained)" if len(share) else ""
    return [
        "First panel: thin lines are seeds (n in the legend), thick lines are means.",
        f"Others: networks at the recorded progress{regained}; points are seeds, bars are 95% intervals over seeds.",
        "Orange: the recording with its 95% interval over samples; dashed, the largest cosine that its noise allows.",
        "Grey: no learning, one half of the samples before learning against the other.",
        "Last panel: share of networks whose learning rule is recovered from as many samples as were recorded "
        "(bars: 95% Clopper-Pearson; dotted: chance). Orange: share of resamples in which the learning rule's "
        "change is the most similar to the recording's.",
    ]
