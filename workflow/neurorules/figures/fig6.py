"""Figure 6: networks and recording embedded by their distances, and these distances, at equal accuracies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

TITLE = "Networks and recording by their distances at equal accuracies"
TABLES = ("snapshots",)
PRODUCTS = ("pdf", "png", "csv")

PART = ["recording", "task"]
FEWEST_NETWORKS = 3
# Marker fills, by which the settings of one learning rule are told apart.
FILLS = ("full", "none", "left", "bottom")

# (learning rule, setting, seed); ("data", "data", -1) for the recording
Network = tuple[str, str, int]
DATA: Network = ("data", "data", -1)


@dataclass(frozen=True)
class Snapshot:
    """One accuracy level of one recording and task.

    Attributes:
        networks: ordered by learning rule, setting and seed, the recording last.
        distances: (network, network).
        points: (network, 2), embedded; None for too few networks.
        accuracies: of all networks, without the recording.
    """

    networks: list[Network]
    distances: NDArray[Any]
    points: NDArray[Any] | None
    accuracies: NDArray[Any]


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table of pairs, with the embedding's coordinates x_a, y_a, x_b, y_b."""
    import pandas as pd

    from neurorules.plotting import guessing, panels, style

    table = tables["snapshots"]
    parts = list(table.groupby(PART, sort=True))
    levels = list(table.drop_duplicates("level")["level"])
    figure, axes = panels.make_grid(2 * len(parts), len(levels), width=2.4, height=2.2)
    grid = axes.reshape(len(parts), 2, len(levels))
    with_points = []
    for (top, bottom), (_, part) in zip(grid, parts, strict=True):
        upper = part["distance"].max()
        for column, level in enumerate(levels):
            rows = part[part["level"] == level]
            if rows.empty:
                for panel in (top[column], bottom[column]):
                    panel.set_axis_off()
                    panels.empty_message(panel, "No networks.")
                top[column].set_title(f"{_panel_title(part, table)}\n{level}")
                continue
            snapshot = _snapshot(rows)
            with_points.append(_with_coordinates(rows, snapshot))
            accuracies = f"{snapshot.accuracies.min():.2f} to {snapshot.accuracies.max():.2f}"
            lines = [_panel_title(part, table), str(level), f"accuracies {accuracies}"]
            top[column].set_title("\n".join([*lines, *_learnt(rows), *_not_compared(rows)]))
            _draw_embedding(top[column], snapshot, part)
            image = _draw_distances(bottom[column], snapshot, upper)
        bar = figure.colorbar(image, ax=list(bottom), shrink=0.8, pad=0.01)
        bar.set_label(style.DISTANCE_LABEL)
    panels.legend(figure, list(axes.flat))
    panels.caption(
        figure,
        context,
        table,
        [
            "Top: UMAP of the distances below (arbitrary units; it shows neighbours, not distances).",
            "Each network is at the checkpoint closest to the accuracy level in the title; the accuracies found are "
            "below it.",
            *_tolerance_words(table),
            *guessing.words(table),
            "Fills: settings in alphabetical order (full, open, left half, lower half)."
            if len(_settings(table)) > 1
            else "Points: seeds.",
            "Bottom: white lines separate learning rules; the data come last.",
        ],
    )
    return {"figure": figure, "csv": pd.concat(with_points, ignore_index=True)}


def _learnt(rows: pd.DataFrame) -> list[str]:
    """Lines of a title: the fraction of correct trials, and whether guessing is as good."""
    from neurorules.tables.base.levels import guessing_level
    from neurorules.tables.base.pairs import fractions_correct

    correct, guessing = fractions_correct(rows), guessing_level(rows)
    lines = []
    if len(correct):
        low, high = f"{correct.min():.0%}", f"{correct.max():.0%}"
        lines.append(f"{low if low == high else f'{low} to {high}'} of trials correct")
    below = bool(rows["level_accuracy"].iloc[0] < guessing)
    return lines + [f"below guessing: {guessing:.3f}"] * below


def _not_compared(rows: pd.DataFrame) -> list[str]:
    """Lines of a title: how many networks are at the level, and how many pairs are a network with itself."""
    from neurorules.tables.base.pairs import at_their_level, networks_in, of_different_networks

    networks = networks_in(rows)
    there, same = len(networks_in(at_their_level(rows))), len(rows) - len(of_different_networks(rows))
    lines = [f"{there} of {len(networks)} networks at this level"] if there < len(networks) else []
    return lines + [f"{same} pair{'s' * (same != 1)}: a network and itself"] * bool(same)


