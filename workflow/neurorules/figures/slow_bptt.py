"""Distance from BPTT networks at decreasing learning rates to the networks of a fixed e-prop model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Does slower BPTT come closer to e-prop?"
TABLES = ("model_distances",)
PRODUCTS = ("pdf", "png", "csv")

LINES = ("BPTT to e-prop", "BPTT to e-prop, same seed", "BPTT, own seeds", "e-prop, own seeds")
RATE_LABEL = "Learning rate of BPTT"
STAGES = {"trained": "last checkpoint", "matched": "matched accuracy"}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import curves, panels, style, titles
    from neurorules.tables.base.levels import least_level
    from neurorules.tables.base.pairs import comparable, fixed_setting, pairs_between

    table = tables["model_distances"]
    for side in ("_a", "_b"):
        curves.one_setting_each(table, ("learning_rate",), side)
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = panels.make_grid(len(parts), 3)
    for row, (_, pairs) in zip(axes, parts, strict=True):
        title = titles.panel_title(pairs.assign(setting=""), table.assign(setting=""), ", ")
        to_eprop = pairs_between(pairs, "bptt", "eprop")
        if to_eprop.empty:
            for panel in row:
                panel.set_title(title)
                panels.mark_empty([panel], "There are no networks of BPTT and e-prop to compare.")
            continue
        to_eprop = to_eprop[to_eprop["setting_b"] == fixed_setting(to_eprop)]
        for panel, (stage, name) in zip(row, STAGES.items(), strict=False):
            own, _ = comparable(pairs[pairs["stage"] == stage], least_level(pairs))
            shown, note = comparable(to_eprop[to_eprop["stage"] == stage], least_level(pairs))
            _draw_distances(panel, own, shown, note)
            n = titles.seeds_text(to_eprop.groupby(["learning_rate_a", "stage"])["seed_a"].nunique())
            panel.set(title=f"{title}\n{name} ({n})", ylabel=style.DISTANCE_LABEL)
        with_pairs = [panel for panel in row[:2] if panel.has_data()]
        limits = [panel.get_ylim() for panel in with_pairs]
        for panel in with_pairs:
            panel.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        _draw_accuracies(row[2], to_eprop[to_eprop["stage"] == "trained"])
        row[2].set(title=f"{title}\naccuracy reached", ylabel=style.ACCURACY_LABEL)
    panels.legend(figure, list(axes.flat), order=LINES)
    panels.caption(
        figure,
        context,
        table,
        [
            "Dots: seeds. Lines with error bars: mean and SD over BPTT seeds (n in the title), after averaging each "
            "seed over its partners.",
            "Same seed: the same initial weights and trials.",
            "Own seeds: networks that differ only in their seed.",
            "Matched accuracy: each pair at the highest accuracy that both reach.",
            "Right: BPTT's accuracy at the last checkpoint, and e-prop's mean (dashed).",
        ],
    )
    return {"figure": figure, "csv": table}


def _draw_distances(panel: Axes, pairs: pd.DataFrame, to_eprop: pd.DataFrame, note: str) -> None:
    """Draw one stage; `note` tells the caption which pairs are missing."""
    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.pairs import fixed_setting, pairs_between, seed_means

    panels.note(panel, titles.sentences(note))
    if to_eprop.empty:
        panel.set_xlabel(RATE_LABEL)
        panels.mark_empty([panel], "No pair of networks has learnt.")
        return
    all_pairs, same, bptt, eprop = LINES
    colour, line, marker = style.BETWEEN
    means = seed_means(to_eprop)
    _draw_means(panel, means, "distance", {"color": colour, "linestyle": line, "marker": marker}, all_pairs)
    same_seed = to_eprop[to_eprop["seed_a"] == to_eprop["seed_b"]].groupby("learning_rate_a")["distance"].mean()
    if len(same_seed):
        panel.plot(same_seed.index, same_seed, "x:", color=colour, linewidth=0.8, markersize=4, label=same)
    own_bptt = pairs_between(pairs, "bptt", "bptt")
    own_bptt = own_bptt[own_bptt["setting_a"] == own_bptt["setting_b"]]
    if len(own_bptt):
        _draw_means(panel, seed_means(own_bptt), "distance", style.line_style("bptt"), bptt)
    own_eprop = pairs_between(pairs, "eprop", "eprop")
    fixed = fixed_setting(to_eprop)
    own_eprop = own_eprop[(own_eprop["setting_a"] == fixed) & (own_eprop["setting_b"] == fixed)]
    if len(own_eprop):
        line_style = {**style.line_style("eprop"), "marker": ""}
        panel.axhline(own_eprop["distance"].mean(), **line_style, label=eprop)
    _label_rates(panel, means)
    panel.set_xlabel(RATE_LABEL)


def _draw_accuracies(panel: Axes, to_eprop: pd.DataFrame) -> None:
    from neurorules.plotting import style
    from neurorules.tables.base.pairs import seed_means

    means = seed_means(to_eprop)
    _draw_means(panel, means, "accuracy_a", style.line_style("bptt"))
    eprop = to_eprop.groupby("seed_b")["accuracy_b"].first().mean()
    panel.axhline(eprop, **{**style.line_style("eprop"), "marker": ""})
    _label_rates(panel, means)


def _draw_means(panel: Axes, means: pd.DataFrame, column: str, line_style: Mapping[str, Any], label: str = "") -> None:
    """Mean and SD over seeds against the learning rate, with a dot per seed."""
    of_rate = means.groupby("learning_rate_a")[column]
    panel.errorbar(
        of_rate.mean().index,
        of_rate.mean(),
        of_rate.std(),
        **line_style,
        markersize=4,
        capsize=2,
        elinewidth=0.8,
        label=label,
    )
    panel.plot(means["learning_rate_a"], means[column], ".", color=line_style["color"], markersize=3, alpha=0.4)


def _label_rates(panel: Axes, means: pd.DataFrame) -> None:
    """Label a logarithmic axis of learning rates, decreasing to the right, with ticks only at the rates."""
    from neurorules.plotting.titles import rate_label

    rates = sorted(means["learning_rate_a"].unique())
    panel.set_xscale("log")
    panel.set_xticks(rates, [rate_label(rate) for rate in rates])
    panel.set_xticks([], minor=True)
    panel.set_xlim(rates[-1] * 1.5, rates[0] / 1.5)
    panel.set_xlabel(RATE_LABEL)
