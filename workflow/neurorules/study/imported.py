"""Networks that were trained elsewhere, as a study has them: models whose runs are read and not trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neurorules.study.model import Model
from neurorules.tables.base.table_type import TABLE_TYPES

# Options of training that tables ask for, of networks that no study trains.
IMPORTED_TRAINING: Mapping[str, Any] = {"flossing_iterations": 0, "device": "cpu"}

# What of an entry changes no run: where its files lie and how figures show it.
NOT_OF_A_RUN = ("path", "label", "colour", "network", "learning_rate")

# What table types may need of a network beyond its activity, and why some networks lack it.
# See `tables/base/table_type.py`.
MISSING = {
    "history": "what happened in its training is not known",
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
        """An entry with what it leaves unsaid."""
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
        """What determines the runs of an entry besides its files' content; where these lie does not matter."""
        return {key: value for key, value in self.entry(name).items() if key not in NOT_OF_A_RUN}

    def layer(self, name: str) -> dict[str, Any]:
        """Option groups that an entry gives."""
        entry = self.entry(name)
        return {"network": entry["network"], "training": {"learning_rate": entry["learning_rate"]}}

    def is_activity(self, name: str) -> bool:
        """Whether nothing but activity is known of these networks."""
        return name in self.entries and self.entry(name)["form"] == "activity"

    def is_of(self, model: Model) -> bool:
        """Whether a model is one: those of an entry have its task and its setting."""
        if model.learning_rule not in self.entries:
            return True
        entry = self.entry(model.learning_rule)
        return bool((model.task, model.setting) == (entry["task"], entry["setting"]))

    def seeds(self, name: str) -> list[int]:
        """A number for each network of an entry."""
        return list(range(len(self.entries[name]["files"])))

    def files(self, name: str, seed: int) -> list[str]:
        """Names of the files of one network, one for each of its `updates`."""
        entry = self.entry(name)
        return [entry["files"][seed].replace("{update}", str(update)) for update in entry["updates"]]

    def lacks(self, name: str, table_type: str) -> str | None:
        """Why a table cannot be made of an entry's networks; None where it can."""
        lacking = {"history", "study"}
        if self.is_activity(name):
            entry = self.entry(name)
            lacking.add("weights")
            lacking |= {"steps"} if entry["steps"] == "window" else set()
            lacking |= {"accuracy"} if "accuracy" not in entry else set()
        needs = getattr(TABLE_TYPES.load(table_type), "NEEDS", ())
        return next((MISSING[need] for need in needs if need in lacking), None)

    def shown(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """How figures show those of these names that are entries, in the order of the study."""
        wanted = set(names)
        labels = {name: str(entry.get("label", name)) for name, entry in self.entries.items()}
        # Those that have a colour still need a line and a marker. Those of one label (on two tasks, say) look alike.
        uncoloured = [labels[name] for name, entry in self.entries.items() if "colour" not in entry]
        order = list(dict.fromkeys([*uncoloured, *labels.values()]))
        return {
            name: {"label": labels[name], "colour": entry.get("colour"), "number": order.index(labels[name])}
            for name, entry in self.entries.items()
            if name in wanted
        }
