"""Random numbers: one generator per purpose, seeded by the run's task and seed number.

All depend on the task and the seed number, not on the learning rule or the setting. Runs of one seed therefore start
from the same draws and see the same trials: learning rules are compared at equal initial conditions. `learning rule` is
for what a learning rule draws itself, random feedback and perturbations. `flossing` is for the trials of gradient
flossing, so that training sees the same trials with it as without it.
"""

from __future__ import annotations

import hashlib

PURPOSES = (
    "initial weights",
    "connectivity",
    "trials",
    "noise",
    "learning rule",
    "flossing",
    "Lyapunov exponents",
    "gradient alignment",
)


def stream_seed(task: str, seed: int, purpose: str) -> int:
    """A 63-bit seed for one purpose of one run.

    Args:
        task: the task's name in the config.
        seed: the run's seed number.
        purpose: one of PURPOSES.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"{purpose!r} is not one of {PURPOSES}")
    digest = hashlib.sha256(f"{task}\n{seed}\n{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
