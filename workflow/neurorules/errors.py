"""The error type for everything that a user can fix."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neurorules.io.text import printable

_ABSENT: Any = object()

# Control characters that our own sentences may contain.
OF_OURS = "\n\t"


class InputError(Exception):
    """Something outside the program is wrong: a file, a key, a value, the disk.

    It is shown without a traceback. What a user cannot fix stays an ordinary exception with its traceback.
    Control characters in a user's text (ESC, CR) are shown as escapes.

    Args:
        problem: what is wrong, in one sentence.
        file: the file with the problem, if any.
        line: line of the file, counted from 1.
        key: configuration key or field of the file.
        value: the value found.
        remedy: what to do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        key: str | None = None,
        value: Any = _ABSENT,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.line = line
        self.key = key
        self.has_value = value is not _ABSENT
        self.value = None if value is _ABSENT else value
        self.remedy = remedy
        lines = [printable(problem, keep=OF_OURS)]
        if self.file is not None:
            lines.append(f"  file:   {printable(self.file)}" + (f", line {line}" if line is not None else ""))
        if key is not None:
            lines.append(f"  key:    {printable(key)}")
        if self.has_value:
            lines.append(f"  value:  {shorten(value)}")
        if remedy is not None:
            lines.append(f"  remedy: {printable(remedy, keep=OF_OURS)}")
        super().__init__("\n".join(lines))


class DamagedResult(InputError):
    """A file that the workflow made can no longer be read. The workflow can make it again."""


class StaleResult(InputError):
    """An intact file that the workflow made, but with other options or code than the current ones."""

    def __init__(self, what: str, file: str | Path, differences: Iterable[str]) -> None:
        super().__init__(
            f"This {what} does not match the study: {'; '.join(differences)}.",
            file=file,
            remedy="Snakemake has no record of it, perhaps because .snakemake was lost or results were copied without "
            "it. To make the file again, delete it or list it after --forcerun, and run the same command. To keep it, "
            "undo the change.",
        )


def shorten(value: Any, limit: int = 200) -> str:
    """The repr of a value, cut to `limit` characters: values in a file may be of any length."""
    text = printable(repr(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."
