"""What each result of a study must be made from. Jobs compare this with what their inputs record.

Snakemake keeps such records in .snakemake. Without this check, results copied without their records, or whose records
were removed, would pass for results of the current study.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from neurorules.figures.base.figure import table_types_of
from neurorules.io.identity import canonical_json, short_hash
from neurorules.study.code import Code, figure_code, recording_code, scoring_code, training_code
from neurorules.study.load import Study
from neurorules.study.model import Model


@dataclass(frozen=True)
class Identities:
    """Identities of a study's results, for the study as it is now.

    Attributes:
        study: a checked study.
        code: returns the code hash of a job, given its script and plug-ins.
    """

    study: Study
    code: Callable[..., str]
    _known: dict[str, str] = field(default_factory=dict, init=False, repr=False)  # of tables, by file

    def _code(self, of: Code) -> str:
        return self.code(*of)

    def recording(self, name: str | None) -> dict[str, str] | None:
        """Attributes that a recording's file must have; None if there is no recording."""
        if name is None or name not in self.study.selection.used_recordings:
            return None
        return {
            "made_from": canonical_json(self.study.selection.recording_spec(name)),
            "code": self._code(recording_code(self.study, name)),
        }

    def run(self, model: Model) -> dict[str, str]:
        """Attributes that a model's runs must have, besides the seed."""
        return {
            "model": canonical_json(self.study.options.training(model)),
            "code": self._code(training_code(self.study, model)),
        }

    def choice(self, model: Model) -> dict[str, Any] | None:
        """How a chosen learning rate must have been chosen; None if the learning rate is fixed."""
        if not self.study.options.chooses_learning_rate(model):
            return None
        return {
            "model": self.study.options.selection_options(model),
            "code": self._code(training_code(self.study, model, "choose_learning_rate.py")),
        }

    def model_table(self, table_type: str, model: Model, seeds: list[int]) -> str:
        """The identity of a table about one model."""
        return short_hash(
            {
                "runs": self.run(model),
                "seeds": seeds,
                "options": self.study.options.scoring(model, table_type),
                "recording": self.recording(self.study.options.recording(model)),
                "code": self._code(scoring_code(self.study, "score.py", table_type, [model])),
            }
        )

    def group_table(self, table_type: str, group: str) -> str:
        """The identity of a table about a group of models."""
        models = self.study.selection.groups[group]
        return short_hash(
            {
                "runs": {str(model): self.run(model) for model in models},
                "seeds": self.study.selection.figure_seeds(group.split("/")[0]),
                **self._imported_seeds(group),
                "models": {str(model): self.study.options.scoring(model, table_type) for model in models},
                "options": self.study.options.table_options(table_type),
                "recording": self.recording(self.study.options.recording(models[0])),
                "code": self._code(scoring_code(self.study, "score_group.py", table_type, models)),
            }
        )

    def _imported_seeds(self, group: str) -> dict[str, Any]:
        """Seeds of a group's networks trained elsewhere, which differ from its figure's; empty if there are none."""
        selection = self.study.selection
        imported = [model for model in selection.groups[group] if self.study.options.is_imported(model)]
        seeds = {str(model): selection.model_seeds(group.split("/")[0], model) for model in imported}
        return {"imported_seeds": seeds} if seeds else {}

    def recording_table(self, table_type: str, recording: str) -> str:
        """The identity of a table about a recording alone."""
        return short_hash(
            {
                "options": self.study.options.table_options(table_type),
                "recording": self.recording(recording),
                "code": self._code(scoring_code(self.study, "score_recording.py", table_type, [])),
            }
        )

    def table(self, file: str) -> str:
        """The identity of the table in a file."""
        if file not in self._known:
            self._known[file] = self._tables[file]()
        return self._known[file]

    @cached_property
    def _tables(self) -> dict[str, Callable[[], str]]:
        """Functions that compute tables' identities, by file. A job needs only a few of a study's many tables."""
        selection, paths = self.study.selection, self.study.paths
        found: dict[str, Callable[[], str]] = {}
        for table_type, subsets in selection.seed_subsets.items():
            for model, named in subsets.items():
                for subset, seeds in named.items():
                    file = paths.table_file(table_type, model, subset)
                    found[file] = partial(self.model_table, table_type, model, seeds)
        for figure in selection.figures:
            for table_type in table_types_of(figure, "group"):
                for group in selection.figure_groups(figure):
                    found[paths.group_file(table_type, group)] = partial(self.group_table, table_type, group)
            for table_type in table_types_of(figure, "recording"):
                for name in selection.figure_recordings(figure):
                    file = paths.description_file(table_type, name)
                    found[file] = partial(self.recording_table, table_type, name)
        return found

    def figure_tables(self, figure: str) -> dict[str, str]:
        """The identities of the tables that a figure is drawn from, by file."""
        files = {file for named in self.study.paths.figure_inputs(figure).values() for file in named}
        return {file: self.table(file) for file in sorted(files)}

    def figure(self, figure: str) -> str:
        """The identity of a figure, or of a table for reading."""
        return short_hash(
            {
                "context": self.study.selection.figure_context(figure),
                "tables": self.figure_tables(figure),
                "code": self._code(figure_code(figure)),
            }
        )
