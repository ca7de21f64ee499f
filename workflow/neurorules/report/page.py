"""The results page of a study: one self-contained HTML file. The same results give the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurorules.cli.base import REPOSITORY
from neurorules.errors import InputError
from neurorules.io.atomic import write_text
from neurorules.provenance.remembered import CodeHashes
from neurorules.report.answer import answer
from neurorules.report.captions import caption_html
from neurorules.report.figures import show
from neurorules.report.ledger import CLAIMS, read_ledger
from neurorules.report.making import Makings
from neurorules.study.identity import Identities
from neurorules.study.load import Study

FOLDER = Path(__file__).resolve().parent
TEMPLATE = "page.html.jinja"
FILE = "report/report.html"

QUESTION = (
    "Do recurrent networks that learn by biologically plausible rules come to resemble recorded neurons as closely as "
    "networks trained by backpropagation through time, at equal task accuracy?"
)


def write_page(study: Study, root: Path, output: Path | None = None) -> tuple[Path, list[str]]:
    """Write the results page of a study.

    Args:
        study: a checked study.
        root: the folder where Snakemake runs, with results/ in it.
        output: the file to write; None means report/report.html under the study's results.

    Returns:
        the file, and the names of unfinished figures.

    Raises:
        InputError: no figure of the study is finished, or the file cannot be written.
        DamagedResult: the ledger of claims or a table cannot be read.
    """
    content = page_content(study, root)
    file = root / study.paths.below(FILE) if output is None else output
    write_text(file, render(content))
    return file, content["unfinished"]


def page_content(study: Study, root: Path) -> dict[str, Any]:
    """The values for the page template.

    Raises:
        The errors of `write_page`.
    """
    memory = CodeHashes(root / ".snakemake" / "neurorules", REPOSITORY / "workflow" / "scripts")
    makings = Makings(study, root, Identities(study, lambda script, plugins=(): memory.of(script, tuple(plugins))))
    ledger = read_ledger(study, root)
    every = {name: show(name, study, root, makings) for name in study.selection.figures}
    shown = [figure for name, figure in every.items() if name != CLAIMS]
    if ledger is None and not any(figure.is_there for figure in shown):
        raise InputError(
            f"No figure of the study {study.name} is finished, so there is nothing to show.",
            file=root / study.paths.below("figures"),
            remedy=f"Make the figures first: {makings.command()}. `neurorules status` shows the study's progress.",
        )
    return {
        "study": study.name,
        "question": QUESTION,
        "about": caption_html("workflow", study.config),
        "synthetic": _synthetic(study),
        "all_synthetic": len(_synthetic(study)) == len(study.selection.used_recordings),
        "needs_recordings": len(_synthetic(study)) < len(study.selection.used_recordings),
        "ledger": ledger,
        "ledger_figure": every.get(CLAIMS),
        "answer": answer(study, ledger, root) if ledger else None,
        "figures": shown,
        "names": [figure.name for figure in shown],
        "unfinished": [name for name, figure in every.items() if figure.missing],
        "command": makings.command(),
    }


def render(content: dict[str, Any]) -> str:
    """Render the page as HTML; for `content` see `page_content`."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    styles, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return environment.get_template(TEMPLATE).render(**content, styles=styles, script=script) + "\n"


def _synthetic(study: Study) -> list[str]:
    """The study's recordings that are synthetic."""
    selection = study.selection
    return [name for name in selection.used_recordings if selection.recording_entry(name)["synthetic"]]
