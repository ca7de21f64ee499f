"""Draw docs/images/rulegraph.svg: the steps of the workflow and how they depend on each other.

    python docs/rulegraph.py            writes it
    python docs/rulegraph.py --check    checks whether it is up to date

The graph is Snakemake's for the demo, which has every kind of step. Rules that differ only in seeds, sources or the
figure that they draw share one box.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURE = REPOSITORY / "docs" / "images" / "rulegraph.svg"

# By rule: the text of its box, and its row.
BOXES = {
    "synthetic_raw_files": ("synthetic raw files\n(or downloaded, or yours)", 0.0),
    "recording": ("recording\nrates by condition,\ntime and neuron", 0.0),
    "choose_learning_rate": ("choose learning rate\nwhere it is 'best'", 1.0),
    "train": ("train\na file for each seed", 1.0),
    "score_recording": ("score recording\nbaselines, trial averages", -1.0),
    "score": ("score\nthe seeds of a model", 0.8),
    "score_group": ("score group\nthe models of a figure", 0.1),
    "figure": ("figure or table\nPDF, PNG, CSV", -0.15),
    "claims": ("claims\na verdict for each", -1.0),
}


def kind(rule: str, figures: Sequence[str]) -> str | None:
    """The box of a rule; None for the target `all`."""
    if rule == "all":
        return None
    if rule == "claims":
        return rule
    return "figure" if rule in figures else re.sub(r"^(train|download)_.*", r"\1", rule)


def steps() -> dict[str, set[str]]:
    """For each box, the boxes that it depends on."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--cores", "1"]
    done = subprocess.run(
        [*command, "--configfile", "config/demo.yaml", "--config", "models_per_job=1"],  # a rule for each kind
        cwd=REPOSITORY,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    sys.path.insert(0, str(REPOSITORY / "workflow"))
    from neurorules.figures.base.figure import FIGURES

    rules = dict(re.findall(r'(\d+)\[label = "([^"]+)"', done.stdout))
    of = {number: kind(rule, FIGURES.names()) for number, rule in rules.items()}
    takes: dict[str, set[str]] = {box: set() for box in of.values() if box is not None}
    for source, target in re.findall(r"(\d+) -> (\d+)", done.stdout):
        first, second = of[source], of[target]
        if first is not None and second is not None and first != second:
            takes[second].add(first)
    return takes


def columns(takes: Mapping[str, set[str]]) -> dict[str, int]:
    """The column of each box: after all boxes that it depends on, or without any, just before its first user."""
    found: dict[str, int] = {}
    while len(found) < len(takes):
        for box, sources in takes.items():
            if sources <= set(found):
                found[box] = max((found[source] + 1 for source in sources), default=0)
    for box in takes:
        if not takes[box]:
            found[box] = min(found[other] for other, sources in takes.items() if box in sources) - 1
    return found


def draw(takes: Mapping[str, set[str]], file: Path) -> None:
    """Write the picture; the same graph gives the same bytes."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "neurorules", "svg.fonttype": "none", "font.family": "sans-serif"})
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    column = columns(takes)
    places = {box: (2.1 * column[box], BOXES[box][1]) for box in takes}
    width, height = 1.72, 0.6
    figure = Figure(figsize=(2.1 * (max(column.values()) + 1), 3.4))
    axes = figure.add_axes((0, 0, 1, 1))
    for box, sources in takes.items():
        x, y = places[box]
        for source in sorted(sources):
            from_x, from_y = places[source]
            axes.annotate(
                "",
                (x - width / 2, y),
                (from_x + width / 2, from_y),
                arrowprops={"arrowstyle": "-|>", "color": "#888888", "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
            )
    for box, (x, y) in places.items():
        shape = FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.08", zorder=2
        )
        shape.set(facecolor="#eef4f5", edgecolor="#00798c", linewidth=1.0)
        axes.add_patch(shape)
        axes.text(x, y, BOXES[box][0], ha="center", va="center", fontsize=8, zorder=3)
    axes.set(xlim=(-1, max(x for x, _ in places.values()) + 1), ylim=(-1.6, 1.6))
    axes.axis("off")
    figure.savefig(file, metadata={"Date": None})


def main(arguments: Sequence[str]) -> int:
    """Write the picture, or check it; returns the exit code."""
    takes = steps()
    missing = set(takes) - set(BOXES)
    if missing:
        print(f"docs/rulegraph.py has no box for {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    if "--check" not in arguments:
        draw(takes, PICTURE)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        anew = Path(folder) / "rulegraph.svg"
        draw(takes, anew)
        if PICTURE.exists() and anew.read_bytes() == PICTURE.read_bytes():
            return 0
    print(f"{PICTURE.relative_to(REPOSITORY)} is not up to date: run python docs/rulegraph.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
