"""Change in activity after the decoder is changed, in networks and in the recording (Golub et al. 2018).

Networks are observed as the neurons were, see `similarity/observed_networks.py`, with the recording's numbers of
samples. All measures use the session's decoders and factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tables.base.followed import COSINES, DRAWS_SEED, MATCHED, TRAINED, Session, follow

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.tables.base.followed import Followed
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "group"
NEEDS_RECORDING = True
NEEDS = ("study", "weights")
COMPARISON_KEYS = ("learning_resamples",)

DATA = "data"
LEARNING, HALVES = "learning", "halves"
COLUMNS = (
    *("setting", "learning_rule", "learning_rate", "seed", "stage", "update", "quantity", "value"),
    *("data_value", "difference_from_data", "interval_low", "interval_high", "networks", "recovered_as"),
)


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording without decoders.

    Raises:
        InputError: it has none.
    """
    if "decoder_weights" not in recording.variables:
        raise InputError(
            "The recording has no decoders of a brain-computer interface.",
            key="decoder_weights",
            remedy="Use a recording of the reader golub2018.",
        )


def table(
    members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: xr.Dataset
) -> pd.DataFrame:
    """One row per network x checkpoint after the swap x quantity, and rows about the recording and about groups.

    Stages of a network are "learning", every checkpoint since the swap (`update` counts from it); "trained", the last
    one; "matched", where it has regained the same share of the lost progress as the recorded animal, if it does. The
    recording has learning rule "data": "trained" is after learning, and "halves" is a control without learning: one
    half of the samples before learning against the other. Intervals are 95%: for the recording, over random halves of
    its samples, whose variance is that of a bootstrap, centred on the value; for a learning rule's mean cosine in
    "halves", over halves.

    Quantities are those of `similarity.learning_change.changes`; `progress_regained`, a share of the progress lost to
    the new decoder, NaN for a network that did not learn the first one (less than half the recorded progress); and
    cosines between the network's change and the recording's: `mean_change_cosine` of mean factors,
    `tuned_change_cosine` without the mean over directions, `free_change_cosine` of the part of this that does not move
    the cursor. Learning rules of which at least half of the networks, and two, reached the stage also have
    `closest_share`, the share of resamples of samples and seeds in which a learning rule has the highest mean tuned
    cosine; and `recovered`, 1 if counts drawn from the network have their highest mean tuned cosine with networks of
    its own learning rule and other seeds, else 0, minus the chance level.
    """
    import pandas as pd

    check(recording, options)
    session = Session.of(recording, options.learning_resamples)
    rows = [*_data_rows(session)]
    for setting in sorted({str(member.labels["setting"]) for member in members}):
        networks = [
            follow(member, seed, session)
            for member in members
            if member.labels["setting"] == setting
            for seed in member.runs
        ]
        for network in networks:
            rows += _network_rows(network, session)
        for stage in (MATCHED, TRAINED):
            there = _enough(networks, stage)
            rows += [{**row, "setting": setting, "stage": stage} for row in _group_rows(there, stage, session)]
        rows += [{**row, "setting": setting, "stage": HALVES} for row in _chance_rows(networks, session)]
    return pd.DataFrame([{**labels, **row} for row in rows], columns=[*labels, *COLUMNS])


# ---- the recording


def _data_rows(session: Session) -> Iterator[dict[str, Any]]:
    from neurorules.similarity.learning_change import changes, cosine, halves, mean_change, tuned

    rng = np.random.default_rng(DRAWS_SEED)
    resampled, control, reliability = [], [], []
    for _ in range(session.resamples):
        (b1, b2), (a1, a2) = halves(session.before, rng), halves(session.after, rng)
        resampled.append(changes(b1, a1, session.decoders, session.unit))
        control.append(changes(b1, b2, session.decoders, session.unit))
        both = [mean_change(*pair, session.decoders) for pair in ((b1, a1), (b2, a2))]
        reliability.append((cosine(*map(tuned, both)), cosine(*both)))
    base = {"setting": DATA, "learning_rule": DATA, "seed": -1, "learning_rate": np.nan}
    for quantity, value in session.values.items():
        low, high = _interval(np.array([of[quantity] for of in resampled]), value)
        found = {"quantity": quantity, "value": value, "interval_low": low, "interval_high": high}
        yield {**base, "stage": TRAINED, **found}
        values = np.array([of[quantity] for of in control])
        low, high = _interval(values, float(values.mean()))
        yield {**base, "stage": HALVES, **found, "value": values.mean(), "interval_low": low, "interval_high": high}
    for name, half in zip(COSINES, np.mean(reliability, axis=0), strict=True):
        # Spearman-Brown: the reliability of twice the samples; its root bounds the cosine with a noise-free change.
        ceiling = float(np.sqrt(max(2 * half / (1 + half), 0.0)))
        yield {**base, "stage": TRAINED, "quantity": name.replace("cosine", "ceiling"), "value": ceiling}


