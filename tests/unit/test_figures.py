"""Figures from tables made by hand: what is drawn, the CSVs, and that nothing overlaps or is cut off."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES
from neurorules.figures.base.produce import produce
from neurorules.figures.fig2 import spread_at_matched_accuracy
from neurorules.io.tables import write_table
from neurorules.plotting import style
from neurorules.plotting.panels import notes_of
from neurorules.plotting.titles import rate_label
from neurorules.tables.base.columns import read_tidy_table
from neurorules.tables.base.matched import distance_at, highest_common_accuracy
from neurorules.tables.base.pairs import pairs_between, seed_means

pytestmark = pytest.mark.filterwarnings("error")

TITLES = {
    "hatsopoulos2007": "Hatsopoulos 2007",
    "mante2013-dt15": "Mante 2013",
    "mante2013": "Mante 2013",
    "sussillo2015": "Sussillo 2015 (synthetic)",
}
GAINS = {"gain-0": 0.0, "gain-0.5": 0.5, "base": 1.0, "gain-1.5": 1.5}
RATES = {"base": 1e-3, "lr-3e-4": 3e-4, "lr-1e-4": 1e-4, "lr-3e-5": 3e-5}
ONE, TWO, THREE = (tuple(TITLES)[:n] for n in (1, 2, 3))


# ---- tables made by hand


def labels(recording: str, **more: Any) -> dict[str, Any]:
    return {
        "recording": recording,
        "recording_title": TITLES[recording],
        "synthetic": int("synthetic" in TITLES[recording]),
        "task": recording.split("-")[0],
        **more,
        **(options(more["setting"]) if "setting" in more else {}),
        "training_code": "0123456789abcdef",
        "scoring_code": "fedcba9876543210",
    }


def options(setting: str, side: str = "") -> dict[str, Any]:
    values = {"gain": GAINS.get(setting, 1.0), "learning_rate": RATES.get(setting, 1e-3), "flossed": 0}
    return {f"{name}{side}": value for name, value in values.items()}


def context(models: list[tuple[str, str, str]]) -> dict[str, Any]:
    return {
        "study": "made by hand",
        "figure": {"factors": ["gain", "learning_rule"]},
        "seeds": [0, 1, 2, 3],
        "models": [dict(zip(("task", "learning_rule", "setting"), model, strict=True)) for model in models],
        "recordings": list(TITLES),
        "left_out": [],
        "published": {},
    }


def models_of(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Models as the framework lists them; of tables of pairs, both sides."""
    sides = [""] if "setting" in table else ["_a", "_b"]
    rows = [table[["task", f"learning_rule{s}", f"setting{s}"]].itertuples(index=False, name=None) for s in sides]
    return list(dict.fromkeys(itertools.chain(*rows)))


def run(seed: int, curve: list[tuple[float, float]]) -> list[dict[str, Any]]:
    """One run from its checkpoints' (accuracy, distance)."""
    return [
        {
            "seed": seed,
            "update": 10 * k,
            "accuracy": a,
            "measure": m,
            "distance": d + (m == "cca"),
            "distance_shuffled": d + 0.1 if k == len(curve) - 1 else np.nan,
            "distance_rotated": d + 0.02 if k == len(curve) - 1 else np.nan,
        }
        for k, (a, d) in enumerate(curve)
        for m in ("procrustes", "cca")
    ]


def straight(
    recordings: tuple[str, ...], rules: tuple[str, ...], settings: tuple[str, ...], n: int = 4
) -> pd.DataFrame:
    """Every network goes straight from accuracy 0 to 0.9; at accuracy a its distance is

    0.5 + 0.02 x setting + 0.01 x rule + 0.001 x seed - 0.1 a, with the numbers of these in their lists.
    """
    rows = []
    for recording, (r, rule), (s, setting), seed in itertools.product(
        recordings, enumerate(rules), enumerate(settings), range(n)
    ):
        start = 0.5 + 0.02 * s + 0.01 * r + 0.001 * seed
        curve = [(a, start - 0.1 * a) for a in (0.0, 0.3, 0.6, 0.9)]
        of_model = labels(recording, learning_rule=rule, setting=setting)
        rows += [{**of_model, **row} for row in run(seed, curve)]
    return pd.DataFrame(rows)


def apart(recordings: tuple[str, ...], rules: tuple[str, ...], settings: tuple[str, ...]) -> pd.DataFrame:
    """Two seeds of every model that have no accuracy in common."""
    rows = []
    for recording, rule, setting in itertools.product(recordings, rules, settings):
        of_model = labels(recording, learning_rule=rule, setting=setting)
        low, high = [(0.0, 0.5), (0.3, 0.45)], [(0.6, 0.5), (0.8, 0.4)]
        rows += [{**of_model, **row} for row in run(0, low) + run(1, high)]
    return pd.DataFrame(rows)


def pairs(recordings: tuple[str, ...], models: list[tuple[str, str]], n: int = 3) -> pd.DataFrame:
    """All pairs of n networks of each (learning rule, setting).

    Trained: 0.2 + 0.01 x (number of a + number of b), numbers counting the networks; matched: 0.1 less.
    """
    networks = list(enumerate(itertools.product(models, range(n))))
    rows = []
    for recording, (a, b) in itertools.product(recordings, itertools.combinations(networks, 2)):
        for stage, shift in (("trained", 0.0), ("matched", -0.1)):
            row: dict[str, Any] = labels(recording)
            for side, (number, ((rule, setting), seed)) in (("a", a), ("b", b)):
                row |= {f"learning_rule_{side}": rule, f"setting_{side}": setting, f"seed_{side}": seed}
                row |= options(setting, f"_{side}")
                row |= {f"update_{side}": 100, f"accuracy_{side}": 0.9 - 0.01 * number}
            rows.append({**row, "stage": stage, "distance": 0.2 + shift + 0.01 * (a[0] + b[0])})
    return pd.DataFrame(rows)


LEARNING_RATE_MODELS = [("bptt", setting) for setting in RATES] + [("eprop", "base")]


def aligned(recordings: tuple[str, ...], n: int = 3) -> pd.DataFrame:
    rows = []
    for recording, rule, seed, (shift, stage), step in itertools.product(
        recordings, ("bptt", "eprop"), range(n), enumerate(("trained", "untrained")), range(100, 201, 10)
    ):
        of_model = labels(recording, learning_rule=rule, setting="base", seed=seed, stage=stage)
        distance = 0.4 + 0.1 * shift + 0.02 * (rule == "eprop") + 0.01 * seed + 1e-5 * (step - 150) ** 2
        more = {"onset_step": step, "is_used": int(step == 160), "accuracy": 0.9, "measure": "procrustes"}
        rows.append({**of_model, **more, "distance": distance})
    return pd.DataFrame(rows)


