"""The git commit of the checkout that contains this package."""

from __future__ import annotations

import subprocess
from pathlib import Path

from neurorules.provenance.source import PACKAGE

TIMEOUT_S = 60


def commit(folder: Path = PACKAGE) -> dict[str, str | bool] | None:
    """The commit of the git checkout that contains a folder.

    Returns:
        Its `hash`, and whether tracked files have `changed` since; None without a checkout or without git.
    """
    head = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return None if head is None or status is None else {"hash": head.strip(), "changed": bool(status.strip())}


def _git(folder: Path, *words: str) -> str | None:
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
