"""Table 4: distance between two halves of a recording, by the number of trials averaged.

The CSV has one row per number of trials and repeat; the Markdown summarises them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.io import markdown

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distance between halves of a recording by trials averaged"
TABLES = ("trial_averaging",)
PRODUCTS = ("csv", "md", "html")
PUBLISHED = "table4"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The repeats as data, and the table as text."""
    from neurorules.claims.published import printed
    from neurorules.statistics.comparison import Summary

    repeats = tables["trial_averaging"]
    with_neurons = "neurons" in repeats
    lines = ["# Table 4: distance between averages over trials", ""]
    if repeats["synthetic"].any():
        lines += ["**Synthetic recordings: these numbers say nothing about the brain.**", ""]
    rows = []
    for (recording, trials), group in repeats.groupby(["recording", "trials"], sort=True):
        numbers = None if group["synthetic"].any() else context["published"]["distance"].get(int(trials))
        rows.append(
            [
                f"{group['recording_title'].iloc[0]} ({recording})",
                f"{trials:g}",
                markdown.mean_sd(Summary.of(group["distance"].to_numpy())),
                f"{group['neurons'].iloc[0]:g}" if with_neurons else markdown.NONE,
                printed(numbers),
            ]
        )
    header = ["recording", "trials averaged", "mean ± SD over repeats (n)", "neurons", "published"]
    lines += markdown.table(header, rows)
    lines += [
        "",
        "Normalized Procrustes distance, 0 to 1, between the averages over that many trials of each condition and "
        "over the same number of other trials. The SD is over random choices of these trials (n repeats), which "
        "overlap: it is not the "
        "standard error of the mean. Neurons: those with enough trials. The paper does not say which recording its "
        "numbers are for, or what its SD is over.",
    ]
    if context["left_out"]:
        lines += ["", f"Left out, recording not in this study: {markdown.listed(context['left_out'])}."]
    return {"csv": repeats, "md": "\n".join(lines) + "\n"}
