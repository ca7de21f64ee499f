"""Training progress on stderr: update, loss, accuracy and remaining time."""

from __future__ import annotations

import sys
import time


class Progress:
    """Prints a line after every twentieth of the training, at least every minute and at most every 5 s.

    Args:
        name: name of the training.
        total: number of updates.
    """

    LEAST_S, MOST_S, PARTS = 5.0, 60.0, 20

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total = name, total
        self.begun = self.last = time.monotonic()
        self.last_update = 0

    def __call__(self, update: int, loss: float, accuracy: float) -> None:
        """Report the state before update number `update` (0-based)."""
        now = time.monotonic()
        waited, part = now - self.last, (update - self.last_update) * self.PARTS >= self.total
        if update < self.total and (waited < self.LEAST_S or (waited < self.MOST_S and not part)):
            return
        if update >= self.total:
            rest = f"done in {clock(now - self.begun)}"
        elif update == 0:
            rest = "starting"
        else:
            # at the pace since the last line: early updates are slower, because their checkpoints are denser
            rest = f"{clock(waited / (update - self.last_update) * (self.total - update))} left"
        self.last, self.last_update = now, update
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
