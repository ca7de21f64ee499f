"""How a figure was made, and how to make it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from neurorules.cli.base import OPTION_GROUPS, REPOSITORY, Model, Study, load_study
from neurorules.cli.pace import finished_jobs, seconds_per_run, typical
from neurorules.errors import InputError
from neurorules.similarity.measures.base.measure import keys_of_measures
from neurorules.study.identity import Identities
from neurorules.study.schema.study_file import option_defaults
from neurorules.tables.base.table_type import TABLE_TYPES

# How many models to list for an option. Any others are counted.
MODELS_NAMED = 4
UNKNOWN = "not recorded: its run files are missing"


@dataclass(frozen=True)
class Option:
    """An option that differs from the study of the papers.

    Attributes:
        name: group.option.
        value, papers: values here and in the papers' study, as JSON; "–" if the papers' study lacks the option.
        models: the models with this value, as text.
    """

    name: str
    value: str
    papers: str
    models: str


@dataclass(frozen=True)
class Making:
    """How a figure is made.

    Attributes:
        command: the command that makes it, from the repository.
        facts: terms and values: networks, seeds, code, versions, time.
        options: options that differ from the papers' study.
        stale: why it is outdated; "" if it is up to date.
    """

    command: str
    facts: list[tuple[str, str]]
    options: list[Option]
    stale: str


class Makings:
    """How the figures of a study are made.

    Args:
        study: a checked study.
        root: the folder where Snakemake runs.
        identities: what its results must be made from.
    """

    def __init__(self, study: Study, root: Path, identities: Identities) -> None:
        self.study, self.root, self.identities = study, root, identities

    def of(self, figure: str, made_by: Mapping[str, Any]) -> Making:
        """How a figure is made.

        Args:
            figure: name of the figure.
            made_by: the provenance recorded in its files; empty if there is none.
        """
        models = self._models(figure)
        return Making(
            self.command(figure),
            self._facts(models, made_by),
            self._options(figure, models),
            self._stale(figure, made_by),
        )

    def command(self, figure: str = "") -> str:
        """The command that makes a figure or, without one, the whole study."""
        files = [file for file in self.study.files if file.resolve() != self._base.files[0].resolve()]
        config = [f"--configfile {' '.join(_from_repository(file) for file in files)}"] if files else []
        return " ".join(["snakemake", *([figure] if figure else []), "--cores 1", *config])

    def _models(self, figure: str) -> dict[Model, list[int]]:
        """Models and seeds of a figure. If it is made from other figures' tables, those of the other figures."""
        selection = self.study.selection
        shown: dict[Model, set[int]] = {}
        for name in self.study.paths.figure_inputs(figure):
            for model in selection.figures[name]:
                shown.setdefault(model, set()).update(selection.model_seeds(name, model))
        return {model: sorted(seeds) for model, seeds in shown.items()}

    def _stale(self, figure: str, made_by: Mapping[str, Any]) -> str:
        if not made_by:
            return "its files do not record how they were made"
        if made_by.get("made_from") == self.identities.figure(figure):
            return ""
        return "the study, the code or the recordings have changed since it was made"

    def _facts(self, models: Mapping[Model, list[int]], made_by: Mapping[str, Any]) -> list[tuple[str, str]]:
        facts = []
        if models:
            runs, seeds = sum(map(len, models.values())), sorted({s for of in models.values() for s in of})
            facts.append(("Networks", f"{runs}: {len(models)} models, seeds {_ranges(seeds)}"))
            facts.append(("Training", self._time(models)))
        if made_by:
            facts.append(("Code of the figure", str(made_by.get("code", UNKNOWN))))
            if codes := sorted({code for of_type in made_by.get("tables", {}).values() for code in of_type}):
                facts.append(("Code of its runs and tables", ", ".join(codes)))
        if models:
            facts.append(("Versions at training", self._versions(models)))
        return facts

    @cached_property
    def _per_run(self) -> dict[tuple[str, ...], list[float]]:
        return seconds_per_run(finished_jobs(self.study, self.root))

    def _time(self, models: Mapping[Model, list[int]]) -> str:
        from neurorules.training.progress import clock

        if not self._per_run:
            return "time not recorded"
        seconds = sum(typical(self._per_run, model) * len(seeds) for model, seeds in models.items())
        return f"about {clock(seconds)} on one core, estimated from the jobs that trained these or similar networks"

    @cached_property
    def _recorded_versions(self) -> dict[Model, str]:
        return {}

    def _versions(self, models: Mapping[Model, list[int]]) -> str:
        """Package versions recorded in the runs, read from the first run of each model."""
        found: dict[str, None] = {}
        for model, seeds in models.items():
            if model not in self._recorded_versions:
                said = _versions_of(self.root / self.study.paths.run_file(model, seeds[0])) if seeds else {}
                self._recorded_versions[model] = ", ".join(f"{name} {said[name]}" for name in sorted(said))
            if self._recorded_versions[model]:
                found[self._recorded_versions[model]] = None
        return "; or ".join(found) or UNKNOWN

    @cached_property
    def _base(self) -> Study:
        return load_study()

    def _options(self, figure: str, models: Iterable[Model]) -> list[Option]:
        """Options that differ from the papers' study and affect the figure, grouped over models."""
        models = [model for model in models if not self.study.options.is_imported(model)]
        compared = {
            key for table_type in self._table_types(figure) for key in TABLE_TYPES.load(table_type).COMPARISON_KEYS
        }
        together: dict[tuple[str, str, str], list[Model]] = {}
        for model in models:
            reference, options = self._papers(model), self.study.options.of(model)
            used = {*compared, *keys_of_measures(options["comparison"], compared), "recording"}
            for group in OPTION_GROUPS:
                for name, value in options[group].items():
                    of_papers = reference.get(group, {}).get(name, ...)
                    if value != of_papers and (group != "comparison" or name in used):
                        said = "–" if of_papers is ... else _json(of_papers)
                        together.setdefault((f"{group}.{name}", _json(value), said), []).append(model)
        return [
            Option(name, value, papers, _named(of, models)) for (name, value, papers), of in sorted(together.items())
        ]

    def _table_types(self, figure: str) -> set[str]:
        """The types of the tables that a figure is made from."""
        return {Path(file).stem for files in self.study.paths.figure_inputs(figure).values() for file in files}

    def _papers(self, model: Model) -> Mapping[str, Any]:
        """A model's options in the papers' study; defaults if that study does not have the model."""
        for known in (model, Model(model.task, model.learning_rule, "base")):
            try:
                return self._base.options.of(known)
            except (InputError, KeyError):
                continue
        return option_defaults()


def _versions_of(run: Path) -> dict[str, str]:
    """The package versions recorded in a run; empty if it cannot be read."""
    from neurorules.io.netcdf import NETCDF_ERRORS, read_attributes

    try:
        return dict(json.loads(read_attributes(run)["versions"]))
    except (InputError, KeyError, *NETCDF_ERRORS):
        return {}


def _named(of: list[Model], every: list[Model]) -> str:
    """Models as text, by what they have in common."""
    if len(of) == len(every):
        return "all"
    for part in ("task", "setting", "learning_rule"):
        names = {getattr(model, part) for model in of}
        if sum(getattr(model, part) in names for model in every) == len(of):
            return ", ".join(sorted(names))
    more = f" and {len(of) - MODELS_NAMED} more" if len(of) > MODELS_NAMED else ""
    return ", ".join(map(str, of[:MODELS_NAMED])) + more


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _ranges(seeds: list[int]) -> str:
    """Seeds as text: 0 to 19; 1, 3, 4."""
    whole = len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))


def _from_repository(file: Path) -> str:
    """A study file's path for the command. The page does not reveal folders outside the repository."""
    file = file.resolve()
    return str(file.relative_to(REPOSITORY)) if file.is_relative_to(REPOSITORY) else file.name
