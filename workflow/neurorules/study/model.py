"""Models and runs: a model is task x learning rule x setting, a run is a model with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurorules.io.identity import short_hash

# Limit for names used in paths: with the suffixes of logs and temporary files, they must fit in 255 bytes.
LONGEST_NAME = 120


@dataclass(frozen=True, order=True)
class Model:
    """Task x learning rule x setting, usually one curve in a figure. Seeds are its replicates."""

    task: str
    learning_rule: str
    setting: str

    def __str__(self) -> str:
        return f"{self.task}/{self.learning_rule}/{self.setting}"

    @classmethod
    def parse(cls, text: str) -> Model:
        """The model whose `str` is `text`."""
        return cls(*text.split("/"))


@dataclass(frozen=True, order=True)
class Block:
    """The runs of one training job: the same seeds of some models, one by one on a CPU, in parallel on a GPU."""

    seeds: tuple[int, ...]
    models: tuple[Model, ...]


def block_name(seeds: Sequence[int], n_models: int = 1) -> str:
    """A name for a job's seeds: seed0_1, seed0_1_of_6_models. Long names have the first seed, a count and a hash."""
    name = _short_enough("seed" + "_".join(map(str, seeds)), f"seed{seeds[0]}_and_{len(seeds) - 1}_more", seeds)
    return name if n_models == 1 else f"{name}_of_{n_models}_models"


def subset_name(seeds: Sequence[int]) -> str:
    """A name for ascending seeds: seeds0-3, seeds0-3_7. Long names have the first seed, a count and a hash."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    name = "seeds" + "_".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return _short_enough(name, f"seeds{seeds[0]}_and_{len(seeds) - 1}_more", seeds)


def _short_enough(name: str, instead: str, seeds: Sequence[int]) -> str:
    """The name, or another unique name if it is too long for a file name."""
    return name if len(name) <= LONGEST_NAME else f"{instead}_{short_hash(list(seeds))}"
