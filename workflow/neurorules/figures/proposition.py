"""Proposition 4.1: a linear network of one unit, in which e-prop reaches BPTT's solution from some initial weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Proposition 4.1: flows of e-prop and BPTT in one weight"
TABLES = ()
PRODUCTS = ("pdf", "png", "csv")

DRAWN_EVERY = 4  # initial weights
DURATION = 6.0  # of the drawn trajectories, in the flow's unit of time

TITLES = {
    "bptt": "BPTT\ndw/dt = −p p′",
    "eprop_constant": "e-prop, constant S = 1\ndw/dt = −p S",
    "eprop_truncated": "e-prop, literal truncation\ndw/dt = −p h$_{T−1}$",
}
# Line style and marker of each outcome, which must be distinct in grey.
OUTCOMES = {"converged": ("-", "o"), "stalled": ("--", "s"), "diverged": (":", "^")}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table of outcomes; it needs no networks."""
    from matplotlib.lines import Line2D

    from neurorules.claims.derivations import proposition_outcomes
    from neurorules.dynamics import proposition
    from neurorules.plotting import panels, style

    inputs = proposition.inputs_with_roots(proposition.ROOTS)
    flows = proposition_outcomes.flows()
    line_styles = {
        "bptt": style.line_style("bptt"),
        "eprop_constant": style.line_style("eprop"),
        "eprop_truncated": {**style.line_style("eprop"), "linestyle": ":"},
    }
    table = proposition_outcomes.outcomes()
    figure, axes = panels.make_panels(8)
    w = np.linspace(-2.0, 2.0, 400)
    error = proposition.error(inputs)

    axes[0].plot(w, error(w), color=style.UNTRAINED[0])
    axes[0].plot(proposition.ROOTS, np.zeros(len(proposition.ROOTS)), "o", color="#000000", markersize=4)
    axes[0].set(ylim=(-1.5, 3.0), ylabel="Error p(w) = y − 1", title="The error and its roots")
    for panel, (name, flow) in zip(axes[1:4], flows.items(), strict=True):
        panel.plot(w, flow(w), **{**line_styles[name], "marker": ""})
        panel.set(ylim=(-1.5, 1.5), ylabel="dw/dt")
        panel.set_title(TITLES[name], parse_math=True)
    for panel in axes[:4]:
        panel.axhline(0.0, color="#bbbbbb", linewidth=0.5)
        panel.set(xlim=(-2.0, 2.0), xlabel="Weight w")

    _outcomes_by_start(axes[4], table, line_styles)
    for panel, (name, flow) in zip(axes[5:], flows.items(), strict=True):
        rows = table[table["flow"] == name].set_index("initial_weight")
        for start in proposition_outcomes.WEIGHTS[::DRAWN_EVERY]:
            line, _ = OUTCOMES[str(rows.loc[start, "observed"])]
            panel.plot(
                *proposition.trajectory(flow, start, DURATION),
                color=line_styles[name]["color"],
                linestyle=line,
                linewidth=0.8,
            )
        for root in proposition.ROOTS:
            panel.axhline(root, color="#999999", linewidth=0.6)
        panel.set(xlim=(0, DURATION), ylim=(-2.6, 2.2), xlabel="Time", ylabel="Weight w")
    handles = [
        Line2D([], [], color="#000000", linestyle=line, marker=marker, markersize=3.5, linewidth=0.8, label=name)
        for name, (line, marker) in OUTCOMES.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    inputs_said = ", ".join(f"{x:g}" for x in np.round(inputs, 4))
    panels.caption(
        figure,
        context,
        table,
        [
            f"Linear network of one unit, inputs {inputs_said}, target 1; grey lines: roots of p.",
            "Grey bars: initial weights for which the proposition predicts convergence (dark) or divergence (light).",
            "Literal truncation: predicted as if h at the second-to-last step kept its initial value.",
            "'Stalled': at rest where this h is 0 and the error is not.",
        ],
    )
    return {"figure": figure, "csv": table}


def _outcomes_by_start(panel: Axes, table: pd.DataFrame, line_styles: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw one row per flow: the outcome from each initial weight, over the prediction."""
    names = {"bptt": "BPTT", "eprop_constant": "e-prop\nconstant S", "eprop_truncated": "e-prop\ntruncated"}
    from neurorules.claims.derivations.proposition_outcomes import WEIGHTS

    step = WEIGHTS[1] - WEIGHTS[0]
    for y, (name, rows) in enumerate(table.groupby("flow", sort=False)):
        for what, shade in (("converged", "#aaaaaa"), ("diverged", "#e2e2e2")):
            starts = rows.loc[rows["predicted"] == what, "initial_weight"]
            panel.bar(starts, 0.8, step * 1.02, y - 0.4, color=shade, linewidth=0)
        for what, (_, marker) in OUTCOMES.items():
            starts = rows.loc[rows["observed"] == what, "initial_weight"].to_numpy()[::2]
            panel.plot(starts, np.full(len(starts), y), marker, color=line_styles[str(name)]["color"], markersize=2)
    panel.set_yticks(range(len(names)), list(names.values()))
    panel.invert_yaxis()
    panel.set(xlim=(-2.0, 2.0), xlabel="Initial weight", title="Outcomes")
