"""A JSON schema of study files, so that editors can complete keys, explain them and mark errors.

It lists the installed plug-ins. No key is required: a study file contains only what differs from config.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from neurorules.figures.base.figure import FIGURES
from neurorules.learning.base.learning_rule import LEARNING_RULES, load_learning_rule
from neurorules.recordings.catalogue import known_sources
from neurorules.similarity.measures.base.measure import MEASURE_OPTIONS, MEASURES
from neurorules.study.schema.fields import Group
from neurorules.study.schema.study_file import StudyConfig
from neurorules.tasks.base.task import TASKS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    # NO_DEFAULT is not JSON and need not be: such an option has no default.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}


def schema_of(group: type[Group]) -> dict[str, Any]:
    """The JSON schema of a group. Facts for the reference page are under `x-` keys."""
    return group.model_json_schema(schema_generator=_Generator)


def editor_schema(tasks: Mapping[str, Mapping[str, Any]], networks: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON schema of study files.

    Args:
        tasks: entries of the task catalogue, by name; each gets its module's options.
        networks: names in the catalogue of networks trained elsewhere.
    """
    schema = _for_editors(schema_of(StudyConfig))
    properties, parts = schema["properties"], schema["$defs"]
    properties["use_figures"]["items"] = {"enum": FIGURES.names()}
    for key in MEASURE_OPTIONS:
        parts["Comparison"]["properties"][key]["items"] = {"enum": MEASURES.names()}
    parts["Recording"]["properties"]["reader"]["enum"] = sorted(known_sources())
    parts["Task"]["properties"]["module"]["enum"] = TASKS.names()
    shown = [*LEARNING_RULES.names(), *networks]
    for part in ("Figure", "ExtraModels"):
        parts[part]["properties"]["learning_rules"]["items"] = {"anyOf": [{"enum": shown}, {"type": "string"}]}
    figures = {name: {"$ref": "#/$defs/Figure"} for name in FIGURES.names()}
    rules = {name: _object(load_learning_rule(name).OPTION_SCHEMA, False) for name in LEARNING_RULES.names()}
    for name, entries in (("figures", figures), ("learning_rules", rules)):
        properties[name] = {"description": properties[name]["description"], **_object(entries, False)}
    properties["tasks"]["properties"] = {name: _task(name, entry) for name, entry in tasks.items()}
    return {"$schema": DIALECT, "title": "A study of neurorules", **schema, **_names_of_figures(shown)}


def _names_of_figures(shown: Sequence[str]) -> dict[str, Any]:
    """Where learning rules are listed, allow only these names unless the study has `networks`."""
    names = {"learning_rules": {"items": {"enum": list(shown)}}}
    figure = {"properties": {**names, "extra_models": {"items": {"properties": names}}}}
    figures = {"properties": {"figures": {"additionalProperties": figure}}}
    return {"if": {"not": {"required": ["networks"]}}, "then": figures}


def _task(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A task in the catalogue: the general task schema plus its module's options."""
    module = TASKS.load(entry.get("module", name))
    options = _object(module.OPTION_SCHEMA, getattr(module, "OTHER_OPTIONS", False))
    return {"$ref": "#/$defs/Task", "properties": {"task": options}}


def _object(options: Mapping[str, Any], others: bool) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": others, "properties": dict(options)}


def _for_editors(node: Any) -> Any:
    """The schema without reference-only keys and required keys, and with self-contained descriptions."""
    if isinstance(node, list):
        return [_for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if not key.startswith("x-") and key not in ("title", "required")}
    if "properties" in node:  # an option may be called title
        kept["properties"] = node["properties"]
    made = {key: _for_editors(value) for key, value in kept.items()}
    if isinstance(node.get("description"), str):
        made["description"] = _sentence(node)
    return made


def _sentence(option: Mapping[str, Any]) -> str:
    """An option's meaning, unit and source, without Markdown links."""
    text = re.sub(r"see \[below\]\(.*?\)", "see docs/reference/options.md", option["description"])
    text = re.sub(r"see \[.*?\]\(\.\./(\S+\.md)\)", r"see docs/\1", text)
    text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text)
    notes = [f"in {option['x-unit']}"] if "x-unit" in option else []
    notes += [option["x-source"]] if "x-source" in option else []
    return f"{text} ({'; '.join(notes)})".strip() if notes else text
