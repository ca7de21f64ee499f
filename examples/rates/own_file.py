from pathlib import Path

import numpy as np
import xarray as xr

rng = np.random.default_rng(0)
side, coherence_percent = np.tile(["left", "right"], 4), np.repeat([51.2, 25.6, 12.8, 6.4], 2)  # in any order
time_ms = 50.0 + 100.0 * np.arange(22)  # the middles of bins: fixation, stimulus and decision take 2200 ms
recording = xr.Dataset(
    {"rates": (("condition", "time", "neuron"), rng.gamma(2.0, 5.0, (8, 22, 50)), {"units": "spikes/s"})},
    coords={
        "time": ("time", time_ms, {"units": "ms"}),
        "neuron": [f"electrode{i}" for i in range(50)],
        "side": ("condition", side),
        "coherence_percent": ("condition", coherence_percent),
    },
    attrs={"title": "Our lab 2025", "aligned_to": "trial onset", "citation": "none yet", "licence": "not public"},
)
folder = Path("resources/raw/our-lab")
folder.mkdir(parents=True, exist_ok=True)
recording.to_netcdf(folder / "rates.nc")
