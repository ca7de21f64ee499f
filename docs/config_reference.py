"""Write the tables of options in config/README.md from the schema and from config.yaml.

    python docs/config_reference.py            writes them
    python docs/config_reference.py --check    says whether they are up to date

Type and limits come from workflow/schemas/config.schema.yaml, the default from `defaults` in config/config.yaml. What
an option means (`description`) and where it comes from (`x-source`) stand in the schema too, beside what it allows;
`x-type`, `x-unit` and `x-default` say more of a type or a default than these give by themselves.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "config" / "README.md"
SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"
CONFIG = REPOSITORY / "config" / "config.yaml"
GROUPS = ("network", "training", "comparison")
HEADER = ["| key | type | default | meaning | source |", "|---|---|---|---|---|"]


def type_of(option: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What an option may be, in words."""
    if "$ref" in option:
        option = {**definitions[option["$ref"].rsplit("/", 1)[1]], **option}
    if "x-type" in option:
        return str(option["x-type"])
    if "anyOf" in option:
        return ", or ".join(type_of(form, definitions) for form in option["anyOf"])
    if "const" in option:
        return f"`{option['const']}`"
    if "enum" in option:
        *first, last = [f"`{choice}`" for choice in option["enum"]]
        return f"{', '.join(first)} or {last}" if first else last
    if option["type"] == "boolean":
        return "true or false"
    if option["type"] == "array":
        items = option["items"]
        many = "enum" in items or "pattern" in items
        words = ", ".join(f"`{choice}`" for choice in items["enum"]) if many else type_of(items, definitions)
        return f"list of {words.replace('integer', 'integers', 1).replace('number', 'numbers', 1)}"
    words = option["type"] if isinstance(option["type"], str) else " or ".join(option["type"])
    if "exclusiveMinimum" in option:
        words += f" above {option['exclusiveMinimum']}"
    if "maximum" in option:
        words += f", up to {option['maximum']}"
    elif "minimum" in option:
        words += f", {option['minimum']} or more"
    return words + (f", in {option['x-unit']}" if "x-unit" in option else "")


def default_of(name: str, option: Mapping[str, Any], defaults: Mapping[str, str]) -> str:
    """The default as config.yaml writes it."""
    return str(option["x-default"]) if "x-default" in option else f"`{defaults[name]}`"


def written_defaults(group: str) -> dict[str, str]:
    """Defaults of a group as text, as they stand in config.yaml: 1.0e-3 and not 0.001."""
    text = CONFIG.read_text()
    block = text[text.index("\ndefaults:\n") : text.index("\nlearning_rules:\n")]
    lines = block[block.index(f"\n  {group}:\n") :].splitlines()[2:]
    found = {}
    for line in lines:
        match = re.match(r"    (\w+): (.*?)(?: +#.*)?$", line)
        if match is None:
            break
        found[match[1]] = match[2]
    return found


def table(group: str) -> str:
    """The table of a group."""
    schema = yaml.safe_load(SCHEMA.read_text())
    definitions = schema["$defs"]
    defaults = written_defaults(group)
    rows = []
    for name, option in definitions[group]["properties"].items():
        cells = (
            f"`{name}`",
            type_of(option, definitions),
            default_of(name, option, defaults),
            " ".join(option["description"].split()),
            option.get("x-source", ""),
        )
        rows.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    return "\n".join([*HEADER, *rows])


def rendered(readme: str) -> str:
    """The README with its tables anew; they stand between comments that name their group."""
    for group in GROUPS:
        begin, end = f"<!-- options: {group} -->", "<!-- end -->"
        start = readme.index(begin) + len(begin)
        readme = f"{readme[:start]}\n\n{table(group)}\n\n{readme[readme.index(end, start) :]}"
    return readme


def main(arguments: Sequence[str]) -> int:
    """Write or check the tables; returns the exit code."""
    options = yaml.safe_load(SCHEMA.read_text())["$defs"]
    for group in GROUPS:
        for name, option in options[group]["properties"].items():
            if "description" not in option:
                print(f"{group}.{name} has no description in {SCHEMA.relative_to(REPOSITORY)}", file=sys.stderr)
                return 1
    before = README.read_text()
    after = rendered(before)
    if "--check" not in arguments:
        README.write_text(after)
    elif after != before:
        print("config/README.md is not up to date: run python docs/config_reference.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
