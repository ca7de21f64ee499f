"""Plug-ins, which are found by their file names: learning rules, tasks, figures, measures, tables, tests of claims.

Nothing heavy is imported here, because every cluster job looks for plug-ins when it plans.
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

# The subfolder of a plug-in folder with the contract and shared code.
BASE = "base"


@dataclass(frozen=True)
class Plugins:
    """The plug-ins of one folder.

    Attributes:
        folder: dotted path within the package, e.g. "similarity.measures".
        what: what a plug-in is called in errors ("measure of similarity").
        key: the config key that selects plug-ins, for errors.
        members: the members that a plug-in may define, by the contract in the folder's `base`. Nothing else in a
            plug-in is used from outside, so the code behind a job is these members and the code that they reach.
    """

    folder: str
    what: str
    key: str
    members: tuple[str, ...]

    def names(self) -> list[str]:
        """The plug-ins' names, in alphabetical order."""
        return [name for name in _modules(self.folder) if name != BASE]

    def load(self, name: str) -> Any:
        """Load a plug-in by name: the members of its module that the contract lists.

        Raises:
            InputError: there is no plug-in with this name.
        """
        if name not in self.names():
            file = f"workflow/neurorules/{self.folder.replace('.', '/')}/{name}.py"
            raise InputError(
                f"Unknown {self.what}.",
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
