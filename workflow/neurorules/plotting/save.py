"""Write figures as reproducible PDF and PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurorules.io.atomic import whole_file


def save_figure(figure: Any, pdf: str | Path, png: str | Path, title: str, made_by: str) -> None:
    """Write a matplotlib figure as PDF and PNG without dates, so that the bytes are reproducible.

    Args:
        figure: the figure.
        pdf, png: the files to write.
        title: one line, kept in the files' metadata.
        made_by: provenance of the figure, also kept there (PDF keywords, PNG description).
    """
    import io

    import matplotlib

    metadata = {
        "pdf": {"Title": title, "Keywords": made_by, "CreationDate": None, "ModDate": None},
        "png": {"Title": title, "Description": made_by, "Software": None},
    }
    # Both files have the same layout, and it is computed once instead of at every draw.
    figure.draw_without_rendering()
    with matplotlib.rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        figure.set_layout_engine(None)
    for path, kind in ((pdf, "pdf"), (png, "png")):
        drawn = io.BytesIO()  # when matplotlib writes to a full disk itself, its errors hide the cause
        figure.savefig(drawn, format=kind, dpi=200, metadata=metadata[kind])
        with whole_file(path) as partial:
            partial.write_bytes(drawn.getvalue())
