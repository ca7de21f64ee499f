"""The parts of a study file: selections, catalogues and groups of options."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from neurorules.study.schema.comparison import Comparison
from neurorules.study.schema.factors import FACTORS, Factors
from neurorules.study.schema.fields import NO_DEFAULT, Group, Name, Names, Number, Or, Seeds, Text, defaults_of, option
from neurorules.study.schema.figure_style import FigureStyle
from neurorules.study.schema.imported import ImportedNetwork
from neurorules.study.schema.network import Network
from neurorules.study.schema.session_options import SESSIONS, KeepTrials, SessionOptions
from neurorules.study.schema.training import Training
from neurorules.study.schema.trials_file import TrialsFile

AnyKeys = dict[Any, Any]  # options of a plug-in, which defines and checks them itself


class RecordingOptions(SessionOptions, TrialsFile):
    """How a recording is read, or generated if it is synthetic."""

    monkey: Literal["ar", "fe"] = option(NO_DEFAULT, "monkey A or F", source="`mante2013`", default_in_words="`ar`")
    dt_ms: Number = option(
        NO_DEFAULT,
        "width of the bins from 100 to 850 ms after dots onset. `50` gives 15 bins (A.3), `15` gives 50 (code). A "
        "width that does not divide this time, such as 40, is rejected. Must equal the task's `dt_ms`",
        source="`mante2013`",
        type_in_words="whole number of ms",
        default_in_words="`50`",
        above=0,
    )
    keep_trials: KeepTrials = option(
        NO_DEFAULT,
        "store single trials as well as averages. For sessions: which trials to use, given by columns of the trials "
        "table, each with a value, a list of values or `{min, max}`, such as `{success: true}`",
        source=f"`mante2013`; `hatsopoulos2007` with source `dryad`; {SESSIONS}",
        type_in_words="true or false; for sessions a dict of columns",
        default_in_words="`false`; for sessions `{}`: all",
    )
    time_in_bin: Literal["edge", "middle"] = option(
        NO_DEFAULT,
        "whether the file's times mark the start or the middle of bins",
        source="`own_rates`",
        default_in_words="as stated in the file; otherwise `middle` if times are half a bin off whole bins",
    )
    drop_incomplete_units: bool = option(
        NO_DEFAULT,
        "`true`: leave out neurons with NaN rates in any condition, and list them in `left_out`; `false`: reject such "
        "a file. With several sessions, `true`: keep every condition and leave out units that lack one; `false`: keep "
        "only conditions that every session has",
        source=f"`own_rates`, {SESSIONS}",
        default_in_words="`false`",
    )
    max_rate_hz: Number = option(
        NO_DEFAULT,
        "largest plausible rate (spikes/s, averaged over trials); larger rates are rejected",
        source=f"`own_rates`, {SESSIONS}",
        default_in_words="`2000`",
        above=0,
    )
    neurons: int = option(
        NO_DEFAULT, "number of neurons", source="synthetic only", default_in_words="`40`", at_least=2, at_most=100_000
    )
    trials_per_condition: int = option(
        NO_DEFAULT,
        "correct trials per condition",
        source="synthetic only",
        default_in_words="`8` in `mante2013`, `12` in `hatsopoulos2007`, `12` in `sussillo2015`",
        at_least=1,
        at_most=100_000,
    )
    seed: int = option(
        NO_DEFAULT, "seed of all random values in it", source="synthetic only", default_in_words="`0`", at_least=0
    )


class Recording(Group):
    """A recording: which dataset to use and how to read it."""

    reader: str = option(
        ...,
        "the reader: a file in `workflow/neurorules/recordings/readers/` with an entry in `resources/recordings.yaml`",
        type_in_words="`mante2013`, `hatsopoulos2007`, `sussillo2015`; `nwb` or `trials` for "
        "[sessions that you have](../your-recording.md), `own_rates` for "
        "[rates](../recording-rates.md)",
    )
    source: str = option(
        NO_DEFAULT,
        "which published version of the recording, see [raw recordings](../raw-files.md)",
        type_in_words="name",
        default_in_words="`files` for your own files; otherwise required if the reader has several sources",
    )
    synthetic: bool = option(
        False, "read synthetic raw files, which the workflow generates. Figures made from them say so"
    )
    path: Annotated[Text | list[Text], Or(None)] = option(
        None,
        "folder with the files of a private recording (`~` is your home); for `nwb` and `trials` a file, a list of "
        "files or a folder. Without it, the recording is left out unless it is synthetic",
        type_in_words="path, list of paths or null",
    )
    title: Text = option(
        NO_DEFAULT,
        "name in figures",
        source="`nwb`, `trials`",
        type_in_words="text",
        default_in_words="its title in the catalogue; for your own files, its name in the study",
    )
    options: RecordingOptions = option(NO_DEFAULT, "see the next table", type_in_words="dict", default_in_words="`{}`")


class OptionGroups(Group):
    """Options in groups, as used in defaults, tasks and settings."""

    task: AnyKeys = option(NO_DEFAULT, "the trials")
    network: Network = option(NO_DEFAULT, "the network before training")
    training: Training = option(NO_DEFAULT, "how it is trained")
    comparison: Comparison = option(NO_DEFAULT, "how it is compared with the recording")


class OptionGroupsOfRule(OptionGroups):
    """Options in groups, including those of a learning rule."""

    learning: AnyKeys = option(
        NO_DEFAULT,
        "the learning rule's own options. Only in a setting's `by_learning_rule`; values for all settings are in "
        "[`learning_rules`](task-options.md#learning-rules)",
    )


class Task(Group):
    """A task's own options."""

    module: str = option(
        NO_DEFAULT,
        "file in `workflow/neurorules/tasks/` that generates the trials. One file can serve several tasks with "
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
    """A named set of changes to the defaults and the task. Its name appears in paths and legends."""

    task: AnyKeys = option(
        NO_DEFAULT,
        "options of the trials. Every task used with this setting must have them; otherwise put them under `by_task`",
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
    """Additional models of a figure: lists that replace the figure's own."""

    tasks: Names = option(NO_DEFAULT, "in place of the figure's")
    learning_rules: Names = option(NO_DEFAULT, "in place of the figure's")
    settings: Names = option(NO_DEFAULT, "in place of the figure's")


class Primary(Group):
    """The claim that a study is designed to test. It needs no correction for the number of claims."""

    claim: Name = option(NO_DEFAULT, "its id in `resources/published.yaml`", default_in_words="`fig1-eprop-comparable`")
    recording: Name = option(
        NO_DEFAULT, "recording for which it is tested", default_in_words="the first of `use_recordings`"
    )
    setting: Name = option(NO_DEFAULT, "setting for which it is tested", default_in_words="`base`")


class Figure(Group):
    """What a figure or table shows: every combination of its tasks, learning rules, settings and seeds."""

    tasks: Names = option(
        NO_DEFAULT,
        "tasks to show. A task whose recording is not in use is left out, and the figure says so",
        type_in_words="list of names in `tasks`",
        default_in_words="required if the figure shows models",
    )
    learning_rules: Names = option(
        NO_DEFAULT,
        "learning rules to show",
        type_in_words="list of names of [learning rules](catalogue.md#learning-rules) and of `networks`",
        default_in_words="as above",
    )
    settings: Names = option(
        NO_DEFAULT, "settings to show", type_in_words="list of names in `settings`", default_in_words="as above"
    )
    recordings: Names = option(
        NO_DEFAULT,
        "recordings to show on their own",
        type_in_words="list of names in `recordings`",
        default_in_words="the recordings of its models",
    )
    seeds: Seeds = option(
        NO_DEFAULT,
        "seeds for this figure only",
        type_in_words="list of different integers, 0 or more",
        default_in_words="the study's `seeds`",
    )
    extra_models: list[ExtraModels] = option(
        NO_DEFAULT,
        "additional models: the lists in an entry replace the figure's own. `[]` removes the entries of `config.yaml`",
        type_in_words="list of dicts of `tasks`, `learning_rules`, `settings`",
    )
    factors: Factors = FACTORS
    primary: Primary = option(
        NO_DEFAULT,
        "for `claims` only: the study's primary claim",
        type_in_words="dict of `claim`, `recording`, `setting`",
        default_in_words="`fig1-eprop-comparable` on the first recording, setting `base`",
    )


class StudyConfig(Group):
    """A study, merged into config.yaml: dicts are merged, lists are replaced."""

    study: Name = option(..., "results go to `results/<study>/`", type_in_words="name")
    raw_dir: Text = option(
        ...,
        "folder with your own copies of raw recordings, see [raw recordings](../raw-files.md). Relative paths start "
        "in the folder where snakemake runs; `~` is your home folder",
        type_in_words="path",
    )
    use_recordings: Names = option(
        ...,
        "recordings to compare with. A private recording without `path` is left out, and figures say so",
        type_in_words="list of names",
    )
    use_figures: Names = option(..., "figures and tables to make", type_in_words="list of names")
    seeds: Seeds = option(
        ...,
        "replicates of every model (A.3: four). Figures with their own `seeds` ignore this: in `config.yaml`, `fig3`, "
        "`slow_bptt` and the companion's figures. Change those with `figures: {companion_fig5: {seeds: [0, 1]}}`",
        type_in_words="list of different integers, 0 or more",
    )
    seeds_per_job: int = option(
        ...,
        "number of seeds that one job trains, one after another. A larger number means fewer, longer jobs with the "
        "same results. With `device: cuda`, a job trains all seeds of a model",
        at_least=1,
    )
    models_per_job: Annotated[int, Or("auto")] = option(
        ...,
        "maximum number of models that share a job, if the same figures show them. A larger number means fewer, longer "
        "jobs with the same results, which helps if starting a job takes as long as its work. A change to one model "
        "repeats the job, but does not retrain the other models. `auto`: 1 on the CPU; with `device: cuda`, all models "
        "of the same shape, whichever figures show them, see [GPUs](../cluster.md#gpus)",
        at_least=1,
    )
    style: FigureStyle = option(
        NO_DEFAULT,
        "appearance of figures, see [below](#figure-style): for a screen or for a journal column",
        type_in_words="dict",
        default_in_words="`{}`",
    )
    recordings: dict[Name, Recording] = option(..., "catalogue of recordings", type_in_words="dict")
    defaults: OptionGroups = option(
        NO_DEFAULT,
        "options for all tasks and settings. They replace the defaults in the tables below",
        type_in_words="dict",
    )
    learning_rules: dict[Name, AnyKeys] = option(
        ..., "catalogue of the learning rules that have options", type_in_words="dict"
    )
    networks: dict[Name, ImportedNetwork] = option(
        NO_DEFAULT,
        "catalogue of networks trained elsewhere. Figures list them under `learning_rules`, see "
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
