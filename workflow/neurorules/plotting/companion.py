"""What the figures of the companion paper share: gains with and without flossing, and loss curves over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Tasks as the paper writes them; others have the name of their entry in the config.
TASK_TITLES = {"romo": "Romo", "2af": "2AF", "dms": "DMS"}

# Share of the run that curves by gain leave out, so that they show more than the first fall: 200 of 5000 updates.
NOT_SHOWN = 0.04

# Looks and names of networks without (0) and with (1) flossing.
FLOSSING: Mapping[int, Mapping[str, Any]] = {
    0: {"color": "#404040", "linestyle": "-", "marker": "o"},
    1: {"color": "#00798c", "linestyle": (0, (4, 1.5)), "marker": "s"},
}
FLOSSING_NAMES = {0: "not flossed", 1: "flossed"}

# On a loss curve; spaced by updates, as noisy curves draw markers that are spaced along them together.
N_MARKERS = 6

AT_EDGE = "†"
AT_EDGE_WORDS = f"{AT_EDGE}: the best learning rate is at the edge of the grid; a better one may lie beyond."
MEAN_WORDS = "Lines: mean over seeds (n in the titles), of losses averaged over bins of updates."
BAND_WORDS = "Bands: SD over seeds (n - 1); a single seed has none."
LOSS_BAND_WORDS = "A band ends below at its lowest seed, as no loss is below 0."

MODEL = ["task", "learning_rule", "setting"]


def with_gains(table: pd.DataFrame, context: Mapping[str, Any]) -> pd.DataFrame:
    """A table with columns `gain` and `flossed` (0 or 1) of its models.

    Args:
        table: with columns task, learning_rule and setting.
        context: the figure's context.

    Raises:
        InputError: two settings of one task and learning rule have the same gain and both are flossed, or neither is.
    """
    from neurorules.errors import InputError

    varied: dict[tuple[str, ...], tuple[float, int]] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for model in sorted(set(table[MODEL].itertuples(index=False, name=None))):
        task, learning_rule, setting = model
        options = context["varied"]["/".join(model)]
        varied[model] = float(options["gain"]), int(options["flossing_iterations"] > 0)
        first = seen.setdefault((task, learning_rule, *varied[model]), setting)
        if first != setting:
            raise InputError(
                f"Two settings of this figure have the same gain for {task}, {learning_rule}, and are flossed alike.",
                key="figures: settings",
                value=[first, setting],
                remedy="Take one of them out of this figure.",
            )
    values = [varied[model] for model in table[MODEL].itertuples(index=False, name=None)]
    return table.assign(gain=[gain for gain, _ in values], flossed=[flossed for _, flossed in values])


def with_learning_rates(table: pd.DataFrame, loss_curves: pd.DataFrame) -> pd.DataFrame:
    """A table with the learning rate of each network, and whether it was chosen at the edge of the grid."""
    network = [*MODEL, "seed"]
    rates = loss_curves[[*network, "learning_rate", "learning_rate_at_edge"]].drop_duplicates()
    return table.merge(rates, on=network, how="left", validate="many_to_one")


def ordinary(table: pd.DataFrame) -> pd.DataFrame:
    """The networks without flossing."""
    return table[table["flossed"] == 0].reset_index(drop=True)


def parts(table: pd.DataFrame, context: Mapping[str, Any], *more: str) -> list[tuple[Any, pd.DataFrame]]:
    """Rows by recording, task and further columns; tasks in the order in which the figure's entry names them."""
    tasks = [model.split("/")[0] for model in context["models"]]
    groups = table.groupby(["recording", "task", *more], sort=True)
    return sorted(groups, key=lambda group: tasks.index(group[0][1]))


def without_flossing(context: Mapping[str, Any]) -> dict[str, Any]:
    """A figure's context with the models alone that were not flossed, for a caption."""
    varied = context["varied"]
    return {**context, "models": [model for model in context["models"] if not varied[model]["flossing_iterations"]]}


