"""The best learning rate of a model: the one with the smallest loss at the end of a short training.

The companion paper takes for each initialisation the best of a grid (its Appendix A). Candidates are trained on a seed
that no figure uses, so that the choice does not favour what is shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.io.atomic import write_text
from neurorules.io.identity import sha256_of
from neurorules.provenance.versions import versions
from neurorules.recordings.recording import open_recording
from neurorules.tasks.base.task import make_task
from neurorules.training.progress import Progress
from neurorules.training.train import train

TAIL = 10  # the last tenth of the updates is what counts


def choose_learning_rate(model: Mapping[str, Any], recording_file: str | None, code: str, output: str) -> None:
    """Train a model once per candidate and write which is best, as JSON.

    Args:
        model: resolved options, see `Study.choosing`.
        recording_file: what the task takes its trials from, or None.
        code: hash of the code behind the choice.
        output: JSON with `learning_rate`; `at_edge`, whether it is the smallest or largest of several candidates;
            `candidates`, mean task loss over the last tenth of the updates by learning rate, null where training
            diverged; and what it was made by.

    Raises:
        InputError: training diverges with every candidate, or fails before it begins.
    """
    recording = None if recording_file is None else open_recording(recording_file)
    task = make_task(model["task_module"], model["task"], recording)
    options = model["training"]
    seed, grid, updates = (options[f"learning_rate_{key}"] for key in ("seed", "grid", "updates"))
    losses: dict[float, float] = {}
    for rate in sorted(grid):
        training = {
            **options,
            "learning_rate": rate,
            "updates": updates,
            "checkpoints": "quadratic",
            "n_checkpoints": 2,
        }
        progress = Progress(f"{model['task_name']} {model['learning_rule']} learning rate {rate:g}", updates)
        run = train({**model, "training": training}, [seed], task, progress)[seed]
        if isinstance(run, InputError) and run.key != "training.learning_rate":
            raise run  # gradient flossing failed, for all candidates alike
        losses[rate] = math.inf if isinstance(run, InputError) else tail_mean(run["task_loss"].values.tolist())
    best = min(losses, key=lambda rate: losses[rate])
    if math.isinf(losses[best]):
        raise InputError(
            "Training diverges with every learning rate of the grid.",
            key="training.learning_rate_grid",
            value=sorted(grid),
            remedy="Add smaller learning rates, or use a smaller gain or another activation.",
        )
    chosen = {
        "learning_rate": best,
        "at_edge": len(losses) > 1 and best in (min(losses), max(losses)),
        "candidates": {f"{rate:g}": None if math.isinf(loss) else loss for rate, loss in losses.items()},
        "model": dict(model),
        "code": code,
        "versions": versions(),
        "recording_sha256": None if recording_file is None else sha256_of(recording_file),
    }
    write_text(output, json.dumps(chosen, indent=1, sort_keys=True) + "\n")


def tail_mean(losses: list[float]) -> float:
    """Mean over the last tenth, of at least one value."""
    tail = losses[-max(1, len(losses) // TAIL) :]
    return math.fsum(tail) / len(tail)


def with_learning_rate(
    model: Mapping[str, Any], learning_rate_file: str | None
) -> tuple[Mapping[str, Any], dict[str, Any] | None]:
    """A model's options with a number for its learning rate, and how that was chosen, or None.

    Raises:
        InputError: the file is missing or not such a choice.
    """
    if not isinstance(model["training"]["learning_rate"], str):  # the one word that the schema allows, best
        return model, None
    if learning_rate_file is None:
        raise ValueError("a model whose learning rate is 'best' needs the file that says which")
    chosen = read_choice(learning_rate_file)
    training = {**model["training"], "learning_rate": chosen["learning_rate"]}
    return {**model, "training": training}, chosen


def read_choice(path: str | Path) -> dict[str, Any]:
    """The learning rate, whether it lies at the grid's edge, and the candidates' losses.

    Raises:
        InputError: the file is missing or not such a choice.
    """
    try:
        content = json.loads(Path(path).read_text())
        return {key: content[key] for key in ("learning_rate", "at_edge", "candidates")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "This is not a learning rate that was chosen.",
            file=path,
            remedy="Delete this file and run the same snakemake command again: it is chosen anew.",
        ) from error
