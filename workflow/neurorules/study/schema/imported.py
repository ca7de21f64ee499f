"""Networks that were trained elsewhere."""

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
    """Which array of the files is which parameter, for `form: weights`."""

    recurrent: TextOrTexts = option(
        ...,
        "W_h (unit, source unit): row i holds the weights onto unit i",
        type_in_words="name of an array, nested ones with dots (`state.rnn.weight`), or a list, which is added up",
    )
    input: TextOrTexts = option(..., "W_x (unit, input)", type_in_words="as above")
    readout: TextOrTexts = option(..., "W_y (output, unit)", type_in_words="as above")
    bias: TextOrTexts = option(
        NO_DEFAULT,
        "b (unit). Of `torch.nn.RNN` there are two: `[rnn.bias_ih_l0, rnn.bias_hh_l0]`",
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
    """Networks that were trained elsewhere, of one kind; several count as seeds of it."""

    form: Literal["weights", "activity"] = option(
        "weights",
        "what the files hold: the weights of a leaky rate network, or only activity on the test trials",
    )
    files: Texts = option(
        ...,
        "one name per network, below `path`. `{update}` stands for each of `updates`, so that a network has one "
        "file per checkpoint. `.pt` and `.pth` (a state dict, read with `weights_only`), `.npz`, `.npy`, `.mat`; "
        "for activity also `.nc`",
        type_in_words="list of names",
    )
    updates: Updates = option(
        ...,
        "updates of training at which each checkpoint was saved, ascending; 0 is the untrained network. Without 0, "
        "tables omit the untrained network",
        type_in_words="list of whole numbers",
    )
    path: Annotated[Text, Or(None)] = option(
        None, "folder of the files (`~` is your home)", default_in_words="where `raw_dir` or a download has them"
    )
    catalogue: Name = option(
        NO_DEFAULT,
        "entry of `resources/networks.yaml` that lists the files; missing files are then downloaded",
        type_in_words="name",
        default_in_words="your own files",
    )
    label: Text = option(NO_DEFAULT, "its name in legends", default_in_words="its name in the study")
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = option(
        NO_DEFAULT, "its colour in figures", type_in_words="#rrggbb", default_in_words="the next of a list"
    )
    task: Name = option(..., "task on whose trials it runs", type_in_words="name in `tasks`")
    setting: Name = option(
        "base",
        "setting whose trials, time steps and comparison it uses, and beside whose models it is shown",
        type_in_words="name in `settings`",
    )
    learning_rate: Annotated[PositiveNumber, Or(None)] = option(
        None,
        "learning rate with which it was trained, if known; figures print it",
        type_in_words="number above 0",
    )
    network: Network = option(
        ...,
        "`units` is needed; for weights also `activation` and `tau_steps` (tau / dt = 1 / alpha). Others are facts "
        "for figures, such as `gain`",
        type_in_words="dict, as under [network](#options-in-network)",
    )
    weights: Weights = option(
        NO_DEFAULT, "the next table", type_in_words="dict", default_in_words="required with `form: weights`"
    )
    transpose: Transposed = option(
        NO_DEFAULT,
        "parameters that the files store the other way round, as (source, target). The shape of a square recurrent "
        "matrix does not reveal this",
        type_in_words="list of `recurrent`, `input`, `readout`",
        default_in_words="`[]`",
    )
    activity: Text = option(
        NO_DEFAULT,
        "with `form: activity`: name of the array in the files",
        default_in_words="`activity` in NetCDF, the one array of `.npy`",
    )
    steps: Literal["window", "all"] = option(
        "window",
        "with `form: activity`: which steps of the test trials it has, those that line up with the recording's bins "
        "or all. Tables about whole trials need all",
    )
    order: Axes = option(
        NO_DEFAULT,
        "its three dimensions; NetCDF names its own",
        type_in_words="list of `condition`, `time`, `unit`",
        default_in_words="`[condition, time, unit]`",
    )
    labels: dict[Name, list[Any]] = option(
        NO_DEFAULT,
        "the conditions of the files by labels of the recording, in the order of the files; conditions are matched "
        "by these. NetCDF may have them as coordinates",
        type_in_words="dict: label to a list of values",
        default_in_words="those in the file",
    )
    accuracy: list[Number] = option(
        NO_DEFAULT,
        "with `form: activity`: normalized accuracy at each checkpoint, if known",
        type_in_words="list of numbers",
        default_in_words="unknown",
    )
