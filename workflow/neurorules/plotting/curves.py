"""Distance to the recording against normalized accuracy: what Figures 1 to 3 and those of their form are drawn by.

One thin line per seed over its checkpoints and a thick line for the mean over seeds at common accuracies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

N_BARS = 6


def distance_against_accuracy(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """A figure of one panel per recording, task and setting, and the table that it is drawn from.

    Where there is a table of kind `baselines`, the cross-condition average of the recording is drawn too.
    """
    from neurorules.plotting import style
    from neurorules.statistics.noise_floor import PART, part_title

    table = procrustes_only(tables["distances"])
    groups = list(table.groupby(PART, sort=True))
    figure, axes = style.panels(len(groups))
    for panel, (_, rows) in zip(axes, groups, strict=True):
        apart = []
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            name = style.rule_label(str(learning_rule))
            label = f"{name} (n = {runs['seed'].nunique()})"
            if not draw_runs(panel, runs, style.look(str(learning_rule)), label):
                apart.append(name)
        baselines = _draw_baseline(panel, tables, rows["recording"].iloc[0])
        finish([panel], rows, [apart], baselines)
        panel.set_title(part_title(rows, table))
    style.legend(figure, axes)
    words = [
        "Thin lines: seeds (n in the legend), over training checkpoints.",
        "Thick lines: mean over seeds at common accuracies, where all seeds have been.",
    ]
    if "baselines" in tables:
        words.append("Dotted line: the recording's own average over conditions in place of a network.")
    style.caption(figure, context, table, words)
    return {"figure": figure, "csv": table}


def procrustes_only(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the measure that the papers' curves show."""
    return table[table["measure"] == "procrustes"].reset_index(drop=True)


def varied(table: pd.DataFrame, context: Mapping[str, Any], option: str, side: str = "") -> list[float]:
    """An option of the models in a table, row by row: `gain` or `learning_rate`.

    Args:
        table: with columns task, learning_rule and setting.
        context: the figure's context.
        option: its name in `context["varied"]`.
        side: "_a" or "_b" for one side of a table of pairs.

    Raises:
        InputError: two settings of one task and learning rule have the same value, and would be taken for one.
    """
    from neurorules.errors import InputError

    columns = ["task", f"learning_rule{side}", f"setting{side}"]
    values = {tuple(model.split("/")): options[option] for model, options in context["varied"].items()}
    chosen = [model for model, value in values.items() if isinstance(value, str)]
    if chosen:
        raise InputError(
            f"This figure compares {option.replace('_', ' ')}s, and that of {'/'.join(chosen[0])} is chosen for it.",
            key=f"training.{option}",
            value=values[chosen[0]],
            remedy="Give its setting a number, or take it out of this figure.",
        )
    models = sorted(set(table[columns].itertuples(index=False, name=None)))
    seen: dict[tuple[str, str, float], str] = {}
    for task, learning_rule, setting in models:
        first = seen.setdefault((task, learning_rule, values[task, learning_rule, setting]), setting)
        if first != setting:
            raise InputError(
                f"Two settings of this figure have the same {option.replace('_', ' ')} for {task}, {learning_rule}.",
                key="figures: settings",
                value=[first, setting],
                remedy="Take one of them out of this figure.",
            )
    return [values[model] for model in table[columns].itertuples(index=False, name=None)]


