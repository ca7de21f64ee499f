"""Text from a user's files: which text may be a title, and how messages show it."""

from __future__ import annotations

import unicodedata

# A title is one line above a panel of a figure.
MOST_CHARACTERS = 120

# A spreadsheet treats a cell that begins with one of these as a formula and runs it. CSVs contain titles unchanged.
FORMULA_SIGNS = "=+-@"

# Line and paragraph separators, control characters, surrogates; characters that reverse the text direction.
NOT_IN_A_LINE = {"Cc", "Cs", "Zl", "Zp"}
TURNS_TEXT = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def printable(text: str, keep: str = "") -> str:
    r"""Text with escapes, such as \x1b, for characters that control a terminal or are invisible.

    Args:
        text: anything, such as a title or a file name.
        keep: characters of this kind that stay as they are.
    """
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def hidden_character(text: str) -> str | None:
    """The first character that does not belong in a line of text, such as a control character, escaped; else None."""
    for c in text:
        if unicodedata.category(c) in NOT_IN_A_LINE or unicodedata.bidirectional(c) in TURNS_TEXT:
            return printable(c)
    return None


def title_problem(text: str) -> str:
    """Why a text cannot be a title in figures, tables and CSVs, as a sentence; "" if it can.

    Any printable text can, including dollars, tags and bars: figures and pages show it literally.
    """
    if not text.strip():
        return "The title is empty."
    if hidden := hidden_character(text):
        return f"The title contains a character that is not printable on one line: {hidden}"
    if len(text) > MOST_CHARACTERS:
        return f"The title has {len(text)} characters; figures have room for {MOST_CHARACTERS}."
    if text.lstrip()[0] in FORMULA_SIGNS:
        return f"The title begins with {text.lstrip()[0]}, so a spreadsheet would treat it as a formula."
    return ""
