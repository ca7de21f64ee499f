"""The hash over the code behind a job: what changes it and what does not, tried on a copy of the package."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from neurorules.provenance.code import code_hash, versions
from neurorules.study.study import REPOSITORY

SCRIPTS = sorted((REPOSITORY / "workflow" / "scripts").glob("*.py"))

# A learning rule for the tests, so that they depend on the text of no other file.
RULE = '''"""A rule."""

from neurorules.learning.base import learning_rule

FACTOR = 0.5


class Rule:
    label = "mine"

    def back(self, signal, credit):
        # why
        credit.add_(signal, alpha=1.0 - FACTOR)
        credit.mul_(signal)


LEARNING_RULE = Rule()
'''


class Copy:
    """A copy of workflow/ whose code can be changed."""

    def __init__(self, folder: Path) -> None:
        self.workflow = folder
        self.package = folder / "neurorules"

    def hash(self, script: str, *plugins: str) -> str:
        """`code_hash` of the copy, as a new process would give it: files are read anew, nothing is remembered."""
        spec = importlib.util.spec_from_file_location("provenance_of_a_copy", self.package / "provenance.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert self.package == module.PACKAGE
        return module.code_hash(self.workflow / "scripts" / script, plugins)

    def rewrite(self, file: str, change: Callable[[str], str]) -> None:
        path = self.workflow / file
        before = path.read_text()
        after = change(before)
        assert after != before
        path.write_text(after)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    shutil.copytree(
        REPOSITORY / "workflow", tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__", "report", "rules")
    )
    made = Copy(tmp_path / "workflow")
    (made.package / "learning" / "mine.py").write_text(RULE)
    (made.workflow / "scripts" / "small.py").write_text("import ast\n")
    return made


def rule(copy: Copy) -> str:
    """Hash of a job that reaches little but the learning rule above."""
    return copy.hash("small.py", "learning.mine")


def train(copy: Copy) -> str:
    return copy.hash("train.py", "learning.mine", "tasks.hatsopoulos2007")


def add_a_statement(text: str) -> str:
    return text + "\nADDED = 1\n"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_hash_does_not_depend_on_where_the_checkout_lies(copy: Copy, script: Path) -> None:
    here = code_hash(script)
    assert len(here) == 16 and int(here, 16) >= 0
    assert copy.hash(script.name) == here


def test_scripts_differ_and_plugins_count() -> None:
    hashes = [code_hash(script) for script in SCRIPTS]
    assert len(set(hashes)) == len(SCRIPTS)
    script = REPOSITORY / "workflow" / "scripts" / "train.py"
    both = [code_hash(script, (f"learning.{rule}", "tasks.mante2013")) for rule in ("bptt", "eprop")]
    assert len({*both, code_hash(script)}) == 3


def test_the_order_of_plugins_does_not_matter() -> None:
    script = REPOSITORY / "workflow" / "scripts" / "train.py"
    assert code_hash(script, ("learning.bptt", "tasks.mante2013")) == code_hash(
        script, ("tasks.mante2013", "learning.bptt")
    )


# ---- what changes nothing


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A rule."""', '# A comment.\n"""A rule."""'),
        ("        # why\n", ""),
        ('"""A rule."""\n', ""),
        ('"""A rule."""', '"""Other words."""'),
        ("class Rule:\n", 'class Rule:\n    """A docstring where there was none."""\n\n'),
        ("        # why\n", '        """Another."""\n'),
        ("FACTOR = 0.5\n", "FACTOR = (\n    0.5  # half\n)\n\n\n"),
        ("credit.mul_(signal)", "credit.mul_(\n            signal,\n        )"),
        ('"mine"', "'mine'"),
    ],
    ids=[
        "comment",
        "comment removed",
        "docstring removed",
        "docstring",
        "docstring of a class",
        "docstring of a function",
        "brackets and blank lines",
        "line breaks",
        "quotes",
    ],
)
def test_comments_docstrings_and_format_leave_it(copy: Copy, old: str, new: str) -> None:
    before = rule(copy)
    copy.rewrite("neurorules/learning/mine.py", lambda text: text.replace(old, new))
    assert rule(copy) == before


def test_a_package_without_any_comment_or_format_of_its_own_has_the_same_hash(copy: Copy) -> None:
    before = {script.name: copy.hash(script.name) for script in SCRIPTS}
    for file in sorted(copy.workflow.rglob("*.py")):
        file.write_text(ast.unparse(ast.parse(file.read_text())))
    assert {script.name: copy.hash(script.name) for script in SCRIPTS} == before


