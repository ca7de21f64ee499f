"""Helpers shared by the commands: find a study, print a report or an error."""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from neurorules.errors import InputError
from neurorules.study.load import Study, load_study
from neurorules.study.model import Model
from neurorules.study.options import OPTION_GROUPS
from neurorules.study.yaml_source import BASE_CONFIG, REPOSITORY

__all__ = [
    "OPTION_GROUPS",
    "REPOSITORY",
    "Model",
    "Study",
    "did_you_mean",
    "load_study",
    "open_study",
    "run_cli",
    "study_file",
    "study_files",
    "study_paths",
]

# The study in config/config.yaml. Every other study is named after its file.
DEFAULT_STUDY = "paper"


def run_cli(words: Callable[[], str], prefix: str = "") -> int:
    """Print a command's output, or its error on stderr.

    Args:
        words: returns the text to print.
        prefix: text before an error message.

    Returns:
        the exit code.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # escape what the terminal cannot encode, as stderr does
    try:
        print(words(), flush=True)
    except InputError as error:
        print(f"{prefix}{error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit fails
    return 0


def study_files() -> dict[str, Path]:
    """The study files of this repository, keyed by study name, in alphabetical order."""
    files = {DEFAULT_STUDY if f == BASE_CONFIG else f.stem: f for f in BASE_CONFIG.parent.glob("*.yaml")}
    return {name: _from_here(files[name]) for name in sorted(files)}


def _from_here(file: Path) -> Path:
    """The path as a user would write it: relative if the file is under the working folder."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def study_file(study: str) -> Path:
    """The file of a study, given by name (`reach`) or by path.

    Raises:
        InputError: there is no study with this name.
    """
    if study.endswith((".yaml", ".yml")) or os.sep in study or Path(study).is_file():
        return Path(study)
    known = study_files()
    if study not in known:
        raise InputError(
            "Unknown study.",
            key="STUDY",
            value=study,
            remedy=f"{did_you_mean(study, known)} You can also give the path of a study file.",
        )
    return known[study]


def study_paths(study: str) -> list[Path]:
    """The files of a study: one, or several joined by `+`, which are merged in this order (`demo+config/mine.yaml`).

    Raises:
        InputError: there is no study with one of these names.
    """
    return [study_file(one) for one in ([study] if Path(study).is_file() else study.split("+"))]


def open_study(study: str) -> Study:
    """Load and check a study, given by name or by path, or by several of them joined by `+`.

    Raises:
        InputError: there is no such study, or its file has an error.
    """
    return load_study(*study_paths(study))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the closest known name, then all of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}Known: {', '.join(known)}."
