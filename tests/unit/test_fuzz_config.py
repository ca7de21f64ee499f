"""Any study file gives either a study or an InputError with the key, the value and the remedy."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES, needs_recording
from neurorules.io.identity import canonical_json
from neurorules.study.load import Study, load_study
from neurorules.study.yaml_source import BASE_CONFIG, REPOSITORY
from neurorules.tables.base.table_type import table_types

DEMO = load_study(REPOSITORY / "config" / "demo.yaml").config
STUDY_FILE = REPOSITORY / "tests" / "config" / "tiny.yaml"

fuzzed = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Everything below the top level of a config, with its path."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*path, name), child
        yield from nodes(child, (*path, name))


NODES = list(nodes(DEMO))
NAMES = sorted({str(path[-1]) for path, _ in NODES})

# YAML has more than JSON: numbers, dates and nothing as keys; dates and bytes as values.
strange = st.sampled_from([None, True, 0, 2024, 1.5, float("nan"), date(2024, 1, 1), b"bytes"])
extreme = st.sampled_from([10**30, 10**400, -(2**63), 2**63, 1e308, -1e308, 5e-324, -1, 0])
keys = st.one_of(st.sampled_from(NAMES), st.text(max_size=4), strange)
json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(NAMES),
        strange,
        extreme,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=5,
)
values = st.one_of(json, st.sampled_from([value for _, value in NODES]))
mutations = st.tuples(
    st.sampled_from(["replace", "delete", "add"]), st.sampled_from([path for path, _ in NODES]), keys, values
)


def mutate(config: Any, kind: str, path: tuple[Any, ...], key: str, value: Any) -> None:
    """Change a config in place; does nothing if an earlier mutation removed the place."""
    for name in path[:-1]:
        try:
            config = config[name]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(config, dict):
        if kind == "add":
            config[key] = deepcopy(value)
        elif kind == "delete":
            config.pop(last, None)
        else:
            config[last] = deepcopy(value)
    elif isinstance(config, list):
        if kind == "add":
            config.append(deepcopy(value))
        elif isinstance(last, int) and last < len(config):
            config[last : last + 1] = [] if kind == "delete" else [deepcopy(value)]


def plan(made: Study) -> None:
    """All that the Snakefile asks of a study."""
    for model, seeds in made.selection.seeds.items():
        made.options.training(model), made.options.training_recording(model), made.options.task_module(model.task)
        if made.options.chooses_learning_rate(model):
            assert made.options.selection_options(model)["training"]["learning_rate_seed"] not in seeds
            assert made.paths.learning_rate_file(model)
        for kind in table_types("model"):
            made.options.scoring(model, kind)
        recording = made.options.recording(model)
        if recording is not None:
            assert made.selection.recording_entry(recording)["name"] in made.selection.used_recordings
        assert seeds
    assert sorted((m, s) for b in made.selection.blocks for m in b.models for s in b.seeds) == [
        (model, seed) for model, seeds in made.selection.seeds.items() for seed in seeds
    ]
    made.selection.sources()
    for parts in made.selection.seed_subsets.values():
        for model, of_model in parts.items():
            scored = [seed for seeds in of_model.values() for seed in seeds]
            assert len(scored) == len(set(scored)) > 0 and set(scored) <= set(made.selection.seeds[model])
    for name, shown in made.selection.figures.items():
        made.selection.figure_context(name)
        compared = [model for model in shown if made.options.recording(model) is not None]
        assert made.paths.figure_tables(name) or not FIGURES.load(name).TABLES
        assert compared == shown or not needs_recording(name)
        assert set(made.selection.figure_groups(name)) <= set(made.selection.groups)
        assert {model for group in made.selection.figure_groups(name).values() for model in group} <= set(shown)


@fuzzed
@given(st.lists(mutations, min_size=1, max_size=3))
def test_any_config_gives_a_study_or_an_input_error(changes: list[tuple[str, tuple[Any, ...], str, Any]]) -> None:
    config = deepcopy(DEMO)
    for change in changes:
        mutate(config, *change)
    try:
        made = Study(config, [BASE_CONFIG, REPOSITORY / "config" / "demo.yaml"])
    except InputError as error:
        assert error.problem and error.key is not None and error.remedy
        return
    plan(made)
    # job inputs are written as JSON and read again, by libraries that have 64-bit numbers
    for model in made.selection.seeds:
        given_to_job = json_text.loads(
            canonical_json({**made.options.training(model), "seeds": made.selection.seeds[model]})
        )
        for _, value in nodes(given_to_job):
            if isinstance(value, int | float):
                assert np.isfinite(float(value))
                np.array(value).astype(np.int64 if isinstance(value, int) else np.float64)


@settings(fuzzed, max_examples=25)
@given(
    st.sampled_from(["cut", "insert", "overwrite", "delete"]),
    st.floats(0, 1, exclude_max=True),
    st.one_of(
        st.binary(min_size=1, max_size=4), st.sampled_from([b"\t", b"- ", b": ", b"{", b"'", b"&a ", b"*a ", b"\xff"])
    ),
)
def test_any_study_file_gives_a_study_or_an_input_error(how: str, place: float, bytes_: bytes) -> None:
    content = STUDY_FILE.read_bytes()
    at = int(place * len(content))
    end = {"cut": len(content), "insert": at}.get(how, at + len(bytes_))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "study.yaml"
        file.write_bytes(content[:at] + (b"" if how in ("cut", "delete") else bytes_) + content[end:])
        try:
            plan(load_study(file))
        except InputError as error:
            assert error.problem and error.remedy and error.file is not None
