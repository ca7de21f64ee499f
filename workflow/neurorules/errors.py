"""The one error type for everything a user can put right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_ABSENT: Any = object()


class InputError(Exception):
    """Something outside the program is wrong: a file, a key, a value, the disk.

    Shown to the user without a traceback. Anything that is not the user's to put right stays an
    ordinary exception and keeps its traceback.

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
        lines = [problem]
        if self.file is not None:
            lines.append(f"  file:   {self.file}" + (f", line {line}" if line is not None else ""))
        if key is not None:
            lines.append(f"  key:    {key}")
        if self.has_value:
            lines.append(f"  value:  {shorten(value)}")
        if remedy is not None:
            lines.append(f"  remedy: {remedy}")
        super().__init__("\n".join(lines))


class DamagedResult(InputError):
    """A file that the workflow itself made cannot be read any more. It can be made anew from what it was made of."""


def shorten(value: Any, limit: int = 200) -> str:
    """A value as Python writes it, cut to `limit` characters: what stands in a file may be of any length."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
