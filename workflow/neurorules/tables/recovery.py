"""Model recovery: networks with known learning rules replace the recording. Which learning rule are they closest to?

Every network is turned into a pseudo-recording (`similarity.pseudo_recording`) and compared with all other networks in
the way that the recording is. Networks with its own seed are excluded, because a seed's networks start with the same
weights for all learning rules. One control includes them, to show the effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.similarity.pseudo_recording import RecordedNeurons
    from neurorules.similarity.recovery import Representation
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "group"
NEEDS_RECORDING = True
NEEDS = ("study",)
COMPARISON_KEYS = (
    "recovery_measures",
    "recovery_neurons",
    "recovery_trials",
    "recovery_trials_per_condition",
    "recovery_smoothing_sd_ms",
    "recovery_levels",
    "recovery_draws",
    "recovery_dsa_n_delays",
    "recovery_dsa_rank",
)

DRAWS_SEED = 2025

# What to recover from a pseudo-recording: its learning rule, from networks of other seeds or from all other networks;
# or, as controls without any true difference, the half of the seeds that it belongs to.
RULES, ALL_NETWORKS, ONE_RULE, UNTRAINED_GROUPS = "rules", "rules_same_seed", "one_rule", "untrained"
OWN_HALF, OTHER_HALF = "own half", "other half"

COLUMNS = (
    *("setting", "learning_rule", "learning_rate", "seed", "control", "stage", "level_accuracy", "update", "accuracy"),
    *("conditions", "neurons", "trials", "repeat", "measure", "recovered_as", "auc", "distance", "distance_to_other"),
)


@dataclass(frozen=True)
class Situation:
    """What is recorded from the networks, and when.

    Attributes:
        stage: "untrained", "trained", or "matched": where a network reaches `level`.
        neurons: number of pseudo-neurons; None for all units as they are, without spikes.
        trials: trials per condition; None for the number recorded.
        level: normalized accuracy for "matched", otherwise NaN.
        is_own: whether it has the recording's own numbers. Only then is dynamical similarity measured.
    """

    stage: str
    neurons: int | None
    trials: int | None = None
    level: float = float("nan")
    is_own: bool = False


@dataclass(frozen=True)
class Candidate:
    """A network at one checkpoint."""

    model: ScoredModel
    seed: int
    checkpoint: int
    representation: Representation

    @property
    def rule(self) -> str:
        return str(self.model.labels["learning_rule"])


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject rates from which spikes cannot be drawn.

    Raises:
        InputError: the rates are normalised.
    """
    from neurorules.recordings.normalised import refuse_normalised

    refuse_normalised(recording, "A pseudo-recording with Poisson spikes")


