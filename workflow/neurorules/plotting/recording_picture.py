"""A picture of a recording, to check it before use: PSTHs and single trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.plotting.style import level_styles, publication

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MOST_LINES = 12  # conditions that are drawn and labelled
MOST_TRIALS = 400


def draw_recording(recording: xr.Dataset, title: str, file: Path) -> str:
    """Draw a recording as a PNG file.

    Left: each condition's mean over neurons. Middle: the neurons' rates, averaged over conditions. Right: single trials
    of the neuron with the most variable rate, sorted by condition.

    Args:
        recording: see recordings/recording.py.
        title: the recording's name.
        file: the file to write.

    Returns:
        The caption.
    """
    from matplotlib.figure import Figure

    with publication():
        figure = Figure(figsize=(8.4, 3.0))
        left, middle, right = figure.subplots(1, 3)
        unit = recording["rates"].attrs.get("units", "spikes/s")
        _conditions(left, recording, unit)
        _neurons(figure, middle, recording, unit)
        shown = _trials(figure, right, recording, unit)
        figure.suptitle(title, fontsize=9)
        figure.savefig(file, dpi=150)
    sizes = recording.sizes
    return (
        f"Left: mean over {sizes['neuron']} neurons in each condition, trial-averaged. Middle: each neuron's "
        f"rate, averaged over {sizes['condition']} conditions, divided by its largest absolute value. Right: {shown} "
        f"Aligned to {recording.attrs['aligned_to']}; bins of {recording.attrs['bin_width_ms']:g} ms."
    )


def condition_names(recording: xr.Dataset) -> list[str]:
    """The name of each condition, from its labels."""
    labels = [str(name) for name, of in recording.coords.items() if of.dims == ("condition",) and name != "condition"]
    return [
        ", ".join(_word(recording[name].values[i]) for name in labels) or str(i)
        for i in range(recording.sizes["condition"])
    ]


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _conditions(axes: Axes, recording: xr.Dataset, unit: str) -> None:
    time_ms = recording["time"].values
    by_context = _context_lines(recording)
    lines = by_context or _condition_lines(recording)
    alone: dict[str, Any] = {"marker": "o", "markersize": 3} if len(time_ms) == 1 else {}
    for label, rates, line_style in lines:
        axes.plot(time_ms, rates, label=label, **{**line_style, **alone})
    axes.set_xlabel(f"Time from {recording.attrs['aligned_to']} (ms)")
    axes.set_ylabel(f"Mean rate ({unit})")
    n = recording.sizes["condition"]
    few = f"Conditions, {len(lines)} of {n} shown" if len(lines) < n else "Conditions"
    axes.set_title(f"{n} conditions by motion coherence" if by_context else few)
    axes.legend(fontsize=5, ncols=2, loc="best")


Line = tuple[str, Any, dict[str, Any]]  # name, rate at each time, colour and line style


def _condition_lines(recording: xr.Dataset) -> list[Line]:
    """Each condition's mean over neurons; only some conditions if there are many."""
    names = condition_names(recording)
    shown = np.unique(np.linspace(0, len(names) - 1, min(len(names), MOST_LINES)).round().astype(int)).tolist()
    styles = level_styles(shown)
    rates = recording["rates"].values.mean(axis=2)
    return [(names[c], rates[c], {**styles[c], "marker": None}) for c in shown]


def _context_lines(recording: xr.Dataset) -> list[Line]:
    """For a context-dependent decision, the mean over neurons and the other feature's coherences; else nothing."""
    import json

    from neurorules.plotting.conditions import CONTEXT, CONTEXTS, coherence_label, condition_lines
    from neurorules.recordings.conditions import labels_in_words

    labels = [json.loads(text) for text in labels_in_words(recording)]
    name = coherence_label(labels)
    if name is None:
        return []
    alike: dict[tuple[Any, Any], list[int]] = {}
    for number, of in enumerate(labels):
        alike.setdefault((of[CONTEXT], of[name]), []).append(number)
    rates, styles = recording["rates"].values.mean(axis=2), condition_lines(labels)
    return [
        (f"{CONTEXTS[context][0]} relevant, {value:+.2g}", rates[numbers].mean(axis=0), styles[numbers[0]])
        for (context, value), numbers in sorted(alike.items())
    ]


def _extent(recording: xr.Dataset, rows: int) -> tuple[float, float, float, float]:
    time_ms, width = recording["time"].values, float(recording.attrs["bin_width_ms"])
    return (float(time_ms[0]), float(time_ms[-1]) + width, float(rows), 0.0)


def _neurons(figure: Any, axes: Axes, recording: xr.Dataset, unit: str) -> None:
    mean = recording["rates"].values.mean(axis=0).T  # neuron, time
    scale = np.abs(mean).max(axis=1, keepdims=True)
    scaled = mean / np.where(scale > 0, scale, 1)
    order = np.argsort(scaled.argmax(axis=1), kind="stable")
    image = axes.imshow(
        scaled[order], aspect="auto", extent=_extent(recording, len(mean)), cmap="viridis", interpolation="nearest"
    )
    figure.colorbar(image, ax=axes, label="Rate / largest", shrink=0.8)
    axes.set_xlabel(f"Time from {recording.attrs['aligned_to']} (ms)")
    axes.set_ylabel("Neurons, by the time of their peak")
    axes.set_title(f"{len(mean)} neurons")


def _trials(figure: Any, axes: Axes, recording: xr.Dataset, unit: str) -> str:
    if "trial_rates" not in recording:
        axes.set_axis_off()
        return "the recording was made without single trials."
    spread = recording["rates"].values.std(axis=(0, 1))
    neuron = int(np.argmax(spread))
    mine = np.flatnonzero(recording["trial_neuron"].values == neuron)
    condition = recording["trial_condition"].values[mine]
    order = np.argsort(condition, kind="stable")
    total = len(order)
    order = order[np.unique(np.linspace(0, total - 1, min(total, MOST_TRIALS)).round().astype(int))]
    rates, condition = recording["trial_rates"].values[mine[order]], condition[order]
    image = axes.imshow(
        rates, aspect="auto", extent=_extent(recording, len(rates)), cmap="Greys", interpolation="nearest"
    )
    figure.colorbar(image, ax=axes, label=unit, shrink=0.8)
    for edge in np.flatnonzero(np.diff(condition)) + 1:
        axes.axhline(float(edge), color="#d55e00", linewidth=0.5)
    name = str(recording["neuron"].values[neuron])
    axes.set_xlabel(f"Time from {recording.attrs['aligned_to']} (ms)")
    axes.set_ylabel("Trials, by condition")
    axes.set_title(f"Single trials of {name}")
    part = "" if total == len(rates) else f"{len(rates)} of "
    return f"{part}{total} single trials of {name}, the neuron with the most variable rate; lines separate conditions."