@pytest.mark.parametrize(
    "file",
    [
        "learning/bptt.py",
        "tasks/mante2013.py",
        "figures/fig1.py",
        "similarity/procrustes.py",
        "recordings/mante2013.py",
    ],
)
def test_code_that_the_job_does_not_reach_leaves_it(copy: Copy, file: str) -> None:
    before = train(copy)
    copy.rewrite(f"neurorules/{file}", add_a_statement)
    assert train(copy) == before


def test_what_only_type_checkers_import_leaves_it(copy: Copy) -> None:
    helper = copy.package / "helper.py"
    helper.write_text("VALUE = 1\n")
    guarded = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from neurorules.helper import VALUE\n"
    copy.rewrite("neurorules/learning/mine.py", lambda text: text + guarded)
    before = rule(copy)
    copy.rewrite("neurorules/helper.py", add_a_statement)
    assert rule(copy) == before


# ---- what changes it


@pytest.mark.parametrize(
    "file",
    [
        "scripts/train.py",
        "neurorules/__init__.py",
        "neurorules/io/atomic.py",  # the package's base
        "neurorules/training/train.py",
        "neurorules/training/checkpoints.py",
        "neurorules/learning/engine.py",
        "neurorules/learning/mine.py",  # plug-ins
        "neurorules/tasks/hatsopoulos2007.py",
        "neurorules/tasks/losses.py",  # reached through a plug-in
        "neurorules/network/rnn.py",
    ],
)
def test_code_that_the_job_reaches_changes_it(copy: Copy, file: str) -> None:
    before = train(copy)
    copy.rewrite(file, add_a_statement)
    assert train(copy) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("credit.mul_", "credit.div_"),
        ("0.5", "0.25"),
        ("1.0 - FACTOR", "1.0 + FACTOR"),
        ("        credit.mul_(signal)\n", "        credit.mul_(signal)\n" * 2),
        ('"mine"', '"yours"'),
        ("        credit.mul_(signal)\n", ""),
    ],
    ids=["operation", "number", "sign", "twice", "text that is no docstring", "removed"],
)
def test_any_change_of_code_changes_it_and_undone_it_is_none(copy: Copy, old: str, new: str) -> None:
    before = rule(copy)
    copy.rewrite("neurorules/learning/mine.py", lambda text: text.replace(old, new))
    assert rule(copy) != before
    copy.rewrite("neurorules/learning/mine.py", lambda text: RULE)
    assert rule(copy) == before


@pytest.mark.parametrize(
    "statement",
    [
        "import neurorules.helper",
        "from neurorules import helper",
        "from neurorules.helper import VALUE",
        "def later():\n    from neurorules.helper import VALUE\n    return VALUE",
    ],
    ids=["import", "from package", "from module", "inside a function"],
)
def test_every_form_of_import_is_followed(copy: Copy, statement: str) -> None:
    helper = copy.package / "helper.py"
    helper.write_text("VALUE = 1\n")
    before = rule(copy)
    helper.write_text("VALUE = 2\n")
    assert rule(copy) == before  # nobody imports it yet
    copy.rewrite("neurorules/learning/mine.py", lambda text: f"{text}\n{statement}\n")
    with_two = rule(copy)
    helper.write_text("VALUE = 3\n")
    assert len({before, with_two, rule(copy)}) == 3


def test_imports_of_imports_are_followed_round_in_circles(copy: Copy) -> None:
    (copy.package / "one.py").write_text("from neurorules import two\n")
    (copy.package / "two.py").write_text("from neurorules import one\n")
    copy.rewrite("neurorules/learning/mine.py", lambda text: f"{text}\nimport neurorules.one\n")
    before = rule(copy)
    copy.rewrite("neurorules/two.py", add_a_statement)
    assert rule(copy) != before


# ---- what the hash relies on


def test_nothing_is_imported_relatively() -> None:
    """Relative imports are not followed."""
    for file in sorted((REPOSITORY / "workflow").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), (file, node.lineno)


def test_a_plugin_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match=r"learning\.nothing"):
        code_hash(SCRIPTS[0], ("learning.nothing",))


def test_the_hash_is_the_same_in_every_process() -> None:
    script = REPOSITORY / "workflow" / "scripts" / "score.py"
    program = (
        f"from neurorules.provenance.code import code_hash; print(code_hash({str(script)!r}, ('tasks.mante2013',)))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY / "workflow")}
        said = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == code_hash(script, ("tasks.mante2013",))


def test_versions_name_the_package_and_what_numbers_depend_on() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    found = versions()
    assert found["neurorules"] == project["version"]
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"torch", "numpy", "scipy", "xarray", "netCDF4", "neurogym"} <= set(found)
