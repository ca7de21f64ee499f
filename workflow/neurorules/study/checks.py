"""Checks of a config beyond its schema, before anything is planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.figures.base.figure import figure_names, table_types_of
from neurorules.learning.base.learning_rule import learning_rule_names, load_learning_rule
from neurorules.network import connectivity
from neurorules.recordings.catalogue import known_sources
from neurorules.similarity.measures.base.measure import measure_names
from neurorules.study.model import Model
from neurorules.study.options import StudyOptions
from neurorules.study.schema import first_error, not_allowed, unknown_name, wanted
from neurorules.study.selection import NAMED_BY, Selection
from neurorules.study.yaml_source import file_of
from neurorules.tasks.base.task import load_task_module, task_names


class Checks:
    """Checks of a config beyond its schema: names that have to exist, and values that go together.

    Args:
        config: the merged config, which keeps to the schema.
        files: the study files it came from, named in errors.
        options: resolves a model's options.
        selection: what the study selects.
    """

    def __init__(
        self, config: Mapping[str, Any], files: Sequence[Path], options: StudyOptions, selection: Selection
    ) -> None:
        self.config = config
        self.files = files
        self.options = options
        self.selection = selection

    def run(self) -> None:
        """Check everything, in the order in which a reader would ask.

        Raises:
            InputError: the first thing that is wrong.
        """
        config = self.config
        tasks, settings, rules = set(config["tasks"]), set(config["settings"]), set(learning_rule_names())
        recordings = set(config["recordings"])
        self._check_each("use_recordings", config["use_recordings"], recordings)
        self._check_each("use_figures", config["use_figures"], set(config["figures"]))
        catalogue = known_sources()
        for name in config["use_recordings"]:
            entry = self.selection.recording_entry(name)
            self._check_each(f"recordings.{name}.reader", [entry["reader"]], set(catalogue))
            self._check_each(f"recordings.{name}.source", [entry["source"]], catalogue[entry["reader"]])
        for name, task in config["tasks"].items():
            key = f"tasks.{name}.module" if "module" in task else "tasks"
            self._check_each(key, [self.options.task_module(name)], set(task_names()))
            self._check_task_options(name)
        for name, given in config["learning_rules"].items():
            self._check_each("learning_rules", [name], rules)
            self._check_learning_options(name, given)
        for name, figure in config["figures"].items():
            self._check_each("figures", [name], set(figure_names()))
            for number, part in enumerate((figure, *figure.get("extra_models", []))):
                where = f"figures.{name}" if number == 0 else f"figures.{name}.extra_models.{number - 1}"
                self._check_each(f"{where}.tasks", part.get("tasks", []), tasks)
                self._check_each(f"{where}.learning_rules", part.get("learning_rules", []), rules)
                self._check_each(f"{where}.settings", part.get("settings", []), settings)
        for name, setting in config["settings"].items():
            self._check_each(f"settings.{name}.by_task", setting.get("by_task", {}), tasks)
            self._check_each(f"settings.{name}.by_learning_rule", setting.get("by_learning_rule", {}), rules)
        for name, figure in config["figures"].items():
            self._check_each(f"figures.{name}.recordings", figure.get("recordings", []), recordings)
        for where, options in self._option_layers():
            measures = options.get("comparison", {}).get("measures", [])
            self._check_each(f"{where}.comparison.measures", measures, set(measure_names()))
            recording = options.get("comparison", {}).get("recording")
            if recording is not None:
                self._check_each(f"{where}.comparison.recording", [recording], recordings)
        for name in config["use_figures"]:
            for model in self.selection.named_by(name):
                self._check_model(model)
                self._check_learning_rate_seed(name, model)
        for name in config["use_figures"]:
            self._check_figure(name)

    def _check_figure(self, name: str) -> None:
        """Check that a selected figure has something to show."""
        entry = self.config["figures"][name]
        of_models = table_types_of(name, "model") + table_types_of(name, "group")
        for key in NAMED_BY:
            if of_models and key not in entry:
                raise InputError(
                    "A key is missing.",
                    file=file_of(self.files, f"figures.{name}"),
                    key=f"figures.{name}.{key}",
                    remedy=f"This figure shows models: name its {', '.join(NAMED_BY)}.",
                )
        without_models = of_models and not self.selection.figures[name]
        if without_models or (table_types_of(name, "recording") and not self.selection.figure_recordings(name)):
            tasks = [
                task for task in entry.get("tasks", ()) if self.options.recording(Model(task, "bptt", "base")) is None
            ]
            name_it = [f"tasks.{task}.comparison.recording" for task in tasks]
            raise InputError(
                "This figure has nothing to show: no recording that it compares with is in use.",
                file=file_of(self.files, "use_figures", name),
                key="use_figures",
                value=name,
                remedy=f"Set {', '.join(name_it)}, or take the figure out of use_figures."
                if name_it
                else "Take it out of use_figures, or add a recording of its tasks to use_recordings "
                "(a private one needs its path).",
            )
        if table_types_of(name, "group") and not self.selection.figure_groups(name):
            raise InputError(
                "This figure has no two networks to compare.",
                file=file_of(self.files, "use_figures", name),
                key=f"figures.{name}",
                value=dict(entry),
                remedy="Give it two seeds, or two learning rules.",
            )

    def _check_learning_rate_seed(self, figure: str, model: Model) -> None:
        """A learning rate is not chosen on a network that is shown."""
        seed = self.options.of(model)["training"]["learning_rate_seed"]
        if self.options.chooses_learning_rate(model) and seed in self.selection.figure_seeds(figure):
            key = self.options.key_of(model, "training", "learning_rate_seed")
            raise InputError(
                f"The figure {figure} shows this seed, and the learning rate of {model} is chosen on it.",
                file=file_of(self.files, key),
                key=key,
                value=seed,
                remedy="Use a seed that no figure shows.",
            )

    def _check_learning_options(self, name: str, given: Mapping[str, Any]) -> None:
        needed = load_learning_rule(name).OPTION_SCHEMA
        for option in given:
            if option not in needed:
                raise unknown_name(self.files, f"learning_rules.{name}.{option}", option, set(needed))

    def _check_model(self, model: Model) -> None:
        """Check what only a whole model shows: values that its task and its learning rule allow, and what they need."""
        options = self.options.of(model)
        rule = load_learning_rule(model.learning_rule)
        for option in rule.OPTION_SCHEMA:
            if option not in options["learning"]:
                raise InputError(
                    "A key is missing.",
                    file=file_of(self.files, "learning_rules"),
                    key=f"learning_rules.{model.learning_rule}.{option}",
                    remedy=f"The learning rule {model.learning_rule} needs all of: {', '.join(rule.OPTION_SCHEMA)}.",
                )
        task_options = load_task_module(self.options.task_module(model.task)).OPTION_SCHEMA
        for group, properties in (("task", task_options), ("learning", rule.OPTION_SCHEMA)):
            error = first_error(options[group], {"properties": properties})
            if error is not None:
                option, *rest = error.absolute_path
                raise not_allowed(
                    ".".join([self.options.key_of(model, group, option), *map(str, rest)]), error, self.files
                )
        if self.options.needs_recording(model.task) and self.options.recording(model) is None:
            raise InputError(
                f"The task {model.task} makes its trials from a recording, and {model} names none.",
                file=file_of(self.files, f"tasks.{model.task}"),
                key=self.options.key_of(model, "comparison", "recording"),
                value=None,
                remedy=f"Name one of: {', '.join(self.config['recordings'])}.",
            )
        for need in rule.REQUIRES:
            value = options["network"][need.option]
            if first_error({need.option: value}, {"properties": {need.option: need.allowed}}) is not None:
                key = self.options.key_of(model, "network", need.option)
                raise InputError(
                    f"The learning rule {model.learning_rule} cannot train {model}. {need.why}",
                    file=file_of(self.files, key),
                    key=key,
                    value=value,
                    remedy=f"It needs {need.option} {wanted(need.allowed)}: use another setting for it, in the "
                    "figure's `extra_models`, or leave it out there.",
                )
        for group, check in (("network", connectivity.check), ("learning", rule.check)):
            try:
                check(options[group])
            except InputError as error:
                key = self.options.key_of(model, group, str(error.key).removeprefix("network."))
                raise InputError(
                    f"{error.problem} (in {model})",
                    file=file_of(self.files, key),
                    key=key,
                    value=error.value,
                    remedy=error.remedy,
                ) from None

    def _check_task_options(self, name: str) -> None:
        module = self.options.task_module(name)
        task_module = load_task_module(module)
        needed = task_module.OPTION_SCHEMA
        given = {**self.config["defaults"].get("task", {}), **self.config["tasks"][name].get("task", {})}
        for option in given:
            if option not in needed and not getattr(task_module, "OTHER_OPTIONS", False):
                raise unknown_name(self.files, f"tasks.{name}.task.{option}", option, set(needed))
        comparison = {
            **self.config["defaults"].get("comparison", {}),
            **self.config["tasks"][name].get("comparison", {}),
        }
        compared = getattr(task_module, "COMPARISON_KEYS", ())
        without = f"The task {module} cannot be compared with a recording without it; see config/README.md."
        for group, options, keys, remedy in (
            ("task", given, tuple(needed), f"The task {module} needs all of: {', '.join(needed)}."),
            ("comparison", comparison, compared, without),
        ):
            for option in keys:
                if option not in options:
                    raise InputError(
                        "A key is missing.",
                        file=file_of(self.files, f"tasks.{name}"),
                        key=f"tasks.{name}.{group}.{option}",
                        remedy=remedy,
                    )

    def _option_layers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every place of the config that holds option groups, with its key."""
        config = self.config
        yield "defaults", config["defaults"]
        for name, task in config["tasks"].items():
            yield f"tasks.{name}", task
        for name, setting in config["settings"].items():
            yield f"settings.{name}", setting
            for by in ("by_task", "by_learning_rule"):
                for of, layer in setting.get(by, {}).items():
                    yield f"settings.{name}.{by}.{of}", layer

    def _check_each(self, key: str, names: Iterable[str], known: set[str]) -> None:
        for name in names:
            if name not in known:
                raise unknown_name(self.files, key, name, known)
