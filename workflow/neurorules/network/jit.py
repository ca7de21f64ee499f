"""How loops are compiled.

Compiled functions are cached on disk and recompiled when their own file changes, but not when another file changes
whose functions are compiled into them. So a compiled loop must be in the same file as all functions that it calls. From
other files, it may use only constants.
"""

from __future__ import annotations

from typing import Any

import numba

# All fast-math flags except those that assume that NaN and infinity do not occur.
FAST = {"contract", "reassoc", "arcp", "nsz"}


def compiled(function: Any) -> Any:
    """Compile a function, and cache it for later processes if there is a writable folder."""
    options: dict[str, Any] = {"nogil": True, "fastmath": FAST, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the cache
        return numba.njit(**options)(function)
