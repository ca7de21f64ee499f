"""Studies for tests: config.yaml with something laid over it, and its models by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from neurorules.errors import InputError
from neurorules.study.load import Study, load_study
from neurorules.study.schema.study_file import option_defaults
from neurorules.study.yaml_source import BASE_CONFIG, REPOSITORY, merge

REACH, MANTE, MAZE, CHOICE = "hatsopoulos2007", "mante2013", "sussillo2015", "perceptual-decision"
STUDY_FILES = sorted((REPOSITORY / "config").glob("*.yaml"))
BASE = yaml.safe_load(BASE_CONFIG.read_text())
DEFAULTS = option_defaults()


loaded = cache(load_study)  # for studies that are only looked at


def study(over: dict[str, Any]) -> Study:
    """config.yaml with something laid over it."""
    return Study(merge(BASE, over))


def refused(over: dict[str, Any]) -> InputError:
    """Why config.yaml with something laid over it is refused."""
    with pytest.raises(InputError) as caught:
        study(over)
    return caught.value


def models_of(study: Study) -> set[str]:
    """The models that a study selects, as text."""
    return {str(model) for model in study.selection.seeds}


def models(tasks: str, rules: str, settings: str) -> set[str]:
    """Every combination of names that are separated by spaces."""
    return {f"{task}/{rule}/{name}" for task in tasks.split() for rule in rules.split() for name in settings.split()}


def figure(*tasks: str, extra_models: list[dict[str, list[str]]], rules: tuple[str, ...] = ("bptt",)) -> dict[str, Any]:
    """A study of Figure 1 with the setting base and more models."""
    entry = {"tasks": list(tasks), "learning_rules": list(rules), "settings": ["base"], "extra_models": extra_models}
    return {"use_figures": ["fig1"], "figures": {"fig1": entry}}


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Everything below the top level of a config, with its path."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*path, name), child
        yield from nodes(child, (*path, name))


def assert_named(folder: Path, over: dict[str, Any], key: str, value: Any, words: str) -> None:
    """Check that a study file with `over` is refused by an error that names the file, its line, the key and the value.

    Args:
        folder: where the study file is written.
        over: what it holds, laid over config.yaml.
        key, value: what the error has to name.
        words: part of its remedy.
    """
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(over))
    with pytest.raises(InputError) as caught:
        load_study(file)
    error = caught.value
    assert error.key == key
    assert error.value == value and type(error.value) is type(value)
    assert error.remedy is not None and words in error.remedy
    # config.yaml where the mistake is only seen there: a figure that is selected by its list
    of_base = key == "use_figures" and key not in over
    assert error.file == str(BASE_CONFIG if of_base else file)
    assert error.line is not None
    written = Path(error.file).read_text().splitlines()[error.line - 1].lower()
    assert key.split(".")[-1].lower() in written or str(value).lower() in written
    for part in (f"{error.file}, line {error.line}", key, repr(value), words):
        assert part in str(error)
