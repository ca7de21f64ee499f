"""Distances between networks: of several models of one task, and of one model over its seeds (Figure 3B)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "group"
NEEDS_RECORDING = False
COMPARISON_KEYS = ()


def table(members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: Any) -> pd.DataFrame:
    """One row per pair of networks x stage: Procrustes distance over all steps of all test trials.

    stage "trained": both networks after training. stage "matched": each network where it first reaches the accuracy
    that both reach, which is the lower one of their best accuracies. stage "matched_common": at one accuracy for all
    pairs, the lowest of the best accuracies of the networks that have learnt; the others are in no such pair.

    Raises:
        InputError: two models have test trials of different lengths or numbers.
    """
    import itertools

    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.runs.evaluate import ModelActivity
    from neurorules.runs.run import TRAINED, checkpoint_index
    from neurorules.similarity.matched_accuracy import common_level, first_reaching
    from neurorules.similarity.procrustes import procrustes_distance
    from neurorules.tables.base.labels import side
    from neurorules.tables.base.matched import LEAST_ACCURACY

    networks = [
        (member, seed, run, ModelActivity(run, member.options, member.task, None))
        for member in members
        for seed, run in member.runs.items()
    ]
    seen: dict[tuple[int, int], NDArray[Any]] = {}

    def activity(number: int, checkpoint: int) -> NDArray[Any]:
        if (number, checkpoint) not in seen:
            seen[number, checkpoint] = networks[number][3].at(checkpoint)
        return seen[number, checkpoint]

    best = [float(run["accuracy"].values.max()) for _, _, run, _ in networks]
    level = min((value for value in best if value >= LEAST_ACCURACY), default=float("inf"))
    rows = []
    for a, b in itertools.combinations(range(len(networks)), 2):
        (member_a, seed_a, run_a, _), (member_b, seed_b, run_b, _) = networks[a], networks[b]
        accuracies = [run["accuracy"].values for run in (run_a, run_b)]
        common = common_level(accuracies)
        stages = {
            TRAINED: [checkpoint_index(run, TRAINED) for run in (run_a, run_b)],
            "matched": [first_reaching(accuracy, common) for accuracy in accuracies],
        }
        if common >= level:
            stages["matched_common"] = [first_reaching(accuracy, level) for accuracy in accuracies]
        for stage, at in stages.items():
            x, y = activity(a, at[0]), activity(b, at[1])
            if x.shape[:2] != y.shape[:2]:
                raise InputError(
                    f"The test trials of {_name(member_a)} have {x.shape[0]} conditions of {x.shape[1]} steps, "
                    f"those of {_name(member_b)} {y.shape[0]} of {y.shape[1]}; they are compared one by one.",
                    key="settings",
                    value=[member_a.labels["setting"], member_b.labels["setting"]],
                    remedy="Compare settings of equal trials.",
                )
            reached = [
                {
                    "update": int(run["checkpoint"].values[checkpoint]),
                    "accuracy": float(run["accuracy"].values[checkpoint]),
                }
                for run, checkpoint in zip((run_a, run_b), at, strict=True)
            ]
            rows.append(
                {
                    **labels,
                    **side("a", member_a.labels, seed_a, **reached[0]),
                    **side("b", member_b.labels, seed_b, **reached[1]),
                    "stage": stage,
                    "distance": procrustes_distance(x, y),
                }
            )
    return pd.DataFrame(rows)


def _name(member: ScoredModel) -> str:
    return "/".join(member.labels[label] for label in ("task", "learning_rule", "setting"))
