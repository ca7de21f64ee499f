"""A study: the resolved config as models, runs, figures and paths.

Imported by the Snakefile, and so by every job on a cluster: nothing heavy is imported here.
`python -m neurorules.study.study config/*.yaml` checks study files.

Words: a *model* is task x learning rule x setting; a *run* is a model with a seed. A setting is a named difference from
base. Order in which options are resolved: defaults < learning rule < task < setting < the setting's by_task < its
by_learning_rule.
"""

from __future__ import annotations

import difflib
import itertools
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.figures.base.figure import figure_names, load_figure, needs_recording, table_types_of
from neurorules.learning.base.learning_rule import learning_rule_names, load_learning_rule
from neurorules.network import connectivity
from neurorules.recordings.sources import is_private, known_sources
from neurorules.similarity.measures.base.measure import measure_names
from neurorules.study.yaml_source import check_keys, read_study_file
from neurorules.tables.base.table_type import load_table_type, table_types
from neurorules.tasks.base.task import load_task_module, task_names

REPOSITORY = Path(__file__).resolve().parents[3]
BASE_CONFIG = REPOSITORY / "config" / "config.yaml"
SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"

# What a run is trained with; `comparison` comes in only when it is scored.
TRAINED_WITH = ("task", "network", "training", "learning")
OPTION_GROUPS = (*TRAINED_WITH, "comparison")

# A learning rate that is chosen, by a short training of its own with these options of `training`, which nothing else
# depends on; and options that the choice does not depend on.
BEST_LEARNING_RATE = "best"
CHOOSING = ("learning_rate_grid", "learning_rate_updates", "learning_rate_seed")
AFTER_CHOOSING = ("learning_rate", "updates", "checkpoints", "n_checkpoints")

# The models of a figure: every combination of these.
NAMED_BY = ("tasks", "learning_rules", "settings")


@dataclass(frozen=True, order=True)
class Model:
    """Task x learning rule x setting: what a curve in a figure stands for; seeds are its replicates."""

    task: str
    learning_rule: str
    setting: str

    def __str__(self) -> str:
        return f"{self.task}/{self.learning_rule}/{self.setting}"

    @classmethod
    def parse(cls, text: str) -> Model:
        """The model whose `str` is `text`."""
        return cls(*text.split("/"))


@dataclass(frozen=True)
class Block:
    """Seeds of some models that one job trains: one after another on a CPU, side by side on a GPU."""

    seeds: tuple[int, ...]
    models: tuple[Model, ...]


