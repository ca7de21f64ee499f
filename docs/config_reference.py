"""Generate the option tables in docs/reference/ and the schema for editors from the definitions of options.

    python docs/config_reference.py            writes them
    python docs/config_reference.py --check    checks whether they are up to date

Types, limits, defaults, meanings and sources are defined in workflow/neurorules/study/schema/ and in the OPTION_SCHEMA
of tasks and learning rules. The values for tasks and learning rules are in config/config.yaml.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from generated import write_or_check

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "workflow"))

from neurorules.learning.base.learning_rule import LEARNING_RULES, load_learning_rule
from neurorules.study.schema.comparison import Comparison, LabelSource
from neurorules.study.schema.editor import editor_schema, schema_of
from neurorules.study.schema.fields import NO_DEFAULT, Group
from neurorules.study.schema.figure_style import FigureStyle
from neurorules.study.schema.imported import ImportedNetwork, Weights
from neurorules.study.schema.network import Network
from neurorules.study.schema.study_file import (
    Figure,
    OptionGroupsOfRule,
    Recording,
    RecordingOptions,
    Setting,
    StudyConfig,
    Task,
)
from neurorules.study.schema.training import Training

PAGES = REPOSITORY / "docs" / "reference"
SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.json"
CONFIG = REPOSITORY / "config" / "config.yaml"

# Tables by the name in the comment before them: the group, and column titles by content.
OPTIONS = {"type": "type", "default": "default", "meaning": "meaning", "source": "source"}
TABLES: dict[str, tuple[type[Group], dict[str, str]]] = {
    "top level": (StudyConfig, {"type": "type", "value": "value in `config.yaml`", "meaning": "meaning"}),
    "style": (FigureStyle, {"type": "type", "default": "default", "meaning": "meaning"}),
    "recordings": (Recording, {"type": "type", "default": "default", "meaning": "meaning"}),
    "options of a recording": (
        RecordingOptions,
        {"type": "type", "default": "default", "source": "used by", "meaning": "meaning"},
    ),
    "groups": (OptionGroupsOfRule, {"meaning": "meaning"}),
    "network": (Network, OPTIONS),
    "training": (Training, OPTIONS),
    "comparison": (Comparison, OPTIONS),
    "labels": (LabelSource, {"type": "type", "default": "default", "meaning": "meaning"}),
    "networks": (ImportedNetwork, {"type": "type", "default": "default", "meaning": "meaning"}),
    "weights of a network": (Weights, {"type": "type", "default": "default", "meaning": "meaning"}),
    "tasks": (Task, {"type": "type", "default": "default", "meaning": "meaning"}),
    "settings": (Setting, {"type": "type", "meaning": "meaning"}),
    "figures": (Figure, {"type": "type", "default": "default", "meaning": "meaning"}),
}
BEGIN, END = re.compile("<!-- table: (.*?) -->"), "<!-- end -->"
TYPE_WORDS = {"string": "text", "null": "null"}


def type_of(option: Mapping[str, Any]) -> str:
    """The type of an option in words."""
    if "x-type" in option:
        return str(option["x-type"])
    if "anyOf" in option:
        return ", or ".join(type_of(form) for form in option["anyOf"])
    if "const" in option:
        return f"`{written(option['const'])}`"
    if "enum" in option:
        *first, last = [f"`{choice}`" for choice in option["enum"]]
        return f"{', '.join(first)} or {last}" if first else last
    if option["type"] == "boolean":
        return "true or false"
    if option["type"] == "object":
        return "dict"
    if option["type"] == "array":
        items = option["items"]
        words = ", ".join(f"`{choice}`" for choice in items["enum"]) if "enum" in items else type_of(items)
        return f"list of {words.replace('integer', 'integers', 1).replace('number', 'numbers', 1)}"
    if isinstance(option["type"], list):
        return " or ".join(TYPE_WORDS.get(kind, kind) for kind in option["type"])
    words = TYPE_WORDS.get(option["type"], str(option["type"]))
    if "exclusiveMinimum" in option:
        words += f" above {option['exclusiveMinimum']:g}"
    if "minimum" in option and "maximum" in option:
        words += f", {option['minimum']:.15g} to {option['maximum']:,.15g}"
    elif "minimum" in option:
        words += f", {option['minimum']:g} or more"
    elif "maximum" in option:
        words += f", up to {option['maximum']:,.15g}"
    return words + (f", in {option['x-unit']}" if "x-unit" in option else "")


def written(value: Any) -> str:
    """A value as written in a study file: 1.0e-3, not 0.001."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and 0 < abs(value) < 0.01:
        digits, exponent = f"{value:e}".split("e")
        return f"{float(digits)}e{int(exponent)}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    return str(value)


def default_of(group: type[Group], name: str, option: Mapping[str, Any]) -> str:
    """The default of an option, and the values that tasks use instead."""
    default = group.model_fields[name].default
    if "x-default" in option:
        said = str(option["x-default"])
    elif group.model_fields[name].is_required():
        said = "required"
    else:
        said = "" if default is NO_DEFAULT else f"`{written(default)}`"
    return "; ".join(filter(None, [said, _of_tasks(group.__name__.lower(), name)]))


