"""Modules that are found by their name in a folder: learning rules, tasks, figures, measures, tables, deciding tests.

Nothing heavy is imported: every cluster job looks for plug-ins when it plans.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from neurorules.errors import InputError

PACKAGE = Path(__file__).resolve().parent

# Within a folder of plug-ins: their contract, and what several of them share.
BASE = "base"


@dataclass(frozen=True)
class Plugins:
    """The plug-ins of one folder.

    Attributes:
        folder: dotted, below the package, e.g. "similarity.measures".
        what: what one of them is, for errors ("measure of similarity").
        key: where the config names them, for errors.
        members: what one of them may offer, by the contract in the folder's `base`. Nothing else of a plug-in is
            used from outside, so that the code behind a job is these members and what they reach.
    """

    folder: str
    what: str
    key: str
    members: tuple[str, ...]

    def names(self) -> list[str]:
        """Their names, in alphabetical order."""
        return [name for name in _modules(self.folder) if name != BASE]

    def load(self, name: str) -> Any:
        """One of them by name: the members of its module that the contract names.

        Raises:
            InputError: there is none of this name.
        """
        if name not in self.names():
            file = f"workflow/neurorules/{self.folder.replace('.', '/')}/{name}.py"
            raise InputError(
                f"There is no such {self.what}.",
                key=self.key,
                value=name,
                remedy=f"Use one of {', '.join(self.names())}, or add {file}.",
            )
        module = importlib.import_module(f"neurorules.{self.folder}.{name}")
        offered = {member: getattr(module, member) for member in self.members if hasattr(module, member)}
        return SimpleNamespace(__name__=module.__name__, **offered)


@cache
def _modules(folder: str) -> tuple[str, ...]:
    found = pkgutil.iter_modules([str(PACKAGE.joinpath(*folder.split(".")))])
    return tuple(sorted(module.name for module in found))
