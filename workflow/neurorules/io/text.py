"""Text that comes from a user's files: what may be a title, and how any of it is shown in a message."""

from __future__ import annotations

import unicodedata

# A title is one line above a panel of a figure.
MOST_CHARACTERS = 120

# A spreadsheet takes a cell that begins so for a formula and runs it. The CSVs hold titles as they are.
FORMULA_SIGNS = "=+-@"

# Line and paragraph ends, control characters, halves of characters; what turns the direction of text around.
NOT_IN_A_LINE = {"Cc", "Cs", "Zl", "Zp"}
TURNS_TEXT = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def printable(text: str, keep: str = "") -> str:
    r"""Text with escapes, such as \x1b, in place of characters that a terminal obeys or that do not show.

    Args:
        text: anything, such as a title or the name of a file.
        keep: characters that stay, though they are of this kind.
    """
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def hidden_character(text: str) -> str | None:
    """The first character that is none of a line: a control character, say, shown as an escape; None without one."""
    for c in text:
        if unicodedata.category(c) in NOT_IN_A_LINE or unicodedata.bidirectional(c) in TURNS_TEXT:
            return printable(c)
    return None


def title_problem(text: str) -> str:
    """Why a text cannot be the title of something in figures, tables and CSVs, as a sentence; "" where it can.

    Any printable text can, with dollars, tags or bars: figures and pages show it letter by letter.
    """
    if not text.strip():
        return "The title is empty."
    if hidden := hidden_character(text):
        return f"The title has a character that is no letter or sign of one line: {hidden}"
    if len(text) > MOST_CHARACTERS:
        return f"The title has {len(text)} characters; figures have room for {MOST_CHARACTERS}."
    if text.lstrip()[0] in FORMULA_SIGNS:
        return f"The title begins with {text.lstrip()[0]}, which a spreadsheet takes for a formula."
    return ""