def draw_runs(
    panel: Axes, runs: pd.DataFrame, look: Mapping[str, Any], label: str, place: tuple[int, int] | None = None
) -> bool:
    """Draw one thin line per seed, and a thick one for their mean at common accuracies.

    Args:
        panel: drawn in.
        runs: the networks of one model, with columns seed, update, accuracy, distance.
        look: colour, line style, marker.
        label: for the legend.
        place: index and number of such lines in the panel, to draw error bars (SD over seeds) beside each other's.

    Returns:
        Whether there is an accuracy that all seeds have been at; else there is no mean.
    """
    from neurorules.similarity.matched_accuracy import mean_curve

    seeds = [run.sort_values("update") for _, run in runs.groupby("seed")]
    for run in seeds:
        panel.plot(run["accuracy"], run["distance"], **{**look, "marker": ""}, alpha=0.35, linewidth=0.6)
    accuracy, distance = mean_curve(seeds)
    if place is None or not len(accuracy):
        panel.plot(accuracy, distance, **look, markevery=0.15, markersize=3.5, label=label)
        return len(accuracy) > 0
    step = max(1, len(accuracy) // N_BARS)
    every = (place[0] * step // place[1], step)
    bars = [distance_at(run, accuracy) for run in seeds]
    panel.errorbar(
        accuracy,
        distance,
        np.std(bars, axis=0, ddof=1) if len(bars) > 1 else None,
        **look,
        markersize=3.5,
        markevery=every,
        errorevery=every,
        capsize=1.5,
        elinewidth=0.8,
        label=label,
    )
    return True


def draw_levels(
    panel: Axes, rows: pd.DataFrame, option: str, looks: Mapping[float, Mapping[str, Any]], names: Mapping[float, str]
) -> list[str]:
    """Draw the networks of one recording and learning rule, one mean line with error bars per level of an option.

    Returns:
        The names of levels whose seeds have no accuracy in common.
    """
    present = [level for level in looks if (rows[option] == level).any()]
    return [
        names[level]
        for index, level in enumerate(present)
        if not draw_runs(panel, rows[rows[option] == level], looks[level], names[level], (index, len(present)))
    ]


def finish(panels: Sequence[Axes], rows: pd.DataFrame, apart: Sequence[Sequence[str]], also: Iterable[float]) -> None:
    """Label panels of curves and give them the same limits.

    Args:
        panels: of one recording.
        rows: all that is drawn in them.
        apart: per panel, the names of lines whose seeds have no accuracy in common.
        also: further distances that limits must include.
    """
    from neurorules.plotting import style

    visible = rows["accuracy"].between(0, 1)
    shown = np.array([*rows.loc[visible, "distance"], *also])
    for panel, names in zip(panels, apart, strict=True):
        panel.set(xlim=(0, 1), ylabel=style.DISTANCE_LABEL)
        words = [f"No accuracy common to all seeds: {', '.join(names)}."] if names else []
        style.note(panel, style.ACCURACY_LABEL, words)
        if not visible.any():
            style.say(panel, "No network reaches an accuracy above 0.")
        if len(shown):
            margin = 0.05 * max(float(np.ptp(shown)), 0.02)
            panel.set_ylim(shown.min() - margin, shown.max() + margin)


def highest_common_accuracy(runs: Iterable[pd.DataFrame]) -> float:
    """The highest accuracy that all runs reach; NaN where one of them begins above it."""
    ordered = [run.sort_values("update")["accuracy"] for run in runs]
    highest = min(accuracy.max() for accuracy in ordered)
    return float(highest) if all(accuracy.iloc[0] <= highest for accuracy in ordered) else float("nan")


def distance_at(run: pd.DataFrame, accuracy: Any) -> np.ndarray:
    """Distance of one run where it first reaches given accuracies, see `at_accuracies`."""
    from neurorules.similarity.matched_accuracy import at_accuracies

    run = run.sort_values("update")
    return at_accuracies(run["accuracy"].to_numpy(), run["distance"].to_numpy(), np.asarray(accuracy))


def seeds_text(numbers: Iterable[int]) -> str:
    """How many seeds lines have: "n = 4", or "n = 3 to 4" where they differ."""
    found = sorted(set(numbers))
    return f"n = {found[0]}" if len(found) == 1 else f"n = {found[0]} to {found[-1]}"


def _draw_baseline(panel: Axes, tables: Mapping[str, pd.DataFrame], recording: str) -> list[float]:
    """Draw the distance of the cross-condition average from a recording, where it is known."""
    from neurorules.plotting import style

    if "baselines" not in tables:
        return []
    baselines = procrustes_only(tables["baselines"])
    of_recording = (baselines["recording"] == recording) & (baselines["quantity"] == "cross_condition_average")
    values = baselines.loc[of_recording, "value"].tolist()
    for value in values:
        panel.axhline(value, color=style.DATA[0], linestyle=":", linewidth=1, label="cross-condition average")
    return values
