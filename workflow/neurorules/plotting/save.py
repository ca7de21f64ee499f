"""Figures as PDF and PNG whose bytes repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurorules.io.atomic import whole_file


def save_figure(figure: Any, pdf: str | Path, png: str | Path, title: str, made_by: str) -> None:
    """Write a matplotlib figure as PDF and PNG without dates, so that bytes repeat.

    Args:
        figure: the figure.
        pdf, png: where to.
        title: one line, kept in the files' metadata.
        made_by: what the figure was made by, kept there too (PDF keywords, PNG description).
    """
    import io

    metadata = {
        "pdf": {"Title": title, "Keywords": made_by, "CreationDate": None, "ModDate": None},
        "png": {"Title": title, "Description": made_by, "Software": None},
    }
    for path, kind in ((pdf, "pdf"), (png, "png")):
        drawn = io.BytesIO()  # matplotlib's own writing to a full disk ends in errors that hide the cause
        figure.savefig(drawn, format=kind, dpi=200, metadata=metadata[kind])
        with whole_file(path) as partial:
            partial.write_bytes(drawn.getvalue())
