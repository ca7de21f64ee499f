"""What a study selects. Only selected figures and recordings lead to jobs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from neurorules.figures.base.figure import FIGURES, is_of_others, needs_recording, table_types_of
from neurorules.io.identity import canonical_json
from neurorules.recordings.catalogue import is_private, only_source
from neurorules.study.model import Block, Model, subset_name
from neurorules.study.options import StudyOptions
from neurorules.tables.base.table_type import TABLE_TYPES
from neurorules.training.shape import shape

# A figure's models are all combinations of these.
NAMED_BY = ("tasks", "learning_rules", "settings")

AUTO = "auto"  # of `models_per_job`


class Selection:
    """What a study selects from its config: figures, their models and seeds, recordings, and the jobs that they need.

    Args:
        config: the merged config.
        options: resolves a model's options.
    """

    def __init__(self, config: Mapping[str, Any], options: StudyOptions) -> None:
        self.config = config
        self.options = options

    @cached_property
    def figures(self) -> dict[str, list[Model]]:
        """The selected figures and tables, with the models that each shows."""
        return {name: list(self._figure_models(name)) for name in self.config["use_figures"]}

    @cached_property
    def seeds(self) -> dict[Model, list[int]]:
        """Every selected model with its seeds, the union over the figures that show it."""
        seeds: dict[Model, set[int]] = {}
        for name, models in self.figures.items():
            for model in models:
                seeds.setdefault(model, set()).update(self.model_seeds(name, model))
        return {model: sorted(seeds[model]) for model in sorted(seeds)}

    @cached_property
    def trained(self) -> dict[Model, list[int]]:
        """The part of `seeds` that is trained. Runs of networks trained elsewhere are read."""
        return {model: seeds for model, seeds in self.seeds.items() if not self.options.is_imported(model)}

    def figure_seeds(self, figure: str) -> list[int]:
        """Seeds that a figure averages over."""
        return sorted(self.config["figures"][figure].get("seeds", self.config["seeds"]))

    def model_seeds(self, figure: str, model: Model) -> list[int]:
        """A model's seeds in a figure: the figure's seeds, or one per network for networks trained elsewhere."""
        if self.options.is_imported(model):
            return self.options.imported.seeds(model.learning_rule)
        return self.figure_seeds(figure)

    @cached_property
    def seed_subsets(self) -> dict[str, dict[Model, dict[str, list[int]]]]:
        """Subsets of seeds by table type, model and name. One job scores the seeds that the same figures show.

        A figure therefore never needs a seed that only another figure shows.
        """
        shown_by: dict[tuple[str, Model], dict[int, tuple[str, ...]]] = {}
        for name, models in self.figures.items():
            for table_type, model in itertools.product(table_types_of(name, "model"), models):
                if not self.has_table(table_type, model):
                    continue
                figures = shown_by.setdefault((table_type, model), {})
                for seed in self.model_seeds(name, model):
                    figures[seed] = (*figures.get(seed, ()), name)
        subsets: dict[str, dict[Model, dict[str, list[int]]]] = {}
        for (table_type, model), figures in shown_by.items():
            together: dict[tuple[str, ...], list[int]] = {}
            for seed in sorted(figures):
                together.setdefault(figures[seed], []).append(seed)
            subsets.setdefault(table_type, {})[model] = {subset_name(seeds): seeds for seeds in together.values()}
        return subsets

    @cached_property
    def used_recordings(self) -> list[str]:
        """The recordings to compare with: those in `use_recordings`, except private recordings without a path."""
        return [name for name in self.config["use_recordings"] if not self.is_absent(name)]

    def is_absent(self, recording: str) -> bool:
        """Whether this is a private recording without a path."""
        entry = self.recording_entry(recording)
        private = is_private(entry["reader"], entry["source"])
        return private and not entry["synthetic"] and entry["path"] is None

    def recording_entry(self, name: str) -> dict[str, Any]:
        """A recording's config with its defaults filled in."""
        entry = {"name": name, "synthetic": False, "path": None, "options": {}, **self.config["recordings"][name]}
        return entry if "source" in entry else {**entry, "source": only_source(entry["reader"])}

    def recording_spec(self, recording: str) -> dict[str, Any]:
        """What determines a recording, besides its raw files. Their location does not matter."""
        return {key: value for key, value in self.recording_entry(recording).items() if key != "path"}

    def sources(self) -> list[tuple[str, str]]:
        """Reader and source of every used recording that may need to be downloaded."""
        entries = [self.recording_entry(name) for name in self.used_recordings]
        sources = {(entry["reader"], entry["source"]) for entry in entries if not entry["synthetic"]}
        return sorted(source for source in sources if not is_private(*source))

    def has_table(self, table_type: str, model: Model) -> bool:
        """Whether a table can be made from a model, which may have no recording, or be trained elsewhere."""
        if TABLE_TYPES.load(table_type).NEEDS_RECORDING and self.options.recording(model) is None:
            return False
        return not (self.options.is_imported(model) and self.options.imported.lacks(model.learning_rule, table_type))

    @cached_property
    def blocks(self) -> list[Block]:
        """Training jobs: each model's seeds in blocks of `seeds_per_job` (on a GPU all seeds), then grouped by models.

        See `models_per_job` in the schema. On a GPU, the models of a job have the same shape.
        """
        most = self.config["models_per_job"]
        together: dict[tuple[Any, ...], list[Model]] = {}
        for model, seeds in self.trained.items():
            on_cpu = self.options.of(model)["training"]["device"] == "cpu"
            size = self.config["seeds_per_job"] if on_cpu else len(seeds)
            for start in range(0, len(seeds), size):
                block = tuple(seeds[start : start + size])
                together.setdefault((block, *self._shares_job_by(model, block, on_cpu)), []).append(model)
        return sorted(
            Block(block, tuple(models[start : start + size]))
            for (block, *_), models in together.items()
            for size in [len(models) if most == AUTO else most]
            for start in range(0, len(models), size)
        )

    def _shares_job_by(self, model: Model, seeds: Sequence[int], on_cpu: bool) -> tuple[Any, ...]:
        """What models must have in common, besides the seeds, to share a training job."""
        most = self.config["models_per_job"]
        if most == 1 or (most == AUTO and on_cpu):
            return (model,)
        # On a GPU, stack as many models of the same shape as possible, whichever figures show them.
        any_figure = most == AUTO or self.config["share_jobs_across_figures"]
        figures = () if any_figure else tuple(self.shown_by[model, seed] for seed in seeds)
        # A model with a fixed learning rate does not wait until another model's learning rate is chosen.
        chooses = self.options.chooses_learning_rate(model)
        if on_cpu:
            return figures, chooses, self.options.training_recording(model)
        return figures, chooses, canonical_json(shape(self.options.training(model)))

    @cached_property
    def shown_by(self) -> dict[tuple[Model, int], tuple[str, ...]]:
        """The figures that show each run."""
        shown: dict[tuple[Model, int], tuple[str, ...]] = {}
        for name, models in self.figures.items():
            for model in models:
                for seed in self.model_seeds(name, model):
                    shown[model, seed] = (*shown.get((model, seed), ()), name)
        return shown

    def left_out(self, figure: str) -> list[str]:
        """What a figure omits because a recording is not in use: tasks, or "task (setting)", and recordings."""
        of_task: dict[str, dict[str, bool]] = {}
        for model in self.named_by(figure):
            shown = of_task.setdefault(model.task, {})
            shown[model.setting] = shown.get(model.setting, False) or model in self.figures[figure]
        absent = []
        for task, settings in of_task.items():
            without = [setting for setting, shown in settings.items() if not shown]
            absent += [task] if len(without) == len(settings) else [f"{task} ({setting})" for setting in without]
        named = self.config["figures"][figure].get("recordings", [])
        return absent + [name for name in named if name not in self.used_recordings]

    def lacking(self, figure: str) -> list[str]:
        """Networks trained elsewhere that lack what a figure's tables need, each with the reason."""
        words: dict[str, None] = {}
        for model in self.figures[figure]:
            if self.options.is_imported(model):
                name = model.learning_rule
                for table_type in (*table_types_of(figure, "model"), *table_types_of(figure, "group")):
                    if reason := self.options.imported.lacks(name, table_type):
                        words[f"{self.options.imported.entry(name).get('label', name)}: {reason}"] = None
        return list(words)

    def figure_context(self, name: str) -> dict[str, Any]:
        """Everything that a figure is drawn from besides its tables. A change redraws the figure."""
        context: dict[str, Any] = {
            "study": self.config["study"],
            "figure": dict(self.config["figures"][name]),
            "seeds": self.figure_seeds(name),
            "models": [asdict(model) for model in self.figures[name]],
            "recordings": self.figure_recordings(name),
            "left_out": self.left_out(name),
        }
        if "pdf" in FIGURES.load(name).PRODUCTS:
            context |= {"style": self.config["style"]}
        shown = self.seeds if is_of_others(name) else self.figures[name]
        if imported := self.options.imported.shown(model.learning_rule for model in shown):
            context |= {"networks": imported, "lacking": self.lacking(name)}
        # A figure drawn from other figures' tables has no models, and so no recordings of its own.
        return context | {"study_recordings": self.used_recordings} if is_of_others(name) else context

    def _figure_models(self, name: str) -> Iterator[Model]:
        """A figure's models whose recording is in use; also models without a recording, if the figure needs none."""
        compares = needs_recording(name)
        for model in self.named_by(name):
            recording = self.options.recording(model)
            if recording in self.used_recordings or (recording is None and not compares):
                yield model

    def named_by(self, figure: str) -> list[Model]:
        """Every model that a figure's entry lists, once each, even if its recording is not in use."""
        entry = self.config["figures"][figure]
        models: dict[Model, None] = {}
        for part in (entry, *entry.get("extra_models", [])):
            selection = {**dict.fromkeys(NAMED_BY, ()), **entry, **part}
            for of in itertools.product(*(selection[name] for name in NAMED_BY)):
                if self.options.imported.is_of(model := Model(*of)):
                    models[model] = None
        return list(models)

    def figure_recordings(self, figure: str) -> list[str]:
        """The recordings that a figure describes: those in its entry, or else those of its models."""
        named = self.config["figures"][figure].get("recordings")
        if named is None:
            named = sorted({r for model in self.figures[figure] if (r := self.options.recording(model)) is not None})
        return [name for name in named if name in self.used_recordings]

    @cached_property
    def groups(self) -> dict[str, tuple[Model, ...]]:
        """Groups by name: models with the same task and recording that a figure analyses together."""
        groups: dict[str, tuple[Model, ...]] = {}
        for figure in self.figures:
            groups.update(self.figure_groups(figure))
        return groups

    def figure_groups(self, figure: str) -> dict[str, tuple[Model, ...]]:
        """The groups of a figure's models, see `groups`; empty if it needs no tables about groups."""
        if not table_types_of(figure, "group"):
            return {}
        groups: dict[str, list[Model]] = {}
        types = table_types_of(figure, "group")
        for model in sorted(self.figures[figure]):
            if not all(self.has_table(table_type, model) for table_type in types):
                continue
            groups.setdefault(f"{figure}/{model.task}/{self.options.recording(model) or 'no-recording'}", []).append(
                model
            )
        # A single network has no other network to be compared with.
        return {
            name: tuple(models)
            for name, models in groups.items()
            if len(models) > 1 or len(self.model_seeds(figure, models[0])) > 1
        }
