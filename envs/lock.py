"""Write requirements.lock, envs/docs.lock and the conda files of envs/, so that no version is edited by hand.

    python envs/lock.py           resolve pyproject.toml: write both locks, then the conda files (needs uv)
    python envs/lock.py --conda   only write the conda files, from requirements.lock
    python envs/lock.py --check   change nothing; exit 1 if pyproject.toml, the lock and the conda files disagree

torch is not in the lock. Its builds (CPU, several CUDA versions) have the same version number but different hashes and
dependencies, and the right build depends on the machine. The lock has the dependencies that all builds share; torch
itself is installed afterwards (see the Makefile).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).resolve().parents[1]
PYPROJECT = REPOSITORY / "pyproject.toml"
LOCK = REPOSITORY / "requirements.lock"
DOCS_LOCK = REPOSITORY / "envs" / "docs.lock"  # additional requirements of the site

PYTHON = "3.11"

# Requirements of torch without accelerator libraries; tests/unit/test_environment.py compares them with torch's own.
TORCH_REQUIRES = [
    "filelock",
    "typing-extensions>=4.10.0",
    "setuptools>=77.0.3",
    "sympy>=1.13.3",
    "networkx>=2.5.1",
    "jinja2",
    "fsspec>=0.8.5",
]

# The packages that each kind of step imports, by their PyPI names.
CORE = ["numpy", "scipy", "pandas", "xarray", "netcdf4", "h5py", "pyyaml", "jsonschema", "torch"]
CONDA_ENVIRONMENTS = {
    # matplotlib and gymnasium for neurogym
    "training": [*CORE, "matplotlib", "gymnasium", "numba", "pot", "pynwb", "pyarrow"],
    "analysis": [*CORE, "matplotlib", "umap-learn", "markdown-it-py"],
    "peers": [*CORE, "matplotlib", "pytest", "hypothesis"],  # for tests that compare with other packages
}
PIP_PACKAGES = {"training": ["neurogym", "dsa-metric"], "peers": ["dsa-metric"]}  # not on conda-forge
# Not on any index: a commit of the repository.
COMMITS = {"peers": ["netrep @ git+https://github.com/ahwillia/netrep@0186b8a77ec1ebaf541cc8f7173cb2556df8a8f0"]}
CONDA_NAMES = {"torch": "pytorch"}  # where the name on conda-forge differs
# The machine for which conda files are locked, for lines of the lock that depend on the machine.
CONDA_MACHINE = {"python_version": PYTHON, "python_full_version": f"{PYTHON}.0", "sys_platform": "linux"}

# Canonical package name -> pinned requirements with their hashes (several only if markers differ).
Lock = dict[str, list[tuple[Requirement, list[str]]]]


def pyproject_requirements(path: Path = PYPROJECT) -> list[Requirement]:
    """All requirements of pyproject.toml, including the extra `dev`."""
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["dev"]]


def docs_requirements(path: Path = PYPROJECT) -> list[Requirement]:
    """The site's requirements, the extra `docs`."""
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project["optional-dependencies"]["docs"]]


def read_lock(path: Path = LOCK) -> Lock:
    """The pins and hashes of requirements.lock."""
    pins: Lock = {}
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        if requirement:
            pin = Requirement(requirement)
            pins.setdefault(canonicalize_name(pin.name), []).append((pin, hashes))
    return pins


def pinned_version(pin: Requirement) -> Version:
    """The version pinned by a line of the lock."""
    (specifier,) = pin.specifier
    return Version(specifier.version)


def unsatisfied(requirements: list[Requirement], lock: Lock) -> list[str]:
    """One sentence per requirement that the lock does not meet, except for torch, which is not in the lock."""
    problems = []
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        versions = [pinned_version(pin) for pin, _ in lock.get(name, [])]
        if name == "torch":
            continue
        if not versions:
            problems.append(f"requirements.lock has no {name}, which pyproject.toml requires")
        problems += [
            f"requirements.lock has {name} {version}, pyproject.toml requires {requirement.specifier}"
            for version in versions
            if version not in requirement.specifier
        ]
    return problems


def torch_version() -> Version:
    """The version of torch that pyproject.toml pins."""
    (torch,) = (requirement for requirement in pyproject_requirements() if requirement.name == "torch")
    return pinned_version(torch)


