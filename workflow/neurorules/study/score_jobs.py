"""Scoring jobs: which tables about models each job makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurorules.figures.base.figure import table_types_of
from neurorules.study.model import Model
from neurorules.study.selection import Selection
from neurorules.tables.base.table_type import TABLE_TYPES


@dataclass(frozen=True, order=True)
class Part:
    """A subset of a model's seeds; `subset` is its name in `Selection.seed_subsets`."""

    model: Model
    subset: str


@dataclass(frozen=True)
class ScoreJob:
    """A job that makes tables about some parts of models, all compared with the same recording.

    Attributes:
        tables: the table type, the part and its seeds, for each table.
    """

    tables: tuple[tuple[str, Part, tuple[int, ...]], ...]

    @property
    def runs(self) -> dict[Part, tuple[int, ...]]:
        """The seeds of every part."""
        return {part: seeds for _, part, seeds in self.tables}


def is_costly(table_type: str) -> bool:
    """Whether a table of this type takes long enough for its own job."""
    return bool(getattr(TABLE_TYPES.load(table_type), "COSTLY", False))


def score_jobs(selection: Selection) -> list[ScoreJob]:
    """Jobs for the cheap tables of up to `models_per_job` models each; empty if `models_per_job` is 1 or `auto`.

    Parts share a job if the same figures show them, so no figure waits for a run that it does not show. With
    `share_jobs_across_figures`, all parts with the same recording may share jobs, also for costly tables of one type.
    """
    size: int | str = selection.config["models_per_job"]
    if isinstance(size, str) or size == 1:
        return []
    any_figure: bool = selection.config["share_jobs_across_figures"]
    # The tables of each part that are made together: all cheap ones, and each costly one by itself.
    made: dict[tuple[str, Part], dict[str, tuple[int, ...]]] = {}
    for table_type, subsets in selection.seed_subsets.items():
        costly = is_costly(table_type)
        if costly and not any_figure:
            continue
        for model, named in subsets.items():
            for subset, seeds in named.items():
                made.setdefault((table_type if costly else "", Part(model, subset)), {})[table_type] = tuple(seeds)
    together: dict[tuple[str, str | None, tuple[str, ...]], list[Part]] = {}
    for kind, part in sorted(made):
        figures = () if any_figure else _shown_by(selection, part, made[kind, part])
        together.setdefault((kind, selection.options.recording(part.model), figures), []).append(part)
    return [
        ScoreJob(
            tuple(
                (name, part, seeds)
                for part in parts[start : start + size]
                for name, seeds in sorted(made[kind, part].items())
            )
        )
        for (kind, *_), parts in together.items()
        for start in range(0, len(parts), size)
    ]


def _shown_by(selection: Selection, part: Part, seeds_by_type: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The figures drawn from a table about a part."""
    return tuple(
        figure
        for figure, models in selection.figures.items()
        if part.model in models
        and any(
            set(seeds_by_type.get(table_type, ())) & set(selection.model_seeds(figure, part.model))
            for table_type in table_types_of(figure, "model")
        )
    )
