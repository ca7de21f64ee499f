"""A model's best learning rate: the one with the smallest loss at the end of a short training.

The companion paper uses the best learning rate from a grid for each initialisation (its Appendix A). Candidates are
trained with a seed that no figure shows, so that the choice does not bias the results. They are trained together: they
see the same trials, and start from the same weights after the same gradient flossing.
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
from neurorules.io.readable import check_readable
from neurorules.io.stale import check_made_from
from neurorules.options import Options
from neurorules.provenance.versions import versions
from neurorules.recordings.recording import open_recording
from neurorules.tasks.base.task import make_task
from neurorules.training.progress import Progress
from neurorules.training.train import Network, train_stack

TAIL = 10  # losses are averaged over the last tenth of the updates


def choose_learning_rate(
    model: Mapping[str, Any],
    recording_file: str | None,
    code: str,
    output: str,
    asked_recording: Mapping[str, Any] | None = None,
) -> None:
    """Train a model with each candidate learning rate and write the best one as JSON.

    Args:
        model: resolved options, see `Study.choosing`.
        recording_file: the recording that the task takes its trials from, or None.
        code: hash of the code that makes the choice.
        output: path of the JSON file. Keys: `learning_rate`; `at_edge`, whether it is the smallest or largest of
            several candidates; `candidates`, mean task loss over the last tenth of the updates by learning rate, null
            if training diverged; and `model`, `code`, `versions`, `recording_sha256`, which record what it was made
            from.
        asked_recording: attributes that the recording must have.

    Raises:
        StaleResult: the recording is outdated.
        InputError: training diverges with every candidate, or fails before it starts.
    """
    recording = None if recording_file is None else open_recording(recording_file, asked_recording)
    options = Options(model)
    task = make_task(options.task_module, options.task, recording)
    training = options.training.but(
        updates=options.training.learning_rate_updates, checkpoints="quadratic", n_checkpoints=2
    )
    seed = training.learning_rate_seed
    rates = sorted(training.learning_rate_grid)
    networks = [Network(options.but(training=training.but(learning_rate=rate)), seed) for rate in rates]
    name = f"{options.task_name} {options.learning_rule} learning rates {', '.join(f'{rate:g}' for rate in rates)}"
    losses: dict[float, float] = {}
    for rate, run in zip(rates, train_stack(networks, task, Progress(name, training.updates)), strict=True):
        if isinstance(run, InputError) and run.key != "training.learning_rate":
            raise run  # gradient flossing failed, which is the same for all candidates
        losses[rate] = math.inf if isinstance(run, InputError) else tail_mean(run["task_loss"].values.tolist())
    best = min(losses, key=lambda rate: losses[rate])
    if math.isinf(losses[best]):
        raise InputError(
            "Training diverges with every learning rate of the grid.",
            key="training.learning_rate_grid",
            value=sorted(training.learning_rate_grid),
            remedy="Add smaller learning rates, or use a smaller gain or another activation.",
        )
    chosen = {
        "learning_rate": best,
        "at_edge": len(losses) > 1 and best in (min(losses), max(losses)),
        "candidates": {f"{rate:g}": None if math.isinf(loss) else loss for rate, loss in losses.items()},
        "model": options.as_dict(),
        "code": code,
        "versions": versions(),
        "recording_sha256": None if recording_file is None else sha256_of(recording_file),
    }
    write_text(output, json.dumps(chosen, indent=1, sort_keys=True) + "\n")


def tail_mean(losses: list[float]) -> float:
    """Mean over the last tenth of the losses, but at least one."""
    tail = losses[-max(1, len(losses) // TAIL) :]
    return math.fsum(tail) / len(tail)


def with_learning_rate(
    options: Options, learning_rate_file: str | None, asked: Mapping[str, Any] | None = None
) -> tuple[Options, dict[str, Any] | None]:
    """A model's options with a number for its learning rate, and how it was chosen, or None if it is fixed.

    Args:
        options: the model's resolved options.
        learning_rate_file: written by `choose_learning_rate`; needed if the model's learning rate is "best".
        asked: how it must have been chosen: values of its keys `model` and `code`.

    Raises:
        StaleResult: it was chosen with other options or code.
        InputError: the file is missing, or is not a choice of a learning rate.
    """
    if not isinstance(options.training.learning_rate, str):  # the schema allows only the word best
        return options, None
    if learning_rate_file is None:
        raise ValueError("a model whose learning rate is 'best' needs the file with the chosen one")
    choice = read_choice(learning_rate_file, asked)
    return options.but(training=options.training.but(learning_rate=choice["learning_rate"])), choice


def read_choice(path: str | Path, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read the chosen learning rate, whether it is at the edge of the grid, and the candidates' losses.

    Raises:
        InputError: the file is missing, or is not a choice of a learning rate.
    """
    if Path(path).exists():
        check_readable(path)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        choice = {key: content[key] for key in ("learning_rate", "at_edge", "candidates")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "This file does not contain a chosen learning rate.",
            file=path,
            remedy="Delete this file and run the same snakemake command again: it chooses the learning rate again.",
        ) from error
    check_made_from("choice of a learning rate", path, content, asked or {})
    return choice
