"""Search for raw files that are one folder too high or too low.

This module runs while a Snakefile is parsed, so it imports nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DEPTH = 3  # levels below the given folder
MOST_FOLDERS = 500  # that are searched; a complete archive may be below


class Misplaced(NamedTuple):
    """Misplaced raw files.

    Attributes:
        path: the file or folder.
        expected: where it should be, relative to the given folder.
        named: the given folder.
    """

    path: Path
    expected: Path
    named: Path

    def remedy(self, key: str) -> str:
        """What to do: set another folder, if one fits, or move the files."""
        parts, wanted = self.path.absolute().parts, self.expected.parts
        if parts[-len(wanted) :] == wanted:
            return f"Set {key} to {Path(*parts[: -len(wanted)])}."
        return f"Move {self.path} to {self.named / self.expected}, or put a link there."


def misplaced(named: Path, expected: Sequence[Path]) -> Misplaced | None:
    """Files or folders with the expected names in or below the given folder; None if there are none.

    Args:
        named: the folder given in a study.
        expected: missing paths below it.
    """
    by_name = {path.name: path for path in expected}
    for path in _below(named):
        if path.name in by_name:
            return Misplaced(path, by_name[path.name], named)
    return None


def _below(folder: Path) -> Iterator[Path]:
    """Folders and files below a folder, the nearest first."""
    level, looked_into = [folder], 0
    for _ in range(1 + DEPTH):
        deeper = []
        for here in level:
            looked_into += 1
            if looked_into > MOST_FOLDERS:
                return
            try:
                with os.scandir(here) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in found:
                yield Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    deeper.append(Path(entry.path))
        level = deeper
