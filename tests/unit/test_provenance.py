"""The hash over the code behind a job: what changes it and what does not, tried on a small package."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from neurorules.provenance import code, reach, source
from neurorules.provenance.code import code_hash, coverage
from neurorules.provenance.versions import versions

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = sorted((REPOSITORY / "workflow" / "scripts").glob("*.py"))
TRAIN = REPOSITORY / "workflow" / "scripts" / "train.py"

FILES = {
    "__init__.py": '__version__ = "1"\n',
    "errors.py": """
        class InputError(Exception):
            def __init__(self, problem, *, key=None, remedy=None):
                super().__init__(f"{problem} ({key}): what to do: {remedy}")
        """,
    "plugins.py": """
        class Plugins:
            def __init__(self, folder, members):
                self.folder, self.members = folder, members
        """,
    "learning/__init__.py": "",
    "learning/base/__init__.py": "",
    "learning/base/contract.py": """
        from neurorules.plugins import Plugins

        RULES = Plugins("learning", members=("LEARNING_RULE",))

        class Base:
            def __init__(self, options):
                self.options = options
        """,
    "learning/mine.py": '''
        """A learning rule."""

        from neurorules.learning.base.contract import Base
        from neurorules.maths import half
        from neurorules.errors import InputError

        FACTOR = 0.5

        class Mine(Base):
            label = "mine"
            OPTION_SCHEMA = {"mu": {"type": "number", "description": "A weight, without unit."}}

            def back(self, signal: float, credit: float = 1.0) -> float:
                # why
                if signal < 0:
                    raise InputError(f"The signal {signal} is negative.", key="signal", remedy="Use another one.")
                return credit + half(signal) * (1.0 - FACTOR)

        LEARNING_RULE = Mine
        ''',
    "maths.py": """
        import math

        SCALE = 2

        def half(value, by=SCALE):
            return value / by

        def twice(value):
            return value * SCALE
        """,
    "job.py": """
        import sys
        from neurorules.errors import InputError
        from neurorules import words

        def run(n):
            failures = []
            for seed in range(n):
                failures.append(f"seed {seed} has failed")
            if failures:
                raise InputError("Some of them failed. " + "; ".join(failures), key="seeds")
            print(f"{n} seeds are done", file=sys.stderr)
            if n > 5:
                raise words.wrong("too many of them", n)
            return f"{n} results"
        """,
    "words.py": """
        from neurorules.errors import InputError

        def wrong(what: str, value: int) -> InputError:
            text = "This is not allowed: "
            return InputError(text + what, key="run.n", remedy=remedy_for(value))

        def remedy_for(value: int) -> str:
            return "Use less." if value else "Use more."
        """,
    "unused.py": "NOTHING = 1\n",
}


class Small:
    """A small package with a script, in place of the real one."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "neurorules"
        self.script = folder / "script.py"
        for name, text in FILES.items():
            self.write(name, text)
        self.script.write_text("from neurorules.job import run\n\nrun(3)\n")

    def write(self, name: str, text: str) -> None:
        file = self.package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.package / name
        assert file.read_text().count(old) == 1
        file.write_text(file.read_text().replace(old, new))

    def hash(self, *plugins: str) -> str:
        """As a new process would give it: files are read again."""
        forget()
        return code_hash(self.script, plugins)

    def covered(self, *plugins: str) -> set[str]:
        forget()
        return {f"{module.removeprefix('neurorules.')}.{name}" for module, name in coverage(self.script, plugins)}


def forget() -> None:
    for function in (
        source.module_file,
        source.module_source,
        source.parse,
        reach._code,
        reach.contract_members,
        code.code_hash,
    ):
        function.cache_clear()  # type: ignore[attr-defined]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    monkeypatch.setattr(source, "PACKAGE", tmp_path / "neurorules")
    yield Small(tmp_path)
    monkeypatch.undo()
    forget()


RULE = "learning.mine"


def test_what_a_job_covers(small: Small) -> None:
    assert small.covered() == {
        "(script).(top level)",
        "neurorules.__version__",
        "job.run",
        "words.wrong",
        "words.remedy_for",
        "errors.InputError",
    } - {"neurorules.__version__"}