def _tolerance_words(table: pd.DataFrame) -> list[str]:
    from neurorules.tables.base.pairs import LEVEL_TOLERANCE, at_their_level, networks_in

    if all(len(networks_in(at_their_level(rows))) == len(networks_in(rows)) for _, rows in table.groupby("level")):
        return []
    return [f"At this level: within {LEVEL_TOLERANCE:g} of it; claims leave out the other networks."]


def _settings(rows: pd.DataFrame) -> list[str]:
    return sorted((set(rows["setting_a"]) | set(rows["setting_b"])) - {DATA[1]})


def _panel_title(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    title = str(rows["recording_title"].iloc[0])
    alike = table[table["recording_title"] == title]
    return f"{title}, {rows['task'].iloc[0]}" if len(alike.drop_duplicates(PART)) > 1 else title


def _sides(rows: pd.DataFrame, side: str) -> list[Network]:
    columns = (rows[f"{name}_{side}"] for name in ("learning_rule", "setting", "seed"))
    return list(zip(*columns, strict=True))


def _snapshot(rows: pd.DataFrame) -> Snapshot:
    from neurorules.dynamics.embedding import umap_embedding

    sides = {side: _sides(rows, side) for side in ("a", "b")}
    accuracy = {network: a for side in sides for network, a in zip(sides[side], rows[f"accuracy_{side}"], strict=True)}
    networks = sorted(set(accuracy), key=lambda network: (network == DATA, network))
    index = {network: i for i, network in enumerate(networks)}
    distances = np.zeros((len(networks), len(networks)))
    for a, b, distance in zip(sides["a"], sides["b"], rows["distance"], strict=True):
        distances[index[a], index[b]] = distances[index[b], index[a]] = distance
    models = [network for network in networks if network != DATA]
    points = umap_embedding(distances) if len(models) >= FEWEST_NETWORKS else None
    return Snapshot(networks, distances, points, np.array([accuracy[network] for network in models]))


def _with_coordinates(rows: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    points = np.full((len(snapshot.networks), 2), np.nan) if snapshot.points is None else snapshot.points
    index = {network: i for i, network in enumerate(snapshot.networks)}
    columns: dict[str, NDArray[Any]] = {}
    for side in ("a", "b"):
        at = points[[index[network] for network in _sides(rows, side)]]
        columns |= {f"x_{side}": at[:, 0], f"y_{side}": at[:, 1]}
    return rows.assign(**columns)


def _label(learning_rule: str) -> str:

    from neurorules.plotting import titles

    return "data" if learning_rule == DATA[0] else titles.rule_label(learning_rule)


def _draw_embedding(panel: Axes, snapshot: Snapshot, part: pd.DataFrame) -> None:
    from neurorules.plotting import panels, style

    if snapshot.points is None:
        models = len(snapshot.networks) - (DATA in snapshot.networks)
        panel.set_axis_off()
        panels.empty_message(panel, f"{models} network{'s' * (models != 1)}: too few to embed.")
        return
    settings = _settings(part)
    for (learning_rule, setting, _), (x, y) in zip(snapshot.networks, snapshot.points, strict=True):
        is_data = learning_rule == DATA[0]
        line_style = style.line_style(learning_rule)
        colour, marker = (style.DATA[0], style.DATA[2]) if is_data else (line_style["color"], line_style["marker"])
        fill = FILLS[0] if is_data else FILLS[settings.index(setting) % len(FILLS)]
        panel.plot(
            x,
            y,
            marker,
            color=colour,
            fillstyle=fill,
            markersize=11 if is_data else 5,
            markeredgewidth=0.7,
            markeredgecolor="#000000" if is_data else colour,
            label=_label(learning_rule) if fill == FILLS[0] else None,
            zorder=3 if is_data else 2,
        )
    panel.margins(0.15)
    panel.set(xticks=[], yticks=[], xlabel="UMAP 1", ylabel="UMAP 2")


def _draw_distances(panel: Axes, snapshot: Snapshot, upper: float) -> Any:
    image = panel.imshow(snapshot.distances, vmin=0.0, vmax=upper, cmap="viridis", interpolation="nearest")
    rules = [learning_rule for learning_rule, _, _ in snapshot.networks]
    starts = [i for i, rule in enumerate(rules) if i == 0 or rules[i - 1] != rule]
    middles = [(start + stop - 1) / 2 for start, stop in zip(starts, [*starts[1:], len(rules)], strict=True)]
    for start in starts[1:]:
        panel.axhline(start - 0.5, color="white", linewidth=1)
        panel.axvline(start - 0.5, color="white", linewidth=1)
    names = [_label(rules[start]) for start in starts]
    panel.set_yticks(middles, names)
    panel.set_xticks(middles, names, rotation=40, ha="right", rotation_mode="anchor")
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return image
