"""Compare the numbers of two results folders: every CSV of the first, value by value, with that of the second.

    python tests/helpers/compare_results.py old/results/demo results/demo

Columns that the second has beyond the first are allowed, and columns and values that were renamed are told by RENAMED.
What made a table (code hashes) is left out. Exit code 1 where anything differs.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

LEFT_OUT = {"training_code", "scoring_code"}

# Column -> its new name, if the new table lacks the old name; (column, value) -> a new value for it.
RENAMED_COLUMNS = {"moment": "stage", "quantity": "stage"}
RENAMED_VALUES = {
    ("moment", "initial"): "untrained",
    ("moment", "last"): "trained",
    ("quantity", "untrained"): "model",  # in tables of type noise_floor
    ("quantity", "trained"): "model",
    ("test", "falls_with"): "negative_slope",
    ("test", "helps_more"): "larger_improvement",
}


def rows_of(file: Path) -> list[dict[str, str]]:
    with open(file, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def differences(old_file: Path, new_file: Path) -> list[str]:
    """What differs between two tables, a line each; numbers have to be the same to the last digit."""
    old, new = rows_of(old_file), rows_of(new_file)
    if len(old) != len(new):
        return [f"{len(old)} rows, now {len(new)}"]
    if not old:
        return []
    columns = [column for column in old[0] if column not in LEFT_OUT]
    found: list[str] = []
    for column in columns:
        name = column if column in new[0] else RENAMED_COLUMNS.get(column, column)
        if name not in new[0]:
            found.append(f"column {column} is gone")
            continue
        pairs = [(a[column], b[name]) for a, b in zip(old, new, strict=True)]
        wrong = Counter(
            (before, after)
            for before, after in pairs
            if not same(before, after) and RENAMED_VALUES.get((column, before)) != after
        )
        if wrong:
            (before, after), _ = wrong.most_common(1)[0]
            found.append(f"column {column}: {wrong.total()} of {len(pairs)} values, such as {before!r}, now {after!r}")
    return found


def same(old: str, new: str) -> bool:
    """The same text, or the same number written differently (1 and 1.0)."""
    if old == new:
        return True
    try:
        return float(old) == float(new)
    except ValueError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    arguments = parser.parse_args()
    files = sorted(file.relative_to(arguments.old) for file in arguments.old.rglob("*.csv"))
    n_different = n_values = 0
    for file in files:
        new = arguments.new / file
        found = differences(arguments.old / file, new) if new.is_file() else ["is not there"]
        n_values += sum(len(row) for row in rows_of(arguments.old / file))
        for line in found:
            print(f"{file}: {line}")
        n_different += bool(found)
    more = sorted({file.relative_to(arguments.new) for file in arguments.new.rglob("*.csv")} - set(files))
    print(f"{len(files)} tables of {n_values} values compared: {n_different} differ; {len(more)} tables are new")
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main())
