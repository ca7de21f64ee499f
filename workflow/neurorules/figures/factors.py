"""What matters, and how much: shares of the variance of distances that each factor of the models explains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io import markdown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Share of the variance of distances that each factor explains"
TABLES = ("distances",)
PRODUCTS = ("pdf", "png", "csv", "md")

RESPONSE_TITLES = {
    "matched": "Distance at equal accuracy",
    "trained": "Distance at the last checkpoint",
    "accuracy": "Accuracy reached",
}
ROW_HEIGHT, LEVELS_WIDTH = 0.17, 2.6  # inches


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure, the table with one row per term and response, and its text."""
    import pandas as pd

    from neurorules.plotting import curves
    from neurorules.tables.base.responses import responses

    if "factors" not in context["figure"]:
        raise InputError(
            "Missing key.",
            key="figures.factors.factors",
            remedy="List the options that this figure's models vary, such as [gain, learning_rule].",
        )
    found = responses(curves.procrustes_only(tables["distances"]), context["figure"]["factors"])
    table = pd.DataFrame(list(_rows(found, context["figure"]["factors"])))
    return {"figure": _figure(found, table, context), "csv": table, "md": _markdown(found, table, context)}


def _rows(found: pd.DataFrame, factors: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One row per recording, task, response and term."""
    from neurorules.statistics.factorial_design import Design
    from neurorules.statistics.variance_shares import seed_p, variance_shares
    from neurorules.tables.base.responses import KEPT, RESPONSES, WITHIN

    for _, of_task in found.groupby(["recording", "task"], sort=True):
        for response in RESPONSES:
            every = of_task[of_task["response"] == response]
            used = every[every["value"].notna()]
            if all(used[name].nunique() < 2 for name in factors):
                continue
            design = Design({name: used[name].tolist() for name in factors}, used["seed"].tolist(), WITHIN)
            values = used["value"].tolist()
            for share in variance_shares(design, values):
                yield {
                    **{name: every[name].iloc[0] for name in KEPT},
                    "response": response,
                    "level_accuracy": every["level_accuracy"].iloc[0],
                    "term": share.name,
                    "share": share.share,
                    "interval_low": share.low,
                    "interval_high": share.high,
                    "partial_share": share.partial,
                    "sum_of_squares": share.sum_of_squares,
                    "freedom": share.freedom,
                    "error_freedom": share.error_freedom,
                    "f": share.f,
                    "p": share.p,
                    "networks": len(used),
                    "networks_left_out": len(every) - len(used),
                    "p_seed": seed_p(design, values),
                }


def _figure(found: pd.DataFrame, table: pd.DataFrame, context: Mapping[str, Any]) -> Figure:
    from neurorules.plotting import panels
    from neurorules.tables.base.responses import RESPONSES

    parts = list(found.groupby(["recording", "task"], sort=True))
    terms = list(dict.fromkeys(table["term"])) if len(table) else []
    height = max(2.4, ROW_HEIGHT * len(terms) + 0.9)
    figure, grid = panels.make_grid(len(parts), len(RESPONSES) + 1, width=LEVELS_WIDTH, height=height)
    for row, ((recording, task), of_part) in zip(grid, parts, strict=True):
        shares = table[(table["recording"] == recording) & (table["task"] == task)] if len(table) else table
        for number, (panel, response) in enumerate(zip(row, RESPONSES, strict=False)):
            _draw_shares(panel, shares, response, terms, named=number == 0)
        row[0].set_title(f"{of_part['recording_title'].iloc[0]}\n{row[0].get_title()}")
        _draw_levels(row[-1], of_part, context["figure"]["factors"])
    words = [
        "Points: omega squared (Type II sums of squares), the share of the variance over networks that a factor or an "
        "interaction of two factors explains; main effects filled. Bars: 95% interval (bootstrap over networks).",
        "Initial network: what networks that start from the same weights have in common, whatever their learning rule; "
        "rest: the remaining variance. Right: mean and SD over networks.",
        *(f"{note}." for note in _notes(found, context["figure"]["factors"])),
    ]
    panels.caption(figure, context, found, words)
    return figure


def _draw_shares(panel: Axes, shares: pd.DataFrame, response: str, terms: Sequence[str], named: bool) -> None:
    """Omega squared of every term with its interval, in the same order in all panels."""
    from neurorules.plotting import panels
    from neurorules.plotting.page import points

    rows = shares[shares["response"] == response] if len(shares) else shares
    title = RESPONSE_TITLES[response]
    if rows.empty:
        panel.set_title(title)
        panels.mark_empty([panel], "No network to compare.")
        return
    for row in rows.to_dict("records"):
        y = terms.index(row["term"])
        main = row["term"] in ("rest", "initial network") or " " not in row["term"]
        colour = "#1b5e9e" if row["term"] not in ("rest", "initial network") else "#777777"
        panel.plot([row["interval_low"], row["interval_high"]], [y, y], color=colour, linewidth=1.1)
        panel.plot(row["share"], y, "o", color=colour, markerfacecolor=colour if main else "white", markersize=4)
    panel.axvline(0.0, color="#444444", linewidth=0.6, zorder=0)
    names = [_words(term) for term in terms] if named else [""] * len(terms)
    panel.set_yticks(range(len(terms)), names, fontsize=points(6))
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="y", color="#eeeeee", linewidth=0.5, zorder=-1)
    panel.set(ylim=(len(terms) - 0.4, -0.6), xlim=(-0.08, 1.0), xlabel="Share of the variance")
    at = f" {rows['level_accuracy'].iloc[0]:.2f}" if response == "matched" else ""
    panel.set_title(f"{title}{at}\nn = {rows['networks'].iloc[0]} networks")


def _draw_levels(panel: Axes, found: pd.DataFrame, factors: Sequence[str]) -> None:
    """Mean matched distance at each level of each factor, over all networks that have it."""
    from neurorules.plotting import panels, style
    from neurorules.plotting.page import points

    rows = found[(found["response"] == "matched") & found["value"].notna()]
    panel.set_title("Means at equal accuracy")
    if rows.empty:
        panels.mark_empty([panel], "No network reached this accuracy.")
        return
    labels, y = [], 0.0
    for factor in factors:
        for level, of_level in rows.groupby(factor, sort=True):
            sd = of_level["value"].std()
            panel.errorbar(
                of_level["value"].mean(), y, xerr=sd, fmt="o", color="#1b5e9e", markersize=3.5, elinewidth=0.9
            )
            labels.append((y, _level_label(factor, level)))
            y += 1
        y += 0.6
    panel.set_yticks([place for place, _ in labels], [label for _, label in labels], fontsize=points(6))
    panel.tick_params(axis="y", length=0)
    panel.set(ylim=(y - 0.8, -0.8), xlabel=style.DISTANCE_LABEL.replace("\n", " "))


def _level_label(factor: str, level: Any) -> str:
    from neurorules.plotting import titles

    if factor == "learning_rule":
        return titles.rule_label(str(level))
    value = f"{level:g}" if isinstance(level, int | float | np.number) else str(level)
    return value if factor in ("architecture", "activation") else f"{_words(factor)} {value}"


def _words(term: str) -> str:
    return term.replace("_", " ").replace(" x ", " × ")


def _notes(found: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """What the design cannot say, and which cells lack networks at the matched accuracy."""
    from neurorules.statistics.factorial_design import Design
    from neurorules.tables.base.responses import WITHIN

    notes = []
    for (recording, _), of_task in found[found["response"] == "matched"].groupby(["recording", "task"], sort=True):
        used = of_task[of_task["value"].notna()]
        where = f"{recording}: " if found["recording"].nunique() > 1 else ""
        if all(used[name].nunique() < 2 for name in factors):
            notes.append(f"{where}No factor varies among the networks that reached the accuracy")
            continue
        design = Design({name: used[name].tolist() for name in factors}, used["seed"].tolist(), WITHIN)
        if design.lacking:
            lacking = ", ".join(_words(" x ".join(term)) for term in design.lacking)
            notes.append(f"{where}Not estimable in this design: {lacking}")
        if design.constant:
            notes.append(f"{where}The same in all networks: {', '.join(map(_words, design.constant))}")
        cells = of_task.groupby(list(factors), sort=True)["value"].agg(["count", "size"])
        few = [
            f"{', '.join(_level_label(name, level) for name, level in zip(factors, key, strict=True))} "
            f"({row['count']} of {row['size']})"
            for key, row in zip(cells.index.to_list(), cells.to_dict("records"), strict=True)
            if row["count"] < row["size"]
        ]
        if few:
            notes.append(
                f"{where}All networks count at accuracy {of_task['level_accuracy'].iloc[0]:.2f}, except "
                f"{'; '.join(few)}"
            )
    return notes


def _markdown(found: pd.DataFrame, table: pd.DataFrame, context: Mapping[str, Any]) -> str:
    from neurorules.tables.base.responses import RESPONSES

    lines = [f"# {TITLE}", ""]
    if found["synthetic"].any():
        lines += ["**Synthetic recordings: these numbers say nothing about the brain.**", ""]
    groups = table.groupby(["recording", "task"], sort=True) if len(table) else []
    for (recording, task), rows in groups:
        lines += [
            f"## {markdown.plain(rows['recording_title'].iloc[0])} ({markdown.plain(f'{recording}, {task}')})",
            "",
        ]
        for response in RESPONSES:
            of_response = rows[rows["response"] == response]
            if of_response.empty:
                continue
            first = of_response.iloc[0]
            at = f" ({first['level_accuracy']:.3f})" if response == "matched" else ""
            left_out = f", {first['networks_left_out']} left out" if first["networks_left_out"] else ""
            lines += [f"### {RESPONSE_TITLES[response]}{at}: {first['networks']} networks{left_out}", ""]
            header = ["term", "omega squared", "95% interval", "partial", "F (df)", "p"]
            lines += [*markdown.table(header, [_cells(row) for row in of_response.to_dict("records")]), ""]
            lines += [f"Effect of the seed across all models: p = {markdown.number(first['p_seed'], 2)}.", ""]
    lines += [*(f"{markdown.plain(note)}.\n" for note in _notes(found, context["figure"]["factors"]))]
    lines += [
        "Omega squared is the share of the variance over networks, from Type II sums of squares: each term is adjusted "
        "for all others except the interactions that contain it. *Partial* is its share of what the other terms leave. "
        "Intervals are bootstrap intervals over networks. Estimates near 0 may be negative. With unequal numbers of "
        "networks, shares need not add up to 1. Networks of different learning rules that start from the same weights "
        "form one group: terms without the learning rule are tested against the differences between such groups. F "
        "tests assume normal values with equal variances.",
    ]
    if context["left_out"]:
        lines += ["", f"Left out, recording not in this study: {markdown.listed(context['left_out'])}."]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any]) -> list[str]:
    f = f"{row['f']:.1f} ({row['freedom']}, {row['error_freedom']:.0f})" if np.isfinite(row["f"]) else markdown.NONE
    return [
        _words(row["term"]),
        f"{row['share']:.3f}" if np.isfinite(row["share"]) else markdown.NONE,
        markdown.interval((row["interval_low"], row["interval_high"])) or markdown.NONE,
        f"{row['partial_share']:.3f}" if np.isfinite(row["partial_share"]) else markdown.NONE,
        f,
        markdown.number(row["p"], 2),
    ]