def baselines(recordings: tuple[str, ...]) -> pd.DataFrame:
    rows = []
    for recording in recordings:
        for measure, quantity, value in (
            ("procrustes", "cross_condition_average", 0.6),
            ("procrustes", "neuron_split_whole", 0.35),
            ("cca", "cross_condition_average", 0.9),
            ("none", "participation_ratio", 7.0),
        ):
            rows.append(labels(recording, task="", measure=measure, quantity=quantity, value=value))
    return pd.DataFrame(rows)


def recovered(recordings: tuple[str, ...], n_seeds: int) -> pd.DataFrame:
    """Networks in place of recordings: the recording's own numbers, and others; one draw in four goes wrong."""
    situations = [
        *[("rules", "trained", np.nan, neurons, 49) for neurons in (141, 35, 70, 282)],
        *[("rules", "trained", np.nan, 141, trials) for trials in (1, 5, 20, 200)],
        *[("rules", "matched", level, 141, 49) for level in (0.4, 0.6, 0.8, 0.9)],
        *[("rules_same_seed", "trained", np.nan, 141, 49), ("rules", "trained", np.nan, 200, 0)],
        *[("one_rule", "trained", np.nan, 141, 49), ("untrained", "untrained", np.nan, 141, 49)],
    ]
    names = ("control", "stage", "level_accuracy", "neurons", "trials")
    drawn = list(
        itertools.product(situations, ("bptt", "eprop"), range(n_seeds), range(4), ("procrustes", "cca", "cka", "dsa"))
    )
    rows = []
    for recording in recordings:
        for situation, rule, seed, draw, measure in drawn:
            by_rule = situation[0].startswith("rules")
            own, other = (rule, "eprop" if rule == "bptt" else "bptt") if by_rule else ("own half", "other half")
            row = {
                **labels(recording, setting="base", learning_rule=rule),
                "seed": seed,
                "repeat": draw,
                "measure": measure,
            }
            row |= dict(zip(names, situation, strict=True)) | {"conditions": 8, "update": 10, "accuracy": 0.9}
            row |= {"recovered_as": other if draw == 3 else own, "auc": 0.5 + 0.1 * (draw + seed) / n_seeds}
            rows.append({**row, "distance": 0.2, "distance_to_other": 0.3})
    return pd.DataFrame(rows)


# Alignment of one batch and of the mean over batches, at the end.
RULES = {"bptt": (1.0, 1.0), "uoro": (0.3, 0.9), "eprop": (0.6, 0.62), "reward_hebbian": (-0.02, 0.1)}


def gradients(recordings: tuple[str, ...], n: int) -> pd.DataFrame:
    """Alignment falls from 1 by training; accuracy rises."""
    rows = []
    for recording, (rule, (one, mean)), seed, part in itertools.product(
        recordings, RULES.items(), range(n), (0.0, 0.5, 1.0)
    ):
        values = {"alignment": 1 - part * (1 - one) - 0.001 * seed, "alignment_of_mean": 1 - part * (1 - mean)}
        of_model = labels(recording, learning_rule=rule, setting="base", seed=seed, update=int(100 * part))
        rows.append({**of_model, "accuracy": 0.9 * part, **values, "batches": 8})
    return pd.DataFrame(rows)


DELAYS = ("delay-0.25", "delay-1", "delay-4")


def with_correct(distances: pd.DataFrame) -> pd.DataFrame:
    """Fractions correct, 1/6 + 5/6 of the accuracy, and guessing levels."""
    guess = {"guessing_accuracy": 0.0, "guessing_fraction_correct": 1 / 6}
    return distances.assign(fraction_correct=1 / 6 + distances["accuracy"] * 5 / 6, **guess)


def within_settings(recordings: tuple[str, ...], settings: tuple[str, ...], n: int) -> pd.DataFrame:
    """Pairs of n networks of two learning rules in each setting; at equal accuracy as far apart as `pairs` says.

    BPTT's networks get three of four trials right, e-prop's half of them.
    """
    parts = []
    for setting in settings:
        part = pairs(recordings, [("bptt", setting), ("eprop", setting)], n)
        part["stage"] = part["stage"].replace("matched", "matched_common")
        for side in ("a", "b"):
            part[f"fraction_correct_{side}"] = part[f"learning_rule_{side}"].map({"bptt": 0.75, "eprop": 0.5})
        parts.append(part.assign(guessing_fraction_correct=0.5))
    return pd.concat(parts, ignore_index=True)


def of_trials(recordings: tuple[str, ...], n: int) -> pd.DataFrame:
    """Networks above the floor, those of e-prop farther; at weight 1 everything is farther than at 0."""
    rows = []
    for recording, alpha, repeat in itertools.product(recordings, (0.0, 1.0), range(3)):
        shared = {"alpha": alpha, "repeat": repeat, "group_size": 15, "components": 10, "bins": 8, "noise_sd": 0.1}
        far = 0.2 + 0.1 * alpha + 0.005 * repeat
        for rule, stage, seed in itertools.product(("bptt", "eprop"), ("untrained", "trained"), range(n)):
            of_model = labels(recording, learning_rule=rule, setting="base", seed=seed)
            distance = far + {"bptt": 0.2, "eprop": 0.25}[rule] + 0.1 * (stage == "untrained") + 0.01 * seed
            rows.append({**of_model, **shared, "quantity": "model", "stage": stage, "distance": distance})
        for rule, (quantity, more) in itertools.product(
            ("bptt", "eprop"), {"floor": 0.0, "uncorrelated": 0.03}.items()
        ):
            of_model = labels(recording, learning_rule=rule, setting="base", seed=-1)
            rows.append({**of_model, **shared, "quantity": quantity, "stage": "", "distance": far + more})
    return pd.DataFrame(rows)