def conda_file(environment: str, lock: Lock) -> str:
    """The text of envs/<environment>.yaml.

    `=1.7.5` allows 1.7.5 with its post-releases and rebuilds, which conda-forge numbers differently.
    """

    def locked(package: str) -> Version:
        (pin,) = (pin for pin, _ in lock[package] if pin.marker is None or pin.marker.evaluate(CONDA_MACHINE))
        return pinned_version(pin)

    lines = ["# Written by envs/lock.py from requirements.lock: do not edit.", "channels:", "  - conda-forge"]
    lines += ["  - nodefaults", "dependencies:", f"  - python={PYTHON}"]
    for package in CONDA_ENVIRONMENTS[environment]:
        version = torch_version() if package == "torch" else locked(package)
        lines.append(f"  - {CONDA_NAMES.get(package, package)}={'.'.join(map(str, version.release[:3]))}")
    if environment in PIP_PACKAGES:
        lines += ["  - pip", "  - pip:"]
        lines += [f"      - {package}=={locked(package)}" for package in PIP_PACKAGES[environment]]
        lines += [f"      - {commit}" for commit in COMMITS.get(environment, [])]
    return "\n".join(lines) + "\n"


def conda_path(environment: str) -> Path:
    return REPOSITORY / "envs" / f"{environment}.yaml"


def disagreements() -> list[str]:
    """One sentence per disagreement between pyproject.toml, the locks and the conda files."""
    lock = read_lock()
    docs = read_lock(DOCS_LOCK)
    problems = unsatisfied(pyproject_requirements(), lock) + unsatisfied(docs_requirements(), lock | docs)
    problems += [
        f"envs/docs.lock has {name}, which is also in requirements.lock" for name in sorted(set(lock) & set(docs))
    ]
    for environment in CONDA_ENVIRONMENTS:
        path = conda_path(environment)
        if not path.exists() or path.read_text(encoding="utf-8") != conda_file(environment, lock):
            problems.append(f"envs/{path.name} does not match requirements.lock: run envs/lock.py --conda")
    return problems


def write_lock(uv: str) -> None:
    """Resolve pyproject.toml for all systems and write requirements.lock."""
    with tempfile.TemporaryDirectory() as folder:
        torch_requires, override = Path(folder, "torch-requires.txt"), Path(folder, "override.txt")
        torch_requires.write_text("\n".join(TORCH_REQUIRES) + "\n", encoding="utf-8")
        override.write_text(
            f"torch=={torch_version()} ; sys_platform == 'never'\n", encoding="utf-8"
        )  # which excludes accelerator libraries
        output = Path(folder, LOCK.name)
        command = f"pip compile {PYPROJECT.name} {torch_requires} --extra dev --override {override}"
        command += (
            f" --universal --python-version {PYTHON} --generate-hashes --no-emit-index-url --no-emit-package torch"
        )
        command += f" --no-annotate --quiet --output-file {output}"
        environment = os.environ | {"UV_CUSTOM_COMPILE_COMMAND": "python envs/lock.py"}
        subprocess.run([uv, *command.split()], cwd=REPOSITORY, env=environment, check=True)
        LOCK.write_bytes(output.read_bytes())


def write_docs_lock(uv: str) -> None:
    """Resolve the extra `docs` with requirements.lock as constraint, and write what is not in requirements.lock."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, output = Path(folder, "docs.txt"), Path(folder, DOCS_LOCK.name)
        wanted.write_text("\n".join(map(str, docs_requirements())) + "\n", encoding="utf-8")
        command = (
            f"pip compile {wanted} --constraint {LOCK.name} --universal --python-version {PYTHON} --generate-hashes"
        )
        command += f" --no-emit-index-url --no-annotate --quiet --output-file {output}"
        environment = os.environ | {"UV_CUSTOM_COMPILE_COMMAND": "python envs/lock.py"}
        subprocess.run([uv, *command.split()], cwd=REPOSITORY, env=environment, check=True)
        text, there = output.read_text(encoding="utf-8"), read_lock()
    header, *pins = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)
    kept = [pin for pin in pins if canonicalize_name(pin.split("==")[0]) not in there]
    DOCS_LOCK.write_text(header + "".join(kept), encoding="utf-8")


def write_conda_files() -> None:
    """Write envs/*.yaml from requirements.lock."""
    lock = read_lock()
    for environment in CONDA_ENVIRONMENTS:
        conda_path(environment).write_text(conda_file(environment, lock), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--conda", action="store_true", help="only write the conda files, from requirements.lock")
    what.add_argument("--check", action="store_true", help="only check; exit 1 on disagreement")
    parser.add_argument("--uv", default="uv", help="the uv program (default: from PATH)")
    arguments = parser.parse_args()

    if arguments.check:
        problems = disagreements()
        print("\n".join(problems) or "pyproject.toml, requirements.lock and the conda files agree")
        return 1 if problems else 0
    if not arguments.conda:
        write_lock(arguments.uv)
        write_docs_lock(arguments.uv)
    write_conda_files()
    return 0


if __name__ == "__main__":
    sys.exit(main())