def test_a_plugin_adds_its_members_and_what_they_reach(small: Small) -> None:
    assert small.covered(RULE) - small.covered() == {
        "learning.mine.LEARNING_RULE",
        "learning.mine.Mine",
        "learning.mine.FACTOR",
        "learning.base.contract.Base",
        "maths.half",
        "maths.SCALE",
        # Importing the contract's module makes this.
        "learning.base.contract.(top level)",
        "plugins.Plugins",
    }


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("learning/mine.py", '"""A learning rule."""', '"""Other words."""'),
        ("learning/mine.py", '"""A learning rule."""\n', ""),
        ("learning/mine.py", "        # why\n", '        """Another docstring."""\n'),
        ("learning/mine.py", "signal: float, credit: float = 1.0) -> float", "signal, credit: int = 1.0)"),
        ("learning/mine.py", "FACTOR = 0.5", "FACTOR = (\n    0.5  # half\n)\n\n"),
        ("learning/mine.py", "FACTOR = 0.5", "FACTOR: float = 0.5"),
        ("learning/mine.py", '"mine"', "'mine'"),
        ("learning/mine.py", "A weight, without unit.", "A factor."),
        ("learning/mine.py", "The signal {signal} is negative.", "A negative signal, {signal}, came."),
        ("learning/mine.py", "Use another one.", "Take another."),
        ("learning/mine.py", "LEARNING_RULE = Mine", "LEARNING_RULE = Mine\n\n\ndef new():\n    return half(1)"),
        ("learning/mine.py", "FACTOR = 0.5", "FACTOR = 0.5\nANOTHER = 1"),
        ("errors.py", "what to do", "remedy"),
        ("job.py", "seed {seed} has failed", "the seed {seed} failed"),
        ("job.py", "Some of them failed. ", "Seeds failed: "),
        ("job.py", "{n} seeds are done", "done with {n}"),
        ("job.py", "too many of them", "more than there may be"),
        ("words.py", "This is not allowed: ", "Not allowed: "),
        ("maths.py", "value * SCALE", "value * SCALE * 1"),
        ("maths.py", "import math", "import math\nimport cmath"),
        ("unused.py", "1", "2"),
    ],
)
def test_words_and_what_is_not_reached_leave_it(small: Small, file: str, old: str, new: str) -> None:
    before = small.hash(RULE)
    small.edit(file, old, new)
    assert small.hash(RULE) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("learning/mine.py", "FACTOR = 0.5", "FACTOR = 0.25"),
        ("learning/mine.py", "1.0 - FACTOR", "1.0 + FACTOR"),
        ("learning/mine.py", '"mine"', '"yours"'),
        ("learning/mine.py", "credit: float = 1.0", "credit: float = 2.0"),
        ("learning/mine.py", "signal < 0", "signal <= 0"),
        ("learning/mine.py", '"type": "number"', '"type": "integer"'),
        ("learning/mine.py", "LEARNING_RULE = Mine", "print('imported')\nLEARNING_RULE = Mine"),
        ("learning/mine.py", 'key="signal"', 'key="mu"'),  # errors may be told apart by it
        ("learning/base/contract.py", "self.options = options", "self.options = dict(options)"),
        ("maths.py", "SCALE = 2", "SCALE = 3"),
        ("maths.py", "by=SCALE", "by=SCALE + 1"),
        ("maths.py", "value / by", "by / value"),
        ("job.py", "range(n)", "range(n + 1)"),
        ("job.py", '"{n} results"', '"{n} numbers"'),  # a returned value is not just text
        ("words.py", "if value else", "if value > 1 else"),
    ],
)
def test_what_a_job_executes_changes_it_and_undone_it_is_the_same(small: Small, file: str, old: str, new: str) -> None:
    before = small.hash(RULE)
    small.edit(file, old, new)
    assert small.hash(RULE) != before
    small.write(file, FILES[file])
    assert small.hash(RULE) == before


@pytest.mark.parametrize(
    ("statement", "use"),
    [
        ("import neurorules.unused", "neurorules.unused.NOTHING"),
        ("import neurorules.unused as u", "u.NOTHING"),
        ("from neurorules import unused", "unused.NOTHING"),
        ("from neurorules import unused as u", "getattr(u, 'NOTH' + 'ING')"),
        ("from neurorules.unused import NOTHING", "NOTHING"),
        ("from neurorules.unused import NOTHING as N", "N"),
        ("from .unused import NOTHING", "NOTHING"),
        ("from neurorules.again import NOTHING", "NOTHING"),
        ("import importlib", "importlib.import_module(''.join(['neurorules', '.unused'])).NOTHING"),
    ],
)
@pytest.mark.parametrize("inside", [False, True], ids=["at the top", "inside the function"])
def test_every_form_of_import_is_followed(small: Small, statement: str, use: str, inside: bool) -> None:
    small.write("again.py", "from neurorules.unused import NOTHING\n")
    function = f"\n\ndef value():\n    {statement if inside else 'pass'}\n    return {use}\n"
    small.write("maths.py", (statement if not inside else "") + function + "\n\ndef half(x):\n    return value()\n")
    before = small.hash(RULE)
    small.edit("unused.py", "1", "2")
    assert small.hash(RULE) != before


