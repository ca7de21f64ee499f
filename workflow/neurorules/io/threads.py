"""How many threads libraries may use in this process."""

from __future__ import annotations

import os
import sys


def one_thread() -> None:
    """Limit PyTorch to one thread: the bytes of a result must not depend on the number of cores.

    This does not import PyTorch. If it is imported later, it reads the number of threads from the environment.
    """
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