def table(
    members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: xr.Dataset
) -> pd.DataFrame:
    """One row per situation x pseudo-recording x measure, for every setting with at least two learning rules.

    `control` says what is to be recovered: "rules", the learning rule from networks of other seeds; "rules_same_seed",
    the learning rule from all other networks; "one_rule", whether a network is closer to its own half of the seeds of
    the same learning rule; "untrained", the same for untrained networks. The last two have no true difference. There
    are no rows if a learning rule has fewer than two networks, for example at an accuracy that they did not reach.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    neurons = recorded_neurons(recording, options)
    for setting in sorted({str(member.labels["setting"]) for member in members}):
        of_setting = [member for member in members if member.labels["setting"] == setting]
        if len({member.labels["learning_rule"] for member in of_setting}) > 1:
            rows += _Recovery(of_setting, options, recording, neurons).rows()
    return pd.DataFrame([{**labels, **row} for row in rows], columns=[*labels, *COLUMNS])


def recorded_neurons(recording: xr.Dataset, options: Options) -> RecordedNeurons:
    """What pseudo-recordings take from a recording: its rates and, if known, its numbers of trials and smoothing.

    Without single trials, every neuron has `recovery_trials_per_condition` trials.
    """
    from neurorules.recordings.bins import bin_width_ms
    from neurorules.similarity.baselines import trial_counts
    from neurorules.similarity.pseudo_recording import RecordedNeurons

    rates, smoothing = recording["rates"].values, options.recovery_smoothing_sd_ms
    if "trial_rates" in recording:
        trials = np.maximum(trial_counts(recording), 1)
    else:
        trials = np.full((rates.shape[0], rates.shape[2]), options.recovery_trials_per_condition)
    if smoothing is None:
        smoothing = float(recording.attrs.get("smoothing_sd_ms", 0.0))
    several = recording.sizes["time"] > 1
    width = bin_width_ms(recording["time"].values) if several else float(recording.attrs["bin_width_ms"])
    return RecordedNeurons.of(rates, trials, width, smoothing)


def situations(options: Options, n_neurons: int, n_trials: int) -> list[Situation]:
    """All situations: the recording's own numbers, each of them varied, all units without noise, and no training."""
    counts = options.recovery_neurons or [n for n in (n_neurons // 4, n_neurons // 2, 2 * n_neurons) if n > 1]
    own = Situation("trained", n_neurons, is_own=True)
    return [
        own,
        *(replace(own, neurons=n, is_own=False) for n in counts if n != n_neurons),
        *(replace(own, trials=n, is_own=False) for n in options.recovery_trials if n != n_trials),
        *(replace(own, stage="matched", level=level, is_own=False) for level in options.recovery_levels),
        replace(own, neurons=None, trials=0),
        replace(own, stage="untrained"),
    ]


class _Recovery:
    """The rows of one setting. A network's activity at a checkpoint is computed once."""

    def __init__(
        self,
        members: Sequence[ScoredModel],
        options: Options,
        recording: xr.Dataset,
        neurons: RecordedNeurons,
    ) -> None:
        from neurorules.errors import InputError
        from neurorules.similarity.dsa import check_delays

        self.members, self.options, self.neurons = members, options, neurons
        self.n_conditions, n_times, self.n_neurons = recording["rates"].shape
        self.activity = {
            (id(member), seed): member.activity(seed, recording) for member in members for seed in member.runs
        }
        self.seen: dict[tuple[int, int, int], Candidate] = {}
        self.measures = list(options.recovery_measures)
        try:
            check_delays(self.n_conditions, n_times, options.recovery_dsa_n_delays)
        except InputError:  # too few time points
            self.measures = [measure for measure in self.measures if measure != "dsa"]

    def rows(self) -> list[dict[str, Any]]:
        """Rows of all situations."""
        n_trials = int(np.median(self.neurons.trials))
        return [row for at in situations(self.options, self.n_neurons, n_trials) for row in self._at(at)]

    def _at(self, at: Situation) -> Iterator[dict[str, Any]]:
        networks = self._networks(at)
        seeds_of: dict[str, set[int]] = {}
        for network in networks:
            seeds_of.setdefault(network.rule, set()).add(network.seed)
        fewest = 1 if at.stage == "untrained" else 2
        if len(seeds_of) < fewest or min(len(seeds) for seeds in seeds_of.values()) < 2:
            return
        for network in networks:
            for draw in range(1 if at.neurons is None else self.options.recovery_draws):
                yield from self._scored(at, network, networks, draw)

    def _networks(self, at: Situation) -> list[Candidate]:
        """A situation's networks. Untrained networks are those of one learning rule, as they are the same for all."""
        from neurorules.similarity.matched_accuracy import checkpoint_at, course

        found = []
        for member in self.members[:1] if at.stage == "untrained" else self.members:
            for seed, run in member.runs.items():
                update, accuracy = run["checkpoint"].values, run["accuracy"].values
                if at.stage != "matched":
                    found.append(self._candidate(member, seed, 0 if at.stage == "untrained" else len(accuracy) - 1))
                    continue
                reached = course(update, accuracy, accuracy)
                # A network that starts above the level did not reach it by training.
                if reached.passed(at.level) and reached.start < at.level:
                    found.append(self._candidate(member, seed, checkpoint_at(update, accuracy, at.level)))
        return found

    def _candidate(self, member: ScoredModel, seed: int, checkpoint: int) -> Candidate:
        from neurorules.similarity.recovery import Representation

        key = id(member), seed, checkpoint
        if key not in self.seen:
            activity = self.activity[id(member), seed].at(checkpoint)
            self.seen[key] = Candidate(member, seed, checkpoint, Representation(activity))
        return self.seen[key]

    def _scored(
        self, at: Situation, network: Candidate, networks: Sequence[Candidate], draw: int
    ) -> Iterator[dict[str, Any]]:
        """Rows of one pseudo-recording."""
        from neurorules.similarity.recovery import distances, recover

        options, others = self.options, [other for other in networks if other is not network]
        made = network.representation if at.neurons is None else self._pseudo_recording(at, network, draw)
        measures = [measure for measure in self.measures if at.is_own or measure != "dsa"]
        found = [
            distances(made, other.representation, measures, options.recovery_dsa_n_delays, options.recovery_dsa_rank)
            for other in others
        ]
        run = network.model.runs[network.seed]
        of_all: dict[str, Any] = {
            **{name: network.model.labels[name] for name in ("setting", "learning_rule", "learning_rate")},
            "seed": network.seed,
            "stage": at.stage,
            "level_accuracy": at.level,
            "update": int(run["checkpoint"].values[network.checkpoint]),
            "accuracy": float(run["accuracy"].values[network.checkpoint]),
            "conditions": self.n_conditions,
            "neurons": network.representation.activity.shape[-1] if at.neurons is None else at.neurons,
            "trials": int(np.median(self.neurons.trials)) if at.trials is None else at.trials,
            "repeat": draw,
        }
        for control, kept, groups, own in self._controls(at, network, networks, others):
            if own not in groups[kept] or len(set(groups[kept])) < 2:
                continue
            for measure in measures:
                values = np.array([of_other[measure] for of_other in found])
                result = recover(values[kept], groups[kept], own)
                yield {
                    **of_all,
                    "control": control,
                    "measure": measure,
                    "recovered_as": result.group,
                    "auc": result.auc,
                    "distance": result.own,
                    "distance_to_other": result.other,
                }

    def _pseudo_recording(self, at: Situation, network: Candidate, draw: int) -> Representation:
        from zlib import crc32

        from neurorules.similarity.pseudo_recording import pseudo_recording
        from neurorules.similarity.recovery import Representation

        assert at.neurons is not None
        # The draws depend only on the network and what is recorded from it, not on the other networks.
        stream = [DRAWS_SEED, crc32(network.rule.encode()), network.seed, draw, at.neurons, at.trials or 0]
        activity, rng = network.representation.activity, np.random.default_rng(stream)
        return Representation(pseudo_recording(activity, self.neurons, at.neurons, rng, at.trials))

    def _controls(
        self, at: Situation, network: Candidate, networks: Sequence[Candidate], others: Sequence[Candidate]
    ) -> Iterator[tuple[str, NDArray[Any], NDArray[Any], str]]:
        """For each control: its name, (other,) mask of networks to use, (other,) their groups, the network's group."""
        rules = np.array([other.rule for other in others])
        seeds = np.array([other.seed for other in others])
        other_seeds = seeds != network.seed
        if at.stage != "untrained":
            yield RULES, other_seeds, rules, network.rule
        if not at.is_own:
            return
        if at.stage != "untrained" and at.neurons is not None:
            yield ALL_NETWORKS, np.full(len(others), True), rules, network.rule
        if at.neurons is not None:
            order = sorted({one.seed for one in networks if one.rule == network.rule})
            half = {seed: number % 2 for number, seed in enumerate(order)}
            own = np.array([half.get(seed) == half[network.seed] for seed in seeds])
            control = UNTRAINED_GROUPS if at.stage == "untrained" else ONE_RULE
            yield control, rules == network.rule, np.where(own, OWN_HALF, OTHER_HALF), OWN_HALF
