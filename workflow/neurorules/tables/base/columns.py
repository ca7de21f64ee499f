"""All columns of the tidy tables, and some that figures add: type, unit and meaning.

A column about one network of a pair ends in _a or _b, and has the meaning of the column without that suffix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurorules.io.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

TEXT, INTEGER, NUMBER = "text", "integer", "number"
SIDES = ("_a", "_b")

# Columns that identify a panel of a figure, or a block of a table.
PANEL_GROUP = ["recording", "task", "setting"]


@dataclass(frozen=True)
class Column:
    """The contents of a column.

    Attributes:
        type: "text", "integer" or "number".
        meaning: one phrase.
        unit: empty for names, counts and numbers without a unit.
        sided: whether it may be about one network of a pair, as in seed_a and seed_b.
    """

    type: str
    meaning: str
    unit: str = ""
    sided: bool = False


COLUMNS = {
    # what a row is about
    "recording": Column(TEXT, "name of the recording, or `no recording`"),
    "recording_title": Column(TEXT, "the recording's name in figures; the task's name without a recording"),
    "synthetic": Column(INTEGER, "1 for a synthetic recording, otherwise 0"),
    "task": Column(TEXT, "name of the task"),
    "learning_rule": Column(TEXT, "name of the learning rule; `data` for the recording", sided=True),
    "setting": Column(TEXT, "name of the setting; `data` for the recording", sided=True),
    "architecture": Column(TEXT, "type of unit: `leaky`, `gru` and so on"),
    "activation": Column(TEXT, "activation function of the units"),
    "units": Column(INTEGER, "number of units N"),
    "gain": Column(NUMBER, "gain of the initial recurrent weights", sided=True),
    "recurrent_scale": Column(NUMBER, "multiplied by the gain: SD of the weights at gain 1, times sqrt(N)"),
    "learning_rate": Column(NUMBER, "learning rate of the training", sided=True),
    "learning_rate_at_edge": Column(INTEGER, "1 if it was chosen from a grid and is at its edge, otherwise 0"),
    "flossed": Column(INTEGER, "1 with gradient flossing before training, otherwise 0", sided=True),
    "seed": Column(
        INTEGER, "seed of the run; -1 for rows without a run, such as the recording and the floor", sided=True
    ),
    "training_code": Column(TEXT, "hash of the code that trained the runs"),
    "scoring_code": Column(TEXT, "hash of the code that made the table"),
    "made_from": Column(TEXT, "hash of everything that determines the table: options, seeds, recording, code"),
    # a moment of training
    "stage": Column(
        TEXT,
        "`untrained`: first checkpoint; `trained`: last checkpoint; `matched`: at equal accuracy; `matched_common`: at "
        "the same accuracy for all pairs in a table. In `during_learning`, `matched` is at the recorded progress, "
        "`learning` any checkpoint since the decoder changed, `halves` a control without learning",
    ),
    "update": Column(INTEGER, "number of updates completed", sided=True),
    "updates": Column(INTEGER, "total number of training updates"),
    "accuracy": Column(NUMBER, "normalized accuracy on the test trials; 1 is perfect", sided=True),
    "fraction_correct": Column(
        NUMBER, "fraction of test trials with a lower loss for their own target than for any other target", sided=True
    ),
    "guessing_accuracy": Column(
        NUMBER, "best accuracy of outputs that are the same in all test trials: they know when to answer, not what"
    ),
    "guessing_fraction_correct": Column(NUMBER, "largest fraction of test trials that a single answer gets right"),
    "task_loss": Column(NUMBER, "task loss of an update's batch, or its mean over a bin of updates"),
    # distances
    "measure": Column(TEXT, "measure of similarity, or `none`"),
    "distance": Column(NUMBER, "distance by that measure; 0 means identical"),
    "distance_shuffled": Column(
        NUMBER,
        "distance with the network's conditions shuffled, mean over permutations that leave no condition in place",
    ),
    "distance_rotated": Column(NUMBER, "distance with the network's reaches rotated by 180 degrees"),
    "participation_ratio": Column(NUMBER, "dimensionality of the network's activity"),
    "quantity": Column(
        TEXT,
        "what the value describes: `data`, `model`, `floor`, a baseline or a learning rule; in `during_learning`, a "
        "measure of change",
    ),
    "value": Column(NUMBER, "value of that quantity"),
    "data_value": Column(NUMBER, "value of that quantity in the recording"),
    "difference_from_data": Column(NUMBER, "value minus the recording's"),
    "group_size": Column(INTEGER, "number of neurons, units or trials per group, or in the whole recording"),
    "repeat": Column(INTEGER, "index of the random draw"),
    "trials": Column(INTEGER, "number of trials averaged (the median if neurons differ); 0 for rates without spikes"),
    "neurons": Column(
        INTEGER, "number of neurons: those recorded, those with that many trials, or those in a pseudo-recording"
    ),
    "trials_resampled": Column(INTEGER, "1 if single trials are resampled as well, otherwise 0"),
    "onset_step": Column(INTEGER, "model step aligned with movement onset"),
    "is_used": Column(INTEGER, "1 for the onset step that the study uses, otherwise 0"),
    "alpha": Column(
        NUMBER,
        "weight of noise covariances in the stochastic shape distance: 0 means only, 1 Wasserstein, 2 covariances",
    ),
    "components": Column(INTEGER, "number of principal components that were compared"),
    "bins": Column(INTEGER, "number of time bins that were compared"),
    "noise_sd": Column(NUMBER, "SD of the noise in the network's units; 0: its trials do not vary"),
    "noise_share": Column(
        NUMBER, "share of the variance within conditions and times, over trials, in the total variance of a response"
    ),
    "population": Column(TEXT, "`all`: all neurons and units; `halves`: mean over halves of the neurons"),
    "n_delays": Column(INTEGER, "number of delays in the delay embedding"),
    "rank": Column(INTEGER, "rank of the linear dynamics"),
    "score": Column(
        TEXT,
        "how two dynamics are compared: `wasserstein`, `angular`, or with inputs: `input`, and its parts `input_state` "
        "and `input_control`",
    ),
    "prediction_error": Column(
        NUMBER,
        "error with which this number of delays and rank predict held-out conditions of the recording, as a fraction "
        "of the error of predicting no change",
    ),
    "level": Column(TEXT, "name of the accuracy at which networks are compared"),
    "level_accuracy": Column(NUMBER, "that accuracy"),
    # networks in place of the recording
    "control": Column(
        TEXT,
        "what is recovered: `rules`, the learning rule from networks of other seeds; `rules_same_seed`, the learning "
        "rule from all other networks; `one_rule` and `untrained` are controls without a true difference",
    ),
    "conditions": Column(INTEGER, "number of conditions in the recording"),
    "recovered_as": Column(TEXT, "learning rule or group whose networks are closest on average"),
    "auc": Column(
        NUMBER, "probability that a network of the same group is closer than one of another group; 0.5 is chance"
    ),
    "distance_to_other": Column(NUMBER, "mean distance to networks of the other groups"),
    # dynamics
    "index": Column(INTEGER, "index of the eigenvalue, from 0, or of the exponent: 1 is the largest"),
    "real": Column(NUMBER, "real part of an eigenvalue of the recurrent weights"),
    "imaginary": Column(NUMBER, "imaginary part of the same eigenvalue"),
    "exponent": Column(NUMBER, "Lyapunov exponent", "1 / time constant"),
    "tau_steps": Column(INTEGER, "time constant of the units", "steps"),
    "alignment": Column(
        NUMBER, "cosine between the rule's update of the recurrent weights and BPTT's; mean over batches"
    ),
    "alignment_of_mean": Column(NUMBER, "the same cosine between the two updates' means over batches"),
    "batches": Column(INTEGER, "batches of trials that were drawn"),
    "component": Column(TEXT, "demixed principal component"),
    "condition": Column(INTEGER, "index of the condition, from 0"),
    "condition_labels": Column(TEXT, "labels of the condition in the recording, by name, as JSON"),
    "time_ms": Column(NUMBER, "time relative to the event that the recording is aligned to", "ms"),
    "projection": Column(NUMBER, "activity projected onto the component"),
    "explained_variance": Column(NUMBER, "fraction of the total variance explained by the component"),
    # what figures add
    "networks": Column(INTEGER, "number of networks averaged; draws from one network are averaged first"),
    "interval_low": Column(
        NUMBER, "lower bound of the 95% confidence interval over networks; for a recording, over its samples"
    ),
    "interval_high": Column(NUMBER, "upper bound of that interval"),
    "response": Column(
        TEXT, "`matched`: distance at equal accuracy; `trained`: at the last checkpoint; `accuracy`: reached"
    ),
    "term": Column(
        TEXT,
        "a factor, an interaction (`gain x units`), `initial network`: what learning rules have in common that start "
        "from the same weights, or `rest`: what is left between networks",
    ),
    "share": Column(NUMBER, "omega squared, the term's share of the variance over networks; may be below 0 by chance"),
    "partial_share": Column(NUMBER, "partial omega squared, the term's share of what the other terms leave"),
    "sum_of_squares": Column(NUMBER, "Type II sum of squares of the term"),
    "freedom": Column(INTEGER, "degrees of freedom of the term"),
    "error_freedom": Column(NUMBER, "degrees of freedom of the error against which it is tested"),
    "f": Column(NUMBER, "F statistic"),
    "p": Column(NUMBER, "p-value of the F test"),
    "networks_left_out": Column(INTEGER, "networks that did not reach the accuracy, or few of whose model did"),
    "p_seed": Column(NUMBER, "p-value of an effect of the seed across all models"),
    "statement": Column(TEXT, "the row's result as a sentence"),
    "panel": Column(TEXT, "panel of the figure"),
    "r_with_data": Column(NUMBER, "Pearson correlation between a network's component and the recording's"),
    "x": Column(NUMBER, "first coordinate of the embedding", sided=True),
    "y": Column(NUMBER, "second coordinate of the embedding", sided=True),
    "flow": Column(TEXT, "flow of the weight in Proposition 4.1"),
    "predicted": Column(TEXT, "outcome that the proposition predicts"),
    "observed": Column(TEXT, "outcome of the integration"),
}


def describe(name: str) -> Column:
    """The description of a column, with or without the suffix of a side.

    Raises:
        KeyError: unknown column.
    """
    base = name[:-2] if name.endswith(SIDES) else name
    column = COLUMNS[base]
    if base != name and not column.sided:
        raise KeyError(name)
    return column


def names(type_: str) -> list[str]:
    """Names of all columns of a type, including those for both sides of a pair."""
    return [
        name + ending
        for name, column in COLUMNS.items()
        if column.type == type_
        for ending in ("", *(SIDES if column.sided else ()))
    ]


def read_tidy_table(path: str | Path) -> pd.DataFrame:
    """Read a tidy table, or the CSV file of a figure.

    Raises:
        DamagedResult: the file is truncated or not CSV.
    """
    return read_table(path, names(TEXT))


def below_each_other(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Stack tables with different columns. Integers stay integers where a table lacks the column."""
    import pandas as pd

    table = pd.concat(tables, ignore_index=True)
    return table.astype({name: "Int64" for name in names(INTEGER) if name in table})
