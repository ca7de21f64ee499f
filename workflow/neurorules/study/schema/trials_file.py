"""Options that describe a lab's files of single trials, for the reader `trials`."""

from __future__ import annotations

from typing import Any, Literal

from neurorules.study.schema.fields import NO_DEFAULT, Group, Number, Text, option

Path = Text  # in a file of arrays

_PATH = "path in the file, as MATLAB writes it: `D.data`, `before.clouds.spikes`, `D.epochStarts(2)`"


class TrialsFile(Group):
    """The contents of files of single trials."""

    counts: Path = option(
        NO_DEFAULT,
        f"spike counts in bins. Give the activity as one of `counts`, `rates`, `z_scores`, `soft_normalised` and "
        f"`spike_times`: {_PATH}",
        source="`trials`, arrays",
        type_in_words="path in the file",
    )
    rates: Path = option(
        NO_DEFAULT, "rates in bins, spikes/s", source="`trials`, arrays", type_in_words="path in the file"
    )
    z_scores: Path = option(
        NO_DEFAULT,
        "rates in bins, z-scored for each unit",
        source="`trials`, arrays",
        type_in_words="path in the file",
    )
    soft_normalised: Path = option(
        NO_DEFAULT,
        "rates in bins, soft-normalised: divided by a scale of each unit plus a constant, such as its range plus 5 "
        "spikes/s; they may be negative",
        source="`trials`, arrays",
        type_in_words="path in the file",
    )
    spike_times: Path = option(
        NO_DEFAULT,
        "cells of spike times, on each trial's own clock",
        source="`trials`, arrays",
        type_in_words="path in the file",
    )
    axes: list[Text] = option(
        NO_DEFAULT,
        "dimensions of the activity, from the outside in: first those of a struct array or cell, then those of the "
        "arrays inside it, in MATLAB's order (NumPy's in `.npz`). `unit`, `time` (bins) and `trial` are reserved "
        "names. Any other name becomes a column of the trials table. Its values are those in `columns`, or else the "
        "index of the element, from 1. NaN means not recorded",
        source="`trials`, arrays",
        type_in_words="list of names",
        default_in_words="`[trial, unit, time]`; for `spike_times` `[trial, unit]`; with `cut_by` `[time, unit]`",
    )
    file_bin_ms: Number = option(
        NO_DEFAULT,
        "width of the file's bins. `bin_ms` must be a multiple of it. The window starts at the nearest bin edge in the "
        "file",
        source="`trials`, arrays",
        type_in_words="ms",
        default_in_words="required for binned activity",
        above=0,
    )
    counted_ms: Number = option(
        NO_DEFAULT,
        "for `counts` in overlapping windows, the width of each window: `180` with `file_bin_ms: 20` for spikes "
        "counted over 180 ms every 20 ms",
        source="`trials`, arrays",
        type_in_words="ms",
        default_in_words="`file_bin_ms`",
        above=0,
    )
    file_starts_ms: Number = option(
        NO_DEFAULT,
        "start of the first bin on the trial's clock: `-500` if bins start 500 ms before the event around which trials "
        "were cut. That event, at time 0, is the column `event` of the trials table; `start_time` and `stop_time` are "
        "the start and end of the trial",
        source="`trials`, arrays",
        type_in_words="number, ms",
        default_in_words="`0`",
    )
    observed: list[Number | Text] = option(
        NO_DEFAULT,
        "start and end of the recorded part of a trial, on its own clock: two times in ms, or two columns of times. "
        "Time outside it does not count as silence",
        source="`trials`, spike times on the trial's clock",
        type_in_words="list of two numbers (ms) or names of columns",
        default_in_words="required",
    )
    columns: dict[Text, Any] = option(
        NO_DEFAULT,
        "columns of the trials table, each with a path in the file or a list of values: one value per trial; if the "
        "column has the name of an axis, one value per element of that axis; with `cut_by`, one value per bin",
        source="`trials`, arrays",
        type_in_words="dict: name to a path or a list of values",
        default_in_words="`{}`",
    )
    unit_columns: dict[Text, Any] = option(
        NO_DEFAULT,
        "properties of units, in the same form as `columns`; `name` is the name of a unit",
        source="`trials`, arrays",
        type_in_words="dict: name to a path or a list of values",
        default_in_words="`{}`",
    )
    cut_by: Text = option(
        NO_DEFAULT,
        "for a continuous session without a trial axis: the column in which each run of equal values is a trial",
        source="`trials`, arrays",
        type_in_words="name in `columns`",
    )
    times_in: dict[Text, Literal["s", "ms", "bins"]] = option(
        NO_DEFAULT,
        "units of time columns and of `spike_times`; `bins` is the index of a bin in the file, from 1",
        source="`trials`",
        type_in_words="dict: name of a column or `spike_times` to `s`, `ms` or `bins`",
        default_in_words="`s` for all",
    )
    spikes_file: Text = option(
        NO_DEFAULT,
        "table of spikes: CSV, TSV, Parquet, or `.npz` of a pynapple `TsGroup`. A `*` stands for the session's name",
        source="`trials`, tables",
        type_in_words="name of a file in the recording's folder",
    )
    trials_file: Text = option(
        NO_DEFAULT,
        "table of trials: CSV, TSV, Parquet, or `.npz` of a pynapple `IntervalSet`",
        source="`trials`, tables",
        type_in_words="name of a file in the recording's folder",
    )
    units_file: Text = option(
        NO_DEFAULT,
        "table of units: their properties, with the column `unit`",
        source="`trials`, tables",
        type_in_words="name of a file in the recording's folder",
        default_in_words="no properties",
    )
    spike_columns: dict[Literal["unit", "time", "trial"], Text] = option(
        NO_DEFAULT,
        "column names in the table of spikes. With `trial`, times are on each trial's own clock. The `trial` column "
        "contains the row number of the trial, from 0, or the value in the trials table's column of the same name",
        source="`trials`, tables",
        type_in_words="dict: `unit`, `time`, `trial` to names of columns",
        default_in_words="`{unit: unit, time: time}`",
    )