def _interval(values: NDArray[Any], centre: float) -> tuple[float, float]:
    low, high = np.quantile(values - values.mean(), [0.025, 0.975])
    return centre + float(low), centre + float(high)


# ---- networks


def _network_rows(network: Followed, session: Session) -> Iterator[dict[str, Any]]:
    known = {**session.values, "progress_regained": session.share_regained}
    stages = [(LEARNING, place) for place in range(len(network.updates))] + list(network.places.items())
    labels = {name: network.model.labels[name] for name in ("setting", "learning_rule", "learning_rate")}
    for stage, place in stages:
        for quantity, value in network.values[place].items():
            recorded = known.get(quantity, np.nan)
            yield {
                **labels,
                "seed": network.seed,
                "stage": stage,
                "update": int(network.updates[place]),
                "quantity": quantity,
                "value": value,
                "data_value": recorded,
                "difference_from_data": value - recorded,
            }


def _enough(networks: Sequence[Followed], stage: str) -> list[Followed]:
    """Networks that reached a stage, if at least two and half of all networks of their learning rule did."""
    there = [network for network in networks if stage in network.places]
    number = {rule: sum(n.rule == rule for n in there) for rule in {network.rule for network in networks}}
    enough = {rule for rule, n in number.items() if n >= max(2, sum(n.rule == rule for n in networks) / 2)}
    return [network for network in there if network.rule in enough]


def _group_rows(networks: Sequence[Followed], stage: str, session: Session) -> Iterator[dict[str, Any]]:
    """`closest_share` of each learning rule, and `recovered` of each network."""
    rules = sorted({network.rule for network in networks})
    if len(rules) < 2:
        return
    yield from _closest_rows(networks, rules, stage, session)
    yield from _recovery_rows(networks, rules, stage)


def _closest_rows(
    networks: Sequence[Followed], rules: Sequence[str], stage: str, session: Session
) -> Iterator[dict[str, Any]]:
    from neurorules.similarity.learning_change import halves, mean_change

    rng = np.random.default_rng(DRAWS_SEED)
    of_rule = {rule: _unit_changes([n for n in networks if n.rule == rule], stage) for rule in rules}
    won = dict.fromkeys(rules, 0)
    for _ in range(session.resamples):
        half = _unit(mean_change(halves(session.before, rng)[0], halves(session.after, rng)[0], session.decoders))
        means = {
            rule: float((values[rng.integers(0, len(values), len(values))] @ half).mean())
            for rule, values in of_rule.items()
        }
        won[max(rules, key=lambda rule: means[rule])] += 1
    for rule in rules:
        share = {"quantity": "closest_share", "value": won[rule] / session.resamples}
        yield {"learning_rule": rule, "seed": -1, "networks": len(of_rule[rule]), **share}


def _recovery_rows(networks: Sequence[Followed], rules: Sequence[str], stage: str) -> Iterator[dict[str, Any]]:
    known = _unit_changes(networks, stage)
    for network in networks:
        seen = known @ _unit(network.observed[network.places[stage]])
        means = {}
        for rule in rules:
            others = [n.rule == rule and n.seed != network.seed for n in networks]
            if any(others):
                means[rule] = float(seen[others].mean())
        if network.rule not in means or len(means) < 2:
            continue
        found = max(means, key=lambda rule: means[rule])
        value = float(found == network.rule) - 1.0 / len(means)
        row = {"learning_rule": network.rule, "seed": network.seed, "recovered_as": found, "networks": len(networks)}
        yield {**row, "quantity": "recovered", "value": value}


def _chance_rows(networks: Sequence[Followed], session: Session) -> Iterator[dict[str, Any]]:
    """Cosines with a null change, between halves of the samples before learning."""
    from neurorules.similarity.learning_change import halves, mean_change

    rng = np.random.default_rng(DRAWS_SEED)
    none = [mean_change(*halves(session.before, rng), session.decoders) for _ in range(session.resamples)]
    unrelated = np.stack([_unit(change) for change in none])
    for rule in sorted({network.rule for network in networks}):
        values = (_unit_changes([n for n in networks if n.rule == rule], TRAINED) @ unrelated.T).mean(0)
        low, high = np.quantile(values, [0.025, 0.975])
        interval = {"value": values.mean(), "interval_low": low, "interval_high": high}
        yield {"learning_rule": rule, "seed": -1, "quantity": COSINES[0], **interval}


def _unit(change: NDArray[Any]) -> NDArray[Any]:
    """The tuned part of a change as a vector of length 1."""
    from neurorules.similarity.learning_change import tuned

    flat = tuned(change).ravel()
    unit: NDArray[Any] = flat / np.linalg.norm(flat)
    return unit


def _unit_changes(networks: Sequence[Followed], stage: str) -> NDArray[Any]:
    """(network, condition x factor)"""
    return np.stack([_unit(network.changes[network.places[stage]]) for network in networks])
