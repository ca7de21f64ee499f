"""A small synthetic session of a brain-computer interface, its task, and networks that learnt it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from helpers import options as usual
from neurorules.options import Options
from neurorules.recordings.convert import read_recording
from neurorules.recordings.synthetic.base.write import write_synthetic
from neurorules.tables.base.table_type import ScoredModel
from neurorules.tasks.bci_reach import CursorTask, make
from neurorules.training.train import train

UNITS, SWAP, UPDATES = 20, 30, 60
TASK = {"steps": 6, "reaction_steps": 2, "swap_update": SWAP}
NETWORK = usual.NETWORK | {"units": UNITS, "activation": "tanh", "tau_steps": 2, "noise_sd": 0.05}
TRAINING = usual.TRAINING | {"updates": UPDATES, "batch_size": 8, "learning_rate": 3e-3, "activity_penalty": 0.0}


def session(folder: Path) -> xr.Dataset:
    """A synthetic session, read as the real one is."""
    options = {"neurons": UNITS, "trials_per_condition": 30}
    files = write_synthetic("golub2018", "example", folder, 0, options)
    entry = {"name": "golub2018", "reader": "golub2018", "source": "example", "synthetic": True, "options": {}}
    return read_recording(entry, files)


def task_of(recording: xr.Dataset, **changes: Any) -> CursorTask:
    return make(Options({**TASK, **changes}), recording)


def model(learning_rule: str = "bptt", **training: Any) -> dict[str, Any]:
    return {
        "task_name": "cursor",
        "task_module": "bci_reach",
        "learning_rule": learning_rule,
        "learning": {},
        "network": NETWORK,
        "training": {**TRAINING, **training},
    }


def members(task: CursorTask, rules: Sequence[str], seeds: Sequence[int], **training: Any) -> list[ScoredModel]:
    """Networks trained by some learning rules, as tables get them."""
    found = []
    for rule in rules:
        options: Mapping[str, Any] = {**model(rule), "comparison": {"recording": "golub2018"}}
        runs = train(model(rule, **training), seeds, task)
        labels = {"task": "cursor", "learning_rule": rule, "setting": "base"}
        labels |= {"gain": 1.0, "learning_rate": 3e-3, "flossed": 0}
        found.append(ScoredModel(labels, Options(options), task, {k: run for k, run in runs.items()}))  # type: ignore[misc]
    return found
