"""From tidy tables on disk to the files of one figure or table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from neurorules.figures.base.figure import FIGURES
from neurorules.io.atomic import write_text
from neurorules.io.identity import canonical_json
from neurorules.io.stale import check_made_from
from neurorules.io.tables import write_table
from neurorules.plotting.panels import fit_titles, letter_panels
from neurorules.plotting.save import save_figure
from neurorules.tables.base.columns import read_tidy_table


def produce(
    name: str,
    context: Mapping[str, Any],
    table_files: Mapping[str, Sequence[str]],
    published: str,
    outputs: Sequence[str],
    asked: Mapping[str, str] | None = None,
) -> None:
    """Make a figure or table and write its products.

    Args:
        name: module name below `figures`.
        context: see `Study.figure_context`, with `code`, the hash of the figure's code.
        table_files: by figure, the CSVs of its models, named after their table type; for this figure only, or for the
            other figures with `tables_of_others`.
        published: published.yaml.
        outputs: one file per entry of PRODUCTS, told apart by their extensions.
        asked: by file, the required value of the table's column `made_from`.

    Raises:
        StaleResult: a table was made from something else. DamagedResult: a table cannot be read.
    """
    from neurorules.claims.published import read_published
    from neurorules.plotting import style
    from neurorules.plotting.imported import showing

    module = FIGURES.load(name)
    by_figure = _read(table_files, asked or {})
    of_others = hasattr(module, "tables_of_others")
    # Claims are about the networks of this study.
    tables = _without(by_figure, context.get("networks", {})) if of_others else by_figure[name]
    section = getattr(module, "PUBLISHED", None)
    numbers = {} if section is None else read_published(published)
    numbers = numbers[section] if section else numbers
    codes: dict[str, set[str]] = {}
    for of_figure in by_figure.values():
        for table_type, table in of_figure.items():
            codes.setdefault(table_type, set()).update(_codes(table))
    made_by = canonical_json({**context, "tables": {of: sorted(found) for of, found in codes.items()}})
    with style.publication(context.get("style")), showing(context.get("networks", {})):
        products = module.make(tables, {**context, "published": numbers})
        files = {Path(output).suffix[1:]: output for output in outputs}
        if "figure" in products:
            letter_panels(products["figure"])
            fit_titles(products["figure"])
            save_figure(products["figure"], files["pdf"], files["png"], module.TITLE, made_by)
    if "csv" in files:
        write_table(files["csv"], products["csv"])
    if "md" in files:
        in_comment = made_by.replace(">", r"\u003e")  # the same JSON; a comment ends at the first -->
        write_text(files["md"], f"{products['md']}\n<!-- made by {in_comment} -->\n")
    if "html" in files:
        write_text(files["html"], _page(module.TITLE, products["md"], made_by))


def _read(table_files: Mapping[str, Sequence[str]], asked: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Tidy tables by figure and table type, with all models concatenated; figures may share files."""
    import pandas as pd

    @cache
    def read(file: str) -> Any:
        table = read_tidy_table(file)
        if file in asked and len(table):
            found = " ".join(sorted(set(table["made_from"]))) if "made_from" in table else ""
            check_made_from("table", file, {"made_from": found}, {"made_from": asked[file]})
        return table

    tables = {}
    for figure, files in table_files.items():
        by_type: dict[str, list[Any]] = {}
        for file in files:
            by_type.setdefault(Path(file).stem, []).append(read(file))
        tables[figure] = {name: pd.concat(parts, ignore_index=True) for name, parts in by_type.items()}
    return tables


def _without(by_figure: Mapping[str, Mapping[str, Any]], networks: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Tables without the rows of networks trained elsewhere."""
    names = list(networks)

    def own(table: Any) -> Any:
        for column in table.columns.intersection(["learning_rule", "learning_rule_a", "learning_rule_b"]):
            table = table[~table[column].isin(names)]
        return table

    return {
        figure: {name: own(table) if names else table for name, table in of_figure.items()}
        for figure, of_figure in by_figure.items()
    }


def _page(title: str, markdown: str, made_by: str) -> str:
    """A table's text as a self-contained page. Tags in the text are shown literally."""
    import html

    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    css = (
        "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{padding:.3em .7em;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}"
    )
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{css}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{body}<!-- {html.escape(made_by)} --></body></html>\n"


def _codes(table: Any) -> set[str]:
    """Hashes of the code that made a table's rows."""
    columns = {"training_code", "scoring_code"} & set(table.columns)
    return {code for column in columns for code in table[column]} - {""}
