"""Networks trained elsewhere, as models of a study: their runs are read, not trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neurorules.study.model import Model
from neurorules.tables.base.table_type import TABLE_TYPES

# Training options that tables read, for networks that the study does not train.
IMPORTED_TRAINING: Mapping[str, Any] = {"flossing_iterations": 0, "device": "cpu"}

# Keys of an entry that do not affect its runs: where its files are and how figures show it.
NOT_OF_A_RUN = ("path", "label", "colour", "network", "learning_rate")

# What table types may need besides a network's activity, and why a network may lack it.
# See `tables/base/table_type.py`.
MISSING = {
    "history": "its training history is not known",
    "study": "it was not trained in this study",
    "weights": "its weights are not known",
    "accuracy": "its accuracy is not known",
    "steps": "its activity is known in the recording's bins only",
}


class ImportedNetworks:
    """The entries of `networks:`.

    Args:
        config: the merged config.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.entries: Mapping[str, Mapping[str, Any]] = config.get("networks", {})

    def entry(self, name: str) -> dict[str, Any]:
        """An entry with its defaults filled in."""
        return {
            "form": "weights",
            "path": None,
            "catalogue": None,
            "setting": "base",
            "learning_rate": None,
            "transpose": [],
            "steps": "window",
            **self.entries[name],
        }

    def spec(self, name: str) -> dict[str, Any]:
        """What determines an entry's runs, besides the content of its files. Their location does not matter."""
        return {key: value for key, value in self.entry(name).items() if key not in NOT_OF_A_RUN}

    def layer(self, name: str) -> dict[str, Any]:
        """Option groups that an entry sets."""
        entry = self.entry(name)
        return {"network": entry["network"], "training": {"learning_rate": entry["learning_rate"]}}

    def is_activity(self, name: str) -> bool:
        """Whether only the activity of these networks is known."""
        return name in self.entries and self.entry(name)["form"] == "activity"

    def is_of(self, model: Model) -> bool:
        """Whether a model exists: models of an entry have its task and setting."""
        if model.learning_rule not in self.entries:
            return True
        entry = self.entry(model.learning_rule)
        return bool((model.task, model.setting) == (entry["task"], entry["setting"]))

    def seeds(self, name: str) -> list[int]:
        """The seeds of an entry: one number per network."""
        return list(range(len(self.entries[name]["files"])))

    def files(self, name: str, seed: int) -> list[str]:
        """File names of one network, one for each of its `updates`."""
        entry = self.entry(name)
        return [entry["files"][seed].replace("{update}", str(update)) for update in entry["updates"]]

    def lacks(self, name: str, table_type: str) -> str | None:
        """Why a table cannot be made from an entry's networks; None if it can."""
        lacking = {"history", "study"}
        if self.is_activity(name):
            entry = self.entry(name)
            lacking.add("weights")
            lacking |= {"steps"} if entry["steps"] == "window" else set()
            lacking |= {"accuracy"} if "accuracy" not in entry else set()
        needs = getattr(TABLE_TYPES.load(table_type), "NEEDS", ())
        return next((MISSING[need] for need in needs if need in lacking), None)

    def shown(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """How figures show the entries among the given names, in the study's order."""
        wanted = set(names)
        labels = {name: str(entry.get("label", name)) for name, entry in self.entries.items()}
        # Entries with a colour still need a line style and a marker. Entries with the same label look the same.
        uncoloured = [labels[name] for name, entry in self.entries.items() if "colour" not in entry]
        order = list(dict.fromkeys([*uncoloured, *labels.values()]))
        return {
            name: {"label": labels[name], "colour": entry.get("colour"), "number": order.index(labels[name])}
            for name, entry in self.entries.items()
            if name in wanted
        }
