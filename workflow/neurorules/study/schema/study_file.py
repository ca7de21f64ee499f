"""The parts of a study file: selections, catalogues and groups of options."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from neurorules.study.schema.comparison import Comparison
from neurorules.study.schema.fields import NO_DEFAULT, Group, Name, Names, Number, Or, Seeds, Text, defaults_of, option
from neurorules.study.schema.figure_style import FigureStyle
from neurorules.study.schema.imported import ImportedNetwork
from neurorules.study.schema.network import Network
from neurorules.study.schema.session_options import SESSIONS, KeepTrials, SessionOptions
from neurorules.study.schema.training import Training
from neurorules.study.schema.trials_file import TrialsFile

AnyKeys = dict[Any, Any]  # options of a plug-in, which names and checks them itself


class RecordingOptions(SessionOptions, TrialsFile):
    """How a recording is read, or written where it is synthetic."""

    monkey: Literal["ar", "fe"] = option(NO_DEFAULT, "monkey A or F", source="`mante2013`", default_in_words="`ar`")
    dt_ms: Number = option(
        NO_DEFAULT,
        "width of the bins from 100 to 850 ms after dots onset. `50` gives 15 bins (A.3), `15` gives 50 (code). A "
        "width that does not divide this time, such as 40, is refused. Must equal the task's `dt_ms`",
        source="`mante2013`",
        type_in_words="whole number of ms",
        default_in_words="`50`",
        above=0,
    )
    keep_trials: KeepTrials = option(
        NO_DEFAULT,
        "store single trials as well as averages. For sessions: which trials to use, by columns of the trials "
        "table, each with a value, a list of values or `{min, max}`, such as `{success: true}`",
        source=f"`mante2013`; `hatsopoulos2007` with source `dryad`; {SESSIONS}",
        type_in_words="true or false; of sessions a dict of columns",
        default_in_words="`false`; of sessions `{}`, all",
    )
    time_in_bin: Literal["edge", "middle"] = option(
        NO_DEFAULT,
        "where in its bin a time of the file lies: at the start, or in the middle",
        source="`own_rates`",
        default_in_words="what the file says; else by the times: half a bin off whole bins is `middle`",
    )
    drop_incomplete_units: bool = option(
        NO_DEFAULT,
        "leave out neurons whose rates are NaN in some condition, and list them in `left_out`; otherwise such a "
        "file is refused. With several sessions: keep the conditions of all sessions and leave out units that lack "
        "some; otherwise keep the conditions that every session has",
        source=f"`own_rates`, {SESSIONS}",
        default_in_words="`false`",
    )
    max_rate_hz: Number = option(
        NO_DEFAULT,
        "largest plausible rate (spikes/s, averaged over trials); a larger one is refused",
        source=f"`own_rates`, {SESSIONS}",
        default_in_words="`2000`",
        above=0,
    )
    neurons: int = option(
        NO_DEFAULT, "number of neurons", source="synthetic only", default_in_words="`40`", at_least=2, at_most=100_000
    )
    trials_per_condition: int = option(
        NO_DEFAULT,
        "correct trials of each condition",
        source="synthetic only",
        default_in_words="`8` in `mante2013`, `12` in `hatsopoulos2007`, `12` in `sussillo2015`",
        at_least=1,
        at_most=100_000,
    )
    seed: int = option(
        NO_DEFAULT, "seed of everything random in it", source="synthetic only", default_in_words="`0`", at_least=0
    )


class Recording(Group):
    """A recording: which dataset it is and how it is read."""

    reader: str = option(
        ...,
        "the reader: a file in `workflow/neurorules/recordings/readers/` with an entry in `resources/recordings.yaml`",
        type_in_words="`mante2013`, `hatsopoulos2007`, `sussillo2015`; `nwb` or `trials` for "
        "[sessions that you have](../your-recording.md), `own_rates` for "
        "[rates](../recording-rates.md)",
    )
    source: str = option(
        NO_DEFAULT,
        "which published form of the recording, see [raw recordings](../raw-files.md)",
        type_in_words="name",
        default_in_words="`files` for your own; otherwise required if the reader has several",
    )
    synthetic: bool = option(
        False, "read synthetic raw files, which the workflow writes. Figures made from them say so"
    )
    path: Annotated[Text | list[Text], Or(None)] = option(
        None,
        "folder of the files of a private recording (`~` is your home); for `nwb` and `trials` a file, a list of files "
        "or a folder. Without it the recording is left out, unless it is synthetic",
        type_in_words="path, list of paths or null",
    )
    title: Text = option(
        NO_DEFAULT,
        "what figures call it",
        source="`nwb`, `trials`",
        type_in_words="text",
        default_in_words="its title in the catalogue; that of your own files is its name in the study",
    )
    options: RecordingOptions = option(NO_DEFAULT, "the next table", type_in_words="dict", default_in_words="`{}`")


class OptionGroups(Group):
    """Options in groups, as defaults, tasks and settings have them."""

    task: AnyKeys = option(NO_DEFAULT, "the trials")
    network: Network = option(NO_DEFAULT, "the network before training")
    training: Training = option(NO_DEFAULT, "how it is trained")
    comparison: Comparison = option(NO_DEFAULT, "how it is compared with the recording")


class OptionGroupsOfRule(OptionGroups):
    """Options in groups, those of a learning rule too."""

    learning: AnyKeys = option(
        NO_DEFAULT,
        "the learning rule's own options. Only in a setting's `by_learning_rule`; the values before any setting are "
        "in [`learning_rules`](task-options.md#learning-rules)",
    )


class Task(Group):
    """What is special to a task."""

    module: str = option(
        NO_DEFAULT,
        "file in `workflow/neurorules/tasks/` that makes the trials. One file can serve several tasks with "
        "different options, as `neurogym` does",
        type_in_words="name",
        default_in_words="the task's own name",
    )
    task: AnyKeys = option(NO_DEFAULT, "options of its trials, see [options of tasks](task-options.md#tasks)")
    network: Network = option(NO_DEFAULT, "overrides the defaults", type_in_words="dict")
    training: Training = option(NO_DEFAULT, "overrides the defaults", type_in_words="dict")
    comparison: Comparison = option(
        NO_DEFAULT,
        "overrides the defaults. `recording` is required, except for `romo`, `2af`, `dms` and Neurogym's environments",
        type_in_words="dict",
    )


class Setting(Group):
    """What differs from the defaults and the task, under a name that stands in paths and legends."""

    task: AnyKeys = option(
        NO_DEFAULT,
        "options of the trials. Every task that is used with this setting must have them; otherwise put them under "
        "`by_task`",
    )
    network: Network = option(NO_DEFAULT, "see above", type_in_words="dict")
    training: Training = option(NO_DEFAULT, "see above", type_in_words="dict")
    comparison: Comparison = option(NO_DEFAULT, "see above", type_in_words="dict")
    by_task: dict[str, OptionGroups] = option(
        NO_DEFAULT, "for that task only", type_in_words="dict: task to the four groups"
    )
    by_learning_rule: dict[str, OptionGroupsOfRule] = option(
        NO_DEFAULT,
        "for that learning rule only",
        type_in_words="dict: learning rule to the four groups and `learning`",
    )


class ExtraModels(Group):
    """More models of a figure: lists that replace the figure's own."""

    tasks: Names = option(NO_DEFAULT, "in place of the figure's")
    learning_rules: Names = option(NO_DEFAULT, "in place of the figure's")
    settings: Names = option(NO_DEFAULT, "in place of the figure's")


