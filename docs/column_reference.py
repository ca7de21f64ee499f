"""Write the table of columns in docs/reference/tables.md from workflow/neurorules/tables/base/columns.py.

python docs/column_reference.py            writes it
python docs/column_reference.py --check    checks whether it is up to date
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from generated import write_or_check

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "reference" / "tables.md"
BEGIN, END = "<!-- columns -->", "<!-- end -->"


def table() -> str:
    """One row per column; columns that can describe one network of a pair are also listed with their suffixes."""
    sys.path.insert(0, str(REPOSITORY / "workflow"))
    from neurorules.tables.base.columns import COLUMNS

    rows = ["| column | type | meaning |", "|---|---|---|"]
    for name, column in COLUMNS.items():
        shown = f"`{name}`, `{name}_a`, `{name}_b`" if column.sided else f"`{name}`"
        unit = f", in {column.unit}" if column.unit else ""
        rows.append(f"| {shown} | {column.type} | {column.meaning}{unit} |")
    return "\n".join(rows)


def rendered(page: str) -> str:
    """The page with a new table between its comments."""
    start = page.index(BEGIN) + len(BEGIN)
    return f"{page[:start]}\n\n{table()}\n\n{page[page.index(END, start) :]}"


def main(arguments: Sequence[str]) -> int:
    """Write or check the table; returns the exit code."""
    return write_or_check({PAGE: rendered(PAGE.read_text(encoding="utf-8"))}, "column_reference.py", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
