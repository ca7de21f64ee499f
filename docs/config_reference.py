"""Write what is generated from the types of options: tables of config/README.md, and the schema that editors use.

    python docs/config_reference.py            writes them
    python docs/config_reference.py --check    says whether they are up to date

Types, limits, defaults, meanings and sources stand in workflow/neurorules/study/schema/; what a task has in place of a
default, in config/config.yaml.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "workflow"))

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

README = REPOSITORY / "config" / "README.md"
SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.json"
CONFIG = REPOSITORY / "config" / "config.yaml"

# Tables by the name in the comment before them: the group, and titles of columns by what they hold.
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


def type_of(option: Mapping[str, Any]) -> str:
    """What an option may be, in words."""
    if "x-type" in option:
        return str(option["x-type"])
    if "anyOf" in option:
        return ", or ".join(type_of(form) for form in option["anyOf"])
    if "const" in option:
        return f"`{option['const']}`"
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
    words = str(option["type"])
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
    """A value as a study file writes it: 1.0e-3 and not 0.001."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and 0 < abs(value) < 0.01:
        digits, exponent = f"{value:e}".split("e")
        return f"{float(digits)}e{int(exponent)}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return str(value)


def default_of(group: type[Group], name: str, option: Mapping[str, Any]) -> str:
    """The default of an option, and what tasks have in its place."""
    default = group.model_fields[name].default
    if "x-default" in option:
        said = str(option["x-default"])
    elif group.model_fields[name].is_required():
        said = "needed"
    else:
        said = "" if default is NO_DEFAULT else f"`{written(default)}`"
    return "; ".join(filter(None, [said, _of_tasks(group.__name__.lower(), name)]))


@cache
def _config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return config


def _of_tasks(group: str, name: str) -> str:
    """What the tasks of config.yaml say of an option: `400` in `mante2013`, `64` in `romo` and `dms`."""
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


def rendered(readme: str) -> str:
    """The README with its tables generated again; they stand between comments that name them."""
    for name in TABLES:
        begin, end = f"<!-- table: {name} -->", "<!-- end -->"
        start = readme.index(begin) + len(begin)
        readme = f"{readme[:start]}\n\n{table(name)}\n\n{readme[readme.index(end, start) :]}"
    return readme


def main(arguments: Sequence[str]) -> int:
    """Write or check the tables and the schema; returns the exit code."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    schema = json.dumps(editor_schema(config["tasks"], config["networks"]), indent=2, ensure_ascii=False) + "\n"
    failed = 0
    for file, content in ((README, rendered(README.read_text(encoding="utf-8"))), (SCHEMA, schema)):
        if "--check" not in arguments:
            file.write_text(content, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != content:
            print(f"{file} is not up to date: run python docs/config_reference.py", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
