"""Tidy tables as CSV: names stay text, floats are exact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurorules.errors import DamagedResult
from neurorules.io.atomic import whole_file

if TYPE_CHECKING:
    import pandas as pd


# Columns of tidy tables that hold names, or hashes, some of which look like numbers ("1234567890123456", "12e4", "NA").
TEXT_COLUMNS = (
    *("recording", "recording_title", "task", "measure", "quantity", "training_code", "scoring_code"),
    *(name + part for name in ("learning_rule", "setting") for part in ("", "_a", "_b")),
)


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a tidy table as CSV; floats in the shortest form that reads back the same."""
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_table(path: str | Path) -> pd.DataFrame:
    """A tidy table as it was written: names stay text, floats are exact.

    Raises:
        DamagedResult: cut off, or not CSV.
    """
    import io

    import pandas as pd

    try:
        text = Path(path).read_text()
        if not text.endswith("\n"):  # a line that is cut off still reads as a row
            raise pd.errors.ParserError("cut off in the middle of a line")
        as_they_are = {column: str for column in TEXT_COLUMNS}
        return pd.read_csv(io.StringIO(text), converters=as_they_are, float_precision="round_trip")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DamagedResult(
            f"The table cannot be read ({error}).",
            file=path,
            remedy="Delete this file and run the same snakemake command again: it is made anew.",
        ) from error
