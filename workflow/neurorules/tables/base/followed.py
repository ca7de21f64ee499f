"""Networks followed after their decoder was changed, and the session that they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.recordings.decoders import Decoders, Patterns
    from neurorules.tables.base.table_type import ScoredModel

DRAWS_SEED = 2018
MATCHED, TRAINED = "matched", "trained"
# A network with less progress than this under the first decoder has not learnt it, and has nothing to regain.
LEARNT = 0.5
COSINES = ("tuned_change_cosine", "mean_change_cosine")


@dataclass(frozen=True)
class Session:
    """What networks are compared with.

    Attributes:
        decoders, before, after: of the recording.
        unit: mean progress before learning with the intuitive decoder, in mm/s.
        change: (condition, factor) change of the mean factors.
        values: the recording's measures.
        resamples: the number of random halves.
    """

    decoders: Decoders
    before: Patterns
    after: Patterns
    unit: float
    change: NDArray[Any]
    values: Mapping[str, float]
    resamples: int

    @staticmethod
    def of(recording: xr.Dataset, resamples: int) -> Session:
        from neurorules.recordings.decoders import INTUITIVE, Decoders, recorded_patterns
        from neurorules.similarity.learning_change import changes, mean_change

        decoders = Decoders.of(recording)
        before, after = (recorded_patterns(recording, stage) for stage in ("before", "after"))
        unit = decoders.progress(before, INTUITIVE)
        values = changes(before, after, decoders, unit)
        return Session(decoders, before, after, unit, mean_change(before, after, decoders), values, resamples)

    @property
    def share_regained(self) -> float:
        """The share of the lost progress that the animal regained; 1 is the progress before the decoder changed."""
        gained, last = self.values["progress_gained"], self.values["progress_perturbed"]
        return gained / (1.0 - (last - gained))


@dataclass(frozen=True)
class Followed:
    """A network after the swap.

    Attributes:
        model, seed: of the network.
        updates: (checkpoint,) updates since the swap, from 0.
        values: measures at each checkpoint.
        changes: (checkpoint, condition, factor) change of the mean factors, without noise.
        observed: (checkpoint, condition, factor) the same from drawn counts.
        places: index of the checkpoint of each stage that the network reached.
    """

    model: ScoredModel
    seed: int
    updates: NDArray[Any]
    values: Sequence[Mapping[str, float]]
    changes: NDArray[Any]
    observed: NDArray[Any]
    places: Mapping[str, int]

    @property
    def rule(self) -> str:
        return str(self.model.labels["learning_rule"])


def _free(change: NDArray[Any], session: Session) -> NDArray[Any]:
    """The part of a change that does not move the cursor under the perturbed decoder, so progress does not tell it."""
    from neurorules.recordings.decoders import PERTURBED

    basis = session.decoders.factor_directions(PERTURBED)
    free: NDArray[Any] = change - change @ basis @ basis.T
    return free


def follow(model: ScoredModel, seed: int, session: Session) -> Followed:
    """Observe a network at all its checkpoints since the decoder was changed.

    Raises:
        InputError: training ended before.
    """
    from neurorules.recordings.decoders import INTUITIVE, PERTURBED
    from neurorules.runs.run import checkpoint_arrays
    from neurorules.similarity.learning_change import changes, cosine, mean_change, tuned
    from neurorules.similarity.matched_accuracy import checkpoint_at
    from neurorules.similarity.observed_networks import ObservedNetwork

    run, swap = model.runs[seed], model.task.phases[-1]  # type: ignore[attr-defined]
    saved = run["checkpoint"].values
    since = np.flatnonzero(saved >= swap)
    if saved[since[0] if len(since) else -1] != swap or len(since) < 2:
        raise InputError(
            "Training ends before the decoder is changed, so there is nothing to compare.",
            key="task.swap_update",
            value=int(swap),
            remedy=f"Use less than training.updates, {int(saved[-1])}.",
        )
    trials = model.task.test()
    at = [
        ObservedNetwork(checkpoint_arrays(run, int(k)), model.options.network, trials, session.decoders) for k in since
    ]
    numbers = np.bincount(session.before.condition)
    before = at[0].patterns(numbers, np.random.default_rng([DRAWS_SEED, seed]))
    factors = np.stack([network.mean_factors() for network in at])
    first = {decoder: at[0].mean_progress(decoder) / session.unit for decoder in (INTUITIVE, PERTURBED)}
    lost = first[INTUITIVE] - first[PERTURBED] if first[INTUITIVE] >= LEARNT else 0.0
    values, observed = [], []
    for network, update, of in zip(at, saved[since], factors, strict=True):
        after = network.patterns(numbers, np.random.default_rng([DRAWS_SEED, seed, int(update)]))
        observed.append(mean_change(before, after, session.decoders))
        gained = network.mean_progress(PERTURBED) / session.unit - first[PERTURBED]
        change = of - factors[0]
        values.append(
            {
                **changes(before, after, session.decoders, session.unit),
                "progress_regained": gained / lost if lost > 0 else float("nan"),
                "tuned_change_cosine": cosine(tuned(change), tuned(session.change)),
                "mean_change_cosine": cosine(change, session.change),
                "free_change_cosine": cosine(*(_free(tuned(of), session) for of in (change, session.change))),
            }
        )
    regained = np.array([of["progress_regained"] for of in values])
    updates, share = saved[since] - swap, session.share_regained
    places = {TRAINED: len(since) - 1}
    if np.isfinite(regained).all() and regained.max() >= share:
        places[MATCHED] = checkpoint_at(updates, regained, share)
    return Followed(model, seed, updates, values, factors - factors[0], np.stack(observed), places)
