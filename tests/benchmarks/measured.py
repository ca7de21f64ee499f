"""How benchmarks time a call, and their results as a file that `compare.py` reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """One number of a benchmark.

    Attributes:
        what: what was measured, unique within its benchmark.
        value: the number.
        unit: the unit, e.g. "times the usual loop".
        better: "more" or "less"; None if the number is only shown.
    """

    what: str
    value: float
    unit: str
    better: str | None = None


def seconds(work: Callable[[], object]) -> float:
    """CPU time of a call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def write(file: Path | None, measured: list[Measured]) -> None:
    """Write the numbers of one benchmark as JSON, if a file is given."""
    if file is not None:
        file.write_text(json.dumps([asdict(one) for one in measured], indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> list[Measured]:
    """Read the numbers that `write` wrote."""
    return [Measured(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
