"""Files of the documentation that scripts write: one way to write them, or to say that they are out of date."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_or_check(files: Mapping[Path, str], script: str, arguments: Sequence[str]) -> int:
    """Write the files, or with `--check` compare them.

    Args:
        files: what each is to contain.
        script: which one in this folder writes them.
        arguments: of its command line.

    Returns:
        The exit code: 1 if a file is not up to date.
    """
    failed = 0
    for file, content in files.items():
        if "--check" not in arguments:
            file.write_text(content, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != content:
            print(f"{file} is not up to date: run python docs/{script}", file=sys.stderr)
            failed = 1
    return failed
