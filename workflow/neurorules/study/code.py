"""The script and plug-ins of each job in a study, which its code hash covers.

Plug-ins are given as dotted names within the package, such as "learning.eprop". They are loaded by name, so the hash
cannot find them on its own. A member that only few jobs use follows a colon.
"""

from __future__ import annotations

from collections.abc import Sequence

from neurorules.figures.base.figure import FIGURES, table_types_of
from neurorules.recordings.synthetic.base.write import SYNTHETIC
from neurorules.similarity.measures.base.measure import MEASURE_OPTIONS
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.tables.base.table_type import TABLE_TYPES

Code = tuple[str, tuple[str, ...]]


def training_code(study: Study, model: Model, script: str = "train.py") -> Code:
    """The code that trains a model, chooses its learning rate or imports a network."""
    if study.options.is_imported(model):
        return "import_network.py", (f"tasks.{study.options.task_module(model.task)}",)
    task = f"tasks.{study.options.task_module(model.task)}"
    return script, (f"learning.{model.learning_rule}", _architecture(study, model), task)


def scoring_code(study: Study, script: str, table_type: str, models: Sequence[Model]) -> Code:
    """The code of a table: its type, its models' tasks and its measures."""
    architectures = {_architecture(study, model) for model in models}
    tasks = {f"tasks.{study.options.task_module(model.task)}" for model in models}
    if TABLE_TYPES.load(table_type).NEEDS_RECORDING:
        tasks |= {f"{task}:condition_labels" for task in tasks}
    measures = set()
    keys = set(MEASURE_OPTIONS) & set(TABLE_TYPES.load(table_type).COMPARISON_KEYS)
    if keys:
        options = [study.options.of(model)["comparison"] for model in models] or [
            study.options.table_options(table_type)
        ]
        measures = {f"similarity.measures.{name}" for comparison in options for key in keys for name in comparison[key]}
    return script, (f"tables.{table_type}", *sorted(architectures | tasks | measures))


def _architecture(study: Study, model: Model) -> str:
    """The plug-in of a model's units."""
    return f"network.architectures.{study.options.architecture(model)}"


def recording_code(study: Study, recording: str) -> Code:
    """The code that reads a recording."""
    return "recording.py", (f"recordings.readers.{study.selection.recording_entry(recording)['reader']}",)


def synthetic_code(study: Study, recording: str) -> Code:
    """The code that writes a synthetic recording's raw files. The job rejects readers without synthetic files."""
    reader = study.selection.recording_entry(recording)["reader"]
    return "synthetic_raw_files.py", (f"recordings.synthetic.{reader}",) if reader in SYNTHETIC.names() else ()


def figure_code(figure: str) -> Code:
    """The code of a figure or table."""
    return "figure.py", (f"figures.{figure}", *getattr(FIGURES.load(figure), "PLUGINS", ()))


def all_code(study: Study) -> set[Code]:
    """The code of every job in a study."""
    models = list(study.selection.seeds)
    return {
        ("download.py", ()),
        ("download_network.py", ()),
        *(recording_code(study, name) for name in study.selection.used_recordings),
        *(
            synthetic_code(study, name)
            for name in study.selection.used_recordings
            if study.selection.recording_entry(name)["synthetic"]
        ),
        *(training_code(study, model) for model in models),
        *(
            training_code(study, model, "choose_learning_rate.py")
            for model in models
            if study.options.chooses_learning_rate(model)
        ),
        *(
            scoring_code(study, "score.py", table_type, [model])
            for table_type, parts in study.selection.seed_subsets.items()
            for model in parts
        ),
        *(
            scoring_code(study, "score_group.py", table_type, models)
            for figure in study.selection.figures
            for table_type in table_types_of(figure, "group")
            for models in study.selection.figure_groups(figure).values()
        ),
        *(
            scoring_code(study, "score_recording.py", table_type, [])
            for figure in study.selection.figures
            for table_type in table_types_of(figure, "recording")
        ),
        *(figure_code(figure) for figure in study.selection.figures),
    }