def tables_of(name: str, recordings: tuple[str, ...], n: int = 4, n_settings: int = 2) -> dict[str, pd.DataFrame]:
    """What each figure is made from."""
    two = ("bptt", "eprop")
    many = tuple(f"setting-{k}" for k in range(n_settings))
    made = {
        "fig1": lambda: {
            "distances": straight(recordings, ("bptt", "truncated_bptt", "eprop"), ("base",), n),
            "baselines": baselines(recordings),
        },
        "fig2": lambda: {"distances": straight(recordings, two, tuple(GAINS), n), "baselines": baselines(recordings)},
        "fig3": lambda: {
            "distances": pd.concat(
                [straight(recordings, ("bptt",), tuple(RATES), n), straight(recordings, ("eprop",), ("base",), n)]
            ),
            "model_distances": pairs(recordings, LEARNING_RATE_MODELS, n),
            "baselines": baselines(recordings),
        },
        "gain_map": lambda: {
            "distances": straight(recordings, two, tuple(GAINS), n),
            "baselines": baselines(recordings),
        },
        "alignment": lambda: {"alignment": aligned(recordings, n), "baselines": baselines(recordings)},
        "slow_bptt": lambda: {"model_distances": pairs(recordings, LEARNING_RATE_MODELS, n)},
        "robustness": lambda: {"distances": straight(recordings, two, many, n)},
        "model_distances": lambda: {"model_distances": pairs(recordings, [("bptt", "base"), ("eprop", "base")], n)},
        "recovery": lambda: {"recovery": recovered(recordings, n)},
        "learning_rules": lambda: {"gradients": gradients(recordings, n)},
        "memory": lambda: {
            "distances": with_correct(straight(recordings, two, DELAYS, n)),
            "baselines": baselines(recordings),
        },
        "memory_networks": lambda: {"setting_distances": within_settings(recordings, DELAYS, n)},
        "factors": lambda: {"distances": straight(recordings, two, tuple(GAINS), n)},
        "stochastic_shape": lambda: {"stochastic_shape": of_trials(recordings, n)},
    }
    return made[name]()


NAMES = (
    "fig1",
    "fig2",
    "fig3",
    "gain_map",
    "alignment",
    "slow_bptt",
    "robustness",
    "model_distances",
    "recovery",
    "learning_rules",
    "memory",
    "memory_networks",
    "factors",
    "stochastic_shape",
)


def make(name: str, tables: dict[str, pd.DataFrame], **of_context: Any) -> dict[str, Any]:
    models = list(dict.fromkeys(m for kind, t in tables.items() if kind != "baselines" for m in models_of(t)))
    with style.publication():
        return FIGURES.load(name).make(tables, {**context(models), **of_context})


# ---- looking at what is drawn


def texts_on(figure: Figure) -> list[tuple[str, Any]]:
    """Every text that is drawn, with its box in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    hidden = set()
    for axis in (axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low - 1e-9 <= tick.get_loc() <= high + 1e-9 or not axis.axes.axison:
                hidden |= {tick.label1, tick.label2}
    found = figure.findobj(lambda a: isinstance(a, Text) and a.get_visible() and a.get_text().strip() != "")
    boxes = [(text.get_text(), text.get_window_extent()) for text in found if text not in hidden]
    return [(words, box) for words, box in boxes if box.width > 0]


def overlaps(figure: Figure) -> list[str]:
    """Texts that overlap each other or leave the canvas."""
    texts = texts_on(figure)
    width, height = figure.canvas.get_width_height()
    wrong = [f"{w!r} is cut" for w, b in texts if b.x0 < 0 or b.y0 < 0 or b.x1 > width or b.y1 > height]
    for (words, a), (others, b) in itertools.combinations(texts, 2):
        across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 0.5 and up > 0.5:
            wrong.append(f"{words!r} over {others!r}")
    return wrong


def panel_titled(figure: Figure, *parts: str) -> Axes:
    (panel,) = [panel for panel in figure.axes if all(part in panel.get_title() for part in parts)]
    return panel


def words_in(panel: Axes) -> str:
    notes = [sentence for of, sentence in notes_of(panel.figure) if of is panel]
    return " ".join([*notes, *(text.get_text() for text in panel.texts)]).replace("\n", " ")


def bars(panel: Axes, label: str | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, mean and half lengths of the error bars of a line, of the panel's only one without a label."""
    (container,) = [c for c in panel.containers if label is None or c.get_label() == label]
    line, _, (collection,) = container
    segments = np.array([segment for segment in collection.get_segments() if len(segment)])
    return line.get_xdata(orig=False), line.get_ydata(orig=False), (segments[:, 1, 1] - segments[:, 0, 1]) / 2


def test_the_overlap_check_finds_overlaps() -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "one")
    assert overlaps(figure) == []
    figure.text(0.51, 0.5, "two")
    figure.text(0.95, 0.9, "too far right")
    assert len(overlaps(figure)) == 2


@pytest.mark.parametrize("recordings", [ONE, THREE], ids=["one", "three"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps_or_is_cut(name, recordings) -> None:
    assert overlaps(make(name, tables_of(name, recordings, 2, n_settings=8))["figure"]) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "robustness"])  # drawn by fig1's function
