"""Titles and names of a recording, as figures, tables and logs show them: one line of printable characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurorules.io.text import hidden_character, title_problem

if TYPE_CHECKING:
    import xarray as xr

LONGEST_NAME = 200  # characters of the name of a neuron or a condition; io/text.py limits titles
LONGEST_TEXT = 10_000  # of other attributes that are shown
SHOWN = {"name": LONGEST_NAME, "aligned_to": LONGEST_NAME} | dict.fromkeys(
    ("source", "licence", "citation"), LONGEST_TEXT
)


def text_fault(text: Any, longest: int = LONGEST_NAME) -> str | None:
    """What is wrong with a displayed text; None if nothing is."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            return "is not valid UTF-8"
    if not isinstance(text, str):
        return "is not text"
    if len(text) > longest:
        return f"has {len(text)} characters, more than {longest}"
    hidden = hidden_character(text)
    return None if hidden is None else f"contains the control character {hidden}"


def faulty_text(recording: xr.Dataset) -> tuple[str, Any, str] | None:
    """Key, value and error of the first text of a recording that cannot be displayed; None if all can."""
    if "title" in recording.attrs and (problem := title_problem(str(recording.attrs["title"]))):
        return "title", recording.attrs["title"], f"cannot be a title. {problem.removesuffix('.')}"
    for key, longest in SHOWN.items():
        if key in recording.attrs and (fault := text_fault(recording.attrs[key], longest)):
            return key, recording.attrs[key], fault
    for name in recording.variables:
        if fault := text_fault(name):
            return "variables", name, fault
    for name, coordinate in recording.coords.items():
        if coordinate.dtype.kind in "OUS":
            for value in coordinate.values.ravel().tolist():
                if fault := text_fault(value):
                    return str(name), value, fault
    return None
