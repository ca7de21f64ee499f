"""Options for recordings made from sessions: how spikes, trials and behaviour are processed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from neurorules.study.schema.fields import NO_DEFAULT, Group, NotNegative, Number, PositiveNumber, Text, option

SESSIONS = "`nwb`, `trials`"  # readers that make sessions
CHOICE: dict[str, Any] = {"type": "object", "additionalProperties": True}
LABEL_FORMS: list[dict[str, Any]] = [
    {"type": "string", "minLength": 1},
    {
        "type": "object",
        "properties": {
            "column": {"type": "string"},
            "bins": {"type": "array", "items": {"type": "number"}, "minItems": 2},
            "names": {"type": "array", "minItems": 1},
        },
        "required": ["column"],
        "additionalProperties": False,
    },
]


def _must(words: str, allowed: Callable[[Any], bool]) -> BeforeValidator:
    """A check for an option with more than one form, and the sentence that says which forms are allowed."""

    def check(given: Any) -> Any:
        if not allowed(given):
            raise PydanticCustomError("form", words)
        return given

    return BeforeValidator(check)


def _is_columns(given: Any) -> bool:
    return isinstance(given, dict) and all(isinstance(name, str) for name in given)


def _is_label(given: Any) -> bool:
    return isinstance(given, str) or (isinstance(given, dict) and isinstance(given.get("column"), str))


Columns = Annotated[
    Any,
    _must("It must be a dict of columns, each with a value, a list of values, or a dict of min and max", _is_columns),
    WithJsonSchema(CHOICE),
]
KeepTrials = Annotated[
    Any,
    _must(
        "It must be true or false or, for sessions, a dict of columns",
        lambda given: isinstance(given, bool) or _is_columns(given),
    ),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, CHOICE]}),
]
Labels = Annotated[
    Any,
    _must(
        "It must be a column of the trials table, or a list of columns, each a name or a dict of column and bins",
        lambda given: _is_label(given) or (isinstance(given, list) and bool(given) and all(map(_is_label, given))),
    ),
    WithJsonSchema({"anyOf": [*LABEL_FORMS, {"type": "array", "items": {"anyOf": LABEL_FORMS}, "minItems": 1}]}),
]


class SessionOptions(Group):
    """How a recording is made from sessions."""

    condition: Labels = option(
        NO_DEFAULT,
        "columns of the trials table that define a trial's condition. Conditions are sorted by these labels. "
        "`{column: coherence, bins: [-1, 0, 1], names: [left, right]}` bins a column; without `names`, bins are "
        "labelled by their midpoints. Numbers are compared to six significant digits",
        source=SESSIONS,
        type_in_words="column, or list of columns or of dicts of `column`, `bins`, `names`",
        default_in_words="required",
    )
    align: Text = option(
        NO_DEFAULT,
        "the event at time 0: a column of the trials table with times in s, or a table of events, of which the first "
        "in each trial is used. Trials without the event are left out",
        source=SESSIONS,
        type_in_words="column or table of events",
        default_in_words="required",
    )
    window_ms: Annotated[list[Number], Field(min_length=2, max_length=2)] = option(
        NO_DEFAULT,
        "start and end of the window around the event, a whole number of bins apart. A unit's trials are left out "
        "unless it was observed during the whole window and the margins that smoothing needs",
        source=SESSIONS,
        type_in_words="list of two numbers, in ms",
        default_in_words="required",
    )
    bin_ms: PositiveNumber = option(
        NO_DEFAULT,
        "width of the bins. Must equal the task's `dt_ms`",
        source=SESSIONS,
        unit="ms",
        default_in_words="required",
    )
    smooth_sd_ms: NotNegative = option(
        NO_DEFAULT,
        "SD of the Gaussian that smooths the spikes before the window is cut. A bin's value is the mean of the "
        "smoothed rate over the bin. `0` counts spikes instead",
        source=SESSIONS,
        unit="ms",
        default_in_words="`0`",
    )
    min_trials: int = option(
        NO_DEFAULT,
        "minimum number of trials per unit and condition. Conditions with fewer trials in a session are left out, and "
        "so are units observed in fewer trials",
        source=SESSIONS,
        default_in_words="`1`",
        at_least=1,
    )
    units: Columns = option(
        NO_DEFAULT,
        "which units to use: columns of the units table, each with a value, a list of values or `{min, max}`; "
        "`min_rate_hz`, a minimum firing rate averaged over conditions and time (spikes/s); `min_reliability`, a "
        "minimum split-half reliability: the correlation, over conditions and time, between averages over two random "
        "halves of the trials, with the Spearman-Brown correction",
        source=SESSIONS,
        type_in_words="dict of columns, `min_rate_hz`, `min_reliability`",
        default_in_words="`{}`: all",
    )
    behaviour: dict[str, Text] = option(
        NO_DEFAULT,
        "behavioural signals to read, each under a name that you choose. In NWB, give their path, such as "
        "`processing/behavior/hand_vel`. Signals are interpolated at the starts of bins and averaged over trials. "
        "Two or three components become `<name>_x`, `<name>_y`, `<name>_z`; more become `<name>_0`, `<name>_1` and "
        "so on",
        source=SESSIONS,
        type_in_words="dict of name: signal",
        default_in_words="`{}`",
    )
    keep_single_trials: bool = option(
        NO_DEFAULT,
        "store single trials as well as averages, for noise floors and trial averaging",
        source=SESSIONS,
        default_in_words="`true`",
    )
    simultaneous: bool = option(
        NO_DEFAULT,
        "`true`: all neurons were recorded together, in the same trials, so that they have noise covariances. "
        "The stochastic shape distance requires it. Rejected for several sessions, and if neurons have different "
        "trials. `false`: they were not",
        source=f"{SESSIONS}, `own_rates`; `hatsopoulos2007` with source `dryad`, whose published file is named "
        "`ReachDataSimultaneousRecording`",
        default_in_words="`true` for one session of `nwb`; otherwise unknown",
    )
    overlapping_windows: Literal["warn", "refuse"] = option(
        NO_DEFAULT,
        "what to do if the windows of two trials overlap. Averages remain valid, but trials that share spikes are not "
        "independent",
        source=SESSIONS,
        default_in_words="`warn`",
    )


def trials_option(options: Mapping[str, Any]) -> str:
    """The option that sets whether single trials are kept. Sessions have their own."""
    return "keep_single_trials" if "align" in options else "keep_trials"


def keeps_trials(options: Mapping[str, Any]) -> bool:
    """Whether a recording is read with its single trials."""
    return bool(options.get(trials_option(options), "align" in options))
