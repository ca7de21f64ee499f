"""Distance to the recording against normalized accuracy, as in Figures 1 to 3 and similar figures.

One thin line per seed over its checkpoints, and a thick line for the mean over seeds at common accuracies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

N_BARS = 6


def distance_against_accuracy(
    tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any], more_words: Sequence[str] = ()
) -> dict[str, Any]:
    """A figure with one panel per recording, task and setting, and its table; `more_words` are added to the caption.

    If there is a table of type `baselines`, the recording's baselines are drawn too.
    """
    from neurorules.plotting import baseline_lines, guessing, panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = procrustes_only(tables["distances"])
    groups = list(table.groupby(PANEL_GROUP, sort=True))
    figure, axes = panels.make_panels(len(groups))
    for panel, (_, rows) in zip(axes, groups, strict=True):
        no_overlap = []
        baselines = baseline_lines.draw(panel, baseline_lines.values_of(tables, rows))
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            baselines += baseline_lines.mark(panel, runs, style.line_style(str(learning_rule))["color"])
            name = titles.rule_label(str(learning_rule))
            label = f"{name} (n = {runs['seed'].nunique()})"
            if not draw_runs(panel, runs, style.line_style(str(learning_rule)), label):
                no_overlap.append(name)
        format_panels([panel], rows, [no_overlap], baselines)
        panel.set_title(titles.panel_title(rows, table))
    panels.legend(figure, axes)
    words = [
        "Thin lines: seeds (n in the legend), over training checkpoints.",
        "Thick lines: mean over seeds at accuracies that all seeds cover.",
    ]
    words += [*baseline_lines.caption_words(axes), *guessing.words(table)]
    if "resampled_distances" in tables:
        words += difference_words(tables["resampled_distances"])
    panels.caption(figure, context, table, [*words, *more_words])
    return {"figure": figure, "csv": table}


def difference_words(table: pd.DataFrame) -> list[str]:
    """The sentence, if any, about differences from BPTT after training, with intervals over neurons and seeds."""
    from neurorules.claims.derivations.neuron_seed_intervals import interval_table, over_words
    from neurorules.plotting import titles

    intervals = interval_table(table).dropna(subset="low_neurons_seeds")
    words = [
        f"{titles.panel_title(row.to_frame().T, intervals, ', ')}, {titles.rule_label(row['learning_rule'])}: "
        f"{row['difference_from_bptt']:+.3f} [{row['low_neurons_seeds']:+.3f}, {row['high_neurons_seeds']:+.3f}]"
        for _, row in intervals[intervals["stage"] == "trained"].iterrows()
    ]
    about = f"Difference from BPTT at the last checkpoint (95% interval over {over_words(intervals)})"
    return [f"{about}: {'; '.join(words)}."] if words else []


def procrustes_only(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the measure in the papers' curves."""
    return table[table["measure"] == "procrustes"].reset_index(drop=True)


def one_setting_each(table: pd.DataFrame, options: Sequence[str], side: str = "") -> None:
    """Check that a figure can tell settings apart by the options that it shows.

    Args:
        table: columns task, learning_rule, setting and the options.
        options: the options shown, such as gain and flossed.
        side: "_a" or "_b" for one side of a table of pairs.

    Raises:
        InputError: two settings of one task and learning rule have the same values and cannot be told apart.
    """
    from neurorules.errors import InputError

    columns = ["task", *(f"{column}{side}" for column in ("learning_rule", "setting", *options))]
    seen: dict[tuple[Any, ...], str] = {}
    for task, learning_rule, setting, *values in sorted(set(table[columns].itertuples(index=False, name=None))):
        first = seen.setdefault((task, learning_rule, *values), setting)
        if first != setting:
            same = " and ".join(option.replace("_", " ") for option in options)
            raise InputError(
                f"Two settings of this figure have the same {same} for {task}, {learning_rule}.",
                key="figures: settings",
                value=[first, setting],
                remedy="Remove one of them from this figure.",
            )


def draw_runs(
    panel: Axes, runs: pd.DataFrame, line_style: Mapping[str, Any], label: str, place: tuple[int, int] | None = None
) -> bool:
    """Draw a thin line per seed, and a thick line for their mean at common accuracies.

    Args:
        panel: the panel to draw in.
        runs: the networks of one model, with columns seed, update, accuracy, distance.
        line_style: colour, line style, marker.
        label: for the legend.
        place: index of this line and number of lines in the panel, to draw staggered error bars (SD over seeds).

    Returns:
        Whether the seeds have an accuracy in common; else there is no mean.
    """
    from neurorules.similarity.matched_accuracy import mean_curve
    from neurorules.tables.base.matched import run_course

    seeds = [run.sort_values("update") for _, run in runs.groupby("seed")]
    for run in seeds:
        panel.plot(run["accuracy"], run["distance"], **{**line_style, "marker": ""}, alpha=0.35, linewidth=0.6)
    accuracy, distance, of_seeds = mean_curve([run_course(run) for run in seeds])
    if place is None or not len(accuracy):
        panel.plot(accuracy, distance, **line_style, markevery=0.15, markersize=3.5, label=label)
        return len(accuracy) > 0
    step = max(1, len(accuracy) // N_BARS)
    every = (place[0] * step // place[1], step)
    panel.errorbar(
        accuracy,
        distance,
        np.std(of_seeds, axis=0, ddof=1) if len(of_seeds) > 1 else None,
        **line_style,
        markersize=3.5,
        markevery=every,
        errorevery=every,
        capsize=1.5,
        elinewidth=0.8,
        label=label,
    )
    return True


def draw_levels(
    panel: Axes,
    rows: pd.DataFrame,
    option: str,
    line_styles: Mapping[float, Mapping[str, Any]],
    names: Mapping[float, str],
) -> list[str]:
    """Draw the networks of one recording and learning rule, with one mean line and error bars per level of an option.

    Returns:
        The names of levels whose seeds have no accuracy in common.
    """
    present = [level for level in line_styles if (rows[option] == level).any()]
    return [
        names[level]
        for index, level in enumerate(present)
        if not draw_runs(panel, rows[rows[option] == level], line_styles[level], names[level], (index, len(present)))
    ]


def format_panels(
    panels_: Sequence[Axes], rows: pd.DataFrame, no_overlap: Sequence[Sequence[str]], extra_distances: Iterable[float]
) -> None:
    """Label panels of curves and give them the same limits.

    Args:
        panels_: the panels of one recording.
        rows: all that is drawn in them.
        no_overlap: per panel, the names of lines whose seeds have no accuracy in common.
        extra_distances: further distances that the limits must include.
    """
    from neurorules.plotting import guessing, panels, style

    visible = rows["accuracy"].between(0, 1)
    distances = np.array([*rows.loc[visible, "distance"], *extra_distances])
    for panel, names in zip(panels_, no_overlap, strict=True):
        panel.set(xlim=(0, 1), ylabel=style.DISTANCE_LABEL)
        panel.set_xlabel(style.ACCURACY_LABEL)
        panels.note(panel, [f"No accuracy common to all seeds: {', '.join(names)}."] if names else [])
        if not visible.any():
            panels.empty_message(panel, "No network reaches an accuracy above 0.")
        guessing.mark(panel, rows)
        if len(distances):
            margin = 0.05 * max(float(np.ptp(distances)), 0.02)
            panel.set_ylim(distances.min() - margin, distances.max() + margin)
