"""Print the numbers behind a study's verdicts, from the CSVs of its figures, with the conditions that they depend on.

    PYTHONPATH=workflow .venv/bin/python docs/facts.py config/reach-power.yaml

Each section names its file. If the study has not made that file, the section says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from neurorules.statistics.power import Design, power_equivalence, replicates_for
from neurorules.study.load import load_study
from neurorules.tables.base.columns import read_tidy_table

Lines = Iterator[str]


def mean_sd(values: pd.Series) -> str:
    return f"{values.mean():.3f} ± {values.std():.3f} (n = {len(values)})"


def power(folder: Path) -> Lines:
    """The main test's power, which depends only on the margin and the SDs."""
    for n in (4, 10, 18, 20):
        yield f"margin of one SD, no difference, {n} seeds per group: {power_equivalence(Design(1, n, 1, n), 1.0):.0%}"
    for sd in (0.008, 0.012, 0.020):
        seeds = replicates_for(lambda design: power_equivalence(design, 0.014), Design(sd, 2, sd, 2))
        yield f"margin .014, SD {sd:.3f}: {seeds:.0f} seeds per group for 80%"


def published(folder: Path) -> Lines:
    """tables/claims.csv: the result of each claim's test on the numbers that the paper prints."""
    rows = read_tidy_table(folder / "tables/claims.csv")
    for row in (
        rows[rows["printed_verdict"].fillna("") != ""].drop_duplicates(["id", "printed_recording"]).to_dict("records")
    ):
        yield f"{row['id']} ({row['printed_recording']}): {row['printed_verdict']}, p {row['printed_p_claimed']:.2g}"


def alignment(folder: Path) -> Lines:
    """figures/multiverse.csv: e-prop minus BPTT, Procrustes, all neurons, by movement onset and accuracy."""
    rows = read_tidy_table(folder / "figures/multiverse.csv")
    rows = rows[(rows["measure"] == "procrustes") & (rows["population"] == "all") & (rows["learning_rule"] == "eprop")]
    for row in rows.to_dict("records"):
        interval = f"[{row['ci95_low']:.3f}, {row['ci95_high']:.3f}]"
        yield (
            f"onset at step {row['onset_step']}, {row['level']} (accuracy {row['matched_accuracy']:.2f}): "
            f"{row['difference']:+.3f} {interval}, n {row['n_first']:.0f} and {row['n_second']:.0f}, "
            f"{row['result'] or row['why']}"
        )


def levels(folder: Path) -> Lines:
    """figures/fig1.csv: guessing, and each learning rule's networks at the last checkpoint."""
    rows = read_tidy_table(folder / "figures/fig1.csv")
    for (recording, task), of_task in rows.groupby(["recording", "task"]):
        guess = of_task.iloc[0]
        yield (
            f"{recording}, {task}: guessing has accuracy {guess['guessing_accuracy']:.3f} and "
            f"{guess['guessing_fraction_correct']:.0%} of trials correct"
        )
        for rule, runs in of_task.groupby("learning_rule"):
            last = runs[runs["update"] == runs.groupby("seed")["update"].transform("max")]
            yield (
                f"  {rule}: accuracy {mean_sd(last['accuracy'])}, lowest {last['accuracy'].min():.2f}; "
                f"{last['fraction_correct'].mean():.0%} correct; distance {mean_sd(last['distance'])}"
            )


def told_apart(folder: Path) -> Lines:
    """figures/fig6.csv: distances between networks with different seeds, at equal accuracy."""
    rows = read_tidy_table(folder / "figures/fig6.csv")
    rows = rows[(rows["seed_a"] != rows["seed_b"]) & (rows["setting_a"] == rows["setting_b"])]
    for level, pairs in rows.groupby("level", sort=False):
        rules = [
            " to ".join(sorted(pair)) for pair in zip(pairs["learning_rule_a"], pairs["learning_rule_b"], strict=True)
        ]
        means = pairs.groupby(rules)["distance"].mean()
        yield f"{level}: " + ", ".join(f"{pair} {value:.3f}" for pair, value in means.items())


def baselines(folder: Path) -> Lines:
    """similarity/recordings/*/baselines.csv, and distances at the first and last checkpoint, by measure."""
    for file in sorted(folder.glob("similarity/recordings/*/baselines.csv")):
        for row in read_tidy_table(file).to_dict("records"):
            what = f"{row['quantity']} {row['value']:.3f} (size {row['group_size']})"
            yield f"{file.parent.name}, {row['measure']}: {what}"
    for file in sorted(folder.glob("similarity/*/*/*/*/distances.csv")):
        table = read_tidy_table(file)
        for measure, rows in table.groupby("measure"):
            first, last = (rows[rows["update"] == rows["update"].agg(of)] for of in ("min", "max"))
            yield (
                f"{rows['learning_rule'].iloc[0]}, {measure}: untrained {mean_sd(first['distance'])}, trained "
                f"{mean_sd(last['distance'])}, conditions shuffled {last['distance_shuffled'].mean():.3f}, "
                f"reaches turned {last['distance_rotated'].mean():.3f}"
            )


def neurons(folder: Path) -> Lines:
    """similarity/.../resampled_distances.csv: intervals over neurons and seeds."""
    from neurorules.claims.derivations.neuron_seed_intervals import neuron_seed_interval

    files = sorted(folder.glob("similarity/*/*/*/*/resampled_distances.csv"))
    table = pd.concat([read_tidy_table(file) for file in files], ignore_index=True)
    for stage, accuracy in (("trained", None), ("matched", 0.9), ("matched", 0.8)):
        found = neuron_seed_interval(table, "eprop", "bptt", stage=stage, accuracy=accuracy)
        yield (
            f"e-prop minus BPTT, {stage} {accuracy or ''}: {found.difference:+.3f} [{found.low:.3f}, {found.high:.3f}] "
            f"over neurons and seeds; SD over neurons {found.sd_neurons:.3f}, over seeds {found.sd_seeds:.3f}"
        )


def gains(folder: Path) -> Lines:
    """figures/fig1.csv: what the gain of the initial weights multiplies."""
    rows = read_tidy_table(folder / "figures/fig1.csv")
    for gain, scale in sorted(set(zip(rows["gain"], rows["recurrent_scale"], strict=True))):
        yield f"gain {gain:g} times recurrent_scale {scale:g}: SD of initial weights {gain * scale:g} / sqrt(units)"


FACTS: tuple[Callable[[Path], Lines], ...] = (
    power,
    published,
    alignment,
    levels,
    told_apart,
    baselines,
    neurons,
    gains,
)


def main() -> None:
    """Print all facts about the study given on the command line."""
    study = load_study(sys.argv[-1] if sys.argv[-1].endswith(".yaml") else "config/reach-power.yaml")
    for fact in FACTS:
        print(f"\n## {(fact.__doc__ or '').strip()}")
        try:
            for line in fact(study.paths.results):
                print("-", line)
        except (FileNotFoundError, ValueError, KeyError) as error:
            print(f"- not in this study: {type(error).__name__} {error}")


if __name__ == "__main__":
    main()