class Primary(Group):
    """The one claim that a study is made for, decided without a correction for the number of claims."""

    claim: Name = option(NO_DEFAULT, "its id in `resources/published.yaml`", default_in_words="`fig1-eprop-comparable`")
    recording: Name = option(
        NO_DEFAULT, "the recording that it is decided for", default_in_words="the first of `use_recordings`"
    )
    setting: Name = option(NO_DEFAULT, "the setting that it is decided for", default_in_words="`base`")


class Figure(Group):
    """What a figure or table shows: every combination of its tasks, learning rules, settings and seeds."""

    tasks: Names = option(
        NO_DEFAULT,
        "tasks that it shows. Those whose recording is not in use are left out, and the figure says so",
        type_in_words="list of names in `tasks`",
        default_in_words="required where models are shown",
    )
    learning_rules: Names = option(
        NO_DEFAULT,
        "learning rules that it shows",
        type_in_words="list of names of [learning rules](catalogue.md#learning-rules) and of `networks`",
        default_in_words="as above",
    )
    settings: Names = option(
        NO_DEFAULT, "settings that it shows", type_in_words="list of names in `settings`", default_in_words="as above"
    )
    recordings: Names = option(
        NO_DEFAULT,
        "recordings that it shows by themselves",
        type_in_words="list of names in `recordings`",
        default_in_words="those of its models",
    )
    seeds: Seeds = option(
        NO_DEFAULT,
        "seeds of this figure only",
        type_in_words="list of different integers, 0 or more",
        default_in_words="the study's `seeds`",
    )
    extra_models: list[ExtraModels] = option(
        NO_DEFAULT,
        "more models: each entry is laid over the figure's own three lists. `extra_models: []` removes those of "
        "`config.yaml`",
        type_in_words="list of dicts of `tasks`, `learning_rules`, `settings`",
    )
    primary: Primary = option(
        NO_DEFAULT,
        "for `claims` only: the study's primary claim",
        type_in_words="dict of `claim`, `recording`, `setting`",
        default_in_words="`fig1-eprop-comparable` on the first recording, setting `base`",
    )


