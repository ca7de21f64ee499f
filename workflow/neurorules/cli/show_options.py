"""`neurorules show-options`: show every option of a model, its value and where it is set."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from neurorules.cli.base import OPTION_GROUPS, Model, Study, did_you_mean, open_study, run_cli
from neurorules.errors import InputError


def find_model(study: Study, text: str) -> Model:
    """Find a model by its name, task/learning rule/setting. No figure needs to use it.

    Raises:
        InputError: the name does not have three parts, or the study does not know one of them.
    """
    parts = text.split("/")
    if len(parts) != 3:
        raise InputError(
            "A model name has three parts: task/learning rule/setting.",
            key="MODEL",
            value=text,
            remedy=did_you_mean(text, map(str, study.selection.seeds)),
        )
    model = Model(*parts)
    for what, name, known in (
        ("task", model.task, study.config["tasks"]),
        ("learning rule", model.learning_rule, study.config["learning_rules"] | _learning_rules(study)),
        ("setting", model.setting, study.config["settings"]),
    ):
        if name not in known:
            raise InputError(
                f"Unknown {what} in the study {study.name}.",
                key="MODEL",
                value=name,
                remedy=did_you_mean(name, sorted(known)),
            )
    return model


def _learning_rules(study: Study) -> dict[str, None]:
    """All learning rules. Those without options are not in the config's `learning_rules`."""
    from neurorules.learning.base.learning_rule import LEARNING_RULES

    return dict.fromkeys(LEARNING_RULES.names())


def table(study: Study, model: Model) -> str:
    """A table with one line per option: its name, its value, and the file and key that set it."""
    options = study.options.of(model)
    rows = []
    for group in OPTION_GROUPS:
        for name, value in options[group].items():
            file, key = study.options.place(model, f"{group}.{name}")
            rows.append((f"{group}.{name}", json.dumps(value, ensure_ascii=False), f"{_short(file)}  {key}"))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    seeds = ", ".join(map(str, study.selection.seeds.get(model, ()))) or "none (no figure of this study uses it)"
    lines = [f"{model} in the study {study.name}; seeds: {seeds}"]
    lines += [f"{name:<{widths[0]}}  {value:<{min(widths[1], 32)}}  {place}" for name, value, place in rows]
    return "\n".join(lines)


def _short(file: str | None) -> str:
    """The file, relative to the working folder if it is under it; None means that the option has its default."""
    if file is None:
        return "default"
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def run(arguments: argparse.Namespace) -> int:
    """Print a model's options and return the exit code."""

    def words() -> str:
        study = open_study(arguments.study)
        return table(study, find_model(study, arguments.model))

    return run_cli(words)
