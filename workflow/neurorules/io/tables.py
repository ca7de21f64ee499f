"""Tables as CSV: text stays text, floats are exact."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from neurorules.errors import DamagedResult
from neurorules.io.atomic import whole_file
from neurorules.io.readable import check_readable

if TYPE_CHECKING:
    import pandas as pd


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV; floats in the shortest form that reads back the same."""
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_table(path: str | Path, text_columns: Iterable[str]) -> pd.DataFrame:
    """Read a table exactly as it was written.

    Args:
        path: CSV.
        text_columns: columns of text, if the table has them. Some text looks like a number or a missing value
            ("1234567890123456", "12e4", "NA").

    Raises:
        InputError: the file cannot be read.
        DamagedResult: truncated, or not CSV.
    """
    import io

    import pandas as pd

    check_readable(path)
    try:
        text = Path(path).read_bytes().decode()  # in any locale, with unchanged line endings
        if not text.endswith("\n"):  # a truncated line would still parse as a row
            raise pd.errors.ParserError("truncated in the middle of a line")
        as_text = {column: str for column in text_columns}
        return pd.read_csv(io.StringIO(text), converters=as_text, float_precision="round_trip")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DamagedResult(
            f"The table cannot be read ({error}).",
            file=path,
            remedy="Delete this file and run the same snakemake command again, which makes it again.",
        ) from error
