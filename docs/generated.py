"""Write the generated files of the documentation, or check whether they are up to date."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_or_check(files: Mapping[Path, str], script: str, arguments: Sequence[str]) -> int:
    """Write the files, or compare them if `arguments` has `--check`.

    Args:
        files: the content of each file.
        script: the script in this folder that writes them.
        arguments: the script's command-line arguments.

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
