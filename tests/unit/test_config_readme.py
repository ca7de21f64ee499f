"""The pages about studies: they list everything that exists, and their examples do what the text says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.studies import (
    BASE,
    DEFAULTS,
    MANTE,
    MAZE,
    REACH,
    STUDY_FILES,
    loaded,
    models,
    models_of,
    nodes,
)

from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES, needs_recording
from neurorules.learning.base.learning_rule import LEARNING_RULES, load_learning_rule
from neurorules.recordings.synthetic.base.write import SYNTHETIC
from neurorules.study.load import Study, load_study
from neurorules.study.model import Model
from neurorules.study.yaml_source import REPOSITORY
from neurorules.tasks.base.task import TASKS

SYNTHETIC_DEFAULTS = {name: SYNTHETIC.load(name).DEFAULTS for name in (MANTE, REACH, MAZE, "golub2018")}


PAGES = (
    "config/README.md",
    "docs/reference/options.md",
    "docs/reference/catalogue.md",
)
README = "\n".join((REPOSITORY / page).read_text() for page in PAGES)
TASK_OPTIONS = (REPOSITORY / "docs" / "reference" / "task-options.md").read_text()


def section(heading: str) -> str:
    """The text under a heading, up to the next heading."""
    parts = re.split(r"^#+ (.*)$", README, flags=re.MULTILINE)
    (text,) = [text for title, text in zip(parts[1::2], parts[2::2], strict=True) if title == heading]
    return text


def rows(text: str) -> dict[str, dict[str, str]]:
    """Table rows by the name in backticks in their first column; cells by their column's title."""
    found: dict[str, dict[str, str]] = {}
    titles: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            titles = []
        elif not titles:
            titles = cells
        elif re.fullmatch("`[^`]+`", cells[0]):
            found[cells[0].strip("`")] = dict(zip(titles, cells, strict=True))
    return found


