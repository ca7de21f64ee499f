"""The one error type for everything a user can put right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neurorules.io.text import printable

_ABSENT: Any = object()

# What sentences of ours may hold beside letters and signs.
OF_OURS = "\n\t"


class InputError(Exception):
    """Something outside the program is wrong: a file, a key, a value, the disk.

    Shown to the user without a traceback. Anything that is not the user's to put right stays an
    ordinary exception and keeps its traceback. Control characters of a user's text (ESC, CR) are shown as escapes.

    Args:
        problem: what is wrong, one sentence.
        file: the file it stands in, where there is one.
        line: the line of the file, counted from 1.
        key: the configuration key or the field of the file.
        value: the value that was found.
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
    """A file that the workflow itself made cannot be read any more. It can be made anew from what it was made of."""


class StaleResult(InputError):
    """A whole file that the workflow made, of other options or by other code than it is now asked for."""

    def __init__(self, what: str, file: str | Path, differences: Iterable[str]) -> None:
        super().__init__(
            f"This {what} was made otherwise than the study says now: {'; '.join(differences)}.",
            file=file,
            remedy="Snakemake has no record of it, as when .snakemake was lost or results were copied without it. "
            "Delete the file, or name it after --forcerun, and run the same command: it is made again. To keep it, "
            "take back the change.",
        )


def shorten(value: Any, limit: int = 200) -> str:
    """A value as Python writes it, cut to `limit` characters: what stands in a file may be of any length."""
    text = printable(repr(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."
