"""The lock, the conda files and pyproject.toml agree, and nothing in them depends on one machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import neurorules


@pytest.fixture(scope="module")
def lock_script(repository: Path) -> ModuleType:
    """envs/lock.py, which is outside the package."""
    spec = importlib.util.spec_from_file_location("lock_script", repository / "envs" / "lock.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_line_of_the_lock_is_one_version_with_hashes(lock_script: ModuleType) -> None:
    locks = [lock_script.read_lock(file) for file in (lock_script.LOCK, lock_script.DOCS_LOCK)]
    pins = [pin for lock in locks for of_one_package in lock.values() for pin in of_one_package]
    assert len(pins) > 50
    for requirement, hashes in pins:
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert hashes and all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in hashes), requirement


def test_the_lock_leaves_torch_and_its_accelerators_out(lock_script: ModuleType) -> None:
    names = lock_script.read_lock().keys()
    assert not [name for name in names if re.match("torch|nvidia|triton|cuda|pytorch", name)]


def test_no_environment_file_names_a_package_host(repository: Path) -> None:
    files = ["requirements.lock", "envs/docs.lock", "pyproject.toml", "Makefile", ".ci/run", "envs/lock.py"]
    files += [f"envs/{path.name}" for path in (repository / "envs").glob("*.yaml")]
    for file in files:
        neither = r"git\+https://github\.com/[\w/-]+@[0-9a-f]{40}\b|https://arxiv\.org/abs/[\d.]+"  # a commit, a paper
        text = re.sub(neither, "", (repository / file).read_text())
        assert not re.search("https?://|--(extra-)?index-url [a-z]|--find-links", text), file


def test_the_lock_satisfies_what_torch_itself_asks_for(lock_script: ModuleType) -> None:
    """pip then chooses nothing to install besides torch, except the accelerator's libraries."""
    asked = [Requirement(line) for line in importlib.metadata.requires("torch") or []]
    asked = [one for one in asked if not re.match("nvidia|triton|cuda|pytorch", one.name)]
    asked = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    assert "sympy" in {one.name for one in asked}
    assert lock_script.unsatisfied(asked, lock_script.read_lock()) == []


def test_pyproject_lock_and_conda_files_agree(lock_script: ModuleType) -> None:
    assert lock_script.disagreements() == []


def test_conda_files_pin_the_locked_versions(lock_script: ModuleType, repository: Path) -> None:
    lock = lock_script.read_lock()
    torch = lock_script.torch_version()
    for environment in lock_script.CONDA_ENVIRONMENTS:
        content = yaml.safe_load((repository / "envs" / f"{environment}.yaml").read_text())
        assert content["channels"] == ["conda-forge", "nodefaults"]
        of_conda = [line for line in content["dependencies"] if isinstance(line, str) and line != "pip"]
        of_pip = [line for part in content["dependencies"] if isinstance(part, dict) for line in part["pip"]]
        commits = [line for line in of_pip if "@" in line]
        assert commits == lock_script.COMMITS.get(environment, [])
        of_pip = [line for line in of_pip if line not in commits]
        assert [Requirement(line).name for line in of_pip] == lock_script.PIP_PACKAGES.get(environment, [])
        assert ("pip" in content["dependencies"]) == bool(of_pip)
        for requirement in map(Requirement, of_pip):
            assert [requirement] == [one for one, _ in lock[requirement.name]]
        pins = dict(line.split("=") for line in of_conda)
        assert pins.pop("python") == "3.11"
        assert Version(pins.pop("pytorch")) == torch
        for name, version in pins.items():
            locked = [lock_script.pinned_version(requirement) for requirement, _ in lock[name]]
            assert Version(version).release in [one.release[:3] for one in locked], name


def test_netrep_is_pinned_by_commit(repository: Path) -> None:
    assert re.search(r"netrep @ git\+https://\S+@[0-9a-f]{40}$", (repository / "envs/peers.yaml").read_text(), re.M)


def test_training_has_what_neurogym_asks_for(lock_script: ModuleType) -> None:
    """Its environments are tasks. pip then takes numpy, matplotlib and gymnasium as conda has installed them."""
    asked = [Requirement(line) for line in importlib.metadata.requires("neurogym") or []]
    asked = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    assert lock_script.unsatisfied(asked, lock_script.read_lock()) == []
    pinned = {one.name for one in asked if one.specifier}
    assert {"numpy", "gymnasium", "matplotlib"} <= pinned <= set(lock_script.CONDA_ENVIRONMENTS["training"])


def test_an_unmet_requirement_is_named(lock_script: ModuleType) -> None:
    lock = {"numpy": [(Requirement("numpy==2.2.6"), ["sha256:" + "0" * 64])]}
    asked = [Requirement("numpy==2.2.*"), Requirement("torch==9.9"), Requirement("numpy<2"), Requirement("scipy")]
    problems = lock_script.unsatisfied(asked, lock)
    assert len(problems) == 2
    assert "numpy 2.2.6" in problems[0] and "<2" in problems[0]
    assert "no scipy" in problems[1]


def test_a_stale_conda_file_fails_the_check(
    lock_script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock_script, "conda_path", lambda environment: tmp_path / f"{environment}.yaml")
    lock_script.write_conda_files()
    monkeypatch.setattr(sys, "argv", ["lock.py", "--check"])
    assert lock_script.main() == 0
    stale = tmp_path / "training.yaml"
    stale.write_text(re.sub("numpy=.*", "numpy=1.0.0", stale.read_text()))
    assert lock_script.main() == 1
    assert "training.yaml" in capsys.readouterr().out


def test_one_version_of_the_package_everywhere(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((repository / "CITATION.cff").read_text())
    assert project["version"] == neurorules.__version__ == str(citation["version"])


def test_hosts_test_every_python_that_is_promised(repository: Path) -> None:
    promised = SpecifierSet(tomllib.loads((repository / "pyproject.toml").read_text())["project"]["requires-python"])
    versions = {f"3.{minor}" for minor in range(30) if f"3.{minor}" in promised}
    jobs = yaml.safe_load((repository / ".github/workflows/tests.yml").read_text())["jobs"]
    for name in ("unit", "workflow", "faults"):
        assert set(jobs[name]["strategy"]["matrix"]["python"]) == versions
        assert jobs[name]["steps"][-1]["run"].endswith(f"tests/{name}")


def test_hooks_call_tools_of_the_environment(repository: Path, lock_script: ModuleType) -> None:
    """Not tools that a hook would install in a different version."""
    (local,) = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local" and {hook["language"] for hook in local["hooks"]} == {"system"}
    tools = {tool for hook in local["hooks"] for tool in re.findall(r"\.venv/bin/(\S+)", hook["entry"])}
    assert tools - {"python"} == {"ruff", "snakefmt", "mypy"} <= set(lock_script.read_lock())
