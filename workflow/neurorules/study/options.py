"""The options of a model, resolved from the layers of the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from neurorules.similarity.measures.base.measure import keys_of_measures, measure_keys
from neurorules.study.imported import IMPORTED_TRAINING, ImportedNetworks
from neurorules.study.model import Model
from neurorules.study.schema.violation import unknown_name
from neurorules.study.yaml_source import find_key
from neurorules.tables.base.table_type import TABLE_TYPES, table_types
from neurorules.tasks.base.task import TASKS

# Option groups for training; `comparison` is used only for scoring.
TRAINED_WITH = ("task", "network", "training", "learning")
OPTION_GROUPS = (*TRAINED_WITH, "comparison")

# The learning rate "best" is chosen by short training runs. CHOOSING are the `training` options that only this choice
# uses, AFTER_CHOOSING those that it does not depend on.
BEST_LEARNING_RATE = "best"
CHOOSING = ("learning_rate_grid", "learning_rate_updates", "learning_rate_seed")
AFTER_CHOOSING = ("learning_rate", "updates", "checkpoints", "n_checkpoints")

# How test trials and recorded conditions are paired: options of `comparison`.
PAIRED_BY = ("labels", "conditions")


class StudyOptions:
    """Options of models, resolved: defaults < learning rule < task < setting < its by_task < its by_learning_rule.

    Args:
        config: the merged config.
        files: the study files it came from, for errors.
    """

    def __init__(self, config: Mapping[str, Any], files: Sequence[Path]) -> None:
        self.config = config
        self.files = files
        self.imported = ImportedNetworks(config)
        self._resolved: dict[Model, dict[str, Any]] = {}

    def is_imported(self, model: Model) -> bool:
        """Whether a model's networks were trained elsewhere."""
        return model.learning_rule in self.imported.entries

    def of(self, model: Model) -> dict[str, Any]:
        """A model's resolved option groups, as a new copy.

        Raises:
            InputError: an option is unknown in its group.
        """
        options: dict[str, Any] = _copied(self._of(model))
        return options

    def _of(self, model: Model) -> dict[str, Any]:
        if model not in self._resolved:
            self._resolved[model] = self._resolve(model)
        return self._resolved[model]

    def _resolve(self, model: Model) -> dict[str, Any]:
        options: dict[str, dict[str, Any]] = {group: {} for group in OPTION_GROUPS}
        # An open task accepts more options than it lists, and checks them itself.
        open_task = getattr(TASKS.load(self.task_module(model.task)), "OTHER_OPTIONS", False)
        for where, layer in self.layers(model):
            for group in OPTION_GROUPS:
                known = set(options[group])
                for key, value in layer.get(group, {}).items():
                    if key not in known and where.startswith("settings.") and not (group == "task" and open_task):
                        problem = "Unknown name."
                        if group == "task":
                            problem = f"Unknown option for the task {model.task}. Put one task's options under by_task."
                        raise unknown_name(self.files, f"{where}.{group}.{key}", key, known, problem)
                    options[group][key] = value
        return options

    def layers(self, model: Model) -> list[tuple[str, Mapping[str, Any]]]:
        """The option groups that a model's options come from, with their keys. Later ones override earlier ones."""
        config, setting = self.config, self.config["settings"][model.setting]
        named = f"settings.{model.setting}"
        of_task = setting.get("by_task", {}).get(model.task, {})
        of_rule = setting.get("by_learning_rule", {}).get(model.learning_rule, {})
        named_rule = f"{named}.by_learning_rule.{model.learning_rule}"
        if self.is_imported(model):
            of_rule = self.imported.layer(model.learning_rule)
            named_rule = f"networks.{model.learning_rule}"
        return [
            ("defaults", config["defaults"]),
            (f"learning_rules.{model.learning_rule}", {"learning": self.learning_options(model.learning_rule)}),
            (f"tasks.{model.task}", config["tasks"][model.task]),
            (named, setting),
            (f"{named}.by_task.{model.task}", of_task),
            (named_rule, of_rule),
        ]

    def every_layer(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every place in the config with option groups, with its key."""
        config = self.config
        yield "defaults", config["defaults"]
        for name, task in config["tasks"].items():
            yield f"tasks.{name}", task
        for name, setting in config["settings"].items():
            yield f"settings.{name}", setting
            for by in ("by_task", "by_learning_rule"):
                for of, layer in setting.get(by, {}).items():
                    yield f"settings.{name}.{by}.{of}", layer

    def place(self, model: Model, option: str) -> tuple[str | None, str]:
        """The file and the key that set a model's option, such as task.dt_ms. The file is None for a default."""
        group, _, name = option.partition(".")
        found = [where for where, layer in self.layers(model) if name in layer.get(group, {})]
        where = found[-1] if found else f"tasks.{model.task}"
        key = f"{where}.{name if where.startswith('learning_rules.') else option}"
        return find_key(self.files, key)[0], key

    def training(self, model: Model) -> dict[str, Any]:
        """The names and option groups that determine a model's runs, besides the seed and a chosen learning rate."""
        if self.is_imported(model):
            # How it was trained is not known here, and its runs do not depend on the study's training options.
            training = {**IMPORTED_TRAINING, "learning_rate": self._of(model)["training"]["learning_rate"]}
            spec = {"imported": self.imported.spec(model.learning_rule)}
            if self.imported.is_activity(model.learning_rule):
                keys = getattr(TASKS.load(self.task_module(model.task)), "COMPARISON_KEYS", ())
                given = self._of(model)["comparison"]
                spec["comparison"] = {key: given[key] for key in (*keys, *PAIRED_BY) if key in given}
            return {**self._trained_with(model, CHOOSING), "training": training, **spec}
        return self._trained_with(model, CHOOSING)

    def selection_options(self, model: Model) -> dict[str, Any]:
        """The options that determine the choice of a model's learning rate."""
        return self._trained_with(model, AFTER_CHOOSING)

    def _trained_with(self, model: Model, without: Sequence[str]) -> dict[str, Any]:
        resolved = self._of(model)
        options = {group: _copied(resolved[group]) for group in TRAINED_WITH}
        options["training"] = {key: value for key, value in options["training"].items() if key not in without}
        return {
            "task_name": model.task,
            "task_module": self.task_module(model.task),
            "learning_rule": model.learning_rule,
            "recording": self.training_recording(model),
            **options,
        }

    def chooses_learning_rate(self, model: Model) -> bool:
        """Whether a model's learning rate is the best of a grid."""
        return bool(self._of(model)["training"]["learning_rate"] == BEST_LEARNING_RATE)

    def scoring(self, model: Model, table_type: str) -> dict[str, Any]:
        """The options that determine a model's table of one type, besides its runs and the recording."""
        return {"comparison": self._comparison(_copied(self._of(model)["comparison"]), table_type)}

    def table_options(self, table_type: str) -> dict[str, Any]:
        """The options that determine a table about several models or none: the defaults that its type depends on."""
        options = self.config["defaults"]["comparison"]
        own = TABLE_TYPES.load(table_type).COMPARISON_KEYS
        used = {*own, *keys_of_measures(options, own)}
        return {key: value for key, value in options.items() if key in used}

    @staticmethod
    def _comparison(options: Mapping[str, Any], table_type: str) -> dict[str, Any]:
        """The `comparison` options that a table type depends on."""
        own = TABLE_TYPES.load(table_type).COMPARISON_KEYS
        used, of_others = {*own, *keys_of_measures(options, own)}, _keys_of_others(table_type) | measure_keys()
        return {key: value for key, value in options.items() if key in used or key not in of_others}

    def learning_options(self, learning_rule: str) -> Mapping[str, Any]:
        """The options of a learning rule before any setting."""
        options: Mapping[str, Any] = self.config["learning_rules"].get(learning_rule, {})
        return options

    def task_module(self, task: str) -> str:
        """The module that makes a task's trials: its `module` key, or else its own name."""
        return str(self.config["tasks"][task].get("module", task))

    def recording(self, model: Model) -> str | None:
        """Name of the recording that a model is compared with, or None."""
        name: str | None = self._of(model)["comparison"].get("recording")
        return name

    def training_recording(self, model: Model) -> str | None:
        """Name of the recording that a model's trials are made from, or None."""
        if self.needs_recording(model.task) or self.imported.is_activity(model.learning_rule):
            return self.recording(model)
        return None

    def architecture(self, model: Model) -> str:
        """Name of the architecture of a model's networks."""
        name: str = self._of(model)["network"]["architecture"]
        return name

    def needs_recording(self, task: str) -> bool:
        """Whether a task makes its trials from a recording."""
        return getattr(TASKS.load(self.task_module(task)), "NEEDS_RECORDING", False)


@cache
def _keys_of_others(table_type: str) -> frozenset[str]:
    """The `comparison` options that other table types depend on."""
    others = [name for name in table_types() if name != table_type]
    return frozenset(key for name in others for key in TABLE_TYPES.load(name).COMPARISON_KEYS)


def _copied(value: Any) -> Any:
    """A copy of YAML content: dicts and lists of scalars. `deepcopy` takes five times as long."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
