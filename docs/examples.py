"""Update the code blocks of the documentation from the files in examples/.

    python docs/examples.py            writes them
    python docs/examples.py --check    checks whether they are up to date

A comment names the file, so a page looks the same on the site and in the repository:

    <!-- example: task/config/my-task.yaml -->
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from generated import write_or_check

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / "examples"
BLOCK = re.compile(r"^(<!-- example: (\S+) -->)\n\n```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".yaml": "yaml", ".rst": "rst"}


def pages() -> list[Path]:
    """The pages that may include examples."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def rendered(page: str) -> str:
    """A page with its examples updated from their files.

    Raises:
        FileNotFoundError: an example that the page names does not exist.
    """

    def block(found: re.Match[str]) -> str:
        file = EXAMPLES / found[2]
        return f"{found[1]}\n\n```{LANGUAGES[file.suffix]}\n{file.read_text(encoding='utf-8')}```"

    return BLOCK.sub(block, page)


def main(arguments: Sequence[str]) -> int:
    """Write or check the blocks; returns the exit code."""
    written = {page: rendered(page.read_text(encoding="utf-8")) for page in pages()}
    return write_or_check(written, "examples.py", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
