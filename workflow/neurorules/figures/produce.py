"""From tidy tables on disk to the files of one figure or table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.figures.figure import load_figure
from neurorules.files import canonical_json, read_table, save_figure, write_table, write_text


def produce(
    name: str, context: Mapping[str, Any], table_files: Sequence[str], published: str, outputs: Sequence[str]
) -> None:
    """Make a figure or table and write its products.

    Args:
        name: module name below `figures`.
        context: see `Study.figure_context`, and `code`, the hash of the code behind the figure.
        table_files: CSVs, for each kind in NEEDS one per model.
        published: published.yaml.
        outputs: one file per entry of PRODUCTS, told apart by their endings.
    """
    import pandas as pd
    import yaml

    from neurorules.figures import style

    module = load_figure(name)
    tables = {
        kind: _of_seeds(
            pd.concat([read_table(file) for file in table_files if Path(file).stem == kind]), context["seeds"]
        )
        for kind in module.NEEDS
    }
    section = getattr(module, "PUBLISHED", None)
    numbers = yaml.safe_load(Path(published).read_text())[section] if section else {}
    codes = {kind: sorted(set(table["training_code"]) | set(table["scoring_code"])) for kind, table in tables.items()}
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


def _of_seeds(table: Any, seeds: Sequence[int]) -> Any:
    """A figure's own seeds and what has none (-1): a table holds the seeds of every figure that shows its model."""
    for column in {"seed", "seed_a", "seed_b"} & set(table.columns):
        table = table[table[column].isin([-1, *seeds])]
    return table.reset_index(drop=True)
