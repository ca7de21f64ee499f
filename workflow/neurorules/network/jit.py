"""How loops are compiled.

What is compiled is kept on disk and made again when its own file changes, but not when a file changes whose functions
are compiled into it. So a compiled loop and all that it calls stand in one file; other files give it constants only.
"""

from __future__ import annotations

from typing import Any

import numba

# All of fast arithmetic but what takes NaN and infinity for impossible.
FAST = {"contract", "reassoc", "arcp", "nsz"}


def compiled(function: Any) -> Any:
    """The function compiled, kept for later processes where a folder for that can be written to."""
    options: dict[str, Any] = {"nogil": True, "fastmath": FAST, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for it
        return numba.njit(**options)(function)
