"""Figure 8: eigenvalues of the recurrent weights (a), and dynamical similarity against accuracy (b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

TITLE = "Eigenvalues of recurrent weights, and dynamical similarity to the recording"
TABLES = ("eigenvalues", "dsa")
PRODUCTS = ("pdf", "png", "csv")

SCORE = "wasserstein"
SCORE_LABEL = "DSA distance\n(Wasserstein)"
INPUT_SCORE = "input"  # drawn if the study asks for it
INPUT_LABEL = "DSA distance with inputs\n(angle, radians)"
# The colour scale of differences extends at least this far, so that smaller ones are pale; distances are some tenths.
PALE = 0.05


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its two tables, concatenated with a column `panel`."""

    from neurorules.plotting import panels, titles
    from neurorules.tables.base.columns import PANEL_GROUP, below_each_other

    spectra, similarity = tables["eigenvalues"], tables["dsa"]
    dynamics = similarity[similarity["score"] == SCORE]
    rules = sorted(set(spectra["learning_rule"]), key=lambda rule: (rule != "bptt", rule))
    parts = list(spectra.groupby(PANEL_GROUP, sort=True))
    compared: list[str] = []
    reach = 1.05 * max(1.0, np.abs(spectra[["real", "imaginary"]].to_numpy()).max())
    driven = similarity[similarity["score"] == INPUT_SCORE]
    figure, grid = panels.make_grid(len(parts), len(rules) + (2 if driven.empty else 3), width=2.4, height=2.4)
    curves, differences = len(rules), len(rules) + 1  # columns of panel group b
    for row, (key, part) in zip(grid, parts, strict=True):
        title = titles.panel_title(part, spectra)
        same_task = spectra[(spectra["recording"] == key[0]) & (spectra["task"] == key[1])]
        for panel, rule in zip(row, rules, strict=False):
            distances = _draw_spectra(panel, rule, key[2], same_task, rules[0], reach)
            name = f"{titles.panel_title(part, spectra, ', ')}, {titles.rule_label(rule)}"
            compared += [f"{name} {', '.join(distances)}"] if distances else []
            panel.set_title(f"{title}\n{titles.rule_label(rule)}{panel.get_title()}")
        for own, scored, label in (
            (row[curves : differences + 1], dynamics, SCORE_LABEL),
            (row[differences + 1 :], driven, INPUT_LABEL),
        ):
            of_part = scored[(scored[PANEL_GROUP] == list(key)).all(axis=1)]
            if of_part.empty:
                for panel in own:
                    panel.set_axis_off()
                continue
            n_delays, rank = _largest_common(of_part)
            _draw_curves(own[0], of_part[(of_part["n_delays"] == n_delays) & (of_part["rank"] == rank)], label)
            own[0].set_title(f"{title}\n{n_delays} delays, rank {rank}")
            if scored is dynamics:
                _draw_differences(own[1], of_part, rules)
    panels.give_letters(figure, {grid[0, 0]: "a", grid[0, curves]: "b"})
    panels.legend(figure, list(grid.flat))
    panels.caption(
        figure,
        context,
        spectra,
        [
            "a: eigenvalues of all seeds after training; solid circle: radius 1; dotted: spectral radius before.",
            "ρ: spectral radius, mean over seeds.",
            *(
                [f"W, Wasserstein distance between spectra, mean over seeds: {'; '.join(compared)}."]
                if compared
                else []
            ),
            "b: thin lines: seeds; thick lines: mean over seeds at common accuracies.",
            "Grid: mean over seeds after training, for every number of delays and rank.",
            *([] if driven.empty else ["Right: DSA with the task's inputs fitted as well."]),
        ],
    )
    table = below_each_other([spectra.assign(panel="A"), similarity.assign(panel="B")])
    return {"figure": figure, "csv": table}


def _largest_common(of_part: pd.DataFrame) -> tuple[int, int]:
    """The largest number of delays and rank with which every network of a part was scored."""
    runs = of_part.groupby(["learning_rule", "seed"])
    pairs = [set(zip(run["n_delays"], run["rank"], strict=True)) for _, run in runs]
    n_delays, rank = max(set.intersection(*pairs))
    return int(n_delays), int(rank)


def _spectrum(run: pd.DataFrame) -> NDArray[Any]:
    values: NDArray[Any] = run["real"].to_numpy() + 1j * run["imaginary"].to_numpy()
    return values