def own_options(those: str) -> dict[str, dict[str, dict[str, str]]]:
    """The tables of options of "Tasks" or "Learning rules", by the heading of each."""
    (part,) = re.findall(rf"^## {those}$(.*?)(?:^## |\Z)", TASK_OPTIONS, re.MULTILINE | re.DOTALL)
    pieces = re.split(r"^### `(.*)`$", part, flags=re.MULTILINE)
    tables = {name: rows(text) for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
    referred = {
        name: re.findall(r"of \[`(.*?)`\]", text) for name, text in zip(pieces[1::2], pieces[2::2], strict=True)
    }
    return {name: tables[referred[name][0]] if referred[name] else table for name, table in tables.items()}


def values_of(table: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {key: yaml.safe_load(row["value in `config.yaml`"].strip("`")) for key, row in table.items()}


def test_options_of_tasks_are_documented_with_their_values() -> None:
    documented = {name: values_of(table) for name, table in own_options("Tasks").items()}
    assert documented == {name: task["task"] for name, task in BASE["tasks"].items()}


def test_learning_rules_are_documented_with_what_they_need_and_their_options() -> None:
    documented = rows(section("Learning rules"))
    assert set(documented) == set(LEARNING_RULES.names())
    for name in LEARNING_RULES.names():
        needed = re.findall("`(.*?)`", documented[name]["needs"].split(":")[0])
        assert needed == [need.option for need in load_learning_rule(name).REQUIRES]
    tables = own_options("Learning rules")
    assert {name: values_of(table) for name, table in tables.items()} == BASE["learning_rules"]
    for name, table in tables.items():
        allowed = load_learning_rule(name).OPTION_SCHEMA
        assert set(table) == set(allowed)
        for option, row in table.items():
            for choice in allowed[option].get("enum", []):
                assert f"`{choice}`" in row["type"]


def test_documented_defaults_of_recordings() -> None:
    options = rows(section("Options of a recording"))
    assert options["monkey"]["default"] == f"`{SYNTHETIC_DEFAULTS[MANTE]['monkey']}`"
    assert {options["neurons"]["default"]} == {f"`{made['neurons']}`" for made in SYNTHETIC_DEFAULTS.values()}
    trials = {name: made["trials_per_condition"] for name, made in SYNTHETIC_DEFAULTS.items()}
    assert options["trials_per_condition"]["default"] == ", ".join(f"`{n}` in `{name}`" for name, n in trials.items())


def test_everything_in_the_catalogues_is_named() -> None:
    assert set(rows(section("Settings that exist"))) == set(BASE["settings"])
    assert set(rows(section("Recordings that exist"))) == set(BASE["recordings"])
    assert set(rows(section("Figures and tables that exist"))) == set(BASE["figures"]) == set(FIGURES.names())
    assert {
        name for name in [*BASE["tasks"], *TASKS.names()] if f"`{name}`" not in section("Tasks that exist")
    } == set()
    needs = rows(section("Figures and tables that exist"))
    assert {name: row["needs a recording"] for name, row in needs.items()} == {
        name: "yes" if needs_recording(name) else "no" for name in FIGURES.names()
    }
    for name in {entry["reader"] for entry in BASE["recordings"].values()}:
        assert f"`{name}`" in rows(section("Recordings"))["reader"]["type"]


def test_what_settings_change_is_said() -> None:
    documented = rows(section("Settings that exist"))
    for name, setting in BASE["settings"].items():
        changed = {
            path[-1] for path, value in nodes(setting) if not isinstance(value, dict) and isinstance(path[-1], str)
        }
        in_words = {"recording", "batch_size", "input_noise_sd"} if name == "published-code" else {"recording"}
        for key in changed - in_words:
            assert f"`{key}`" in documented[name]["differs in"], (name, key)


def test_study_files_are_listed_with_their_runs() -> None:
    documented = rows(section("Studies that exist"))
    assert set(documented) == {file.name for file in STUDY_FILES}
    for file in STUDY_FILES:
        made, row = load_study(file), documented[file.name]
        n_runs, n_models = sum(map(len, made.selection.trained.values())), len(made.selection.trained)
        assert row["`study`"] == f"`{made.name}`"
        assert row["runs"] == f"{n_runs} of {n_models} models"
        named = [name for name in re.findall("`(.*?)`", row["recordings"]) if name in made.config["recordings"]]
        assert named == made.config["use_recordings"]
        synthetic = {made.selection.recording_entry(name)["synthetic"] for name in made.config["use_recordings"]}
        assert synthetic == {"synthetic" in row["recordings"]}
        absent = [name for name in made.config["use_recordings"] if made.selection.is_absent(name)]
        assert [f"`{name}` if it has a `path`" in row["recordings"] for name in absent] == [True] * len(absent)


def test_the_raw_files_of_every_source_are_shown() -> None:
    catalogue = yaml.safe_load((REPOSITORY / "resources" / "recordings.yaml").read_text())
    text = (REPOSITORY / "docs" / "raw-files.md").read_text()
    for reader, entry in catalogue.items():
        for source, about in entry["sources"].items():
            for file in about["files"]:
                lines = [line for line in text.splitlines() if line.strip().startswith(Path(file["path"]).name)]
                assert [f"reader {reader}, source {source}" in line for line in lines] == [True], (reader, file["path"])
            for folder in about.get("unpacked", {}).get("folders", {}).values():
                assert str(Path(folder).relative_to(reader)) in text


def code_blocks(heading: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section(heading), flags=re.DOTALL)


def test_the_example_study_plans_what_the_text_says(tmp_path: Path) -> None:
    (example,) = code_blocks("A study of your own", "yaml")
    (tmp_path / "mine.yaml").write_text(example)
    made = load_study(tmp_path / "mine.yaml")
    # one task has its recording: 3 learning rules x 2 settings x 2 seeds
    assert made.name == "mine"
    assert models_of(made) == models(REACH, "bptt truncated_bptt eprop", "base gain-0.8")
    assert all(seeds == [0, 1] for seeds in made.selection.seeds.values())
    assert set(made.config["settings"]) == {*BASE["settings"], "gain-0.8"}


def test_the_example_error_is_what_is_said(tmp_path: Path) -> None:
    (example,), (said,) = code_blocks("Errors", "yaml"), code_blocks("Errors", "text")
    file = tmp_path / "mine.yaml"
    file.write_text(example)
    with pytest.raises(InputError) as caught:
        load_study(file)
    assert str(caught.value).replace(str(file), "config/mine.yaml") == said.strip()


def example(heading: str, tmp_path: Path) -> Study:
    """The study of a section's one YAML example."""
    (text,) = code_blocks(heading, "yaml")
    (tmp_path / "mine.yaml").write_text(text)
    return load_study(tmp_path / "mine.yaml")


def study_of(page: str, tmp_path: Path) -> Study:
    """The study of a page's one YAML example."""
    (text,) = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs" / page).read_text(), flags=re.DOTALL)
    (tmp_path / "mine.yaml").write_text(text)
    return load_study(tmp_path / "mine.yaml")


def test_the_example_of_a_private_recording(tmp_path: Path) -> None:
    made = study_of("raw-files.md", tmp_path)
    assert made.selection.used_recordings == made.config["use_recordings"]


def test_the_example_of_an_environment(tmp_path: Path) -> None:
    from neurorules.tasks.base.task import make_task

    made = study_of("neurogym.md", tmp_path)
    assert set(map(str, made.selection.figures["learning_curves"])) == models("match", "bptt eprop", "base")
    options = made.options.of(Model("match", "bptt", "base"))["task"]
    trials = make_task("neurogym", options, None).test()
    assert trials.inputs.shape[:2] == (options["steps"], options["test_trials"])
    assert trials.scored[-1].all()  # no step is left over


def test_the_example_of_extra_models(tmp_path: Path) -> None:
    made = example("Figures", tmp_path)
    shown = models(f"{MANTE} {REACH}", "bptt eprop", "noiseless dale-relu") | models(
        f"{MANTE} {REACH}", "modprop", "dale-relu"
    )
    assert set(map(str, made.selection.figures["fig7"])) == shown


def test_the_example_of_which_option_wins() -> None:
    table = [line for line in section("Which option wins").splitlines() if line.startswith("| `")]
    assert len(table) == 3
    for line in table:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        task, rule = re.findall("`(.*?)`", cells[0])
        setting = BASE["settings"]["published-code"]
        said = [
            DEFAULTS,
            BASE["tasks"][task],
            setting,
            setting["by_task"].get(task, {}),
            setting["by_learning_rule"].get(rule, {}),
            loaded().options.of(Model(task, rule, "published-code")),
        ]
        expected = [layer.get("training", {}).get("learning_rate") for layer in said]
        assert [float(cell) if cell else None for cell in cells[1:]] == expected
