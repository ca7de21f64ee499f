"""What a kind of tidy table is, and how one is found by name.

A kind is one file in the folder above with

    OF: str                         what one table is about, see below
    NEEDS_RECORDING: bool           whether there is nothing to say without one
    OPTIONS: tuple[str, ...]        keys of `comparison:` that it depends on, beside those that give the compared window
    def table(...) -> DataFrame     see `score.py` and `describe.py` for what it is given

    OF = "model"       the runs of one model: table(runs, labels, options, task, recording)
    OF = "group"       the models of one task in one figure: table(members, labels, options, recording)
    OF = "recording"   a recording alone: table(recording, labels, options)

Nothing heavy is imported at the top of such a file: every cluster job looks at OF when it plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.tasks.base.task import Task

KINDS = Plugins(
    "tables",
    "kind of table",
    "NEEDS",
    members=("OF", "SUBJECT", "NEEDS_RECORDING", "OPTIONS", "COMPARISON_KEYS", "table"),
)


@dataclass(frozen=True)
class GroupMember:
    """One model of a group.

    Attributes:
        options: its resolved options.
        task: its task.
        runs: its runs by seed.
    """

    options: Mapping[str, Any]
    task: Task
    runs: Mapping[int, xr.Dataset]


def kind_names() -> list[str]:
    """Names of the kinds in the folder above."""
    return KINDS.names()


def kinds_of(what: str) -> list[str]:
    """Names of the kinds whose tables are about a model, a group of models, or a recording."""
    return [name for name in kind_names() if about(name) == what]


def about(name: str) -> str:
    """What one table of a kind is about: "model", "group" or "recording"."""
    return load_kind(name).OF


def load_kind(name: str) -> Any:
    """The module of a kind, by name.

    Raises:
        InputError: there is no such kind.
    """
    return KINDS.load(name)