@cache
def _config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return config


def _of_tasks(group: str, name: str) -> str:
    """The values of an option in the tasks of config.yaml: `400` in `mante2013`, `64` in `romo` and `dms`."""
    tasks: dict[str, list[str]] = {}
    for task, entry in _config()["tasks"].items():
        if name in entry.get(group, {}):
            tasks.setdefault(written(entry[group][name]), []).append(f"`{task}`")
    several = {value: " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) for value, names in tasks.items()}
    return ", ".join(f"`{value}` in {names}" for value, names in several.items())


def table(name: str) -> str:
    """The table of a group."""
    group, columns = TABLES[name]
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    titles = ["group" if name == "groups" else "key", *columns.values()]
    rows = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for key, option in schema_of(group)["properties"].items():
        value = config.get(key)
        cells = {
            "type": type_of(option) if "type" in columns else "",
            "default": default_of(group, key, option),
            "value": "" if isinstance(value, dict) or key not in config else f"`{written(value)}`",
            "meaning": option["description"],
            "source": option.get("x-source", ""),
        }
        row = f"| `{key}` | {' | '.join(cells[column] for column in columns)} |"
        rows.append(row.replace("|  |", "| |").replace("|  |", "| |"))
    return "\n".join(rows)


def _option_rows(options: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Table rows for options from a JSON schema; parameters of an environment are in no schema."""
    rows = ["| key | type | value in `config.yaml` | meaning |", "|---|---|---|---|"]
    for key, value in values.items():
        option = options.get(key)
        kind = type_of(option) if option else TYPE_WORDS.get(_json_type(value), _json_type(value))
        meaning = option["description"] if option else "parameter of the environment, see [Neurogym](../neurogym.md)"
        rows.append(f"| `{key}` | {kind} | `{written(value)}` | {meaning} |")
    return rows


def _json_type(value: Any) -> str:
    kinds = {list: "list", dict: "dict", bool: "true or false", int: "number", float: "number"}
    return kinds.get(type(value), "string")


def _first_sentence(module: str) -> str:
    """The first line of a plug-in's docstring."""
    text = importlib.import_module(f"neurorules.{module}").__doc__ or ""
    return text.strip().splitlines()[0]


def task_tables() -> str:
    """The options of each task in config.yaml; a task with the same options as an earlier one refers to it."""
    lines: list[str] = []
    shown: dict[str, str] = {}
    for name, entry in _config()["tasks"].items():
        module = entry.get("module", name)
        lines += [f"### `{name}`", "", _first_sentence(f"tasks.{module}"), ""]
        options = importlib.import_module(f"neurorules.tasks.{module}").OPTION_SCHEMA
        rows = _option_rows(options, entry["task"])
        same = shown.setdefault("\n".join(rows), name)
        lines += [f"It has the options and values of [`{same}`](#{same})." if same != name else "\n".join(rows), ""]
    return "\n".join(lines).rstrip()


def learning_rule_tables() -> str:
    """The options of each learning rule that has any."""
    lines: list[str] = []
    for name in _config()["learning_rules"]:
        options = load_learning_rule(name).OPTION_SCHEMA
        rows = _option_rows(options, _config()["learning_rules"][name])
        lines += [f"### `{name}`", "", _first_sentence(f"learning.{name}"), "", *rows, ""]
    without = [f"`{name}`" for name in LEARNING_RULES.names() if name not in _config()["learning_rules"]]
    return "\n".join([*lines, f"These learning rules have no options: {', '.join(without)}."])


PLUG_INS = {"tasks' own options": task_tables, "learning rules' own options": learning_rule_tables}


def rendered(page: str) -> str:
    """A page with its tables regenerated; each table is between comments that name it."""
    for name in BEGIN.findall(page):
        begin = f"<!-- table: {name} -->"
        start = page.index(begin) + len(begin)
        made = PLUG_INS[name]() if name in PLUG_INS else table(name)
        page = f"{page[:start]}\n\n{made}\n\n{page[page.index(END, start) :]}"
    return page


def pages() -> dict[Path, str]:
    """The up-to-date text of the pages that have tables.

    Raises:
        ValueError: a table is on no page, or on two.
    """
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(PAGES.glob("*.md"))}
    found = sorted(name for text in texts.values() for name in BEGIN.findall(text))
    if found != sorted([*TABLES, *PLUG_INS]):
        raise ValueError(
            f"Tables in {PAGES}: {found}. Each of these must be there once: {sorted([*TABLES, *PLUG_INS])}"
        )
    return {file: rendered(text) for file, text in texts.items() if BEGIN.search(text)}


def main(arguments: Sequence[str]) -> int:
    """Write or check the tables and the schema; returns the exit code."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    schema = json.dumps(editor_schema(config["tasks"], config["networks"]), indent=2, ensure_ascii=False) + "\n"
    return write_or_check({**pages(), SCHEMA: schema}, "config_reference.py", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