def later_than(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """Bins of updates that end after a share of their run."""
    return table[table["update"] > share * table["updates"]].reset_index(drop=True)


def title_of(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """What a panel is about: a task by its name in the paper, or a recording."""
    from neurorules.statistics.noise_floor import part_title

    # Settings are the lines, so that titles name what else differs.
    title = part_title(rows.assign(setting=""), table.assign(setting=""), ", ")
    return TASK_TITLES.get(title, title)


def nothing(panels: Sequence[Axes], words: str) -> None:
    """Say in panels without curves why there are none."""
    from neurorules.plotting import style

    for panel in panels:
        panel.set(xticks=[], yticks=[])
        style.say(panel, words)


def rates_of(runs: pd.DataFrame) -> str:
    """The learning rates that networks were trained with; a dagger marks one at the edge of the grid."""
    from neurorules.figures.model_distances import rate_label

    pairs = sorted(set(zip(runs["learning_rate"], runs["learning_rate_at_edge"], strict=True)))
    return ", ".join(rate_label(rate) + AT_EDGE * bool(at_edge) for rate, at_edge in pairs)


def edge_words(table: pd.DataFrame) -> list[str]:
    """The sentence about daggers, where there are any."""
    return [AT_EDGE_WORDS] if table["learning_rate_at_edge"].any() else []


def edge_notes(runs: pd.DataFrame) -> list[str]:
    """A sentence that names the gains whose learning rate is at the edge of the grid, where there are any."""
    at_edge = runs[runs["learning_rate_at_edge"] == 1].groupby("flossed", sort=True)["gain"].unique()
    gains = [
        f"{'flossed, ' * bool(flossed)}gain {', '.join(f'{gain:g}' for gain in sorted(found))}"
        for flossed, found in at_edge.items()
    ]
    return [f"Learning rate at the edge of the grid: {'; '.join(gains)}."] if gains else []


def draw_mean(
    panel: Axes,
    runs: pd.DataFrame,
    x: str,
    y: str,
    look: Mapping[str, Any],
    label: str,
    floor: bool = False,
    **more: Any,
) -> None:
    """Draw a line for the mean over seeds and a band for their SD.

    Args:
        panel: drawn in.
        runs: one value for each seed and x.
        x, y: columns.
        look: colour, line style, marker.
        label: for the legend.
        floor: end the band at the lowest seed.
        more: properties of the line.
    """
    of_x = runs.groupby(x, sort=True)[y]
    mean, sd = of_x.mean(), of_x.std()
    panel.plot(mean.index, mean, **look, label=label, **more)
    # A loss is above 0, and so is what a band says of it.
    low = np.maximum(mean - sd, of_x.min()) if floor else mean - sd
    panel.fill_between(mean.index, low, mean + sd, color=look["color"], alpha=0.18, linewidth=0)


def draw_loss(panel: Axes, runs: pd.DataFrame, look: Mapping[str, Any], label: str) -> None:
    """Draw the loss curve of one model."""
    every = max(1, runs["update"].nunique() // N_MARKERS)
    draw_mean(panel, runs, "update", "task_loss", look, label, floor=True, markevery=every, markersize=3)


def draw_over_gains(panel: Axes, runs: pd.DataFrame, value: str, look: Mapping[str, Any], label: str) -> None:
    """Draw a value of one learning rule's networks over their gain, with a dot for each seed."""
    draw_mean(panel, runs, "gain", value, look, label, markersize=3.5)
    panel.plot(runs["gain"], runs[value], ".", color=look["color"], markersize=2.5, alpha=0.5)


def share_loss_axis(panels: Sequence[Axes], rows: pd.DataFrame, share: float) -> None:
    """Give panels of loss curves the same axes; loss is logarithmic where means span more than a decade.

    Args:
        panels: of one task.
        rows: all that is drawn in them.
        share: of the run, not drawn.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    of_bin = rows.groupby(["learning_rule", "setting", "update"])["task_loss"]
    mean, sd = of_bin.mean(), of_bin.std().fillna(0.0)
    low, high = float((mean - sd).min()), float((mean + sd).max())
    logarithmic = 0 < 10 * mean.min() < mean.max()
    if logarithmic:
        low = max(low, float(mean.min()) / 2)  # a band may reach below 0
        limits = low / 1.1, high * 1.1
    else:
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        limits = low - margin, high + margin
    updates = float(rows["updates"].max())
    for panel in panels:
        if logarithmic:
            panel.set_yscale("log")
        panel.set(xlim=(share * updates, updates), ylim=limits)
        if logarithmic and limits[1] < 100 * limits[0]:
            panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.yaxis.set_major_formatter("{x:g}")
            panel.yaxis.set_minor_formatter(NullFormatter())
    panels[0].set_ylabel("Task loss")


def loss_curves_by_gain(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """A figure of loss curves by gain, one panel per task and learning rule, and the table that it is drawn from.

    Networks that were flossed are left out.
    """
    from neurorules.plotting import curves, style

    table = later_than(ordinary(with_gains(tables["loss_curve"], context)), NOT_SHOWN)
    looks = style.levels(sorted(table["gain"].unique()))
    learning_rules = sorted(table["learning_rule"].unique())
    of_tasks = parts(table, context)
    figure, axes = style.grid(max(1, len(of_tasks)), max(1, len(learning_rules)), width=3.5)
    if not of_tasks:
        nothing(list(axes.flat), "This figure has no networks without flossing.")
    for row, (_, rows) in zip(axes, of_tasks, strict=False):
        title = title_of(rows, table)
        for panel, learning_rule in zip(row, learning_rules, strict=True):
            name = style.rule_label(learning_rule)
            of_rule = rows[rows["learning_rule"] == learning_rule]
            if of_rule.empty:
                panel.set_title(f"{title}, {name}")
                nothing([panel], "Not trained by this learning rule.")
                continue
            for gain, runs in of_rule.groupby("gain", sort=True):
                draw_loss(panel, runs, looks[gain], f"{gain:g} ({rates_of(runs)})")
            n = curves.seeds_text(of_rule.groupby("gain")["seed"].nunique())
            panel.set(title=f"{title}, {name} ({n})", xlabel="Update")
            # Beside the panel, where it hides nothing: learning rates are of one panel.
            panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), title="gain (learning rate)", title_fontsize=7)
            # An axis of its own: one rule may bring the loss a hundred times lower than the other.
            share_loss_axis([panel], of_rule, NOT_SHOWN)
    words = [MEAN_WORDS, BAND_WORDS, LOSS_BAND_WORDS, f"The first {NOT_SHOWN:.0%} of the updates are not shown."]
    style.caption(figure, without_flossing(context), tables["loss_curve"], [*words, *edge_words(table)])
    return {"figure": figure, "csv": table}