def test_the_same_bytes_twice(name, tmp_path, repository) -> None:
    files = []
    for kind, table in tables_of(name, ("sussillo2015",), 2).items():
        for recording, rows in table.groupby("recording"):
            files.append(tmp_path / recording / f"{kind}.csv")
            write_table(files[-1], rows)
    models = list(dict.fromkeys(m for f in files if f.stem != "baselines" for m in models_of(read_tidy_table(f))))
    published = str(repository / "resources" / "published.yaml")
    written: list[list[Path]] = []
    for folder in ("first", "second"):
        written.append([tmp_path / folder / f"{name}.{ending}" for ending in FIGURES.load(name).PRODUCTS])
        tables = {name: [str(file) for file in files]}
        produce(name, context(models), tables, published, [str(file) for file in written[-1]])
    for first, second in zip(*written, strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert len(read_tidy_table(tmp_path / "first" / f"{name}.csv")) > 0


# ---- style


def test_learning_rules_differ_without_colour() -> None:
    looks = [style.line_style(name) for name in style.LEARNING_RULES]
    assert len({look["marker"] for look in looks}) == len(looks)
    assert len({str(look["linestyle"]) for look in looks}) == len(looks)


def test_levels_get_lighter_in_grey_and_differ_in_line_and_marker() -> None:
    from matplotlib.colors import to_rgb

    looks = style.level_styles(range(20))
    # Rec. 601 luma
    grey = [np.dot(to_rgb(look["color"]), (0.299, 0.587, 0.114)) for look in looks.values()]
    assert (np.diff(grey) > 0).all()
    assert grey[-1] < 0.75  # visible on white
    assert len({(str(look["linestyle"]), look["marker"]) for look in looks.values()}) == 20
    assert len({str(look["linestyle"]) for look in style.level_styles(range(5)).values()}) == 5


def test_a_single_level() -> None:
    assert len(style.level_styles([1.0])) == 1


def test_learning_rates_are_written_as_in_papers() -> None:
    assert [rate_label(rate) for rate in (1e-3, 3e-4, 3e-5, 1.5e-3, 0.1)] == ["1e-3", "3e-4", "3e-5", "1.5e-3", "1e-1"]


# ---- Figure 1


def test_baseline_is_drawn_only_where_it_is_known() -> None:
    tables = tables_of("fig1", ONE)
    (panel,) = make("fig1", tables)["figure"].axes
    dotted = [line for line in panel.lines if line.get_label() == "cross-condition average"]
    assert [list(line.get_ydata()) for line in dotted] == [[0.6, 0.6]]
    assert panel.get_ylim()[1] > 0.6
    (panel,) = make("fig1", {"distances": tables["distances"]})["figure"].axes
    assert not [line for line in panel.lines if line.get_label() == "cross-condition average"]
    # networks that are compared in some of the conditions are not held against all of them
    some = tables["distances"].assign(recording_title=lambda rows: rows["recording_title"] + ", 6 conditions")
    (panel,) = make("fig1", {**tables, "distances": some})["figure"].axes
    assert not [line for line in panel.lines if line.get_label() in ("cross-condition average", "neuron-split floor")]


def test_rearranged_conditions_are_marked_where_the_curve_ends() -> None:
    """BPTT's four networks end at accuracy 0.9 and distance 0.41 to 0.413: shuffled 0.1 and turned 0.02 above."""
    (panel,) = make("fig1", tables_of("fig1", ONE))["figure"].axes
    black = style.line_style("bptt")["color"]
    marks = [line for line in panel.lines if line.get_marker() in "x+" and line.get_color() == black]
    found = {line.get_marker(): (line.get_xdata()[0], line.get_ydata()[0]) for line in marks if len(line.get_xdata())}
    assert found["x"] == pytest.approx((0.9, 0.5115)) and found["+"] == pytest.approx((0.9, 0.4315))
    floor = [line for line in panel.lines if line.get_label() == "neuron-split floor"]
    assert [list(line.get_ydata()) for line in floor] == [[0.35, 0.35]]
    words = captioned(make("fig1", tables_of("fig1", ONE))["figure"])
    assert "in place of a network" in words and "conditions shuffled (none in its place)" in words


def test_curves_without_common_accuracy_say_so() -> None:
    products = make("robustness", {"distances": apart(ONE, ("bptt", "eprop"), ("base",))})
    (panel,) = products["figure"].axes
    assert "No accuracy common to all seeds: BPTT, e-prop." in words_in(panel)
    assert overlaps(products["figure"]) == []


def test_networks_that_learn_nothing_say_so() -> None:
    table = straight(ONE, ("bptt",), ("base",)).assign(accuracy=-0.5)
    (panel,) = make("fig7", {"distances": table})["figure"].axes
    assert "No network reaches an accuracy above 0." in words_in(panel)


# ---- Figure 2


def test_gains_have_mean_and_sd_over_seeds() -> None:
    """Four seeds 0.001 apart: mean 0.0015 above the first, sample SD sqrt(5/3) x 0.001."""
    products = make("fig2", tables_of("fig2", ONE))
    panel = panel_titled(products["figure"], "BPTT (n = 4)")
    for index, gain in enumerate(("0", "0.5", "1", "1.5")):
        accuracy, mean, sd = bars(panel, f"gain {gain}")
        np.testing.assert_allclose(mean, 0.5015 + 0.02 * index - 0.1 * accuracy, atol=1e-12)
        np.testing.assert_allclose(sd, np.sqrt(5 / 3) * 1e-3, atol=1e-12)
        assert len(sd) >= 5
    eprop = panel_titled(products["figure"], "e-prop")
    assert panel.get_ylim() == eprop.get_ylim()


def test_figure_2_keeps_every_row() -> None:
    products = make("fig2", tables_of("fig2", TWO))
    table = products["csv"]
    assert len(table) == 2 * 2 * 4 * 4 * 4  # recordings, learning rules, gains, seeds, checkpoints; only Procrustes
    assert set(table["measure"]) == {"procrustes"}
    assert table.groupby("setting")["gain"].unique().map(list).to_dict() == {s: [g] for s, g in GAINS.items()}
    (legend,) = products["figure"].legends
    # Reference lines come after the gains.
    named = [text.get_text() for text in legend.get_texts()]
    assert named[:4] == ["gain 0", "gain 0.5", "gain 1", "gain 1.5"] and "cross-condition average" in named[4:]


def test_spread_by_hand() -> None:
    """Gains 0.02 apart: SD over four of them sqrt(5/3) x 0.02; two learning rules 0.01 apart: 0.01 / sqrt(2)."""
    table = straight(ONE, ("bptt", "eprop"), tuple(GAINS))
    table = table[table["measure"] == "procrustes"]
    accuracy, spread = spread_at_matched_accuracy(table)
    assert accuracy == 0.9
    np.testing.assert_allclose(spread["gains"], [np.sqrt(5 / 3) * 0.02] * 2)
    np.testing.assert_allclose(spread["learning rules"], [0.01 / np.sqrt(2)] * 4)
    np.testing.assert_allclose(spread["seeds"], [np.sqrt(5 / 3) * 0.001] * 8)


def test_spread_is_read_at_the_accuracy_of_the_worst_network() -> None:
    table = straight(ONE, ("bptt", "eprop"), ("gain-0", "base"))
    worst = (table["seed"] == 2) & (table["learning_rule"] == "eprop") & (table["setting"] == "base")
    table = table[(table["measure"] == "procrustes") & ~(worst & (table["accuracy"] > 0.5))]
    accuracy, spread = spread_at_matched_accuracy(table)
    assert accuracy == 0.3
    np.testing.assert_allclose(spread["gains"], [0.02 / np.sqrt(2)] * 2)


def test_one_gain_or_one_learning_rule_have_no_spread() -> None:
    tables = {"distances": straight(ONE, ("bptt",), ("base",), 2)}
    products = make("fig2", tables)
    panel = panel_titled(products["figure"], "Spread")
    assert [text.get_text() for text in panel.texts].count("only\none") == 2
    assert overlaps(products["figure"]) == []


def test_gains_without_common_accuracy_say_so() -> None:
    products = make("fig2", {"distances": apart(TWO, ("bptt", "eprop"), tuple(GAINS))})
    assert "No accuracy common to all seeds: gain 0, gain 0.5, gain 1, gain 1.5." in words_in(
        products["figure"].axes[0]
    )
    assert "These networks reach no common accuracy" in words_in(products["figure"].axes[2])
    assert overlaps(products["figure"]) == []


def test_a_learning_rule_that_a_recording_lacks() -> None:
    table = pd.concat([straight(ONE, ("bptt", "eprop"), ("base",)), straight(("mante2013",), ("bptt",), ("base",))])
    products = make("fig2", {"distances": table})
    assert "Not trained with this learning rule." in words_in(panel_titled(products["figure"], "Mante 2013", "e-prop"))
    assert overlaps(products["figure"]) == []


def test_two_settings_of_one_gain_are_refused() -> None:
    with pytest.raises(InputError, match="same gain"):
        make("fig2", {"distances": straight(ONE, ("bptt",), ("base", "sparse"))})


# ---- matched accuracy


def test_common_accuracy() -> None:
    def of(*accuracy: float) -> pd.DataFrame:
        return pd.DataFrame({"update": range(len(accuracy)), "accuracy": accuracy, "distance": accuracy})

    assert highest_common_accuracy([of(0.0, 0.8, 0.7), of(0.2, 0.6)]) == 0.6
    assert np.isnan(highest_common_accuracy([of(0.0, 0.4), of(0.5, 0.9)]))
    assert distance_at(of(0.0, 0.8, 0.7), 0.6) == pytest.approx(0.6)


# ---- Figure 3


def test_bptt_to_eprop_takes_bptt_seeds_as_replicates() -> None:
    """Networks count 0..11 for BPTT (three per rate) and 12..14 for e-prop: seed k of rate r has the mean distance
    0.2 + 0.01 (3 r + k + 13), so each rate the mean 0.33 + 0.01 (3 r + 1) and the SD 0.01."""
    products = make("fig3", tables_of("fig3", ONE, 3))
    panel = panel_titled(products["figure"], "BPTT (n = 3) to e-prop (n = 3)")
    found = {}
    for container in panel.containers:
        line, _, (collection,) = container
        (segment,) = collection.get_segments()
        found[round(float(line.get_xdata()[0]), 2)] = (line.get_ydata()[0], np.ptp(segment[:, 1]) / 2)
    for r in range(4):
        np.testing.assert_allclose(found[r - 0.15], (0.34 + 0.03 * r, 0.01), atol=1e-9)
        np.testing.assert_allclose(found[r + 0.15], (0.24 + 0.03 * r, 0.01), atol=1e-9)
    assert [label.get_text() for label in panel.get_xticklabels()] == ["1e-3", "3e-4", "1e-4", "3e-5"]


def test_figure_3_leaves_both_panels() -> None:
    table = make("fig3", tables_of("fig3", TWO, 2))["csv"]
    a, b = table[table["panel"] == "A"], table[table["panel"] == "B"]
    assert set(a["learning_rule"]) == {"bptt"}
    assert len(a) == 2 * 4 * 2 * 4  # recordings, rates, seeds, checkpoints
    assert len(b) == 2 * 45 * 2  # recordings, pairs of ten networks, stages
    for side in ("a", "b"):
        rates = b.groupby([f"learning_rule_{side}", f"setting_{side}"])[f"learning_rate_{side}"].unique()
        assert all(list(rate) == [RATES[setting]] for (_, setting), rate in rates.items())
    assert a["seed"].dtype == "Int64"  # no 0.0 for seed 0


def test_figure_3_without_eprop_says_so() -> None:
    tables = {
        "distances": straight(ONE, ("bptt",), tuple(RATES), 2),
        "model_distances": pairs(ONE, LEARNING_RATE_MODELS[:-1], 2),
    }
    products = make("fig3", tables)
    assert "no networks of BPTT and e-prop" in words_in(panel_titled(products["figure"], "to e-prop"))
    assert overlaps(products["figure"]) == []


def test_pairs_are_turned_round() -> None:
    table = pairs(ONE, [("eprop", "lr-3e-4"), ("bptt", "lr-1e-4")], 2)
    turned = pairs_between(table, "bptt", "eprop")
    assert len(turned) == 4 * 2
    assert set(turned["learning_rate_a"]) == {1e-4}  # BPTT was side b
    own = pairs_between(table, "bptt", "bptt")
    assert sorted(zip(own["seed_a"], own["seed_b"], strict=True)) == [(0, 1), (0, 1), (1, 0), (1, 0)]
    # networks count 0, 1 e-prop, 2, 3 BPTT
    last = seed_means(turned[turned["stage"] == "trained"]).set_index("seed_a")
    assert last["distance"].to_dict() == pytest.approx({0: 0.225, 1: 0.235})
    assert last["accuracy_a"].to_dict() == pytest.approx({0: 0.88, 1: 0.87})


# ---- gain map


def test_gain_map_by_hand() -> None:
    """As in Figure 2: straight lines from accuracy 0 to 0.9, where distances are 0.09 lower."""
    products = make("gain_map", tables_of("gain_map", ONE))
    table = products["csv"]
    assert len(table) == 2 * 4 * 4 * 3  # learning rules, gains, seeds, stages
    assert not table["distance"].isna().any()
    one = table[(table["learning_rule"] == "eprop") & (table["gain"] == 0.5) & (table["seed"] == 2)]
    values = one.set_index("stage")
    assert values["distance"].to_dict() == pytest.approx({"untrained": 0.532, "trained": 0.442, "matched": 0.442})
    assert values["accuracy"].to_dict() == {"untrained": 0.0, "trained": 0.9, "matched": 0.9}
    _, mean, sd = bars(panel_titled(products["figure"], "last checkpoint"), "BPTT (n = 4)")
    np.testing.assert_allclose(mean, 0.4115 + 0.02 * np.arange(4), atol=1e-12)
    np.testing.assert_allclose(sd, np.sqrt(5 / 3) * 1e-3, atol=1e-12)


def test_gain_map_matches_accuracy_within_a_gain_over_both_rules() -> None:
    table = straight(ONE, ("bptt", "eprop"), ("gain-0", "base"))
    slow = (table["learning_rule"] == "eprop") & (table["setting"] == "base") & (table["accuracy"] > 0.5)
    made = make("gain_map", {"distances": table[~slow]})["csv"]
    matched = made[made["stage"] == "matched"]
    assert matched.groupby("gain")["accuracy"].unique().map(list).to_dict() == {0.0: [0.9], 1.0: [0.3]}
    bptt = matched[(matched["learning_rule"] == "bptt") & (matched["gain"] == 1.0) & (matched["seed"] == 0)]
    assert bptt["distance"].tolist() == pytest.approx([0.52 - 0.03])


def test_gain_map_says_where_seeds_are_fewer() -> None:
    table = straight(ONE, ("bptt", "eprop"), tuple(GAINS))
    fewer = (table["learning_rule"] == "eprop") & (table["setting"] == "gain-0.5") & (table["seed"] > 1)
    products = make("gain_map", {"distances": table[~fewer]})
    assert "e-prop: n = 2 at gain 0.5." in words_in(panel_titled(products["figure"], "untrained"))
    assert overlaps(products["figure"]) == []


def test_gain_map_without_common_accuracy_says_so() -> None:
    products = make("gain_map", {"distances": apart(ONE, ("bptt", "eprop"), ("gain-0", "base"))})
    assert "reach a common accuracy at none of the gains" in words_in(panel_titled(products["figure"], "matched"))
    assert set(products["csv"]["stage"]) == {"untrained", "trained"}
    some = pd.concat([apart(ONE, ("bptt",), ("gain-0",)), straight(ONE, ("bptt",), ("base", "gain-1.5"))])
    products = make("gain_map", {"distances": some})
    assert "No accuracy that all networks reach at gain 0." in words_in(panel_titled(products["figure"], "matched"))
    assert overlaps(products["figure"]) == []


# ---- alignment


def test_alignment_draws_the_mean_and_the_step_used() -> None:
    products = make("alignment", tables_of("alignment", ONE, 3))
    (panel,) = products["figure"].axes
    drawn = {line.get_label(): line for line in panel.lines}
    trained, steps = drawn["e-prop, trained (n = 3)"], np.arange(100, 201, 10)
    np.testing.assert_array_equal(trained.get_xdata(), steps)
    np.testing.assert_allclose(trained.get_ydata(), 0.43 + 1e-5 * (steps - 150.0) ** 2)
    untrained = drawn["e-prop, untrained (n = 3)"]
    np.testing.assert_allclose(untrained.get_ydata() - trained.get_ydata(), 0.1)
    assert list(drawn["step used"].get_xdata()) == [160, 160]
    assert len(products["csv"]) == 2 * 3 * 2 * 11


# ---- slow BPTT


def test_slow_bptt_by_hand() -> None:
    """Numbers of networks as in Figure 3; e-prop's own seeds 12, 13, 14: mean 0.2 + 0.01 x 26."""
    products = make("slow_bptt", tables_of("slow_bptt", ONE, 3))
    panel = panel_titled(products["figure"], "last checkpoint")
    rates, mean, sd = bars(panel, "BPTT to e-prop")
    np.testing.assert_allclose(rates, [3e-5, 1e-4, 3e-4, 1e-3])
    np.testing.assert_allclose(mean, 0.34 + 0.03 * np.array([3, 2, 1, 0]))
    np.testing.assert_allclose(sd, 0.01)
    _, own, _ = bars(panel, "BPTT, own seeds")
    np.testing.assert_allclose(own, 0.2 + 0.02 * (3 * np.array([3, 2, 1, 0]) + 1))
    (eprop,) = [line for line in panel.lines if line.get_label() == "e-prop, own seeds"]
    np.testing.assert_allclose(eprop.get_ydata(), 0.46)
    (same,) = [line for line in panel.lines if line.get_label() == "BPTT to e-prop, same seed"]
    np.testing.assert_allclose(same.get_ydata(), mean)  # seed k with 12 + k: the same mean
    low, high = panel.get_xlim()
    assert low > high  # falls to the right
    matched = panel_titled(products["figure"], "matched")
    assert matched.get_ylim() == panel.get_ylim()
    np.testing.assert_allclose(bars(matched, "BPTT to e-prop")[1], mean - 0.1)
    accuracies = panel_titled(products["figure"], "accuracy reached")
    np.testing.assert_allclose(bars(accuracies)[1], 0.9 - 0.01 * (3 * np.array([3, 2, 1, 0]) + 1))
    (eprop,) = [line for line in accuracies.lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(eprop.get_ydata(), 0.9 - 0.13)
    assert set(products["csv"]["stage"]) == {"trained", "matched"}


def test_slow_bptt_without_eprop_says_so() -> None:
    products = make("slow_bptt", {"model_distances": pairs(ONE, LEARNING_RATE_MODELS[:-1], 2)})
    assert all("no networks of BPTT and e-prop" in words_in(panel) for panel in products["figure"].axes)
    assert overlaps(products["figure"]) == []


@pytest.mark.parametrize("name", ["fig2", "fig3", "gain_map", "alignment", "slow_bptt"])
def test_single_seeds_have_no_error_bars_and_no_warnings(name) -> None:
    assert overlaps(make(name, tables_of(name, ONE, 1))["figure"]) == []


# ---- settings such as delays


def failing(rule: str, setting: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with networks of one model that stay at accuracy 0.1."""
    of_model = (table["learning_rule"] == rule) & (table["setting"] == setting)
    return table.assign(accuracy=table["accuracy"].mask(of_model, table["accuracy"].clip(upper=0.1)))


def test_memory_by_hand() -> None:
    """As in Figure 2: straight lines from accuracy 0 to 0.9, where distances are 0.09 lower."""
    products = make("memory", tables_of("memory", ONE))
    table = products["csv"]
    assert len(table) == 2 * 3 * 4 * 3  # learning rules, delays, seeds, stages
    one = table[(table["learning_rule"] == "eprop") & (table["setting"] == "delay-1") & (table["seed"] == 2)]
    values = one.set_index("stage")
    assert values["distance"].to_dict() == pytest.approx({"untrained": 0.532, "trained": 0.442, "matched": 0.442})
    assert values["accuracy"].to_dict() == pytest.approx({"untrained": 0.0, "trained": 0.9, "matched": 0.9})
    right = {"untrained": 1 / 6, "trained": 11 / 12, "matched": 11 / 12}  # 1/6 + 5/6 x .9
    assert values["fraction_correct"].to_dict() == pytest.approx(right)
    correct, matched, trained = products["figure"].axes
    for panel in (matched, trained):
        _, mean, sd = bars(panel, "BPTT (n = 4)")
        np.testing.assert_allclose(mean, 0.4115 + 0.02 * np.arange(3), atol=1e-12)
        np.testing.assert_allclose(sd, np.sqrt(5 / 3) * 1e-3, atol=1e-12)
    np.testing.assert_allclose(bars(correct, "e-prop (n = 4)")[1], 11 / 12, atol=1e-12)
    at = [label.get_text() for label in matched.get_xticklabels()]
    assert at == ["delay-0.25\nat 0.90", "delay-1\nat 0.90", "delay-4\nat 0.90"]


def test_a_learning_rule_that_fails_does_not_prevent_the_comparison_of_the_others() -> None:
    tables = tables_of("memory", ONE)
    products = make("memory", {**tables, "distances": failing("eprop", "delay-4", tables["distances"])})
    table = products["csv"]
    matched = table[table["stage"] == "matched"]
    assert matched.groupby("setting")["learning_rule"].unique().map(sorted).to_dict() == {
        "delay-0.25": ["bptt", "eprop"],
        "delay-1": ["bptt", "eprop"],
        "delay-4": ["bptt"],
    }
    assert matched["accuracy"].tolist() == pytest.approx([0.9] * len(matched))
    panel = panel_titled(products["figure"], "matched")
    assert "Networks at the matched accuracy, e-prop: delay-4: 0 of 4." in words_in(panel)
    assert overlaps(products["figure"]) == []


def test_nothing_is_matched_where_no_learning_rule_learns() -> None:
    tables = tables_of("memory", ONE)
    distances = tables["distances"]
    for rule, setting in itertools.product(("bptt", "eprop"), DELAYS):
        distances = failing(rule, setting, distances)
    products = make("memory", {**tables, "distances": distances})
    assert set(products["csv"]["stage"]) == {"untrained", "trained"}
    assert "No learning rule reaches" in words_in(panel_titled(products["figure"], "matched"))


def test_settings_come_in_the_order_of_the_figures_entry() -> None:
    figure = {"settings": ["delay-4"], "extra_models": [{"settings": ["delay-0.25"]}]}
    panel = make("memory", tables_of("memory", ONE), figure=figure)["figure"].axes[0]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["delay-4", "delay-0.25", "delay-1"]


def test_memory_networks_by_hand() -> None:
    """Networks 0 to 2 of BPTT and 3 to 5 of e-prop are 0.1 + 0.01 (a + b) apart: on average 0.12, 0.18 and 0.15."""
    products = make("memory_networks", tables_of("memory_networks", ONE, 3))
    correct, apart = products["figure"].axes
    for label, mean in (("BPTT, over seeds", 0.12), ("e-prop, over seeds", 0.18), ("BPTT to e-prop", 0.15)):
        np.testing.assert_allclose(bars(apart, label)[1], mean, atol=1e-12)
    assert all(label.get_text().endswith(", 15 pairs") for label in apart.get_xticklabels())
    assert bars(correct, "BPTT (n = 3)")[1].tolist() == [0.75] * 3
    assert bars(correct, "e-prop (n = 3)")[1].tolist() == [0.5] * 3


# ---- distances between models


def test_model_distances_show_pairs_of_one_setting_after_training() -> None:
    table = pairs(ONE, [("bptt", "base"), ("bptt", "sparse"), ("eprop", "base")], 2)
    products = make("model_distances", {"model_distances": table})
    base = panel_titled(products["figure"], "base")
    assert [label.get_text() for label in base.get_xticklabels()] == [
        "BPTT\nover seeds\n(n = 1)",
        "BPTT\ne-prop\n(n = 4)",
        "e-prop\nover seeds\n(n = 1)",
    ]
    means = [float(line.get_ydata()[0]) for line in base.lines if line.get_markersize() == 5]
    assert means == pytest.approx([0.21, 0.25, 0.29])  # networks 0, 1 and 4, 5
    assert panel_titled(products["figure"], "sparse")
    pd.testing.assert_frame_equal(products["csv"].drop(columns="measure"), table, check_dtype=False)


def test_model_distances_show_pairs_by_dynamical_similarity_too() -> None:
    table = pairs(ONE, [("bptt", "base"), ("eprop", "base")], 2)
    dynamics = table[table["stage"] == "trained"].assign(distance=0.01, score="wasserstein")
    products = make("model_distances", {"model_distances": table, "model_dynamics": dynamics})
    labels = [panel.get_ylabel() for panel in products["figure"].axes]
    assert labels == ["Procrustes distance\n(normalized)", "DSA, Wasserstein distance\n(mean over delays and ranks)"]
    assert len(products["csv"]) == len(table) + len(dynamics)


def test_model_distances_with_nothing_of_one_setting_say_so() -> None:
    table = pairs(ONE, [("bptt", "base"), ("bptt", "sparse")], 1)
    (panel,) = make("model_distances", {"model_distances": table})["figure"].axes
    assert "no two networks with the same setting" in words_in(panel)


# ---- empty results are not drawn as if they meant something


def captioned(figure: Figure) -> str:
    return str(figure.get_supxlabel()).replace("\n", " ")


@pytest.mark.parametrize("name", ["fig3", "slow_bptt"])
def test_pairs_that_have_not_learnt_or_are_one_network_are_left_out(name: str) -> None:
    """At matched accuracy, BPTT at 3e-5 came to .3; at 1e-4, its seed 0 and e-prop's are one untrained network."""
    tables = tables_of(name, ONE, 3)
    table = tables["model_distances"]
    matched, to_eprop = table["stage"] == "matched", table["learning_rule_b"] == "eprop"
    slowest = matched & to_eprop & (table["setting_a"] == "lr-3e-5")
    own = matched & to_eprop & (table["setting_a"] == "lr-1e-4") & (table["seed_a"] == 0) & (table["seed_b"] == 0)
    table = table.assign(accuracy_a=table["accuracy_a"].mask(slowest, 0.3), distance=table["distance"].mask(own, 1e-8))
    products = make(name, {**tables, "model_distances": table})
    panel = panel_titled(products["figure"], "to e-prop" if name == "fig3" else "matched accuracy")
    # 4 learning rates x 3 x 3 pairs; Figure 3 has both stages in one panel.
    every = 72 if name == "fig3" else 36
    note = f"Without 10 of {every} pairs (1 a network with itself, 9 below accuracy 0.4)."
    assert note in words_in(panel)
    if name == "slow_bptt":
        rates, mean, _ = bars(panel, "BPTT to e-prop")
        np.testing.assert_allclose(rates, [1e-4, 3e-4, 1e-3])
        # By hand: bptt seed 0 at 1e-4 is network 6, e-prop's are 12 to 14; .1 + .01 x (6 + 12.5 + 1) less network 12.
        seeds = [0.1 + 0.01 * (6 + 13.5), 0.1 + 0.01 * (7 + 13), 0.1 + 0.01 * (8 + 13)]
        assert mean[0] == pytest.approx(np.mean(seeds))
    assert overlaps(products["figure"]) == []


@pytest.mark.parametrize("name", ["fig3", "slow_bptt"])
def test_where_no_pair_has_learnt_the_panel_says_so(name: str) -> None:
    tables = tables_of(name, ONE, 2)
    low = tables["model_distances"].assign(accuracy_a=0.1, accuracy_b=0.1)
    # Figure 3 has both stages in one panel.
    products = make(name, {**tables, "model_distances": low[low["stage"] == "matched"] if name == "fig3" else low})
    panel = panel_titled(products["figure"], "to e-prop" if name == "fig3" else "matched accuracy")
    assert "No pair of networks has learnt." in words_in(panel)


def test_gains_at_which_not_all_have_learnt_are_named() -> None:
    table = straight(ONE, ("bptt", "eprop"), ("gain-0", "base"), 2)
    failed = (table["setting"] == "gain-0") & (table["learning_rule"] == "eprop") & (table["seed"] == 1)
    table = table[~failed | (table["accuracy"] <= 0.3)]
    for stage in ("matched", "untrained"):
        words = words_in(panel_titled(make("gain_map", {"distances": table})["figure"], stage))
        assert ("Matched below accuracy 0.4, so not all have learnt: gain 0." in words) == (stage == "matched")


def test_a_spread_below_what_counts_as_learnt_says_so() -> None:
    table = straight(ONE, ("bptt", "eprop"), ("gain-0", "base"), 2)
    spread = panel_titled(make("fig2", {"distances": table[table["accuracy"] <= 0.3]})["figure"], "Spread")
    assert "Below accuracy 0.4: not all of these networks have learnt." in words_in(spread)
    assert "Below" not in words_in(panel_titled(make("fig2", {"distances": table})["figure"], "Spread"))


def test_model_distances_leave_out_a_network_and_itself() -> None:
    table = pairs(ONE, [("bptt", "base"), ("eprop", "base")], 2)
    own = (table["learning_rule_a"] != table["learning_rule_b"]) & (table["seed_a"] == table["seed_b"])
    products = make("model_distances", {"model_distances": table.assign(distance=table["distance"].mask(own, 0.0))})
    (panel,) = products["figure"].axes
    assert "BPTT\ne-prop\n(n = 2)" in [label.get_text() for label in panel.get_xticklabels()]
    assert "Without 2 of 6 pairs (2 a network with itself)." in captioned(products["figure"])


def level(name: str, accuracy: float, reached: tuple[float, float], distance: float) -> list[dict[str, Any]]:
    """One network of BPTT and of e-prop at one level, and the recording."""
    sides = [("bptt", "base", 0, reached[0]), ("eprop", "base", 0, reached[1]), ("data", "data", -1, np.nan)]
    rows = []
    for a, b in itertools.combinations(sides, 2):
        row = {**labels(ONE[0]), "level": name, "level_accuracy": accuracy, "distance": distance}
        for side, of_side in (("a", a), ("b", b)):
            keys = ("learning_rule", "setting", "seed", "accuracy")
            row |= {f"{key}_{side}": value for key, value in zip(keys, of_side, strict=True)}
        rows.append({**row, "distance": 0.9 if b[0] == "data" else distance})
    return rows


def test_levels_say_how_many_networks_are_at_them() -> None:
    table = pd.DataFrame(
        level("80%", 0.8, (0.82, 0.75), 0.3) + level("60%", 0.6, (0.62, 0.2), 0.3) + level("40%", 0.4, (0, 0), 1e-8)
    )
    figure = make("fig6", {"snapshots": table})["figure"]
    titles = {name: panel_titled(figure, name).get_title() for name in ("80%", "60%", "40%")}
    assert "at this level" not in titles["80%"] and "itself" not in titles["80%"]
    assert titles["60%"].endswith("accuracies 0.20 to 0.62\n1 of 2 networks at this level")
    assert titles["40%"].endswith("0 of 2 networks at this level\n1 pair: a network and itself")
    assert "At this level: within 0.1 of it" in captioned(figure)
    good = make("fig6", {"snapshots": table[table["level"] == "80%"]})["figure"]
    assert "At this level:" not in captioned(good)


@pytest.mark.parametrize("name", ["table1", "table2"])
def test_tables_mark_comparisons_whose_premise_is_not_met(name: str) -> None:
    table = straight(ONE, ("bptt", "eprop"), ("base",), 2)
    published = {"table1": {"recording": "-", "n": 4}, "table2": {"recording": "-", "n": 4}}[name]

    def text(rows: pd.DataFrame) -> str:
        return str(make(name, {"distances": rows}, figure={"settings": ["base"]}, published=published)["md"])

    assert "not all have learnt" not in text(table) and "the same network" not in text(table)
    assert "0.300 (below 0.4: not all have learnt)" in text(table[table["accuracy"] <= 0.3])
    alike = table.assign(distance=table["distance"] - 0.01 * (table["learning_rule"] == "eprop")).round(9)
    assert "0.900 (one and the same network: seeds 0, 1)" in text(alike)


def test_table2_shows_every_measure_but_procrustes() -> None:
    """Those without published numbers, too."""
    table = pd.concat(
        straight(ONE, ("bptt", "eprop"), ("base",), 3).assign(measure=measure)
        for measure in ("procrustes", "cka_debiased", "rsa", "reverse_predictivity")
    )
    published = {"recording": "-", "n": 4}
    made = make("table2", {"distances": table}, figure={"settings": ["base"]}, published=published)
    assert set(made["csv"]["measure"]) == {"cka_debiased", "rsa", "reverse_predictivity"}
    for name in ("Debiased CKA", "RSA", "Reverse predictivity"):
        assert f"| {name} | trained |" in made["md"]
    assert "Procrustes |" not in made["md"]
    with pytest.raises(InputError, match=r"(?s)other than Procrustes.*cca and cka"):
        make("table2", {"distances": table[table["measure"] == "procrustes"]}, published=published)


def test_warnings_are_errors_here() -> None:
    with pytest.raises(UserWarning):
        warnings.warn("a warning", stacklevel=1)


# ---- learning rules side by side


def test_rules_are_shown_by_one_batch_and_by_the_mean_at_the_end() -> None:
    (panel,) = [
        p
        for p in make("learning_rules", tables_of("learning_rules", ONE))["figure"].axes
        if "one batch" in p.get_xlabel()
    ]
    points = {line.get_marker(): line.get_xydata() for line in panel.lines if line.get_linestyle() == "None"}
    for rule, (one, mean) in RULES.items():
        expected = [(one - 0.001 * seed, mean) for seed in range(4)]
        np.testing.assert_allclose(points[style.line_style(rule)["marker"]], expected, rtol=0, atol=1e-12)
    (curves,) = [p for p in panel.figure.axes if p.get_ylabel() == "Alignment with BPTT"]
    (thick,) = [line for line in curves.lines if line.get_label().startswith("UORO")]
    np.testing.assert_allclose(thick.get_ydata(), 1 - np.array([0, 0.5, 1]) * 0.7 - 0.0015, rtol=0, atol=1e-12)


def test_stochastic_shape_shows_every_network_once_and_the_floor() -> None:
    """Points are means over halves, 0.205 + 0.1 alpha from the floor's; the floor is drawn once for all models."""
    panels = make("stochastic_shape", tables_of("stochastic_shape", ONE, 4))["figure"].axes
    assert len(panels) == 2
    for alpha, panel in zip((0.0, 1.0), panels, strict=True):
        points = [line for line in panel.get_lines() if line.get_linestyle() == "None"]
        assert [len(line.get_xdata()) for line in points] == [4] * 4
        trained = 0.2 + 0.1 * alpha + 0.005 + 0.2 + 0.01 * np.arange(4)
        np.testing.assert_allclose(sorted(points[0].get_ydata()), trained, rtol=1e-12)
        floor, uncorrelated = (line for line in panel.get_lines() if line.get_linestyle() != "None")
        np.testing.assert_allclose(floor.get_ydata(), 0.205 + 0.1 * alpha)
        np.testing.assert_allclose(uncorrelated.get_ydata(), 0.235 + 0.1 * alpha)
