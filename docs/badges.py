"""Draw the README's badges from pyproject.toml, so that they are always right and need no server.

python docs/badges.py            writes them
python docs/badges.py --check    checks whether they are up to date
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from generated import write_or_check

REPOSITORY = Path(__file__).resolve().parents[1]
IMAGES = REPOSITORY / "docs" / "images"
CHARACTER, MARGIN, HEIGHT = 6.6, 6, 20  # px, of 11 px text

BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">
  <title>{name}: {value}</title>
  <rect width="{width}" height="{height}" rx="3" fill="#00798c"/>
  <path d="M3 0h{split}v{height}h-{split}a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444"/>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
    <text x="{first}" y="14">{name}</text>
    <text x="{second}" y="14">{value}</text>
  </g>
</svg>
"""


def facts() -> dict[str, tuple[str, str]]:
    """The name and value of each badge."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest, end = map(int, re.findall(r"3\.(\d+)", project["requires-python"]))
    (snakemake,) = re.findall(r"snakemake==([\d.]+)\.\*", " ".join(project["dependencies"]))
    return {
        "python": ("Python", " | ".join(f"3.{minor}" for minor in range(lowest, end))),
        "snakemake": ("Snakemake", snakemake),
        "licence": ("licence", project["license"]),
    }


def badge(name: str, value: str) -> str:
    """One badge as SVG."""
    left, right = (round(CHARACTER * len(text) + 2 * MARGIN) for text in (name, value))
    return BADGE.format(
        width=left + right,
        height=HEIGHT,
        split=left - 3,
        first=left / 2,
        second=left + right / 2,
        name=name,
        value=value,
    )


def main(arguments: Sequence[str]) -> int:
    """Write or check the badges; returns the exit code."""
    drawn = {IMAGES / f"badge-{which}.svg": badge(name, value) for which, (name, value) in facts().items()}
    return write_or_check(drawn, "badges.py", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
