"""Distances between networks: between models of the same task, and between the seeds of a model (Figure 3B)."""

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
NEEDS = ("steps", "accuracy")
COMPARISON_KEYS = ()


def table(members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: Any) -> pd.DataFrame:
    """One row per pair of networks x stage: Procrustes distance over all steps of all test trials.

    Stage "trained": both networks after training. Stage "matched": both at the accuracy that both reach, which is the
    lower of their best accuracies; each network is taken at the checkpoint closest to where it first reached it, see
    `course`. Stage "matched_common": at one accuracy for all pairs, the lowest best accuracy of the networks that have
    learnt. Networks that have not learnt are in no such pair.

    Raises:
        InputError: two models have test trials of different number or length.
    """
    import itertools

    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.runs.run import TRAINED, checkpoint_index
    from neurorules.similarity.matched_accuracy import checkpoint_at, common_level, course
    from neurorules.similarity.procrustes import procrustes_distance
    from neurorules.tables.base.labels import is_imported, side
    from neurorules.tables.base.levels import least_level
    from neurorules.tasks.base.guessing import guessing

    guess = guessing(members[0].task).columns()
    networks = [
        (member, seed, run, member.activity(seed, None)) for member in members for seed, run in member.runs.items()
    ]
    curves = [(run["checkpoint"].values, run["accuracy"].values) for _, _, run, _ in networks]
    courses = [course(update, accuracy, accuracy) for update, accuracy in curves]
    seen: dict[tuple[int, int], tuple[NDArray[Any], float]] = {}

    def at_checkpoint(number: int, checkpoint: int) -> tuple[NDArray[Any], float]:
        """A network's activity at a checkpoint, and its fraction of correct trials."""
        if (number, checkpoint) not in seen:
            activity = networks[number][3]
            seen[number, checkpoint] = activity.at(checkpoint), activity.fraction_correct(checkpoint)
        return seen[number, checkpoint]

    least = least_level(pd.DataFrame([guess]))
    # Networks trained elsewhere do not affect the accuracy at which the study's own networks are compared.
    own = [
        of_run
        for (member, *_), of_run in zip(networks, courses, strict=True)
        if not is_imported(member.labels["learning_rule"])
    ]
    level = min((of_run.best for of_run in own or courses if of_run.best >= least), default=float("inf"))
    rows = []
    for a, b in itertools.combinations(range(len(networks)), 2):
        (member_a, seed_a, run_a, _), (member_b, seed_b, run_b, _) = networks[a], networks[b]
        common = common_level((courses[a], courses[b]))
        stages = {
            TRAINED: [checkpoint_index(run, TRAINED) for run in (run_a, run_b)],
            "matched": [checkpoint_at(*curves[number], common) for number in (a, b)],
        }
        if common >= level:
            stages["matched_common"] = [checkpoint_at(*curves[number], level) for number in (a, b)]
        for stage, at in stages.items():
            (x, correct_a), (y, correct_b) = at_checkpoint(a, at[0]), at_checkpoint(b, at[1])
            if x.shape[:2] != y.shape[:2]:
                raise InputError(
                    f"Test trials differ: {_name(member_a)} has {x.shape[0]} conditions with {x.shape[1]} steps each, "
                    f"{_name(member_b)} has {y.shape[0]} with {y.shape[1]}. They must match to be compared.",
                    key="settings",
                    value=[member_a.labels["setting"], member_b.labels["setting"]],
                    remedy="Compare settings with the same test trials.",
                )
            reached = [
                {
                    "update": int(run["checkpoint"].values[checkpoint]),
                    "accuracy": float(run["accuracy"].values[checkpoint]),
                    "fraction_correct": correct,
                }
                for run, checkpoint, correct in zip((run_a, run_b), at, (correct_a, correct_b), strict=True)
            ]
            rows.append(
                {
                    **labels,
                    **guess,
                    **side("a", member_a.labels, seed_a, **reached[0]),
                    **side("b", member_b.labels, seed_b, **reached[1]),
                    "stage": stage,
                    "distance": procrustes_distance(x, y),
                }
            )
    return pd.DataFrame(rows)


def _name(member: ScoredModel) -> str:
    return "/".join(member.labels[label] for label in ("task", "learning_rule", "setting"))
