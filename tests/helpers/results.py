"""A study with results but no jobs: the real code decides the ledger from tables in which the truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neurorules.figures.base.figure import FIGURES
from neurorules.figures.base.produce import produce
from neurorules.io.atomic import write_text
from neurorules.io.identity import canonical_json
from neurorules.io.tables import write_table
from neurorules.plotting.save import save_figure
from neurorules.provenance.code import code_hash
from neurorules.study.identity import Identities
from neurorules.study.load import Study, load_study
from neurorules.study.yaml_source import REPOSITORY

STUDY = """
study: pages
use_recordings: [hatsopoulos2007]
use_figures: [fig1, table3, proposition, claims, claims_forest]
seeds: [0, 1, 2, 3]
recordings:
  hatsopoulos2007: {synthetic: false, source: dryad}
figures:
  fig1: {tasks: [hatsopoulos2007], learning_rules: [bptt, eprop], settings: [base], extra_models: []}
  table3: {tasks: [hatsopoulos2007], learning_rules: [bptt, eprop], settings: [base], extra_models: []}
"""
TITLE = "Hatsopoulos 2007"

# Distances at the accuracy that all networks reach; e-prop's networks are .1 farther from the recording.
BPTT = (0.497, 0.499, 0.501, 0.503)
EPROP = (0.595, 0.599, 0.601, 0.605)


def study_with_results(folder: Path, title: str = TITLE, synthetic: int = 0) -> Study:
    """A study whose figures are in `folder`.

    Args:
        folder: takes the study file and results/.
        title: of the recording.
        synthetic: whether the recording is.
    """
    file = folder / "pages.yaml"
    entry = "{synthetic: true}" if synthetic else "{synthetic: false, source: dryad}"
    file.write_text(STUDY.replace("{synthetic: false, source: dryad}", entry), encoding="utf-8")
    study = load_study(file)
    identities = Identities(study, _code)
    for name in study.selection.figures:
        outputs = [folder / file for file in study.paths.figure_files(name)]
        context = {
            **study.selection.figure_context(name),
            "code": _code("figure.py"),
            "made_from": identities.figure(name),
        }
        if name.startswith("claims"):
            distances = folder / "distances" / "distances.csv"
            write_table(distances, _distances(title, synthetic))
            for output in outputs:
                output.parent.mkdir(parents=True, exist_ok=True)
            published = str(REPOSITORY / "resources" / "published.yaml")
            produce(name, context, {"fig1": [str(distances)]}, published, [str(output) for output in outputs])
        else:
            _draw(name, outputs, canonical_json(context), synthetic)
    return study


def _code(script: str, plugins: tuple[str, ...] = ()) -> str:
    return code_hash(REPOSITORY / "workflow" / "scripts" / script, tuple(plugins))


def _draw(name: str, outputs: list[Path], made_by: str, synthetic: int) -> None:
    """Figure files with almost no content, written like the real ones."""
    by_ending = {output.suffix: output for output in outputs}
    by_ending[".csv"].parent.mkdir(parents=True, exist_ok=True)
    write_table(by_ending[".csv"], pd.DataFrame({"synthetic": [synthetic, synthetic], "distance": [0.5, 0.6]}))
    if ".pdf" in by_ending:
        figure = Figure(figsize=(3, 2))
        figure.subplots().plot([0.0, 1.0], [0.6, 0.5])
        save_figure(figure, by_ending[".pdf"], by_ending[".png"], FIGURES.load(name).TITLE, made_by)
    else:
        table = "# Table\n\n## A part\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"
        write_text(by_ending[".md"], f"{table}\n<!-- made by {made_by} -->\n")
        write_text(by_ending[".html"], f"<!doctype html><p>1 2</p><!-- {made_by} -->\n")


def _distances(title: str, synthetic: int) -> pd.DataFrame:
    """Networks that learn steadily to accuracy .9, at a distance that accuracy does not change."""
    rows: list[dict[str, Any]] = []
    for rule, distances in (("bptt", BPTT), ("eprop", EPROP)):
        for seed, distance in enumerate(distances):
            for update in np.arange(0, 101, 10):
                rows.append(
                    {
                        "recording": "hatsopoulos2007",
                        "recording_title": title,
                        "synthetic": synthetic,
                        "task": "hatsopoulos2007",
                        "learning_rule": rule,
                        "setting": "base",
                        "measure": "procrustes",
                        "seed": seed,
                        "update": int(update),
                        "accuracy": 0.009 * update,
                        "distance": distance,
                    }
                )
    return pd.DataFrame(rows)
