"""What really runs in a job is covered by the hash over its code: traced in every job of the study `tiny`."""

from __future__ import annotations

import json

import pytest
from helpers.checkout import REPOSITORY, STUDY_FILE, Checkout

from neurorules.provenance.code import code_hash, coverage
from neurorules.study.code import all_code
from neurorules.study.load import load_study

SCRIPTS = REPOSITORY / "workflow" / "scripts"

Function = tuple[str, str]  # module, its top-level definition


@pytest.fixture(scope="module")
def traces(traced: Checkout) -> list[dict[str, object]]:
    """Of every job of the study, its rule and hash, and the functions of the package that ran in it."""
    return [json.loads(file.read_text()) for file in sorted((traced.folder / "traces").glob("*.json"))]


@pytest.fixture(scope="module")
def covered() -> dict[str, frozenset[Function]]:
    """What each hash covers."""
    study = load_study(REPOSITORY / STUDY_FILE)
    return {
        code_hash(SCRIPTS / script, plugins): coverage(SCRIPTS / script, plugins) for script, plugins in all_code(study)
    }


def definition_of(function: list[str]) -> Function:
    """The definition that contains a function: its class, or the enclosing function."""
    file, name = function
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"neurorules.{module}" if module != "__init__" else "neurorules", name.split(".")[0]


def test_every_function_that_ran_is_covered(
    traces: list[dict[str, object]], covered: dict[str, frozenset[Function]]
) -> None:
    rules = {str(trace["rule"]).rstrip("0123456789_") for trace in traces}
    assert {
        "recording",
        "synthetic_raw_files",
        "train_models",
        "score_models",
        "score_recording",
        "fig",
        "table",
    } <= rules
    for trace in traces:
        functions: list[list[str]] = trace["functions"]  # type: ignore[assignment]
        # __init_subclass__ runs when a class is defined, as its body does, and only sets attributes of that class.
        ran = {definition_of(one) for one in functions if ".__init_subclass__" not in one[1]}
        assert len(ran) > 5, trace["rule"]
        codes = trace["code"] if isinstance(trace["code"], list) else [trace["code"]]  # of each of a job's tables
        expected = frozenset[Function]().union(*(covered[code] for code in codes))
        missed = {(module, name) for module, name in ran if not name.startswith("<")} - expected
        assert not missed, (trace["rule"], trace["wildcards"], missed)
