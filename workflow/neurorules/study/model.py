"""The words of a study: a model is task x learning rule x setting, a run is a model with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurorules.io.identity import short_hash

# Of what becomes a part of a path: with the endings of logs and temporary files it has to fit in 255 bytes.
LONGEST_NAME = 120


@dataclass(frozen=True, order=True)
class Model:
    """Task x learning rule x setting: what a curve in a figure stands for; seeds are its replicates."""

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
    """Seeds of some models, as many of each, that one job trains: one after another on a CPU, side by side on a GPU."""

    seeds: tuple[int, ...]
    models: tuple[Model, ...]


def block_name(seeds: Sequence[int], n_models: int = 1) -> str:
    """Seeds of one job as a name: seed0_1, seed0_1_of_6_models; of very many, the first, how many more, and a hash."""
    name = _short_enough("seed" + "_".join(map(str, seeds)), f"seed{seeds[0]}_and_{len(seeds) - 1}_more", seeds)
    return name if n_models == 1 else f"{name}_of_{n_models}_models"


def subset_name(seeds: Sequence[int]) -> str:
    """Ascending seeds as a name: seeds0-3, seeds0-3_7; of very many apart, the first, how many more, and a hash."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    name = "seeds" + "_".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return _short_enough(name, f"seeds{seeds[0]}_and_{len(seeds) - 1}_more", seeds)


def _short_enough(name: str, instead: str, seeds: Sequence[int]) -> str:
    """The name, or where it would be too long for a file, another one that is as unique."""
    return name if len(name) <= LONGEST_NAME else f"{instead}_{short_hash(list(seeds))}"
