"""Modules that are found by their name in a folder: learning rules, tasks, figures, measures, tables, deciding tests.

Nothing heavy is imported: every cluster job looks for plug-ins when it plans.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

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
    """

    folder: str
    what: str
    key: str

    def names(self) -> list[str]:
        """Their names, in alphabetical order."""
        return [name for name in _modules(self.folder) if name != BASE]

    def load(self, name: str) -> ModuleType:
        """The module of one, by name.

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
        return importlib.import_module(f"neurorules.{self.folder}.{name}")


@cache
def _modules(folder: str) -> tuple[str, ...]:
    found = pkgutil.iter_modules([str(PACKAGE.joinpath(*folder.split(".")))])
    return tuple(sorted(module.name for module in found))
