"""A study's figures and tables for the results page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurorules.cli.inspect import made_by
from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES
from neurorules.report.captions import caption_html, first_paragraph, plain_text, table_html
from neurorules.report.embed import Download, Picture, download, picture
from neurorules.report.making import Making, Makings
from neurorules.study.load import Study

ALL, SOME, NONE = "synthetic data", "in part synthetic data", ""
# Suffixes of a figure's files, in the order in which to look for provenance.
SAYING = (".png", ".pdf", ".md", ".html")


@dataclass(frozen=True)
class Shown:
    """A figure or table on the page.

    Attributes:
        name, title: name and title of the figure.
        intro: the caption's first paragraph, as HTML.
        caption: the rest of the caption, as HTML.
        alt: alternative text of the picture.
        picture: the picture; None for a table, or if it is not made yet.
        table: a formatted table as HTML; "" for a figure.
        downloads: its files.
        missing: missing files.
        synthetic: "synthetic data" if it shows synthetic data.
        making: how it was made.
    """

    name: str
    title: str
    intro: str
    caption: str
    alt: str
    picture: Picture | None
    table: str
    downloads: list[Download]
    missing: list[str]
    synthetic: str
    making: Making

    @property
    def is_there(self) -> bool:
        """Whether there is a picture or a table to show."""
        return self.picture is not None or bool(self.table)


def show(name: str, study: Study, root: Path, makings: Makings) -> Shown:
    """Prepare a figure of a study for the page.

    Args:
        name: name of the figure.
        study: a checked study.
        root: the folder where Snakemake runs.
        makings: how the study's figures were made.
    """
    title = FIGURES.load(name).TITLE
    files = {Path(file).suffix: file for file in study.paths.figure_files(name)}
    there = _there(files, root)
    intro, rest = first_paragraph(caption_html(name, study.config))
    drawn = _picture(root / there[".png"]) if ".png" in there else None
    table = table_html((root / there[".md"]).read_text(encoding="utf-8"), title) if ".md" in there else ""
    numbers = f" Its numbers are in {name}.csv." if ".csv" in files else ""  # drawings have no numbers
    return Shown(
        name=name,
        title=title,
        intro=intro,
        caption=rest,
        alt=f"{title}. {plain_text(intro)}{numbers}".replace("..", "."),
        picture=drawn,
        table=table,
        downloads=[download(root, there[ending]) for ending in (".csv", ".pdf") if ending in there],
        missing=[file for ending, file in files.items() if ending not in there],
        synthetic=_synthetic(root / there[".csv"]) if ".csv" in there else NONE,
        making=makings.of(name, made_by_of(name, study, root)),
    )


def _picture(file: Path) -> Picture | None:
    try:
        return picture(file)
    except OSError:  # truncated: treat it as missing; `making.stale` tells that it does not record how it was made
        return None


def _there(files: Mapping[str, str], root: Path) -> dict[str, str]:
    return {ending: file for ending, file in files.items() if (root / file).is_file()}


def made_by_of(name: str, study: Study, root: Path) -> dict[str, Any]:
    """The provenance recorded in a figure's files; empty if none of them records any."""
    there = _there({Path(file).suffix: file for file in study.paths.figure_files(name)}, root)
    for ending in SAYING:
        if ending in there:
            try:
                return made_by(root / there[ending])
            except InputError:
                continue
    return {}


def _synthetic(csv: Path) -> str:
    """Whether a figure's rows are about synthetic recordings."""
    import pandas as pd

    try:
        column = pd.read_csv(csv, usecols=["synthetic"])["synthetic"]
    except (ValueError, OSError):  # figures about theory have no recordings
        return NONE
    return ALL if len(column) and column.all() else SOME if column.any() else NONE
