"""Paths of a study's results, relative to the folder where Snakemake runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurorules.figures.base.figure import FIGURES, table_types_of
from neurorules.study.model import Model, block_name
from neurorules.study.selection import Selection


class Paths:
    """Paths of a study's results.

    Args:
        name: the study's name.
        selection: the study's selection.
    """

    def __init__(self, name: str, selection: Selection) -> None:
        self.results = Path("results") / name
        self.selection = selection

    def below(self, *parts: str) -> str:
        """A path under results/<study>/."""
        return str(self.results.joinpath(*parts))

    def recording_file(self, recording: str) -> str:
        return self.below("recordings", f"{recording}.nc")

    def run_file(self, model: Model | str, seed: int | str) -> str:
        return self.below("runs", str(model), f"seed{seed}.nc")

    def training_benchmark(self, model: Model | str, seeds: Sequence[int], n_models: int = 1) -> str:
        """The benchmark file of the job that trained these seeds, under the first of its models."""
        return self.below("benchmarks", "runs", str(model), f"{block_name(seeds, n_models)}.tsv")

    def training_log(self, model: Model | str, seeds: Sequence[int], n_models: int = 1) -> str:
        """The log of the job that trained these seeds, under the first of its models."""
        return self.below("logs", "runs", str(model), f"{block_name(seeds, n_models)}.log")

    def learning_rate_file(self, model: Model | str) -> str:
        """The file with the learning rate chosen for a model, and the reason."""
        return self.below("learning_rates", f"{model}.json")

    def table_file(self, table_type: str, model: Model | str, subset: str) -> str:
        """A table about some of a model's seeds, such as `distances`; `subset` is a name in `seed_subsets`."""
        return self.below("similarity", str(model), subset, f"{table_type}.csv")

    def group_file(self, table_type: str, group: str) -> str:
        """A table about a group of models; `group` is its name in `Selection.groups`."""
        return self.below("similarity", "groups", group, f"{table_type}.csv")

    def description_file(self, table_type: str, recording: str) -> str:
        """A table about a recording alone."""
        return self.below("similarity", "recordings", recording, f"{table_type}.csv")

    def figure_files(self, figure: str) -> list[str]:
        """The files of a figure or table: figures under figures/, tables under tables/."""
        products = FIGURES.load(figure).PRODUCTS
        folder = "figures" if "pdf" in products else "tables"
        return [self.below(folder, f"{figure}.{ending}") for ending in products]

    def figure_inputs(self, figure: str) -> dict[str, list[str]]:
        """The tidy tables that a figure is made from: its own, or those of other figures that it reads, by figure."""
        module = FIGURES.load(figure)
        if not hasattr(module, "tables_of_others"):
            return {figure: self.figure_tables(figure)}
        types = module.tables_of_others()
        return {
            name: [file for file in self.figure_tables(name) if Path(file).stem in types[name]]
            for name in self.selection.figures
            if name in types
        }

    def figure_tables(self, figure: str) -> list[str]:
        """The tidy tables of a figure's models, seeds, groups and recordings."""
        return [
            *(
                self.table_file(table_type, model, subset)
                for table_type in table_types_of(figure, "model")
                for model in self.selection.figures[figure]
                for subset, seeds in self.selection.seed_subsets.get(table_type, {}).get(model, {}).items()
                if set(seeds) <= set(self.selection.model_seeds(figure, model))
            ),
            *(
                self.group_file(table_type, group)
                for table_type in table_types_of(figure, "group")
                for group in self.selection.figure_groups(figure)
            ),
            *(
                self.description_file(table_type, recording)
                for table_type in table_types_of(figure, "recording")
                for recording in self.selection.figure_recordings(figure)
            ),
        ]