class Study:
    """A checked config.

    Args:
        config: the merged config (a study file over config.yaml, command-line values over both).
        files: the study files it came from, named in errors.

    Raises:
        InputError: an unknown key, a wrong type, an impossible value, or a name that does not exist.
    """

    def __init__(self, config: Mapping[str, Any], files: Sequence[str | Path] = ()) -> None:
        self.config = config = _numbers_from_command_line(config)
        self.files = [Path(f) for f in files]
        for file in self.files:
            check_keys(file)
        check_schema(config, self.files)
        self._check_names()
        self.name: str = config["study"]
        self.results = Path("results") / self.name

    # ---- what is selected

    @cached_property
    def figures(self) -> dict[str, list[Model]]:
        """The selected figures and tables with the models that each shows."""
        return {name: list(self._figure_models(name)) for name in self.config["use_figures"]}

    @cached_property
    def seeds(self) -> dict[Model, list[int]]:
        """Every selected model with its seeds, the union over the figures that show it."""
        seeds: dict[Model, set[int]] = {}
        for name, models in self.figures.items():
            for model in models:
                seeds.setdefault(model, set()).update(self.figure_seeds(name))
        return {model: sorted(seeds[model]) for model in sorted(seeds)}

    def figure_seeds(self, figure: str) -> list[int]:
        """Seeds that a figure averages over."""
        return sorted(self.config["figures"][figure].get("seeds", self.config["seeds"]))

    @cached_property
    def parts(self) -> dict[str, dict[Model, dict[str, list[int]]]]:
        """By kind of table and model, the seeds in parts, by name: those that the same figures show, scored by one job.

        So a figure needs no seed that is another's alone.
        """
        shown_by: dict[tuple[str, Model], dict[int, tuple[str, ...]]] = {}
        for name, models in self.figures.items():
            for kind, model in itertools.product(table_types_of(name, "model"), models):
                figures = shown_by.setdefault((kind, model), {})
                for seed in self.figure_seeds(name):
                    figures[seed] = (*figures.get(seed, ()), name)
        parts: dict[str, dict[Model, dict[str, list[int]]]] = {}
        for (kind, model), figures in shown_by.items():
            together: dict[tuple[str, ...], list[int]] = {}
            for seed in sorted(figures):
                together.setdefault(figures[seed], []).append(seed)
            parts.setdefault(kind, {})[model] = {part_name(seeds): seeds for seeds in together.values()}
        return parts

    @cached_property
    def used_recordings(self) -> list[str]:
        """The recordings to compare with: those in `use_recordings`, without private ones that have no path here."""
        return [name for name in self.config["use_recordings"] if not self.is_absent(name)]

    def is_absent(self, recording: str) -> bool:
        """Whether this is a private recording, without a folder to read it from."""
        entry = self.recording_entry(recording)
        private = is_private(entry["reader"], entry["source"])
        return private and not entry["synthetic"] and entry["path"] is None

    @cached_property
    def blocks(self) -> list[Block]:
        """Training jobs: models grouped by equal blocks of `seeds_per_job` seeds; all seeds of a model on a GPU."""
        by_seeds: dict[tuple[int, ...], list[Model]] = {}
        for model, seeds in self.seeds.items():
            on_cpu = self.options(model)["training"]["device"] == "cpu"
            size = self.config["seeds_per_job"] if on_cpu else len(seeds)
            for start in range(0, len(seeds), size):
                by_seeds.setdefault(tuple(seeds[start : start + size]), []).append(model)
        return [Block(seeds, tuple(models)) for seeds, models in sorted(by_seeds.items())]

    def left_out(self, figure: str) -> list[str]:
        """What a figure would show but for a recording that is not in use: tasks, else task (setting); recordings."""
        of_task: dict[str, dict[str, bool]] = {}
        for model in self._named_by(figure):
            shown = of_task.setdefault(model.task, {})
            shown[model.setting] = shown.get(model.setting, False) or model in self.figures[figure]
        absent = []
        for task, settings in of_task.items():
            without = [setting for setting, shown in settings.items() if not shown]
            absent += [task] if len(without) == len(settings) else [f"{task} ({setting})" for setting in without]
        named = self.config["figures"][figure].get("recordings", [])
        return absent + [name for name in named if name not in self.used_recordings]

    def figure_context(self, name: str) -> dict[str, Any]:
        """Everything but its tables that a figure is drawn from: a change redraws it."""
        return {
            "study": self.name,
            "figure": dict(self.config["figures"][name]),
            "seeds": self.figure_seeds(name),
            "models": [asdict(model) for model in self.figures[name]],
            "recordings": self.figure_recordings(name),
            "left_out": self.left_out(name),
        }

    def _figure_models(self, name: str) -> Iterator[Model]:
        """The models of a figure whose recording is there; all of those without one where it needs none."""
        compares = needs_recording(name)
        for model in self._named_by(name):
            recording = self.recording(model)
            if recording in self.used_recordings or (recording is None and not compares):
                yield model

    def _named_by(self, figure: str) -> list[Model]:
        """Every model that a figure's entry names, whether its recording is there or not; each once."""
        entry = self.config["figures"][figure]
        models: dict[Model, None] = {}
        for part in (entry, *entry.get("also", [])):
            selection = {**dict.fromkeys(NAMED_BY, ()), **entry, **part}
            for of in itertools.product(*(selection[name] for name in NAMED_BY)):
                models[Model(*of)] = None
        return list(models)

    def figure_recordings(self, figure: str) -> list[str]:
        """The recordings of this study that a figure describes: those that its entry names, else its models'."""
        named = self.config["figures"][figure].get("recordings")
        if named is None:
            named = sorted({r for model in self.figures[figure] if (r := self.recording(model)) is not None})
        return [name for name in named if name in self.used_recordings]

    @cached_property
    def groups(self) -> dict[str, tuple[Model, ...]]:
        """By name, the models of one task and one recording that a figure looks at together."""
        groups: dict[str, tuple[Model, ...]] = {}
        for figure in self.figures:
            groups.update(self.figure_groups(figure))
        return groups

    def figure_groups(self, figure: str) -> dict[str, tuple[Model, ...]]:
        """The groups of a figure's models, see `groups`; none where it needs no tables of groups."""
        if not table_types_of(figure, "group"):
            return {}
        groups: dict[str, list[Model]] = {}
        for model in sorted(self.figures[figure]):
            groups.setdefault(f"{figure}/{model.task}/{self.recording(model) or 'no-recording'}", []).append(model)
        # A single network has none to be compared with.
        several = len(self.figure_seeds(figure)) > 1
        return {name: tuple(models) for name, models in groups.items() if several or len(models) > 1}

    def check_target(self, name: str) -> None:
        """Refuse a target that is meant to be a figure of this study and is none; others are Snakemake's business.

        Raises:
            InputError: a figure of other studies, or a name that is nearly that of a figure here.
        """
        if name in self.figures or not name.replace("_", "").isalnum():
            return
        selected = f"This study has: {', '.join(self.figures)}."
        if name in figure_names():
            raise InputError(
                f"The figure {name} exists, but is not part of the study {self.name}.",
                file=_files_text(self.files, "use_figures"),
                key="use_figures",
                value=name,
                remedy=f"Add it to use_figures, or name another study. {selected}",
            )
        close = difflib.get_close_matches(name, self.figures, n=1, cutoff=0.75)
        if close:
            raise InputError(
                "There is no figure or table of this name.",
                key="target",
                value=name,
                remedy=f"Did you mean {close[0]}? {selected}",
            )

    # ---- what a run is made of

    def options(self, model: Model) -> dict[str, Any]:
        """Resolved option groups of a model.

        Raises:
            InputError: an option that its group does not have.
        """
        options: dict[str, dict[str, Any]] = {group: {} for group in OPTION_GROUPS}
        # Such a task takes more than it lists, and says itself what it does not take.
        open_task = getattr(load_task_module(self.task_module(model.task)), "OTHER_OPTIONS", False)
        for where, layer in self._layers(model):
            for group in OPTION_GROUPS:
                known = set(options[group])
                for key, value in layer.get(group, {}).items():
                    if key not in known and where.startswith("settings.") and not (group == "task" and open_task):
                        problem = "There is nothing of this name."
                        if group == "task":
                            problem = (
                                f"The task {model.task} has no such option; options of one task stand under by_task."
                            )
                        raise self._unknown(f"{where}.{group}.{key}", key, known, problem)
                    options[group][key] = deepcopy(value)
        return options

    def _layers(self, model: Model) -> list[tuple[str, Mapping[str, Any]]]:
        """Option groups that a model's options come from, with their keys; later ones win."""
        config, setting = self.config, self.config["settings"][model.setting]
        named = f"settings.{model.setting}"
        of_task = setting.get("by_task", {}).get(model.task, {})
        of_rule = setting.get("by_learning_rule", {}).get(model.learning_rule, {})
        return [
            ("defaults", config["defaults"]),
            (f"learning_rules.{model.learning_rule}", {"learning": self.learning_options(model.learning_rule)}),
            (f"tasks.{model.task}", config["tasks"][model.task]),
            (named, setting),
            (f"{named}.by_task.{model.task}", of_task),
            (f"{named}.by_learning_rule.{model.learning_rule}", of_rule),
        ]

    def option_place(self, model: Model, option: str) -> tuple[str | None, str]:
        """The file and the key that an option of a model, such as task.dt_ms, comes from."""
        group, _, name = option.partition(".")
        found = [where for where, layer in self._layers(model) if name in layer.get(group, {})]
        where = found[-1] if found else f"tasks.{model.task}"
        key = f"{where}.{name if where.startswith('learning_rules.') else option}"
        return _files_text(self.files, key), key

    def training(self, model: Model) -> dict[str, Any]:
        """What determines a model's runs, but for the seed and a chosen learning rate: names and option groups."""
        return self._trained_with(model, CHOOSING)

    def choosing(self, model: Model) -> dict[str, Any]:
        """What determines the choice of a model's learning rate."""
        return self._trained_with(model, AFTER_CHOOSING)

    def _trained_with(self, model: Model, without: Sequence[str]) -> dict[str, Any]:
        options = self.options(model)
        options["training"] = {key: value for key, value in options["training"].items() if key not in without}
        return {
            "task_name": model.task,
            "task_module": self.task_module(model.task),
            "learning_rule": model.learning_rule,
            "recording": self.training_recording(model),
            **{group: options[group] for group in TRAINED_WITH},
        }

    def chooses_learning_rate(self, model: Model) -> bool:
        """Whether a model's learning rate is the best of a grid."""
        return bool(self.options(model)["training"]["learning_rate"] == BEST_LEARNING_RATE)

    def scoring(self, model: Model, kind: str) -> dict[str, Any]:
        """What determines one kind of a model's tables beyond its runs and the recording."""
        return {"comparison": self._comparison(self.options(model)["comparison"], kind)}

    def describing(self, kind: str) -> dict[str, Any]:
        """What determines one kind of tables that are of no single model: the defaults of what the kind depends on."""
        options = load_table_type(kind).COMPARISON_KEYS
        return {key: value for key, value in self.config["defaults"]["comparison"].items() if key in options}

    @staticmethod
    def _comparison(options: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """`comparison` options that one kind of tables depends on."""
        of_others = {key for name in table_types() if name != kind for key in load_table_type(name).COMPARISON_KEYS}
        own = load_table_type(kind).COMPARISON_KEYS
        return {key: value for key, value in options.items() if key in own or key not in of_others}

    def learning_options(self, learning_rule: str) -> Mapping[str, Any]:
        """The options of a learning rule before any setting."""
        return self.config["learning_rules"].get(learning_rule, {})

    def task_module(self, task: str) -> str:
        """Module that makes a task's trials: its `module` key, else its own name."""
        return self.config["tasks"][task].get("module", task)

    def recording(self, model: Model) -> str | None:
        """Name of the recording that a model is compared with, or None."""
        return self.options(model)["comparison"].get("recording")

    def training_recording(self, model: Model) -> str | None:
        """Name of the recording that a model's trials are made from, or None."""
        if self.needs_recording(model.task):
            return self.recording(model)
        return None

    def needs_recording(self, task: str) -> bool:
        """Whether a task makes its trials from a recording."""
        return getattr(load_task_module(self.task_module(task)), "NEEDS_RECORDING", False)

    def recording_entry(self, name: str) -> dict[str, Any]:
        """A recording's config with what it leaves unsaid."""
        entry = self.config["recordings"][name]
        return {"name": name, "synthetic": False, "path": None, "options": {}, **entry}

    def made_from(self, recording: str) -> dict[str, Any]:
        """What determines a recording but for its raw files: where these lie is nobody's business."""
        return {key: value for key, value in self.recording_entry(recording).items() if key != "path"}

    def sources(self) -> list[tuple[str, str]]:
        """Reader and source of every used recording that may have to be downloaded."""
        entries = [self.recording_entry(name) for name in self.used_recordings]
        sources = {(entry["reader"], entry["source"]) for entry in entries if not entry["synthetic"]}
        return sorted(source for source in sources if not is_private(*source))

    # ---- where things stand

    def path(self, *parts: str) -> str:
        """A path under results/<study>/."""
        return str(self.results.joinpath(*parts))

    def recording_file(self, recording: str) -> str:
        return self.path("recordings", f"{recording}.nc")

    def run_file(self, model: Model | str, seed: int | str) -> str:
        return self.path("runs", str(model), f"seed{seed}.nc")

    def training_benchmark(self, model: Model | str, seeds: Sequence[int]) -> str:
        """How long the job took that trained these seeds."""
        return self.path("benchmarks", "runs", str(model), f"{block_name(seeds)}.tsv")

    def learning_rate_file(self, model: Model | str) -> str:
        """What learning rate was chosen for a model, and why."""
        return self.path("learning_rates", f"{model}.json")

    def table_file(self, kind: str, model: Model | str, part: str) -> str:
        """A table of some seeds of one model, of a kind such as `distances`; `part` by its name in `parts`."""
        return self.path("similarity", str(model), part, f"{kind}.csv")

    def group_file(self, kind: str, group: str) -> str:
        """A table of a group of models, by its name in `groups`."""
        return self.path("similarity", "groups", group, f"{kind}.csv")

    def description_file(self, kind: str, recording: str) -> str:
        """A table of a recording alone."""
        return self.path("similarity", "recordings", recording, f"{kind}.csv")

    def figure_files(self, figure: str) -> list[str]:
        """What a figure or table leaves: figures under figures/, tables under tables/."""
        products = load_figure(figure).PRODUCTS
        folder = "figures" if "pdf" in products else "tables"
        return [self.path(folder, f"{figure}.{ending}") for ending in products]

    def figure_inputs(self, figure: str) -> dict[str, list[str]]:
        """By figure, the tidy tables that a figure is made from: its own, or those that it reads of the others."""
        module = load_figure(figure)
        if not hasattr(module, "tables_of_others"):
            return {figure: self.figure_tables(figure)}
        types = module.tables_of_others()
        return {
            name: [file for file in self.figure_tables(name) if Path(file).stem in types[name]]
            for name in self.figures
            if name in types
        }

    def figure_tables(self, figure: str) -> list[str]:
        """The tidy tables of a figure's models, seeds, groups and recordings."""
        return [
            *(
                self.table_file(kind, model, part)
                for kind in table_types_of(figure, "model")
                for model in self.figures[figure]
                for part, seeds in self.parts[kind][model].items()
                if set(seeds) <= set(self.figure_seeds(figure))
            ),
            *(
                self.group_file(kind, group)
                for kind in table_types_of(figure, "group")
                for group in self.figure_groups(figure)
            ),
            *(
                self.description_file(kind, recording)
                for kind in table_types_of(figure, "recording")
                for recording in self.figure_recordings(figure)
            ),
        ]

    # ---- checks beyond the schema

    def _check_names(self) -> None:
        config = self.config
        tasks, settings, rules = set(config["tasks"]), set(config["settings"]), set(learning_rule_names())
        recordings = set(config["recordings"])
        self._check_each("use_recordings", config["use_recordings"], recordings)
        self._check_each("use_figures", config["use_figures"], set(config["figures"]))
        catalogue = known_sources()
        for name in config["use_recordings"]:
            entry = self.recording_entry(name)
            self._check_each(f"recordings.{name}.reader", [entry["reader"]], set(catalogue))
            self._check_each(f"recordings.{name}.source", [entry["source"]], catalogue[entry["reader"]])
        for name, task in config["tasks"].items():
            key = f"tasks.{name}.module" if "module" in task else "tasks"
            self._check_each(key, [self.task_module(name)], set(task_names()))
            self._check_task_options(name)
        for name, given in config["learning_rules"].items():
            self._check_each("learning_rules", [name], rules)
            self._check_learning_options(name, given)
        for name, figure in config["figures"].items():
            self._check_each("figures", [name], set(figure_names()))
            for number, part in enumerate((figure, *figure.get("also", []))):
                where = f"figures.{name}" if number == 0 else f"figures.{name}.also.{number - 1}"
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
            for model in self._named_by(name):
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
                    file=_files_text(self.files, f"figures.{name}"),
                    key=f"figures.{name}.{key}",
                    remedy=f"This figure shows models: name its {', '.join(NAMED_BY)}.",
                )
        without_models = of_models and not self.figures[name]
        if without_models or (table_types_of(name, "recording") and not self.figure_recordings(name)):
            tasks = [task for task in entry.get("tasks", ()) if self.recording(Model(task, "bptt", "base")) is None]
            name_it = [f"tasks.{task}.comparison.recording" for task in tasks]
            raise InputError(
                "This figure has nothing to show: no recording that it compares with is in use.",
                file=_files_text(self.files, "use_figures", name),
                key="use_figures",
                value=name,
                remedy=f"Set {', '.join(name_it)}, or take the figure out of use_figures."
                if name_it
                else "Take it out of use_figures, or add a recording of its tasks to use_recordings "
                "(a private one needs its path).",
            )
        if table_types_of(name, "group") and not self.figure_groups(name):
            raise InputError(
                "This figure has no two networks to compare.",
                file=_files_text(self.files, "use_figures", name),
                key=f"figures.{name}",
                value=dict(entry),
                remedy="Give it two seeds, or two learning rules.",
            )

    def _check_learning_rate_seed(self, figure: str, model: Model) -> None:
        """A learning rate is not chosen on a network that is shown."""
        seed = self.options(model)["training"]["learning_rate_seed"]
        if self.chooses_learning_rate(model) and seed in self.figure_seeds(figure):
            key = self._key(model, "training", "learning_rate_seed")
            raise InputError(
                f"The figure {figure} shows this seed, and the learning rate of {model} is chosen on it.",
                file=_files_text(self.files, key),
                key=key,
                value=seed,
                remedy="Use a seed that no figure shows.",
            )

    def _check_learning_options(self, name: str, given: Mapping[str, Any]) -> None:
        needed = load_learning_rule(name).OPTION_SCHEMA
        for option in given:
            if option not in needed:
                raise self._unknown(f"learning_rules.{name}.{option}", option, set(needed))

    def _check_model(self, model: Model) -> None:
        """Check what only a whole model shows: values that its task and its learning rule allow, and what they need."""
        options = self.options(model)
        rule = load_learning_rule(model.learning_rule)
        for option in rule.OPTION_SCHEMA:
            if option not in options["learning"]:
                raise InputError(
                    "A key is missing.",
                    file=_files_text(self.files, "learning_rules"),
                    key=f"learning_rules.{model.learning_rule}.{option}",
                    remedy=f"The learning rule {model.learning_rule} needs all of: {', '.join(rule.OPTION_SCHEMA)}.",
                )
        task_options = load_task_module(self.task_module(model.task)).OPTION_SCHEMA
        for group, properties in (("task", task_options), ("learning", rule.OPTION_SCHEMA)):
            error = _first_error(options[group], {"properties": properties})
            if error is not None:
                option, *rest = error.absolute_path
                raise _not_allowed(".".join([self._key(model, group, option), *map(str, rest)]), error, self.files)
        if self.needs_recording(model.task) and self.recording(model) is None:
            raise InputError(
                f"The task {model.task} makes its trials from a recording, and {model} names none.",
                file=_files_text(self.files, f"tasks.{model.task}"),
                key=self._key(model, "comparison", "recording"),
                value=None,
                remedy=f"Name one of: {', '.join(self.config['recordings'])}.",
            )
        for need in rule.REQUIRES:
            value = options["network"][need.option]
            if _first_error({need.option: value}, {"properties": {need.option: need.allowed}}) is not None:
                key = self._key(model, "network", need.option)
                raise InputError(
                    f"The learning rule {model.learning_rule} cannot train {model}. {need.why}",
                    file=_files_text(self.files, key),
                    key=key,
                    value=value,
                    remedy=f"It needs {need.option} {_wanted(need.allowed)}: use another setting for it, in the "
                    "figure's `also`, or leave it out there.",
                )
        for group, check in (("network", connectivity.check), ("learning", rule.check)):
            try:
                check(options[group])
            except InputError as error:
                key = self._key(model, group, str(error.key).removeprefix("network."))
                raise InputError(
                    f"{error.problem} (in {model})",
                    file=_files_text(self.files, key),
                    key=key,
                    value=error.value,
                    remedy=error.remedy,
                ) from None

    def _key(self, model: Model, group: str, option: Any) -> str:
        """Where the config says the value that a model's option has."""
        where = [place for place, layer in self._layers(model) if option in layer.get(group, {})][-1]
        return f"{where}.{option}" if where.startswith("learning_rules.") else f"{where}.{group}.{option}"

    def _check_task_options(self, name: str) -> None:
        module = self.task_module(name)
        task_module = load_task_module(module)
        needed = task_module.OPTION_SCHEMA
        given = {**self.config["defaults"].get("task", {}), **self.config["tasks"][name].get("task", {})}
        for option in given:
            if option not in needed and not getattr(task_module, "OTHER_OPTIONS", False):
                raise self._unknown(f"tasks.{name}.task.{option}", option, set(needed))
        comparison = {
            **self.config["defaults"].get("comparison", {}),
            **self.config["tasks"][name].get("comparison", {}),
        }
        compared = getattr(task_module, "COMPARISON_KEYS", ())
        without = f"The task {module} cannot be compared with a recording without it; see config/README.md."
        for group, options, wanted, remedy in (
            ("task", given, tuple(needed), f"The task {module} needs all of: {', '.join(needed)}."),
            ("comparison", comparison, compared, without),
        ):
            for option in wanted:
                if option not in options:
                    raise InputError(
                        "A key is missing.",
                        file=_files_text(self.files, f"tasks.{name}"),
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
                raise self._unknown(key, name, known)

    def _unknown(
        self, key: str, name: str, known: set[str], problem: str = "There is nothing of this name."
    ) -> InputError:
        return InputError(
            problem,
            file=_files_text(self.files, key.removesuffix(f".{name}"), name),
            key=key,
            value=name,
            remedy=_did_you_mean(name, known),
        )


def block_name(seeds: Sequence[int]) -> str:
    """Seeds of one job as a name: seed0_1."""
    return "seed" + "_".join(map(str, seeds))


def part_name(seeds: Sequence[int]) -> str:
    """Ascending seeds as a name: seeds0-3, seeds0-3_7."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return "seeds" + "_".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def check_schema(config: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Check a merged config against the schema.

    Raises:
        InputError: naming the key, the value and what is allowed.
    """
    import yaml

    error = _first_error(config, yaml.safe_load(SCHEMA.read_text()))
    if error is None:
        return
    path = [str(p) for p in error.absolute_path]
    if error.validator == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        unknown = min(set(error.instance) - known, key=str)
        key = ".".join([*path, str(unknown)])
        raise InputError(
            "This key is not known.",
            file=_files_text(files, key),
            key=key,
            value=error.instance[unknown],
            remedy=_did_you_mean(unknown, known),
        )
    key = ".".join(path) or "(top level)"
    raise _not_allowed(key, error, files)


@cache
def _validator() -> Any:
    """Draft 2020-12 with stricter numbers."""
    import jsonschema

    def is_integer(value: Any) -> bool:
        return type(value) is int and -(2**63) <= value < 2**63

    standard = jsonschema.Draft202012Validator
    types = standard.TYPE_CHECKER.redefine_many(
        {
            # JSON schema takes 200.0 for an integer; NumPy does not, nor one of more than 64 bits.
            "integer": lambda _, value: is_integer(value),
            # YAML knows .nan and .inf, which pass every limit or nearly so.
            "number": lambda _, value: is_integer(value) or (type(value) is float and math.isfinite(value)),
        }
    )
    return jsonschema.validators.extend(standard, type_checker=types)


def _first_error(value: Any, schema: Mapping[str, Any]) -> Any:
    """The first violation of a schema, in order of keys, or None."""
    validator = _validator()(schema)
    error = min(validator.iter_errors(value), key=lambda e: [str(part) for part in e.absolute_path], default=None)
    while error is not None and error.context:
        error = error.context[0]
    return error


def _not_allowed(key: str, error: Any, files: Sequence[Path]) -> InputError:
    return InputError(
        "This value is not allowed." if error.validator != "required" else "A key is missing.",
        file=_files_text(files, key, error.instance),
        key=key,
        value=error.instance,
        remedy=f"{_allowed(error)} config/README.md documents every key.",
    )


def _allowed(error: Any) -> str:
    """What the schema allows where it refused something, as a sentence."""
    limit = error.validator_value
    choices = [str(choice) for choice in (limit if isinstance(limit, list) else [limit])]
    sentences = {
        "type": f"It must be of type {' or '.join(choices)}.",
        "enum": f"Allowed: {', '.join(choices)}.",
        "minimum": f"It must be at least {limit}.",
        "exclusiveMinimum": f"It must be greater than {limit}.",
        "maximum": f"It must be at most {limit}.",
        "minItems": f"It needs at least {limit} item(s).",
        "maxItems": f"It may have at most {limit} items.",
        "uniqueItems": "No item may stand in it twice.",
        "pattern": "It may hold letters, digits, '.', '_' and '-' only.",
    }
    sentence = sentences.get(error.validator, f"{error.message}.")
    # What was refused may be one of several forms, of which others are a word.
    words = [str(form["const"]) for form in (error.parent.validator_value if error.parent else ()) if "const" in form]
    if words:
        sentence = f"{sentence.removesuffix('.')}, or {' or '.join(words)}."
    if error.validator == "type" and _is_number_as_text(error.instance):
        sentence += " In YAML, 1e-3 and '1' are text: write 1.0e-3 and 1."
    return sentence


def _is_number_as_text(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)


def _wanted(schema: Mapping[str, Any]) -> str:
    """What a fragment of a JSON schema asks for, in words."""
    if "const" in schema:
        return str(schema["const"]).lower() if isinstance(schema["const"], bool) else str(schema["const"])
    words = {"minimum": "of at least", "maximum": "of at most", "enum": "among"}
    return ", ".join(f"{words.get(name, name)} {value}" for name, value in schema.items())


def _did_you_mean(name: Any, known: Iterable[str]) -> str:
    known = sorted(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}Allowed: {', '.join(known)}." if known else "There are none to set: take it out."


_ANY: Any = object()


def _files_text(files: Sequence[Path], key: str, value: Any = _ANY) -> str | None:
    """The study file that holds `key`, with `value` as its value, item or name; else all of them.

    Values may also come from the command line.
    """
    for file in sorted(files, key=lambda f: f.resolve() == BASE_CONFIG):  # the study's own file first
        try:
            node = _at(read_study_file(file), key)
        except (InputError, KeyError):
            continue
        if value is _ANY or node == value or (isinstance(node, list | dict) and value in list(node)):
            return str(file)
    return f"{', '.join(map(str, files))} or the command line" if files else None


def _at(node: Any, key: str) -> Any:
    """What stands at a dotted key, the parts of which may hold dots themselves (settings.gain-0.5.network)."""
    for name in range(len(node)) if isinstance(node, list) else node if isinstance(node, dict) else ():
        if key == str(name):
            return node[name]
        if key.startswith(f"{name}."):
            try:
                return _at(node[name], key.removeprefix(f"{name}."))
            except KeyError:
                continue
    raise KeyError(key)


def _numbers_from_command_line(config: Mapping[str, Any]) -> dict[str, Any]:
    """`--config seeds=[0,1]` arrives as a list of strings; they are numbers."""
    seeds = config.get("seeds")
    if isinstance(seeds, list):
        seeds = [int(s) if isinstance(s, str) and s.isdecimal() else s for s in seeds]
        return {**config, "seeds": seeds}
    return dict(config)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid over `base` as Snakemake does it: dicts merge, everything else replaces."""
    merged = deepcopy(dict(base))
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = deepcopy(value)
    return merged


def load_study(*files: str | Path) -> Study:
    """A study from its files, laid over config.yaml in the order given.

    Raises:
        InputError: a file that is missing or is not YAML, or a config that is not allowed.
    """
    config: dict[str, Any] = {}
    paths = [BASE_CONFIG, *(Path(f) for f in files if Path(f).resolve() != BASE_CONFIG)]
    for path in paths:
        config = merge(config, read_study_file(path))
    return Study(config, paths)


def main(files: Sequence[str]) -> int:
    """Check study files; returns the exit code."""
    failed = 0
    for file in files:
        try:
            study = load_study(file)
            n_runs = sum(map(len, study.seeds.values()))
            print(f"{file}: {study.name}, {len(study.figures)} figures and tables, {n_runs} runs")
        except InputError as error:
            print(f"{file}: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
