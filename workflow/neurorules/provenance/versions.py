"""Versions of the software that numbers depend on."""

from __future__ import annotations

import contextlib


def versions() -> dict[str, str]:
    """Versions of the packages that numbers depend on, read without imports; missing packages are left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from neurorules import __version__

    found = {"neurorules": __version__, "python": platform.python_version()}
    for package in ("torch", "numpy", "scipy", "xarray", "netCDF4", "neurogym"):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
