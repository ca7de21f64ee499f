"""Progress of a run on stderr: update, loss, accuracy and the time that is left."""

from __future__ import annotations

import sys
import time


class Progress:
    """Prints at most one line every `every_s` seconds, and one at the end.

    Args:
        name: what is running.
        total: number of updates.
        every_s: seconds between lines.
    """

    def __init__(self, name: str, total: int, every_s: float = 5.0) -> None:
        self.name, self.total, self.every_s = name, total, every_s
        self.begun = self.last = time.monotonic()

    def __call__(self, update: int, loss: float, accuracy: float) -> None:
        """Report the state before update number `update` (0-based)."""
        now = time.monotonic()
        if now - self.last < self.every_s and update < self.total:
            return
        self.last = now
        elapsed = now - self.begun
        if update >= self.total:
            rest = f"done in {clock(elapsed)}"
        elif update == 0:
            rest = "starting"
        else:
            rest = f"{clock(elapsed / update * (self.total - update))} left"
        print(
            f"{self.name}: update {update}/{self.total}, loss {loss:.4g}, accuracy {accuracy:.3f}, {rest}",
            file=sys.stderr,
            flush=True,
        )


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss, or m:ss under an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
