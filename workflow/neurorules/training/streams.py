"""Random numbers: one generator per purpose, seeded by the run's task and seed.

They do not depend on the learning rule or the setting. Runs with the same seed therefore start from the same draws and
see the same trials, so that learning rules are compared under equal initial conditions. `learning rule` is for a
learning rule's own draws, such as random feedback and perturbations. `flossing` is for the trials of gradient flossing,
so that training sees the same trials with and without it.
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
    "single trials",
)


def stream_seed(task: str, seed: int, purpose: str) -> int:
    """A 63-bit seed for one purpose of one run.

    Args:
        task: the task's name in the config.
        seed: the run's seed.
        purpose: one of PURPOSES.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"{purpose!r} is not one of {PURPOSES}")
    digest = hashlib.sha256(f"{task}\n{seed}\n{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
