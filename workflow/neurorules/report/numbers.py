"""Number formats for the results page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any


def decimals(*values: float) -> int:
    """The number of decimals for values of this size: three for distances, none for hundreds of updates."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return 3 if largest < 10 else 1 if largest < 100 else 0


def difference_words(row: Mapping[str, Any]) -> str:
    """A row's difference with its 95% interval, if there is one."""
    low, high = row["ci95_low"], row["ci95_high"]
    digits = decimals(row["difference"])
    between = f" [{low:.{digits}f}, {high:.{digits}f}]" if math.isfinite(low) and math.isfinite(high) else ""
    return minus(f"{row['difference']:+.{digits}f}{between}")


def minus(text: str) -> str:
    """Replace hyphens before numbers by minus signs."""
    return re.sub(r"(?<![\w.)])-(?=[\d.])", "−", text)
