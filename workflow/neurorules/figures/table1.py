"""Table 1: distances by initial gain and learning rule, at the end of training and at equal accuracy.

The CSV has the distances themselves, one row per seed and checkpoint, which decide claims. The Markdown summarises
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io import markdown

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distance to the recording by initial gain and learning rule"
TABLES = ("distances", "baselines")
PRODUCTS = ("csv", "md", "html")
PUBLISHED = "table1"

# The setting with which the other gains are compared: gain 1.
BASE = "base"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The distances as data, and the table as text."""
    distances = tables["distances"]
    distances = distances[distances["measure"] == "procrustes"]
    return {"csv": distances, "md": _markdown(distances, tables, context)}


def gain_of(setting: str) -> float:
    """The initial gain in a setting's name; NaN for settings about something else."""
    try:
        return 1.0 if setting == BASE else float(setting.removeprefix("gain-"))
    except ValueError:
        return float("nan")


def _markdown(distances: pd.DataFrame, tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> str:
    from neurorules.plotting import gain_curves
    from neurorules.plotting.baseline_lines import values_of

    lines = ["# Table 1: distance to the recording by initial gain", ""]
    if distances["synthetic"].any():
        lines += ["**Synthetic recordings: these numbers say nothing about the brain.**", ""]
    for (recording, task), rows in distances.groupby(["recording", "task"], sort=True):
        lines += _part(str(recording), str(task), rows, context["published"])
        lines += _baselines(values_of(tables, rows))
    lines += [
        f"Normalized Procrustes distance, 0 to 1: mean ± SD over seeds (n). Settings: "
        f"{markdown.listed(context['figure']['settings'])}; {BASE} is gain 1. "
        f"{''.join(f'{words} ' for words in gain_curves.gain_words(distances))}Matched: at the highest accuracy that "
        "all networks compared in that row reached. p: Welch's t-test over seeds, two-sided. p equivalent: two "
        "one-sided tests against the margin. Recomputed: Student's t-test from the printed means and SDs, taken as "
        f"dividing by n, of n = {context['published']['n']} seeds; in brackets the range that rounding allows. What "
        "the paper calls noise ceiling is taken to be the untrained network.",
    ]
    if context["left_out"]:
        lines += ["", f"Left out, recording not in this study: {markdown.listed(context['left_out'])}."]
    return "\n".join(lines) + "\n"


def _baselines(values: Mapping[str, float]) -> list[str]:
    """The sentence with reference distances for a recording, if known."""
    names = {
        "cross_condition_average": "the recording's average over conditions in place of a network",
        "neuron_split_half": "floor between two halves of its neurons",
        "neuron_split_whole": "the floor extrapolated to all neurons",
        "trial_split_whole": "averages over all trials, extrapolated from halves of the trials",
        "distance_shuffled": "trained networks with conditions shuffled so that none keeps its place",
        "distance_rotated": "trained networks with each reach compared with the opposite one",
    }
    words = [f"{text} {values[name]:.3f}" for name, text in names.items() if np.isfinite(values.get(name, np.nan))]
    return [f"For reference: {'; '.join(words)}.", ""] if words else []


def _part(recording: str, task: str, rows: pd.DataFrame, published: Mapping[str, Any]) -> list[str]:
    """Both tables of one recording and task."""
    from neurorules.claims.published import published_name
    from neurorules.plotting.titles import rule_label

    # Published numbers are shown only with their own recording, never with synthetic ones.
    mine = published_name(recording) == published["recording"] and not rows["synthetic"].any()
    numbers = published if mine else {}
    settings = sorted(set(rows["setting"]), key=lambda setting: (gain_of(setting), setting))
    rules = sorted(set(rows["learning_rule"]))
    groups = {
        (rule, setting): group for (rule, setting), group in rows.groupby(["learning_rule", "setting"], sort=True)
    }
    lines = ["## " + markdown.plain(f"{rows['recording_title'].iloc[0]} ({recording}, task {task})"), ""]
    header = ["gain", "learning rule", "end of training", "accuracy then", "published", "untrained", "published"]
    lines += markdown.table(header, [_distances(groups, key, numbers) for key in _keys(groups, settings, rules)])
    header = ["compared", "at the end", "p", "matched at accuracy", "matched", "p", "p equivalent (margin)"]
    compared = [
        _compared(
            f"gain {gain_of(BASE):g} - {gain_of(setting):g}, {rule_label(rule)}",
            groups,
            (rule, BASE),
            (rule, setting),
            numbers,
        )
        for rule in rules
        for setting in settings
        if setting != BASE
    ]
    if {"bptt", "eprop"} <= set(rules):
        compared += [
            _compared(
                f"{rule_label('eprop')} - {rule_label('bptt')}, gain {gain_of(s):g}",
                groups,
                ("eprop", s),
                ("bptt", s),
                numbers,
            )
            for s in settings
        ]
    return [*lines, "", *markdown.table([*header, "published p", "recomputed p"], filter(None, compared)), ""]


def _keys(groups: Mapping[Any, Any], settings: list[str], rules: list[str]) -> list[tuple[str, str]]:
    return [(rule, setting) for setting in settings for rule in rules if (rule, setting) in groups]


def _distances(groups: Mapping[Any, pd.DataFrame], key: tuple[str, str], numbers: Mapping[str, Any]) -> list[str]:
    from neurorules.claims.published import printed
    from neurorules.plotting.titles import rule_label
    from neurorules.statistics.comparison import Summary
    from neurorules.tables.base.matched import last_values

    (rule, setting), group = key, groups[key]
    untrained = group.loc[group["update"] == 0, "distance"].to_numpy()
    return [
        f"{gain_of(setting):g}" if np.isfinite(gain_of(setting)) else setting,
        rule_label(rule),
        markdown.mean_sd(Summary.of(last_values(group))),
        markdown.number(float(last_values(group, "accuracy").mean())),
        printed(numbers.get(rule, {}).get(setting)),
        markdown.mean_sd(Summary.of(untrained)),
        printed(numbers.get("untrained", {}).get(setting)),
    ]


def _compared(
    name: str,
    groups: Mapping[Any, pd.DataFrame],
    first: tuple[str, str],
    second: tuple[str, str],
    numbers: Mapping[str, Any],
) -> list[str] | None:
    """One row of tests; None if a group is not in the figure."""
    from neurorules.claims.published import recomputed_p
    from neurorules.statistics.comparison import compare
    from neurorules.tables.base.levels import doubts
    from neurorules.tables.base.matched import last_values, matched

    if first not in groups or second not in groups:
        return None
    pair = [groups[first], groups[second]]
    over_rules = first[0] != second[0]
    margin = numbers.get("equivalence_margin", {}).get(first[1], float("nan")) if over_rules else float("nan")
    last = compare(last_values(pair[0]), last_values(pair[1]))
    common = matched(pair)
    cells = [name, f"{last.difference:+.3f} {markdown.interval(last.ci95)}", markdown.number(last.p_different)]
    if common is None:
        cells += [markdown.NONE] * 4
    else:
        at_level = compare(common.at_level[0], common.at_level[1], margin)
        cells += [
            f"{common.level:.3f}{doubts(common, pair[0])}",
            f"{at_level.difference:+.3f} {markdown.interval(at_level.ci95)}",
            markdown.number(at_level.p_different),
            f"{markdown.number(at_level.p_equivalent)} ({margin:g})" if np.isfinite(margin) else markdown.NONE,
        ]
    if over_rules:
        p = numbers.get("p_eprop_vs_bptt", {}).get(first[1])
    else:
        p = numbers.get("p_base_vs", {}).get(first[0], {}).get(second[1])
    if p is None:
        return [*cells, markdown.NONE, markdown.NONE]
    return [*cells, f"{p:.3g}", recomputed_p(numbers[first[0]][first[1]], numbers[second[0]][second[1]], numbers)]