def test_what_only_type_checkers_import_leaves_it(small: Small) -> None:
    guarded = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from neurorules.unused import NOTHING\n\n"
    small.edit("learning/mine.py", "FACTOR = 0.5", f"{guarded}FACTOR = 0.5")
    before = small.hash(RULE)
    small.edit("unused.py", "1", "2")
    assert small.hash(RULE) == before


def test_a_module_that_is_imported_runs_its_top_level(small: Small) -> None:
    small.write("unused.py", "import os\n\nNOTHING = 1\nos.environ['THREADS'] = '1'\n")
    small.edit("maths.py", "import math", "import neurorules.unused")
    before = small.hash(RULE)
    small.edit("unused.py", "NOTHING = 1", "NOTHING = 2")
    assert small.hash(RULE) == before
    small.edit("unused.py", "'1'", "'2'")
    assert small.hash(RULE) != before


def test_imports_round_in_circles_end(small: Small) -> None:
    small.write("one.py", "from neurorules import two\n\ndef one():\n    return two.two()\n")
    small.write("two.py", "from neurorules import one\n\ndef two():\n    return one.one() + 1\n")
    small.edit("maths.py", "import math", "from neurorules.one import one")
    small.edit("maths.py", "value / by", "one()")
    before = small.hash(RULE)
    small.edit("two.py", "+ 1", "+ 2")
    assert small.hash(RULE) != before


def test_a_field_of_a_dataclass_counts_its_annotation_does_not(small: Small) -> None:
    text = "from dataclasses import dataclass\n\n@dataclass\nclass Half:\n    by: int\n    more: int = 1\n\n"
    small.write("maths.py", f"{text}def half(value):\n    return Half(2).by\n")
    before = small.hash(RULE)
    small.edit("maths.py", "    by: int\n", "    by: float\n")
    assert small.hash(RULE) == before
    small.edit("maths.py", "    by: float\n", "")
    assert small.hash(RULE) != before


def test_annotations_that_a_base_from_elsewhere_may_read_count(small: Small) -> None:
    text = "from pydantic import BaseModel\n\nclass Half(BaseModel):\n    by: int = 2\n\n"
    small.write("maths.py", f"{text}def half(value):\n    return Half().by\n")
    before = small.hash(RULE)
    small.edit("maths.py", "by: int", "by: float")
    assert small.hash(RULE) != before


# ---- on the package itself


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_job_takes_in_the_whole_package(script: Path) -> None:
    everything = sum(len(source.module_source(name).definitions) for name in reach.all_modules())
    assert len(coverage(script)) < everything / 3


def test_training_reaches_no_figure_no_download_and_no_command() -> None:
    modules = {module for module, _ in coverage(TRAIN, ("learning.eprop", "tasks.hatsopoulos2007"))}
    apart = ("figures", "plotting", "claims", "statistics", "similarity", "cli", "study", "recordings.download")
    assert not {m for m in modules if m.removeprefix("neurorules.").startswith(apart)}


def test_scripts_differ_and_plugins_count() -> None:
    assert len({code_hash(script) for script in SCRIPTS}) == len(SCRIPTS)
    both = [code_hash(TRAIN, (f"learning.{rule}", "tasks.mante2013")) for rule in ("bptt", "eprop")]
    assert len({*both, code_hash(TRAIN)}) == 3


def test_the_order_of_plugins_does_not_matter() -> None:
    assert code_hash(TRAIN, ("learning.bptt", "tasks.mante2013")) == code_hash(
        TRAIN, ("tasks.mante2013", "learning.bptt")
    )


def test_a_package_without_comments_and_format_of_its_own_has_the_same_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = ("learning.modprop", "tasks.mante2013")
    here = code_hash(TRAIN, plugins)
    for file in sorted(source.PACKAGE.rglob("*.py")):
        copy = tmp_path / file.relative_to(source.PACKAGE.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(ast.unparse(ast.parse(file.read_text())))
    monkeypatch.setattr(source, "PACKAGE", tmp_path / "neurorules")
    forget()
    try:
        assert code_hash(TRAIN, plugins) == here
    finally:
        monkeypatch.undo()
        forget()


def test_a_plugin_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match=r"learning\.nothing"):
        code_hash(SCRIPTS[0], ("learning.nothing",))


def test_the_hash_is_the_same_in_every_process() -> None:
    program = (
        "from pathlib import Path; from neurorules.provenance.code import code_hash; "
        f"print(code_hash(Path({str(TRAIN)!r}), ('tasks.mante2013',)))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY / "workflow")}
        said = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == code_hash(TRAIN, ("tasks.mante2013",))


def test_versions_name_the_package_and_what_numbers_depend_on() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    found = versions()
    assert found["neurorules"] == project["version"]
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"torch", "numpy", "scipy", "xarray", "netCDF4", "neurogym"} <= set(found)