class StudyConfig(Group):
    """A study, laid over config.yaml: dicts merge, lists replace."""

    study: Name = option(..., "results go to `results/<study>/`", type_in_words="name")
    raw_dir: Text = option(
        ...,
        "folder of your own copies of raw recordings, see [raw recordings](../raw-files.md). A relative path starts "
        "where snakemake runs, `~` is your home",
        type_in_words="path",
    )
    use_recordings: Names = option(
        ...,
        "recordings to compare with; a private one without `path` is left out, and figures say so",
        type_in_words="list of names",
    )
    use_figures: Names = option(..., "figures and tables to make", type_in_words="list of names")
    seeds: Seeds = option(
        ...,
        "replicates of every model (A.3: four), except in figures with `seeds` of their own: in `config.yaml` "
        "`fig3`, `slow_bptt` and the companion's. Change those with `figures: {companion_fig5: {seeds: [0, 1]}}`",
        type_in_words="list of different integers, 0 or more",
    )
    seeds_per_job: int = option(
        ...,
        "seeds that one job trains in turn. A larger number means fewer, longer jobs with the same results. With "
        "`device: cuda`, a job has all seeds of a model",
        at_least=1,
    )
    models_per_job: Annotated[int, Or("auto")] = option(
        ...,
        "the most models that share a job, if the same figures show them. A larger number means fewer, longer jobs "
        "with the same results, which helps if a job takes as long to start as to work. A change to one model repeats "
        "the job, but does not train the others again. `auto`: 1 on the CPU; with `device: cuda`, all models of one "
        "shape, whatever figures show them, see [GPUs](../cluster.md#gpus)",
        at_least=1,
    )
    style: FigureStyle = option(
        NO_DEFAULT,
        "how figures look, see [below](#figure-style): for a screen, or for a column of a journal",
        type_in_words="dict",
        default_in_words="`{}`",
    )
    recordings: dict[Name, Recording] = option(..., "catalogue of recordings", type_in_words="dict")
    defaults: OptionGroups = option(
        NO_DEFAULT,
        "options for all tasks and settings, replacing the defaults in the tables below",
        type_in_words="dict",
    )
    learning_rules: dict[Name, AnyKeys] = option(
        ..., "catalogue of the learning rules that have options", type_in_words="dict"
    )
    networks: dict[Name, ImportedNetwork] = option(
        NO_DEFAULT,
        "catalogue of networks that were trained elsewhere. Figures name them among their `learning_rules`, see "
        "[your network](../your-network.md)",
        type_in_words="dict",
        default_in_words="`{}`",
    )
    tasks: dict[Name, Task] = option(..., "catalogue of tasks", type_in_words="dict")
    settings: dict[Name, Setting] = option(..., "catalogue of settings", type_in_words="dict")
    figures: dict[Name, Figure] = option(..., "what each figure shows", type_in_words="dict")


def option_defaults() -> dict[str, dict[str, Any]]:
    """Defaults by group and option, for every model of every study."""
    groups: dict[str, type[Group]] = {"network": Network, "training": Training, "comparison": Comparison}
    return {name: defaults_of(group) for name, group in groups.items()}
