"""From tidy tables on disk to the files of one figure or table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.figures.base.figure import load_figure
from neurorules.io.atomic import write_text
from neurorules.io.identity import canonical_json
from neurorules.io.tables import read_table, write_table
from neurorules.plotting.save import save_figure


def produce(
    name: str, context: Mapping[str, Any], table_files: Sequence[str], published: str, outputs: Sequence[str]
) -> None:
    """Make a figure or table and write its products.

    Args:
        name: module name below `figures`.
        context: see `Study.figure_context`, and `code`, the hash of the code behind the figure.
        table_files: CSVs, named after their kind, or after their figure.
        published: published.yaml.
        outputs: one file per entry of PRODUCTS, told apart by their endings.
    """
    import pandas as pd
    import yaml

    from neurorules.plotting import style

    module = load_figure(name)
    from_figures = getattr(module, "FROM_FIGURES", False)
    files_of: dict[str, list[str]] = {} if from_figures else {kind: [] for kind in module.NEEDS}
    for file in table_files:
        files_of.setdefault(Path(file).stem, []).append(file)
    tables = {
        kind: pd.concat([read_table(file) for file in files], ignore_index=True) for kind, files in files_of.items()
    }
    section = getattr(module, "PUBLISHED", None)
    numbers = {} if section is None else yaml.safe_load(Path(published).read_text())
    numbers = numbers[section] if section else numbers
    codes = {kind: _codes(table) for kind, table in tables.items()}
    made_by = canonical_json({**context, "tables": codes})
    with style.publication():
        products = module.make(tables, {**context, "published": numbers})
        files = {Path(output).suffix[1:]: output for output in outputs}
        if "figure" in products:
            save_figure(products["figure"], files["pdf"], files["png"], module.TITLE, made_by)
    if "csv" in files:
        write_table(files["csv"], products["csv"])
    if "md" in files:
        write_text(files["md"], f"{products['md']}\n<!-- made by {made_by} -->\n")
    if "html" in files:
        write_text(files["html"], _page(module.TITLE, products["md"], made_by))


def _page(title: str, markdown: str, made_by: str) -> str:
    """A table's text as a page that needs nothing else."""
    import html

    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark").enable("table").render(markdown)
    style = (
        "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{padding:.3em .7em;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}"
    )
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{style}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{body}<!-- {html.escape(made_by)} --></body></html>\n"


def _codes(table: Any) -> list[str]:
    """What code the rows of a table were made by."""
    columns = {"training_code", "scoring_code"} & set(table.columns)
    return sorted({code for column in columns for code in table[column]} - {""})
