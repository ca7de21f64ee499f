"""The contract of a table type, and loading one by name.

A table type is one file in the parent folder with

    SUBJECT: str                        what one table is about, see below
    NEEDS_RECORDING: bool               whether it needs a recording
    COMPARISON_KEYS: tuple[str, ...]    keys of `comparison:` that it depends on, besides those of the compared window
    REQUIRED_KEYS: tuple[str, ...]      optional: keys of `comparison:` that every model must have
    NEEDS_TRIALS: bool                  optional: whether the recording needs single trials
    NEEDS_SIMULTANEOUS: bool            optional: whether it needs single trials of neurons that were recorded together
    NEEDS: tuple[str, ...]              optional: what it needs from a network, besides activity in the recording's
                                        bins, that networks trained elsewhere may lack: `history` of training,
                                        `weights`, `accuracy`, `steps` (activity in all steps of the test trials), or
                                        `study` (that it was trained in this study)
    REQUIRES: tuple[Requirement, ...]   optional: what it requires of the options of models trained in this study
    COSTLY: bool                        optional: whether a model's table takes long enough for its own job, even if
                                        jobs make the tables of several models
    def table(...) -> DataFrame         see `score.py` for its arguments
    def check(recording, options)       optional; raises an InputError if no table can be made from a recording. It is
                                        also called before anything runs. It uses a model's `comparison` and `network`
                                        options, and gets the same recording as `table`

    SUBJECT = "model"       the runs of one model: table(model: ScoredModel, recording)
    SUBJECT = "group"       the models of one task in one figure: table(members, labels, options, recording)
    SUBJECT = "recording"   a recording alone: table(recording, labels, options)

Every row starts with the labels passed to the function. Every column has an entry in `columns.py`. Such a file imports
nothing heavy at the top, because every cluster job reads SUBJECT when it plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.options import Options
    from neurorules.runs.evaluate import ModelActivity, TestedNetwork
    from neurorules.tasks.base.task import Task

TABLE_TYPES = Plugins(
    "tables",
    "table type",
    "TABLES",
    members=(
        "SUBJECT",
        "NEEDS_RECORDING",
        "COMPARISON_KEYS",
        "REQUIRED_KEYS",
        "NEEDS_TRIALS",
        "NEEDS_SIMULTANEOUS",
        "NEEDS",
        "REQUIRES",
        "COSTLY",
        "check",
        "table",
    ),
)


# Option groups that `check` may use. Many models share them.
CHECKED_BY = ("comparison", "network")


@dataclass(frozen=True)
class ScoredModel:
    """What a table about a model is made from, besides the recording.

    Attributes:
        labels: see `labels.model_labels`; for a table about this model alone, all labels of its rows.
        options: the model's resolved options.
        task: the model's task.
        runs: its runs by seed.
        tested: networks already run on the test trials, by seed. A job's tables about the same model share it.
    """

    labels: Mapping[str, Any]
    options: Options
    task: Task
    runs: Mapping[int, xr.Dataset]
    tested: dict[int, TestedNetwork] = field(default_factory=dict, repr=False, compare=False)

    def activity(self, seed: int, recording: xr.Dataset | None) -> ModelActivity:
        """The activity of a seed's network, in the window aligned with a recording or, for None, in all steps."""
        from neurorules.runs.evaluate import ModelActivity, TestedNetwork

        run = self.runs[seed]
        if "activity" in run:
            return ModelActivity(run, self.options, self.task, recording)
        if seed not in self.tested:
            self.tested[seed] = TestedNetwork(run, self.options.network, self.task)
        return ModelActivity(run, self.options, self.task, recording, self.tested[seed])


def table_types(subject: str | None = None) -> list[str]:
    """Names of all table types, or of those about a "model", a "group" or a "recording"."""
    return [name for name in TABLE_TYPES.names() if subject in (None, subject_of(name))]


@cache
def subject_of(name: str) -> str:
    """What one table of a type is about: "model", "group" or "recording"."""
    subject: str = TABLE_TYPES.load(name).SUBJECT
    return subject
