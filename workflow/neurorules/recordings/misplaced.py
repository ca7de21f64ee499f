"""Raw files that are there, but a folder higher or lower than they should be.

It runs while a Snakefile is parsed, so nothing heavy is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DEPTH = 3  # folders below the one that is named
MOST_FOLDERS = 500  # that are looked into; there may be a whole archive below


class Misplaced(NamedTuple):
    """Raw files as they were found.

    Attributes:
        path: the file or folder.
        expected: where it should be, below the folder that is named.
        named: that folder.
    """

    path: Path
    expected: Path
    named: Path

    def remedy(self, key: str) -> str:
        """What to do: name another folder, where one fits, or move the files."""
        parts, wanted = self.path.absolute().parts, self.expected.parts
        if parts[-len(wanted) :] == wanted:
            return f"Set {key} to {Path(*parts[: -len(wanted)])}."
        return f"Move {self.path} to {self.named / self.expected}, or put a link there."


def misplaced(named: Path, expected: Sequence[Path]) -> Misplaced | None:
    """Files or folders of the expected names in or below the folder that is named; None if there are none.

    Args:
        named: the folder that a study names.
        expected: paths below it that are not there.
    """
    by_name = {path.name: path for path in expected}
    for path in _below(named):
        if path.name in by_name:
            return Misplaced(path, by_name[path.name], named)
    return None


def _below(folder: Path) -> Iterator[Path]:
    """What is below a folder, the nearest first."""
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