def _draw_spectra(
    panel: Axes, rule: str, setting: str, same_task: pd.DataFrame, first_rule: str, reach: float
) -> list[str]:
    """Draw one model's eigenvalues; return its distances from the first learning rule and the first setting."""
    from neurorules.dynamics.eigenspectra import spectral_radius
    from neurorules.plotting import style, titles

    line_style = style.line_style(rule)
    rows = same_task[(same_task["learning_rule"] == rule) & (same_task["setting"] == setting)]
    if rows.empty:
        panel.set_axis_off()
        return []
    spectra = {
        stage: {
            (str(r), str(s), int(seed)): _spectrum(run)
            for (r, s, seed), run in at_stage.groupby(["learning_rule", "setting", "seed"])
        }
        for stage, at_stage in same_task.groupby("stage")
    }
    radius = {
        stage: np.mean([spectral_radius(values) for (r, s, _), values in of.items() if (r, s) == (rule, setting)])
        for stage, of in spectra.items()
    }
    trained = spectra["trained"]
    angle = np.linspace(0, 2 * np.pi, 200)
    for size, line in ((1.0, "-"), (radius["untrained"], ":")):
        panel.plot(size * np.cos(angle), size * np.sin(angle), color="#888888", linestyle=line, linewidth=0.7)
    values = rows[rows["stage"] == "trained"]
    panel.plot(
        values["real"],
        values["imaginary"],
        line_style["marker"],
        color=line_style["color"],
        markersize=2,
        markeredgewidth=0,
        alpha=0.6,
    )
    first_setting = min(s for r, s, _ in trained if r == rule)
    distances = [
        f"{distance:.2g} from {name}"
        for name, other in (
            (titles.rule_label(first_rule), (first_rule, setting)),
            (first_setting, (rule, first_setting)),
        )
        if (distance := _mean_distance(trained, (rule, setting), other)) is not None
    ]
    panel.set_title(f", ρ = {radius['trained']:.2f}")
    panel.set(xlim=(-reach, reach), ylim=(-reach, reach), ylabel="Imaginary", aspect="equal")
    panel.set_xlabel("Real")
    return distances


def _mean_distance(
    spectra: Mapping[tuple[str, str, int], NDArray[Any]], model: tuple[str, str], other: tuple[str, str]
) -> float | None:
    """Mean over seeds of the distance between two models' spectra; None for one model or without common seeds."""
    from neurorules.dynamics.eigenspectra import spectrum_distance

    pairs = [
        (values, spectra[*other, seed])
        for (*name, seed), values in spectra.items()
        if tuple(name) == model and (*other, seed) in spectra
    ]
    pairs = [(a, b) for a, b in pairs if len(a) == len(b)]
    if model == other or not pairs:
        return None
    return float(np.mean([spectrum_distance(a, b) for a, b in pairs]))


def _draw_curves(panel: Axes, rows: pd.DataFrame, ylabel: str) -> None:
    from neurorules.plotting import panels, style, titles
    from neurorules.plotting.curves import draw_runs

    no_overlap = []
    for learning_rule, runs in rows.groupby("learning_rule", sort=True):
        name = titles.rule_label(str(learning_rule))
        label = f"{name} (n = {runs['seed'].nunique()})"
        if not draw_runs(panel, runs, style.line_style(str(learning_rule)), label):
            no_overlap.append(name)
    panel.set(xlim=(0, 1), ylabel=ylabel)
    words = [f"No accuracy common to all seeds: {', '.join(no_overlap)}."] if no_overlap else []
    panel.set_xlabel(style.ACCURACY_LABEL)
    panels.note(panel, words)


def _draw_differences(panel: Axes, rows: pd.DataFrame, rules: list[str]) -> None:
    """Final distance of the last learning rule minus that of the first, for every number of delays and rank."""
    from neurorules.plotting import titles

    here = [rule for rule in rules if rule in set(rows["learning_rule"])]
    if len(here) < 2:
        panel.set_axis_off()
        return
    first, last = here[0], "eprop" if "eprop" in here[1:] else here[-1]
    final = rows[rows["update"] == rows.groupby(["learning_rule", "seed"])["update"].transform("max")]
    means = final.pivot_table(index="learning_rule", columns=["n_delays", "rank"], values="distance", aggfunc="mean")
    differences = (means.loc[last] - means.loc[first]).unstack("rank")
    values = differences.to_numpy()
    limit = max(float(np.nanmax(np.abs(values))), PALE)
    image = panel.imshow(values, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
    panel.figure.colorbar(image, ax=panel, shrink=0.8, pad=0.02)  # the title says of what
    for (i, j), value in np.ndenumerate(values):
        colour = "white" if abs(value) > 0.6 * limit else "black"
        text = f"{value:+.3f}" if abs(value) >= 0.0005 else "0.000"  # no sign on zero
        panel.text(j, i, text, ha="center", va="center", fontsize=points(5), color=colour)
    panel.set_xticks(range(values.shape[1]), [str(rank) for rank in differences.columns])
    panel.set_yticks(range(values.shape[0]), [str(n_delays) for n_delays in differences.index])
    panel.set(xlabel="Rank", ylabel="Delays")
    panel.set_title(f"Difference of final distance,\n{titles.rule_label(last)} − {titles.rule_label(first)}")
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
