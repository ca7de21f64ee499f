"""Write the page about speed from the table that `make bench` stores.

python docs/benchmarks.py            writes it
python docs/benchmarks.py --check    checks whether it is up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from generated import write_or_check

REPOSITORY = Path(__file__).resolve().parents[1]
STORED = REPOSITORY / "tests" / "benchmarks" / "stored.json"
PAGE = REPOSITORY / "docs" / "reference" / "benchmarks.md"

START = """# Speed

`make bench` measures these numbers again and compares them with this table. Ratios come from one run in which both
sides take turns, so they can be compared between machines. Seconds depend on the machine and its load.

This page is generated from `tests/benchmarks/stored.json` by `docs/benchmarks.py`. `make bench WRITE=1` stores new
numbers.
"""

ABOUT = {
    "gradients": (
        "Training",
        "One update of a network with N units, T steps and a batch of B trials, on one thread. The usual loop calls "
        "PyTorch modules step by step and differentiates automatically. A large product multiplies two 1000 x 1000 "
        "matrices.",
    ),
    "learning_rules": (
        "Learning rules",
        "One update by each learning rule, with its default options. The cost of RTRL and SnAp-2 grows with the fourth "
        "power of the number of units.",
    ),
    "architectures": (
        "Architectures",
        "One update of gated networks with N units. The usual loop calls PyTorch's own cells step by step.",
    ),
    "flossing": (
        "Gradient flossing",
        "One batch of local gradient flossing: Lyapunov exponents and their gradient, in float64. Automatic "
        "differentiation is a loop over steps with `detach` and `backward()`.",
    ),
    "similarity": ("Similarity", "Similarity measures, on one thread."),
    "demo": (
        "The demo",
        "`make demo` from start to end. Job times include startup and imports. Idle is the time that cores spend "
        "without a job.",
    ),
}


def page() -> str:
    """The page's text."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    parts = [START]
    for benchmark, (title, about) in ABOUT.items():
        if benchmark not in stored:
            continue
        rows = [f"| {one['what']} | {_number(one['value'])} | {one['unit']} |" for one in stored[benchmark]["measured"]]
        table = "\n".join(["| what | value | unit |", "|---|---:|---|", *rows])
        parts.append(f"## {title}\n\n{about}\n\nMeasured on {stored[benchmark]['machine']}.\n\n{table}\n")
    return "\n".join(parts)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main(arguments: Sequence[str]) -> int:
    """Write or check the page; returns the exit code."""
    return write_or_check({PAGE: page()}, "benchmarks.py", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
