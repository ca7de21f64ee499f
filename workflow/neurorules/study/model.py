"""The words of a study: a model is task x learning rule x setting, a run is a model with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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


@dataclass(frozen=True)
class Block:
    """Seeds of some models that one job trains: one after another on a CPU, side by side on a GPU."""

    seeds: tuple[int, ...]
    models: tuple[Model, ...]


def block_name(seeds: Sequence[int]) -> str:
    """Seeds of one job as a name: seed0_1."""
    return "seed" + "_".join(map(str, seeds))


def subset_name(seeds: Sequence[int]) -> str:
    """Ascending seeds as a name: seeds0-3, seeds0-3_7."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return "seeds" + "_".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
