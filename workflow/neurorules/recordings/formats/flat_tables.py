"""Tables that labs keep with their spikes: CSV (commas, semicolons or tabs) and Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurorules.errors import InputError
from neurorules.io import limits

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet")
TABLE_ERRORS = (ValueError, OSError, EOFError, KeyError, TypeError, OverflowError, IndexError, RuntimeError)


def load_table(file: Path) -> pd.DataFrame:
    """A table with one column per heading.

    Columns are numbers, booleans (true and false), or text; empty cells are missing. In Parquet files, pandas' own
    extras (an index) are ignored.

    Raises:
        InputError: it is damaged or of another type, has no rows, or has a duplicate heading.
    """
    try:
        table = _parquet(file) if file.suffix.lower() == ".parquet" else _text(file)
    except MemoryError as error:
        raise _unreadable(file, "it declares more than fits in memory") from error
    except TABLE_ERRORS as error:
        raise _unreadable(file, " ".join(str(error).split())[:200]) from error
    names = [str(name).strip() for name in table.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            "Duplicate heading: two columns have the same name.", file=file, key=twice, remedy="Rename one of them."
        )
    if not len(table) or not names:
        raise InputError("The table has no rows.", file=file, key="rows", value=0, remedy="Use another file.")
    table.columns = names
    return table


def _text(file: Path) -> pd.DataFrame:
    import pandas as pd

    with open(file, "rb") as raw:
        heading = raw.readline(1 << 16)
    if b"\0" in heading:
        raise ValueError("it is not text")
    counts = {separator: heading.count(separator.encode()) for separator in (",", ";", "\t")}
    separator = max(counts, key=lambda key: counts[key])
    table: pd.DataFrame = pd.read_csv(file, sep=separator, encoding="utf-8-sig", low_memory=False, index_col=False)
    duplicated = [name.strip() for name in heading.decode("utf-8-sig", "replace").strip().split(separator)]
    if len(set(duplicated)) < len(duplicated):  # pandas would rename the second one
        raise ValueError(f"duplicate heading among {duplicated}")
    return table


def _parquet(file: Path) -> pd.DataFrame:
    from pyarrow import ArrowException
    from pyarrow import parquet as pq

    try:
        content = pq.ParquetFile(file)
        columns = content.metadata.num_columns
        groups = [content.metadata.row_group(i) for i in range(content.metadata.num_row_groups)]
        size = sum(group.column(c).total_uncompressed_size for group in groups for c in range(columns))
        rows = content.metadata.num_rows
        if max(size, 8 * rows * columns) > limits.RECORDING_BYTES:
            raise ValueError(f"it declares {size} bytes, more than a recording may have")
        table: pd.DataFrame = content.read().to_pandas(ignore_metadata=True)
    except ArrowException as error:
        raise ValueError(str(error)) from error
    return table


def _unreadable(file: Path, why: str) -> InputError:
    return InputError(
        f"The table is truncated, damaged, or of another type ({why}).",
        file=file,
        remedy="Write it again as CSV in UTF-8 with a header line, or as Parquet.",
    )
