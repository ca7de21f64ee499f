"""A study: the resolved config as models, runs, figures and paths.

The Snakefile imports this module, and so does every cluster job. Nothing heavy is imported here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES
from neurorules.study.checks import Checks
from neurorules.study.options import StudyOptions
from neurorules.study.paths import Paths
from neurorules.study.schema.check import check_schema
from neurorules.study.schema.figure_style import style_defaults
from neurorules.study.schema.study_file import option_defaults
from neurorules.study.selection import Selection
from neurorules.study.yaml_source import BASE_CONFIG, StudyFiles, check_keys, merge, read_study_file, study_error


class Study:
    """A checked config, split into objects with one job each.

    Args:
        config: the merged config (a study file over config.yaml, command-line values over both).
        files: the study files it came from, for errors.
        command_line: keys and values of `--config`, for errors.

    Attributes:
        config: the merged config, including all defaults.
        name: the study's name.
        options: the options of a model.
        selection: figures, models, seeds, recordings and jobs.
        paths: paths of the results.

    Raises:
        InputError: an unknown key, a wrong type, an impossible value, or a name that does not exist.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        files: Sequence[str | Path] = (),
        command_line: Mapping[str, Any] | None = None,
    ) -> None:
        self.files = StudyFiles(files, command_line)
        for file in self.files:
            check_keys(file)
        config = _typed_from_command_line(config)
        check_schema(config, self.files)
        config["defaults"] = merge(option_defaults(), config.get("defaults", {}))
        config["style"] = merge(style_defaults(), config.get("style", {}))
        self.config = config
        self.name: str = config["study"]
        self.options = StudyOptions(config, self.files)
        self.selection = Selection(config, self.options)
        self.paths = Paths(self.name, self.selection)
        Checks(config, self.files, self.options, self.selection).run()

    def check_target(self, name: str) -> None:
        """Reject a target that looks like a figure but is not part of this study. Snakemake checks all other targets.

        Raises:
            InputError: the figure is not part of this study, or its name is misspelt.
        """
        if name in self.selection.figures or not name.replace("_", "").isalnum():
            return
        selected = f"This study has: {', '.join(self.selection.figures)}."
        if name in FIGURES.names():
            raise study_error(
                f"The figure {name} exists but is not part of the study {self.name}.",
                self.files,
                "use_figures",
                value=name,
                remedy=f"Add it to use_figures, or choose another study. {selected}",
            )
        close = difflib.get_close_matches(name, self.selection.figures, n=1, cutoff=0.75)
        if close:
            raise InputError(
                "Unknown figure or table.",
                key="target",
                value=name,
                remedy=f"Did you mean {close[0]}? {selected}",
            )


def _typed_from_command_line(config: Mapping[str, Any]) -> dict[str, Any]:
    """Convert what Snakemake leaves as text: `--config seeds=[0,1]` is a list of texts, and `false` is a text."""
    typed = {
        key: {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        for key, value in config.items()
    }
    if isinstance(seeds := config.get("seeds"), list):
        typed["seeds"] = [int(s) if isinstance(s, str) and s.isdecimal() else s for s in seeds]
    return typed


def load_study(*files: str | Path) -> Study:
    """Load a study from its files, which are merged into config.yaml in the given order.

    Raises:
        InputError: a file is missing or not valid YAML, or the config has an error.
    """
    config: dict[str, Any] = {}
    paths = [BASE_CONFIG, *(Path(f) for f in files if Path(f).resolve() != BASE_CONFIG)]
    for path in paths:
        config = merge(config, read_study_file(path))
    return Study(config, paths)
