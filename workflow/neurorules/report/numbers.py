"""Numbers as the page writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any


def decimals(*values: float) -> int:
    """Decimals that numbers of this size are shown with: three of distances, none of hundreds of updates."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return 3 if largest < 10 else 1 if largest < 100 else 0


def difference_words(row: Mapping[str, Any]) -> str:
    """The difference of a row, with its 95% interval where there is one."""
    low, high = row["ci95_low"], row["ci95_high"]
    digits = decimals(row["difference"])
    between = f" [{low:.{digits}f}, {high:.{digits}f}]" if math.isfinite(low) and math.isfinite(high) else ""
    return minus(f"{row['difference']:+.{digits}f}{between}")


def minus(text: str) -> str:
    """Numbers with a minus sign in place of a hyphen."""
    return re.sub(r"(?<![\w.)])-(?=[\d.])", "−", text)
