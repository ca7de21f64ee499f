"""What a table type is, and how one is found by name.

A table type is one file in the folder above with

    SUBJECT: str                        what one table is about, see below
    NEEDS_RECORDING: bool               whether there is no table without a recording
    COMPARISON_KEYS: tuple[str, ...]    keys of `comparison:` that it depends on, beside those of the compared window
    REQUIRED_KEYS: tuple[str, ...]      optional: those of them that every model has to have
    NEEDS_TRIALS: bool                  optional: whether the recording has to have its single trials
    NEEDS: tuple[str, ...]              optional: what it needs of a network beyond activity in the recording's bins,
                                        which networks that were trained elsewhere may lack: `history` of its training,
                                        `weights`, `accuracy`, `steps` (activity in all steps of the test trials), or
                                        `study` (to have been trained in this study)
    REQUIRES: tuple[Requirement, ...]   optional: what it requires of the options of a model that this study trains
    COSTLY: bool                        optional: whether one of a model takes long enough for a job of its own, where a
                                        job makes the tables of several models
    def table(...) -> DataFrame         see `score.py` for its arguments
    def check(recording, options)       optional; raises an InputError where no table can be made of a recording. It is
                                        asked before anything runs too. Of a model's options it looks at
                                        `comparison` and `network`; of a recording, it gets what `table` gets

    SUBJECT = "model"       the runs of one model: table(model: ScoredModel, recording)
    SUBJECT = "group"       the models of one task in one figure: table(members, labels, options, recording)
    SUBJECT = "recording"   a recording alone: table(recording, labels, options)

Every row starts with the labels that the function is given. Every column has its entry in `columns.py`.
Nothing heavy is imported at the top of such a file: every cluster job reads SUBJECT when it plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        "NEEDS",
        "REQUIRES",
        "COSTLY",
        "check",
        "table",
    ),
)


# Option groups of a model that `check` may look at; many models have the same.
CHECKED_BY = ("comparison", "network")


@dataclass(frozen=True)
class ScoredModel:
    """What a table about a model is made from, beside the recording.

    Attributes:
        labels: see `labels.model_labels`; where the table is about this model alone, all that its rows start with.
        options: its resolved options.
        task: its task.
        runs: its runs by seed.
        tested: their networks on the test trials, by seed, as far as a table has asked for them; models that stand for
            the same one in several tables of a job share it.
    """

    labels: Mapping[str, Any]
    options: Options
    task: Task
    runs: Mapping[int, xr.Dataset]
    tested: dict[int, TestedNetwork] = field(default_factory=dict, repr=False, compare=False)

    def activity(self, seed: int, recording: xr.Dataset | None) -> ModelActivity:
        """What the network of a seed does, in the window that lines up with a recording or, for None, in all steps."""
        from neurorules.runs.evaluate import ModelActivity, TestedNetwork

        run = self.runs[seed]
        if "activity" in run:
            return ModelActivity(run, self.options, self.task, recording)
        if seed not in self.tested:
            self.tested[seed] = TestedNetwork(run, self.options.network, self.task)
        return ModelActivity(run, self.options, self.task, recording, self.tested[seed])


def table_types(subject: str | None = None) -> list[str]:
    """Names of the table types in the folder above: all, or those about a "model", a "group" or a "recording"."""
    return [name for name in TABLE_TYPES.names() if subject in (None, subject_of(name))]


def subject_of(name: str) -> str:
    """What one table of a type is about: "model", "group" or "recording"."""
    subject: str = TABLE_TYPES.load(name).SUBJECT
    return subject
