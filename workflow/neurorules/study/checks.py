"""Checks of a config beyond its schema, run before jobs are planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.claims.published import claim_ids
from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES, is_of_others, table_types_of
from neurorules.learning.base.learning_rule import LEARNING_RULES, load_learning_rule
from neurorules.network import connectivity
from neurorules.network.tangent import check_flossing
from neurorules.recordings.catalogue import known_sources
from neurorules.similarity.measures.base.measure import MEASURE_OPTIONS, MEASURES
from neurorules.study.model import Model
from neurorules.study.network_checks import check_networks, check_networks_of_figure
from neurorules.study.options import StudyOptions
from neurorules.study.requirements import (
    check_imported,
    check_requirements,
    check_simultaneous,
    check_table_requirements,
)
from neurorules.study.schema.check import dotted
from neurorules.study.schema.fragments import first_violation
from neurorules.study.schema.session_options import keeps_trials, trials_option
from neurorules.study.schema.violation import not_allowed, unknown_name
from neurorules.study.selection import NAMED_BY, Selection
from neurorules.study.yaml_source import study_error
from neurorules.tables.base.table_type import TABLE_TYPES
from neurorules.tasks.base.task import TASKS


class Checks:
    """Checks of a config beyond its schema: names must exist, and values must be consistent.

    Args:
        config: the merged config, which conforms to the schema.
        files: the study files it came from, for errors.
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
        """Check everything, from the general to the particular.

        Raises:
            InputError: the first error found.
        """
        config = self.config
        tasks, settings, rules = set(config["tasks"]), set(config["settings"]), set(LEARNING_RULES.names())
        recordings, networks = set(config["recordings"]), set(self.options.imported.entries)
        check_networks(config, self.files, self.options)
        self._check_each("use_recordings", config["use_recordings"], recordings)
        self._check_each("use_figures", config["use_figures"], set(config["figures"]))
        catalogue = known_sources()
        for name in config["use_recordings"]:
            entry = self.selection.recording_entry(name)
            self._check_each(f"recordings.{name}.reader", [entry["reader"]], set(catalogue))
            self._check_each(f"recordings.{name}.source", [entry["source"]], catalogue[entry["reader"]])
        for name, task in config["tasks"].items():
            key = f"tasks.{name}.module" if "module" in task else "tasks"
            self._check_each(key, [self.options.task_module(name)], set(TASKS.names()))
            self._check_task_options(name)
        for name, given in config["learning_rules"].items():
            self._check_each("learning_rules", [name], rules)
            self._check_learning_options(name, given)
        for name, figure in config["figures"].items():
            self._check_each("figures", [name], set(FIGURES.names()))
            for number, part in enumerate((figure, *figure.get("extra_models", []))):
                where = f"figures.{name}" if number == 0 else f"figures.{name}.extra_models.{number - 1}"
                self._check_each(f"{where}.tasks", part.get("tasks", []), tasks)
                self._check_each(f"{where}.learning_rules", part.get("learning_rules", []), rules | networks)
                self._check_each(f"{where}.settings", part.get("settings", []), settings)
        for name, setting in config["settings"].items():
            self._check_each(f"settings.{name}.by_task", setting.get("by_task", {}), tasks)
            self._check_each(f"settings.{name}.by_learning_rule", setting.get("by_learning_rule", {}), rules)
        for name, figure in config["figures"].items():
            self._check_each(f"figures.{name}.recordings", figure.get("recordings", []), recordings)
            self._check_primary(name, figure.get("primary"), recordings, settings)
        for where, options in self.options.every_layer():
            for key in MEASURE_OPTIONS:
                measures = options.get("comparison", {}).get(key, [])
                self._check_each(f"{where}.comparison.{key}", measures, set(MEASURES.names()))
            recording = options.get("comparison", {}).get("recording")
            if recording is not None:
                self._check_each(f"{where}.comparison.recording", [recording], recordings)
        for name in config["use_figures"]:
            for model in self.selection.named_by(name):
                self._check_model(model)
                self._check_learning_rate_seed(name, model)
        for name in config["use_figures"]:
            self._check_figure(name)

    def _check_primary(
        self, name: str, primary: Mapping[str, str] | None, recordings: set[str], settings: set[str]
    ) -> None:
        """Check that the figure tests claims, and that its primary claim, recording and setting exist."""
        if primary is None:
            return
        key = f"figures.{name}.primary"
        if not is_of_others(name):
            remedy = "Put it under figures.claims."
            raise study_error("This figure does not test claims.", self.files, key, value=dict(primary), remedy=remedy)
        for part, known in (("claim", claim_ids()), ("recording", recordings), ("setting", settings)):
            self._check_each(f"{key}.{part}", [primary[part]] if part in primary else [], known)

    def _check_figure(self, name: str) -> None:
        """Check that a selected figure has something to show."""
        entry = self.config["figures"][name]
        of_models = table_types_of(name, "model") + table_types_of(name, "group")
        for key in NAMED_BY:
            if of_models and key not in entry:
                raise study_error(
                    "Missing key.",
                    self.files,
                    f"figures.{name}.{key}",
                    at=f"figures.{name}",
                    remedy=f"This figure shows models. Set its {', '.join(NAMED_BY)}.",
                )
        without_models = of_models and not self.selection.figures[name]
        if without_models or (table_types_of(name, "recording") and not self.selection.figure_recordings(name)):
            tasks = [
                task for task in entry.get("tasks", ()) if self.options.recording(Model(task, "bptt", "base")) is None
            ]
            name_it = [f"tasks.{task}.comparison.recording" for task in tasks]
            raise study_error(
                "This figure has nothing to show: none of its recordings is in use.",
                self.files,
                "use_figures",
                value=name,
                holds=name,
                remedy=f"Set {', '.join(name_it)}, or remove the figure from use_figures."
                if name_it
                else "Remove it from use_figures, or add a recording of its tasks to use_recordings "
                "(a private recording needs a path).",
            )
        self._check_what_tables_need(name)
        check_networks_of_figure(name, self.files, self.selection)
        if table_types_of(name, "group") and not self.selection.figure_groups(name):
            raise study_error(
                "This figure needs at least two networks to compare.",
                self.files,
                f"figures.{name}",
                value=dict(entry),
                at="use_figures",
                holds=name,
                remedy="Give it two seeds, or two learning rules.",
            )

    def _check_what_tables_need(self, name: str) -> None:
        """Check what table types require of the config, so that they do not fail after all the training."""
        trained = [model for model in self.selection.figures[name] if not self.options.is_imported(model)]
        check_table_requirements(name, trained, self.files, self.options)
        check_simultaneous(name, self.files, self.options, self.selection)
        for table_type in table_types_of(name, "model"):
            for key in getattr(TABLE_TYPES.load(table_type), "REQUIRED_KEYS", ()):
                for model in self.selection.figures[name]:
                    if self.options.of(model)["comparison"].get(key) is None:
                        raise study_error(
                            f"The figure {name} requires this key, and {model} does not set it.",
                            self.files,
                            f"tasks.{model.task}.comparison.{key}",
                            at=f"figures.{name}.tasks",
                            holds=model.task,
                            remedy=f"Set it, or remove {model.task} from the figure's tasks.",
                        )
        for table_type in table_types_of(name, "recording"):
            for recording in self.selection.figure_recordings(name):
                entry = self.selection.recording_entry(recording)
                says_it_itself = entry["reader"] == "own_rates"  # checked when its file is read, see preflight.py
                if (
                    getattr(TABLE_TYPES.load(table_type), "NEEDS_TRIALS", False)
                    and not keeps_trials(entry["options"])
                    and not says_it_itself
                ):
                    raise study_error(
                        f"The figure {name} needs single trials, and the recording {recording} is read without them.",
                        self.files,
                        f"recordings.{recording}.options.{trials_option(entry['options'])}",
                        value=False,
                        at=f"figures.{name}.recordings",
                        holds=recording,
                        remedy="Keep single trials if the source has them, or remove the recording from the figure.",
                    )

    def _check_learning_rate_seed(self, figure: str, model: Model) -> None:
        """Check that no learning rate is chosen with a seed that the figure shows."""
        seed = self.options.of(model)["training"]["learning_rate_seed"]
        if self.options.chooses_learning_rate(model) and seed in self.selection.figure_seeds(figure):
            raise study_error(
                f"The figure {figure} shows the seed with which the learning rate of {model} is chosen.",
                self.files,
                self._key(model, "training.learning_rate_seed"),
                value=seed,
                remedy="Use a seed that no figure shows.",
            )

    def _check_learning_options(self, name: str, given: Mapping[str, Any]) -> None:
        needed = load_learning_rule(name).OPTION_SCHEMA
        for option in given:
            if option not in needed:
                raise unknown_name(self.files, f"learning_rules.{name}.{option}", option, set(needed))

    def _check_model(self, model: Model) -> None:
        """Check a resolved model: its options must be those that its task and learning rule allow and require."""
        if self.options.is_imported(model):
            check_imported(model, self.files, self.options)
            return
        options = self.options.of(model)
        rule = load_learning_rule(model.learning_rule)
        for option in rule.OPTION_SCHEMA:
            if option not in options["learning"]:
                raise study_error(
                    "Missing key.",
                    self.files,
                    f"learning_rules.{model.learning_rule}.{option}",
                    at="learning_rules",
                    remedy=f"The learning rule {model.learning_rule} requires: {', '.join(rule.OPTION_SCHEMA)}.",
                )
        task_options = TASKS.load(self.options.task_module(model.task)).OPTION_SCHEMA
        for group, fragments in (("task", task_options), ("learning", rule.OPTION_SCHEMA)):
            violation = first_violation(options[group], fragments)
            if violation is not None:
                option, *rest = violation.path
                raise not_allowed(self.files, dotted([self._key(model, f"{group}.{option}"), *rest]), violation)
        if self.options.needs_recording(model.task) and self.options.recording(model) is None:
            raise study_error(
                f"The task {model.task} makes its trials from a recording, and {model} does not set one.",
                self.files,
                self._key(model, "comparison.recording"),
                value=None,
                remedy=f"Set it to one of: {', '.join(self.config['recordings'])}.",
            )
        check_requirements(model, self.files, self.options)
        checks = (
            *(("network", connectivity.check), ("network", rule.check_network), ("learning", rule.check)),
            ("training", lambda training: check_flossing(training, options["network"]["units"])),
        )
        for group, check in checks:
            try:
                check(options[group])
            except InputError as error:
                option = str(error.key).rpartition(".")[2]
                raise study_error(
                    f"{error.problem} (in {model})",
                    self.files,
                    self._key(model, f"{group}.{option}"),
                    value=error.value,
                    remedy=error.remedy or "",
                ) from None

    def _key(self, model: Model, option: str) -> str:
        """The config key that sets a model's option."""
        return self.options.place(model, option)[1]

    def _check_task_options(self, name: str) -> None:
        module = self.options.task_module(name)
        task_module = TASKS.load(module)
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
        without = f"The task {module} needs it for comparisons with recordings; see docs/reference/options.md."
        for group, options, keys, remedy in (
            ("task", given, tuple(needed), f"The task {module} requires: {', '.join(needed)}."),
            ("comparison", comparison, compared, without),
        ):
            for option in keys:
                if option not in options:
                    raise study_error(
                        "Missing key.",
                        self.files,
                        f"tasks.{name}.{group}.{option}",
                        at=f"tasks.{name}",
                        remedy=remedy,
                    )

    def _check_each(self, key: str, names: Iterable[str], known: set[str]) -> None:
        for name in names:
            if name not in known:
                raise unknown_name(self.files, key, name, known)
