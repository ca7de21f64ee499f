from pathlib import Path

import numpy as np

rng = np.random.default_rng(0)
folder = Path("resources/raw/lab2025")
folder.mkdir(parents=True, exist_ok=True)
np.savez(
    folder / "session.npz",
    rates=rng.gamma(2.0, 5.0, (6, 40, 50)),
    time_ms=10.0 + 20.0 * np.arange(40),
    evidence=[0.1, -0.1, 0.2, -0.2, 0.4, -0.4],
)
