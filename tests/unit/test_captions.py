"""Captions of the report: each renders with the values of every study."""

from __future__ import annotations

from pathlib import Path

import pytest
from docutils.core import publish_parts
from helpers.studies import (
    STUDY_FILES,
    loaded,
)
from jinja2 import Environment, StrictUndefined

from neurorules.figures.base.figure import FIGURES
from neurorules.study.yaml_source import REPOSITORY


@pytest.mark.parametrize("file", STUDY_FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("caption", [*FIGURES.names(), "workflow"])
def test_every_figure_has_a_caption_that_renders(caption: str, file: Path) -> None:
    made = loaded(file)

    class Snakemake:
        config = made.config

    text = (REPOSITORY / "workflow" / "report" / f"{caption}.rst").read_text()
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    # halt_level 2: a warning of docutils is an error
    filled = environment.from_string(text).render(snakemake=Snakemake)
    html = publish_parts(filled, writer="html", settings_overrides={"halt_level": 2, "report_level": 5})["body"]
    used = [made.selection.recording_entry(name) for name in made.config["use_recordings"]]
    warned = "says nothing about the brain" in html or "say nothing about the brain" in html
    assert warned == (
        caption not in ("proposition", "schematic", "companion_schematic") and any(entry["synthetic"] for entry in used)
    )
    if caption in made.selection.figures:
        entry = made.config["figures"][caption]
        said = {
            "table3": f"{len(made.selection.figure_seeds(caption))} seeds",
            "fig7": "dale-relu",
            "model_distances": "number of pairs",
            **dict.fromkeys(
                ("proposition", "table4", "claims", "schematic", "companion_schematic"), ""
            ),  # without their own seeds
        }
        assert said.get(caption, f"n = {len(made.selection.figure_seeds(caption))}") in html
        if caption in ("fig1", "fig5", "table3"):
            assert ", ".join(entry["settings"]) in html
            assert all(", ".join(part["settings"]) in html for part in entry.get("extra_models", []))


@pytest.mark.parametrize("caption", [*FIGURES.names(), "workflow"])
def test_a_caption_shows_names_letter_by_letter(caption: str) -> None:
    """A word that ends in an underscore is a reference in reStructuredText."""
    config = loaded(REPOSITORY / "tests" / "config" / "tiny.yaml").config
    named = {**config["recordings"], "lab_": config["recordings"]["hatsopoulos2007"]}
    entry = {"tasks": ["task_"], "settings": ["base_", "a__b__"], "learning_rules": ["eprop"]}
    figures = {name: {**entry, "extra_models": [entry]} for name in config["figures"]}

    class Snakemake:
        pass

    Snakemake.config = {**config, "study": "mine_", "use_recordings": ["lab_"], "recordings": named, "figures": figures}
    text = (REPOSITORY / "workflow" / "report" / f"{caption}.rst").read_text(encoding="utf-8")
    filled = Environment(trim_blocks=True, lstrip_blocks=True).from_string(text).render(snakemake=Snakemake)
    html = publish_parts(filled, writer="html", settings_overrides={"halt_level": 2, "report_level": 5})["body"]
    for name in ("base_", "a__b__", "task_", "mine_", "lab_"):
        assert (name in html) == (name.replace("_", r"\_") in filled)
