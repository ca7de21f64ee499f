"""Every column of the tidy tables, and some that figures add: its type, unit and meaning.

A column about one network of a pair ends in _a or _b, and is otherwise the column without that ending.
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

# What a panel of a figure, or a block of a table, is about.
PANEL_GROUP = ["recording", "task", "setting"]


@dataclass(frozen=True)
class Column:
    """What a column holds.

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
    "recording_title": Column(TEXT, "the recording as figures name it; the task where there is none"),
    "synthetic": Column(INTEGER, "1 for a synthetic recording, else 0"),
    "task": Column(TEXT, "name of the task"),
    "learning_rule": Column(TEXT, "name of the learning rule; `data` for the recording", sided=True),
    "setting": Column(TEXT, "name of the setting; `data` for the recording", sided=True),
    "gain": Column(NUMBER, "gain of the initial recurrent weights", sided=True),
    "recurrent_scale": Column(NUMBER, "what the gain multiplies: SD of the weights at gain 1, times sqrt(N)"),
    "learning_rate": Column(NUMBER, "learning rate that the run was trained with", sided=True),
    "learning_rate_at_edge": Column(INTEGER, "1 if it is at the edge of the grid that it was chosen from, else 0"),
    "flossed": Column(INTEGER, "1 with gradient flossing before training, else 0", sided=True),
    "seed": Column(INTEGER, "seed of the run; -1 without one, as for the recording and the floor", sided=True),
    "training_code": Column(TEXT, "hash of the code that trained the runs"),
    "scoring_code": Column(TEXT, "hash of the code that made the table"),
    "made_from": Column(TEXT, "hash of everything that the table was made from: options, seeds, recording, code"),
    # a moment of training
    "stage": Column(
        TEXT,
        "`untrained`: first checkpoint; `trained`: last one; `matched`: at equal accuracy; `matched_common`: at one "
        "accuracy for all pairs of a table",
    ),
    "update": Column(INTEGER, "updates done", sided=True),
    "updates": Column(INTEGER, "updates of the whole training"),
    "accuracy": Column(NUMBER, "normalized accuracy on the test trials; 1 is perfect", sided=True),
    "fraction_correct": Column(
        NUMBER, "share of test trials with a lower loss for their own target than for any other's", sided=True
    ),
    "guessing_accuracy": Column(
        NUMBER, "accuracy of the best outputs that are the same in all test trials: when to answer, not what"
    ),
    "guessing_fraction_correct": Column(NUMBER, "largest share of test trials that a single answer gets right"),
    "task_loss": Column(NUMBER, "task loss, of an update's batch or the mean over a bin of updates"),
    # distances
    "measure": Column(TEXT, "measure of similarity; `none` where there is none"),
    "distance": Column(NUMBER, "distance by that measure; 0 means equal"),
    "distance_shuffled": Column(
        NUMBER, "distance with the network's conditions shuffled, mean over orders in which none keeps its place"
    ),
    "distance_rotated": Column(NUMBER, "distance with the network's reaches turned by 180 degrees"),
    "participation_ratio": Column(NUMBER, "dimensionality of the network's activity"),
    "quantity": Column(
        TEXT, "what the value describes: `data` or `model`, `floor` or `model`, a baseline, a learning rule"
    ),
    "value": Column(NUMBER, "value of that quantity"),
    "group_size": Column(INTEGER, "neurons, units or trials per group, or of the whole recording"),
    "repeat": Column(INTEGER, "number of the random draw"),
    "trials": Column(INTEGER, "trials averaged, the median where neurons differ; 0 for rates without spikes"),
    "neurons": Column(INTEGER, "neurons with that many trials, or that were recorded; all, for a pseudo-recording"),
    "trials_resampled": Column(INTEGER, "1 if each resample also draws single trials again, else 0"),
    "onset_step": Column(INTEGER, "model step that is taken as movement onset"),
    "is_used": Column(INTEGER, "1 for the step that the study compares with, else 0"),
    "population": Column(TEXT, "`all`: all neurons and units; `halves`: mean over halves of the neurons"),
    "n_delays": Column(INTEGER, "delays of the delay embedding"),
    "rank": Column(INTEGER, "rank of the linear dynamics"),
    "score": Column(TEXT, "how two dynamics are compared: `wasserstein` or `angular`"),
    "level": Column(TEXT, "name of the accuracy at which networks are compared"),
    "level_accuracy": Column(NUMBER, "that accuracy"),
    # networks in place of the recording
    "control": Column(
        TEXT,
        "what could be told apart: `rules`, from networks of other seeds; `rules_same_seed`, from all others; nothing "
        "for `one_rule` and `untrained`",
    ),
    "conditions": Column(INTEGER, "conditions of the recording"),
    "recovered_as": Column(TEXT, "learning rule, or group, whose networks are closest on average"),
    "auc": Column(NUMBER, "probability that a network of the same group is closer than one of another; 0.5 is chance"),
    "distance_to_other": Column(NUMBER, "mean distance to networks of the other groups"),
    # dynamics
    "index": Column(INTEGER, "number of the eigenvalue or exponent; 1 is the largest"),
    "real": Column(NUMBER, "real part of an eigenvalue of the recurrent weights"),
    "imaginary": Column(NUMBER, "its imaginary part"),
    "exponent": Column(NUMBER, "Lyapunov exponent", "1 / time constant"),
    "tau_steps": Column(INTEGER, "time constant of the units", "steps"),
    "alignment": Column(
        NUMBER, "cosine between the rule's update of the recurrent weights and BPTT's; mean over batches"
    ),
    "alignment_of_mean": Column(NUMBER, "the same cosine between the two updates' means over batches"),
    "batches": Column(INTEGER, "batches of trials that were drawn"),
    "component": Column(TEXT, "demixed principal component"),
    "condition": Column(INTEGER, "number of the condition, from 0"),
    "condition_labels": Column(TEXT, "what the condition was, as JSON: labels of the recording by name"),
    "time_ms": Column(NUMBER, "time from the event that the recording is aligned to", "ms"),
    "projection": Column(NUMBER, "activity along the component"),
    "explained_variance": Column(NUMBER, "share of all variance that the component explains"),
    # what figures add
    "networks": Column(INTEGER, "networks over which the value is a mean; draws of one network are averaged first"),
    "interval_low": Column(NUMBER, "lower bound of the 95% confidence interval over networks"),
    "interval_high": Column(NUMBER, "upper bound of that interval"),
    "statement": Column(TEXT, "what the row says, in words"),
    "panel": Column(TEXT, "panel of the figure"),
    "r_with_data": Column(NUMBER, "Pearson's r of a network's component with the recording's"),
    "x": Column(NUMBER, "first coordinate of the embedding", sided=True),
    "y": Column(NUMBER, "second coordinate of the embedding", sided=True),
    "flow": Column(TEXT, "flow of the weight in Proposition 4.1"),
    "predicted": Column(TEXT, "outcome that the proposition predicts"),
    "observed": Column(TEXT, "outcome of the integration"),
}


def describe(name: str) -> Column:
    """What a column holds, with or without the ending of a side.

    Raises:
        KeyError: it is none of the columns above.
    """
    base = name[:-2] if name.endswith(SIDES) else name
    column = COLUMNS[base]
    if base != name and not column.sided:
        raise KeyError(name)
    return column


def names(type_: str) -> list[str]:
    """Names of all columns of a type, those of both sides of a pair included."""
    return [
        name + ending
        for name, column in COLUMNS.items()
        if column.type == type_
        for ending in ("", *(SIDES if column.sided else ()))
    ]


def read_tidy_table(path: str | Path) -> pd.DataFrame:
    """A tidy table, or the CSV of a figure, as it was written.

    Raises:
        DamagedResult: cut off, or not CSV.
    """
    return read_table(path, names(TEXT))


def below_each_other(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of different columns as one; integers stay integers where the other table has no such column."""
    import pandas as pd

    table = pd.concat(tables, ignore_index=True)
    return table.astype({name: "Int64" for name in names(INTEGER) if name in table})
