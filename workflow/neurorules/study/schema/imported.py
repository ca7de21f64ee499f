"""Options for networks trained elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from neurorules.study.schema.fields import (
    NO_DEFAULT,
    Different,
    Group,
    Name,
    Number,
    Or,
    PositiveNumber,
    SomeItems,
    Text,
    option,
)
from neurorules.study.schema.network import Network

Texts = Annotated[list[Text], SomeItems, Different]
TextOrTexts = Text | Texts
Updates = Annotated[list[Annotated[int, Field(ge=0)]], SomeItems, Different]
Axes = Annotated[list[Literal["condition", "time", "unit"]], SomeItems, Different]
Transposed = Annotated[list[Literal["recurrent", "input", "readout"]], Different]


class Weights(Group):
    """Which array in the files is which parameter, for `form: weights`."""

    recurrent: TextOrTexts = option(
        ...,
        "W_h (unit, source unit): row i contains the weights onto unit i",
        type_in_words="name of an array, with dots for nested arrays (`state.rnn.weight`), or a list of arrays to sum",
    )
    input: TextOrTexts = option(..., "W_x (unit, input)", type_in_words="as above")
    readout: TextOrTexts = option(..., "W_y (output, unit)", type_in_words="as above")
    bias: TextOrTexts = option(
        NO_DEFAULT,
        "b (unit). `torch.nn.RNN` has two: `[rnn.bias_ih_l0, rnn.bias_hh_l0]`",
        type_in_words="as above",
        default_in_words="zero",
    )
    initial_state: TextOrTexts = option(
        NO_DEFAULT,
        "a_0 (unit), the state before the activation function",
        type_in_words="as above",
        default_in_words="zero",
    )
    readout_bias: TextOrTexts = option(NO_DEFAULT, "b_y (output)", type_in_words="as above", default_in_words="zero")


class ImportedNetwork(Group):
    """One kind of network trained elsewhere. Several networks count as its seeds."""

    form: Literal["weights", "activity"] = option(
        "weights",
        "what the files contain: the weights of a leaky rate network, or only its activity on the test trials",
    )
    files: Texts = option(
        ...,
        "one file name per network, relative to `path`. `{update}` is replaced by each of `updates`, for one file per "
        "checkpoint. Formats: `.pt` and `.pth` (a state dict, read with `weights_only`), `.npz`, `.npy`, `.mat`; for "
        "activity also `.nc`",
        type_in_words="list of names",
    )
    updates: Updates = option(
        ...,
        "training updates at which checkpoints were saved, ascending; 0 is the untrained network. Without 0, tables "
        "omit the untrained network",
        type_in_words="list of integers",
    )
    path: Annotated[Text, Or(None)] = option(
        None, "folder of the files (`~` is your home)", default_in_words="in `raw_dir`, or downloaded"
    )
    catalogue: Name = option(
        NO_DEFAULT,
        "entry of `resources/networks.yaml` that lists the files; missing files are then downloaded",
        type_in_words="name",
        default_in_words="your own files",
    )
    label: Text = option(NO_DEFAULT, "name in legends", default_in_words="its name in the study")
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = option(
        NO_DEFAULT, "colour in figures", type_in_words="#rrggbb", default_in_words="the next colour of a list"
    )
    task: Name = option(..., "task whose trials the networks run", type_in_words="name in `tasks`")
    setting: Name = option(
        "base",
        "setting that provides trials, time steps and comparison. Figures show the networks next to its models",
        type_in_words="name in `settings`",
    )
    learning_rate: Annotated[PositiveNumber, Or(None)] = option(
        None,
        "learning rate of the training, if known; figures print it",
        type_in_words="number above 0",
    )
    network: Network = option(
        ...,
        "`units` is required, and for weights also `activation` and `tau_steps` (tau / dt = 1 / alpha). All other "
        "options, such as `gain`, are only shown in figures",
        type_in_words="dict, as under [network](#options-in-network)",
    )
    weights: Weights = option(
        NO_DEFAULT, "see the next table", type_in_words="dict", default_in_words="required with `form: weights`"
    )
    transpose: Transposed = option(
        NO_DEFAULT,
        "parameters that the files store transposed, as (source, target). The shape of a square recurrent matrix does "
        "not reveal this",
        type_in_words="list of `recurrent`, `input`, `readout`",
        default_in_words="`[]`",
    )
    activity: Text = option(
        NO_DEFAULT,
        "with `form: activity`: name of the array in the files",
        default_in_words="`activity` in NetCDF, the only array in `.npy`",
    )
    steps: Literal["window", "all"] = option(
        "window",
        "with `form: activity`: which steps of the test trials the files contain: those aligned with the recording's "
        "bins, or all. Tables about whole trials need all steps",
    )
    order: Axes = option(
        NO_DEFAULT,
        "order of the activity's three dimensions; NetCDF files name them",
        type_in_words="list of `condition`, `time`, `unit`",
        default_in_words="`[condition, time, unit]`",
    )
    labels: dict[Name, list[Any]] = option(
        NO_DEFAULT,
        "condition labels, as in the recording, in the order of the files' conditions. They are used to match "
        "conditions. NetCDF files may have them as coordinates",
        type_in_words="dict: label to a list of values",
        default_in_words="the labels in the file",
    )
    accuracy: list[Number] = option(
        NO_DEFAULT,
        "with `form: activity`: normalized accuracy at each checkpoint, if known",
        type_in_words="list of numbers",
        default_in_words="unknown",
    )
