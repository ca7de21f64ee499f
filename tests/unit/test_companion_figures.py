"""The companion's figures from tables made by hand: what is drawn, the CSVs, and that nothing overlaps."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from unit.test_figures import overlaps, panel_titled, texts_on, words_in

from neurorules.claims.tests.base.claim_test import select
from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES
from neurorules.figures.base.produce import produce
from neurorules.io.tables import write_table
from neurorules.plotting import curves, gain_curves, style
from neurorules.tables.base.columns import read_tidy_table

pytestmark = pytest.mark.filterwarnings("error")

# (task, learning rule, gain, flossed)
Model = tuple[str, str, float, int]

NAMES = tuple(f"companion_{name}" for name in ("fig1", "fig2", "fig3", "fig4", "fig5", "distance"))
LOSS_CURVES = ("companion_fig1", "companion_fig2", "companion_fig5")
RULES = ("bptt", "eprop")
GAINS = (0.0, 0.2, 0.5, 1.0, 1.5)
MORE_GAINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
REACH = "reach-companion"


# ---- tables made by hand


def setting(gain: float, flossed: int) -> str:
    """As the config names them; 1 is base."""
    if gain == 1.0:
        return "flossed" if flossed else "base"
    return f"gain-{gain:g}" + "-flossed" * flossed


def all_of(
    tasks: Sequence[str], rules: Sequence[str] = RULES, gains: Sequence[float] = GAINS, flossed: Sequence[int] = (0,)
) -> list[Model]:
    return list(itertools.product(tasks, rules, gains, flossed))


def labels(model: Model) -> dict[str, Any]:
    """Learning rates: 3e-3, at the edge of the grid, of gains below 0.4, else 1e-3."""
    task, rule, gain, flossed = model
    return {
        "recording": "hatsopoulos2007" if task == REACH else "no recording",
        "recording_title": "Hatsopoulos 2007" if task == REACH else task,
        "synthetic": 0,
        "task": task,
        "learning_rule": rule,
        "setting": setting(gain, flossed),
        "gain": gain,
        "learning_rate": 3e-3 if gain < 0.4 else 1e-3,
        "learning_rate_at_edge": int(gain < 0.4),
        "flossed": flossed,
        "training_code": "0123456789abcdef",
        "scoring_code": "fedcba9876543210",
    }


def context(models: Sequence[Model]) -> dict[str, Any]:
    return {
        "study": "made by hand",
        "figure": {},
        "seeds": [0, 1],
        "models": [
            {"task": task, "learning_rule": rule, "setting": setting(gain, flossed)}
            for task, rule, gain, flossed in models
        ],
        "recordings": ["hatsopoulos2007"],
        "left_out": [],
        "published": {},
    }


def loss_curves(models: Sequence[Model], n: int = 3, updates: int = 5000, n_bins: int = 200) -> pd.DataFrame:
    """The loss of the bin that ends at update u is (2 - u / updates) x (1 + gain + 10 flossed) + seed."""
    rows = []
    ends = np.round(np.arange(1, n_bins + 1) * updates / n_bins).astype(int)
    for model, seed in itertools.product(models, range(n)):
        _, _, gain, flossed = model
        of_run = {
            "seed": seed,
            "update": ends,
            "task_loss": (2 - ends / updates) * (1 + gain + 10 * flossed) + seed,
            "updates": updates,
        }
        rows.append(pd.DataFrame({**labels(model), **of_run}))
    return pd.concat(rows, ignore_index=True)


def exponents(models: Sequence[Model], n: int = 3) -> pd.DataFrame:
    """Exponent i of seed s is gain - 1 + s / 10 - i before training, 0.3 + s / 10 - i after it; flossed, 0.1 above."""
    rows = []
    for model, seed, index in itertools.product(models, range(n), (1, 2)):
        stages = {"untrained": model[2] - 1 + seed / 10 - index, "trained": 0.3 + seed / 10 - index}
        for stage, exponent in stages.items():
            row = {"seed": seed, "stage": stage, "update": 5000 * (stage == "trained"), "index": index}
            rows.append({**labels(model), **row, "exponent": exponent + 0.1 * model[3], "tau_steps": 2})
    return pd.DataFrame(rows)


def distances(models: Sequence[Model], n: int = 3) -> pd.DataFrame:
    """Networks go straight from accuracy 0 to 0.9; at accuracy a the distance is

    0.6 + 0.01 x seed - 0.1 x gain - 0.05 x flossed - 0.1 a; the measure "cca" is 1 above.
    """
    rows = []
    for model, seed, (k, a) in itertools.product(models, range(n), enumerate((0.0, 0.3, 0.6, 0.9))):
        _, _, gain, flossed = model
        distance = 0.6 + 0.01 * seed - 0.1 * gain - 0.05 * flossed - 0.1 * a
        of_run = {**labels(model), "seed": seed, "update": 10 * k, "accuracy": a, "participation_ratio": 3.0}
        rows += [{**of_run, "measure": m, "distance": distance + (m == "cca")} for m in ("procrustes", "cca")]
    return pd.DataFrame(rows)


def baselines(models: Sequence[Model], n: int = 3) -> pd.DataFrame:
    """The average over conditions at 0.7, the floor at 0.3."""
    values = {"cross_condition_average": 0.7, "neuron_split_whole": 0.3}
    first = labels(models[0])
    of_recording = {
        "recording": first["recording"],
        "recording_title": first["recording_title"],
        "measure": "procrustes",
    }
    return pd.DataFrame([{**of_recording, "quantity": name, "value": value} for name, value in values.items()])


def models_for(name: str) -> list[Model]:
    """What the companion's full study has in each figure."""
    return {
        "companion_fig1": all_of(["romo"]),
        "companion_fig2": all_of(["2af", "dms"]),
        "companion_fig3": all_of(["romo", "2af", "dms"], flossed=(0, 1)),
        "companion_fig4": all_of(["romo", "2af"], ["eprop"], flossed=(0, 1)),
        "companion_fig5": all_of(["romo"], gains=MORE_GAINS),
        "companion_distance": all_of([REACH], flossed=(0, 1)),
    }[name]


def demo_models(name: str) -> list[Model]:
    """Three gains, one of them only without flossing, one task."""
    task = REACH if name == "companion_distance" else "romo"
    rules = ["eprop"] if name == "companion_fig4" else RULES
    models = all_of([task], rules, (0.2, 1.0, 1.5))
    return models if name in LOSS_CURVES else models + all_of([task], rules, (0.2, 1.0), (1,))


def tables_of(name: str, models: Sequence[Model], n: int = 3, updates: int = 5000) -> dict[str, pd.DataFrame]:
    kinds = {"lyapunov": exponents, "distances": distances, "baselines": baselines}
    curves = loss_curves(models, n, updates, min(200, updates))
    return {kind: kinds[kind](models, n) if kind in kinds else curves for kind in FIGURES.load(name).TABLES}


def make(name: str, models: Sequence[Model], tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    with style.publication():
        return FIGURES.load(name).make(tables, context(models))


def drawn(panel: Any, label: str) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the line of that label."""
    (line,) = [line for line in panel.lines if line.get_label() == label]
    return line.get_xdata(), line.get_ydata()


def band_heights(panel: Any, at: float) -> list[float]:
    """Heights of the bands at some x."""
    vertices = [path.vertices for band in panel.collections for path in band.get_paths()]
    return [float(np.ptp(of_band[np.isclose(of_band[:, 0], at), 1])) for of_band in vertices]


# ---- all of them


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps_or_is_cut(name) -> None:
    models = models_for(name)
    assert overlaps(make(name, models, tables_of(name, models))["figure"]) == []


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_small_study_is_drawn(name, n) -> None:
    models = demo_models(name)
    products = make(name, models, tables_of(name, models, n, updates=300))
    assert overlaps(products["figure"]) == []
    assert any(f"(n = {n})" in panel.get_title() for panel in products["figure"].axes)
    assert len(products["csv"]) > 0


@pytest.mark.parametrize("name", NAMES)
def test_one_gain_is_drawn(name) -> None:
    models = all_of([REACH if name == "companion_distance" else "romo"], ["eprop"], [1.0])
    products = make(name, models, tables_of(name, models, 2))
    assert overlaps(products["figure"]) == []


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in LOSS_CURVES[1:]]
)  # drawn by Figure 1's function
def test_the_same_bytes_twice(name, tmp_path, repository) -> None:
    models = demo_models(name)
    files = []
    for kind, table in tables_of(name, models, 2, updates=300).items():
        files.append(str(tmp_path / f"{kind}.csv"))
        write_table(files[-1], table)
    published = str(repository / "resources" / "published.yaml")
    written = []
    for folder in ("first", "second"):
        written.append([tmp_path / folder / f"{name}.{ending}" for ending in FIGURES.load(name).PRODUCTS])
        produce(name, context(models), {name: files}, published, [str(file) for file in written[-1]])
    for first, second in zip(*written, strict=True):
        assert first.read_bytes() == second.read_bytes()
    table = read_tidy_table(tmp_path / "first" / f"{name}.csv")
    assert {"gain", "flossed", "learning_rate", "learning_rate_at_edge"} <= set(table.columns)
    assert not table.isna().any(axis=None)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_says_gain_and_flossing(name) -> None:
    models = models_for(name)
    table = make(name, models, tables_of(name, models))["csv"]
    found = set(table[["task", "learning_rule", "setting", "gain", "flossed"]].itertuples(index=False, name=None))
    shown = [model for model in models if name not in LOSS_CURVES or not model[3]]
    assert found == {(task, rule, setting(gain, flossed), gain, flossed) for task, rule, gain, flossed in shown}


def test_two_settings_alike_are_refused() -> None:
    models = all_of(["romo"], ["bptt"], [0.5, 1.0], (0, 1))
    table = loss_curves(models, 1)
    curves.one_setting_each(table, ("gain", "flossed"))  # the same gain, flossed and not, is fine
    table["gain"] = table["gain"].where(table["setting"] != "gain-0.5-flossed", 1.0)
    with pytest.raises(InputError, match="same gain and flossed") as refused:
        curves.one_setting_each(table, ("gain", "flossed"))
    assert refused.value.value == ["flossed", "gain-0.5-flossed"]


def test_flossing_is_seen_without_colour() -> None:
    first, second = style.FLOSSING[0], style.FLOSSING[1]
    assert first["linestyle"] == "-" != second["linestyle"]
    assert first["marker"] != second["marker"]


def test_tasks_have_the_names_and_the_order_of_the_study() -> None:
    models = all_of(["romo", "dms", "2af", "own"], ["bptt"], [1.0])
    figure = make("companion_fig2", models, tables_of("companion_fig2", models, 1))["figure"]
    titles = [panel.get_title() for panel in figure.axes]
    assert titles == [f"{task}, BPTT (n = 1)" for task in ("Romo", "DMS", "2AF", "own")]


# ---- loss curves by gain


def test_loss_by_hand() -> None:
    """Three seeds 1 apart: mean 1 above the first, sample SD 1. From update 200 of 5000 on: bins that end later."""
    models = all_of(["romo"])
    products = make("companion_fig1", models, tables_of("companion_fig1", models))
    table, bins = products["csv"], np.arange(225, 5001, 25)
    assert len(table) == 2 * 5 * 3 * len(bins)  # learning rules, gains, seeds
    for title in ("Romo, BPTT (n = 3)", "Romo, e-prop (n = 3)"):
        panel = panel_titled(products["figure"], title)
        for gain, label in zip(
            GAINS, ("0 (3e-3†)", "0.2 (3e-3†)", "0.5 (1e-3)", "1 (1e-3)", "1.5 (1e-3)"), strict=True
        ):
            update, loss = drawn(panel, label)
            np.testing.assert_array_equal(update, bins)
            np.testing.assert_allclose(loss, (2 - bins / 5000) * (1 + gain) + 1)
        np.testing.assert_allclose(band_heights(panel, 1000), [2.0] * 5)
        assert panel.get_xlim() == (200, 5000)
        assert panel.get_legend().get_texts()[0].get_text() == "0 (3e-3†)"


def test_two_seeds_have_the_sample_sd() -> None:
    """Losses 1 apart: the band goes from the lower one, half below the mean, to a sample SD of 1 / sqrt(2) above it."""
    models = all_of(["romo"], ["bptt"], [1.0])
    (panel,) = make("companion_fig1", models, tables_of("companion_fig1", models, 2))["figure"].axes
    np.testing.assert_allclose(band_heights(panel, 5000), [0.5 + np.sqrt(0.5)])


@pytest.mark.parametrize("ratio, scale", [(9.0, "linear"), (11.0, "log")])
def test_loss_is_logarithmic_beyond_a_decade(ratio, scale) -> None:
    models = all_of(["romo"], RULES, [0.2, 1.0])
    table = loss_curves(models, 2)
    # gain 1 has `ratio` times the loss of 0.2; seeds lie so far apart that the lower edge of the band is below 0
    table["task_loss"] = np.where(table["setting"] == "base", ratio, 1.0) * (0.01 + 1.99 * table["seed"])
    products = make("companion_fig1", models, {"loss_curve": table})
    panels = products["figure"].axes
    assert [panel.get_yscale() for panel in panels] == [scale] * 2
    assert panels[0].get_ylim() == panels[1].get_ylim()
    low, high = panels[0].get_ylim()
    mean, sd = 1.005, 1.99 / np.sqrt(2)
    assert high > ratio * (mean + sd)
    assert 0 < low < mean if scale == "log" else low < ratio * (mean - sd) < 0
    assert overlaps(products["figure"]) == []


def test_tasks_and_learning_rules_have_their_own_axis() -> None:
    models = all_of(["romo", "dms"], RULES, [1.0])
    table = loss_curves(models, 2)
    table.loc[table["task"] == "dms", "task_loss"] *= 10_000
    table.loc[table["learning_rule"] == "eprop", "task_loss"] *= 100
    figure = make("companion_fig2", models, {"loss_curve": table})["figure"]
    highest = [panel.get_ylim()[1] for panel in figure.axes]
    assert highest[1] == pytest.approx(100 * highest[0]) and highest[2] == pytest.approx(10_000 * highest[0])
    assert overlaps(figure) == []


def test_the_edge_of_the_grid_is_explained_only_where_it_is() -> None:
    for gains, is_said in (((0.2, 1.0), True), ((0.5, 1.0), False)):
        models = all_of(["romo"], ["eprop"], gains)
        figure = make("companion_fig1", models, tables_of("companion_fig1", models, 1))["figure"]
        words = " ".join(text for text, _ in texts_on(figure)).replace("\n", " ")
        assert ("(3e-3†)" in words, gain_curves.AT_EDGE_WORDS in words) == (is_said, is_said)


def test_flossed_networks_are_not_in_figure_1() -> None:
    models = all_of(["romo"], ["eprop"], [0.2], (0, 1))
    products = make("companion_fig1", models, tables_of("companion_fig1", models, 1))
    assert set(products["csv"]["setting"]) == {"gain-0.2"}
    assert not [text for text, _ in texts_on(products["figure"]) if "flossed" in text]


@pytest.mark.parametrize("name", LOSS_CURVES)
def test_figures_of_flossed_networks_alone_say_so(name) -> None:
    models = all_of(["romo"], ["eprop"], [0.2], (1,))
    products = make(name, models, tables_of(name, models, 2))
    (panel,) = products["figure"].axes
    assert "no networks without flossing" in words_in(panel)
    assert overlaps(products["figure"]) == []


@pytest.mark.parametrize("name", ["companion_fig2", "companion_fig3"])
def test_a_learning_rule_that_a_task_lacks(name) -> None:
    models = all_of(["2af"]) + all_of(["dms"], ["bptt"])
    products = make(name, models, tables_of(name, models, 2))
    assert "Not trained with this learning rule." in words_in(panel_titled(products["figure"], "DMS, e-prop"))
    assert overlaps(products["figure"]) == []


def test_fewer_seeds_at_one_gain_are_said() -> None:
    models = all_of(["romo"], ["bptt"], [0.2, 1.0])
    table = loss_curves(models, 3)
    table = table[(table["setting"] == "base") | (table["seed"] < 2)]
    (panel,) = make("companion_fig1", models, {"loss_curve": table})["figure"].axes
    assert panel.get_title() == "Romo, BPTT (n = 2 to 3)"


# ---- Figure 3


def test_exponents_by_hand() -> None:
    """Largest exponents of three seeds 0.1 apart: mean gain - 1.9 before and -0.6 after training, sample SD 0.1."""
    models = all_of(["romo"], flossed=(0, 1))
    products = make("companion_fig3", models, tables_of("companion_fig3", models))
    table = products["csv"]
    assert len(table) == 2 * 5 * 3 * 2 * 2  # learning rules, gains, seeds, stages, with and without flossing
    assert set(table["index"]) == {1}
    assert set(table["stage"]) == {"untrained", "trained"}
    assert table.groupby("gain")["learning_rate"].unique().map(list).to_dict() == {
        0.0: [3e-3],
        0.2: [3e-3],
        0.5: [1e-3],
        1.0: [1e-3],
        1.5: [1e-3],
    }
    for rule in ("BPTT", "e-prop"):
        panel = panel_titled(products["figure"], f"Romo, {rule} (n = 3)")
        gain, before = drawn(panel, "before training")
        np.testing.assert_array_equal(gain, GAINS)
        np.testing.assert_allclose(before, np.array(GAINS) - 1.9)
        np.testing.assert_allclose(drawn(panel, f"after training by {rule}")[1], -0.6)
        np.testing.assert_allclose(drawn(panel, "flossed, before training")[1], np.array(GAINS) - 1.8)
        np.testing.assert_allclose(drawn(panel, "flossed, after training")[1], -0.5)
        np.testing.assert_allclose(band_heights(panel, 0.5), [0.2, 0.2, 0.2, 0.2])
        assert [0.0, 0.0] in [list(line.get_ydata()) for line in panel.lines]
        assert "edge of the grid: gain 0, 0.2; flossed, gain 0, 0.2." in words_in(panel)
    assert products["figure"].axes[0].get_ylim() == products["figure"].axes[1].get_ylim()


def test_an_exponent_of_minus_infinity_is_named_and_not_drawn() -> None:
    models = all_of(["romo"], ["bptt"], [0.0, 1.0])
    tables = tables_of("companion_fig3", models, 2)
    lost = (tables["lyapunov"]["setting"] == "gain-0") & (tables["lyapunov"]["stage"] == "untrained")
    tables["lyapunov"].loc[lost, "exponent"] = -np.inf
    products = make("companion_fig3", models, tables)
    (panel,) = products["figure"].axes
    assert list(drawn(panel, "before training")[0]) == [1.0]
    assert "minus infinity in some seeds: gain 0." in words_in(panel)
    assert len(products["csv"]) == 2 * 2 * 2
    assert overlaps(products["figure"]) == []


# ---- Figure 4


def test_flossing_by_hand() -> None:
    """From update 2000 of 5000 on: 120 of 200 bins. Three seeds: mean 1 above the first."""
    models = all_of(["romo"], ["eprop"], [0.2, 1.0], (0, 1))
    products = make("companion_fig4", models, tables_of("companion_fig4", models))
    table, bins = products["csv"], np.arange(2025, 5001, 25)
    assert len(bins) == 120
    # one row for each model, seed and bin
    assert len(table) == 4 * 3 * 120
    assert not table.duplicated(["task", "learning_rule", "setting", "seed", "update"]).any()
    for gain, rate in ((0.2, "3e-3†"), (1.0, "1e-3")):
        panel = panel_titled(products["figure"], f"Romo, e-prop\ngain {gain:g} (n = 3)")
        for flossed, name in ((0, "not flossed"), (1, "flossed")):
            update, loss = drawn(panel, name)
            np.testing.assert_array_equal(update, bins)
            np.testing.assert_allclose(loss, (2 - bins / 5000) * (1 + gain + 10 * flossed) + 1)
        assert words_in(panel) == f"not flossed: lr {rate}; flossed: lr {rate}."
    assert products["figure"].axes[0].get_ylim() == products["figure"].axes[1].get_ylim()


def test_gains_that_are_not_flossed_or_not_there_say_so() -> None:
    models = (
        all_of(["romo"], ["eprop"], [0.2], (0, 1)) + all_of(["romo"], ["eprop"], [1.5]) + [("2af", "eprop", 0.2, 1)]
    )
    products = make("companion_fig4", models, tables_of("companion_fig4", models, 2))
    assert "flossed: no networks" in words_in(panel_titled(products["figure"], "Romo", "gain 1.5"))
    assert "not flossed: no networks" in words_in(panel_titled(products["figure"], "2AF", "gain 0.2"))
    assert "No networks at this gain." in words_in(panel_titled(products["figure"], "2AF", "gain 1.5"))
    assert overlaps(products["figure"]) == []


# ---- distance to the recording


def test_distance_over_gains_by_hand() -> None:
    models = all_of([REACH], RULES, [0.2, 1.0], (0, 1))
    products = make("companion_distance", models, tables_of("companion_distance", models))
    table = products["csv"]
    assert len(table) == 8 * 3 * 3  # models, seeds, stages
    assert set(table["measure"]) == {"procrustes"}
    (rows,) = [
        rows
        for key, rows in table.groupby(["learning_rule", "setting", "seed"])
        if key == ("eprop", "gain-0.2-flossed", 2)
    ]
    values = rows.set_index("stage")
    assert values["distance"].to_dict() == pytest.approx({"untrained": 0.55, "trained": 0.46, "matched": 0.46})
    assert values["accuracy"].to_dict() == {"untrained": 0.0, "trained": 0.9, "matched": 0.9}
    assert set(rows["learning_rate"]) == {3e-3}
    panel = panel_titled(products["figure"], "Hatsopoulos 2007\nBPTT (n = 3), after training")
    for flossed, name in ((0, "not flossed"), (1, "flossed")):
        gain, distance = drawn(panel, name)
        assert list(gain) == [0.2, 1.0]
        np.testing.assert_allclose(distance, 0.52 - 0.1 * np.array([0.2, 1.0]) - 0.05 * flossed)
    np.testing.assert_allclose(band_heights(panel, 1.0), [0.02] * 2)
    assert "edge of the grid: gain 0.2; flossed, gain 0.2." in words_in(panel)
    assert len({panel.get_ylim() for panel in products["figure"].axes}) == 1


def test_accuracy_is_matched_over_rules_with_and_without_flossing() -> None:
    models = all_of([REACH], RULES, [0.2, 1.0], (0, 1))
    tables = tables_of("companion_distance", models)
    table = tables["distances"]
    slow = select(table, {"learning_rule": "eprop", "setting": "gain-0.2-flossed", "seed": 1})
    tables["distances"] = table.drop(slow.index[slow["accuracy"] > 0.5])
    matched = select(make("companion_distance", models, tables)["csv"], {"stage": "matched"})
    assert matched.groupby("gain")["accuracy"].unique().map(list).to_dict() == {0.2: [0.3], 1.0: [0.9]}


def test_networks_without_common_accuracy_say_so() -> None:
    models = all_of([REACH], ["eprop"], [0.2, 1.0], (0, 1))
    tables = tables_of("companion_distance", models, 2)
    table = tables["distances"]
    # flossed networks begin where the others never get to
    table["accuracy"] = np.where(
        table["setting"].str.endswith("flossed"), 0.9 + table["accuracy"] / 10, table["accuracy"] / 2
    )
    products = make("companion_distance", models, tables)
    assert "reach a common accuracy at none of the gains" in words_in(panel_titled(products["figure"], "matched"))
    assert set(products["csv"]["stage"]) == {"untrained", "trained"}
    assert overlaps(products["figure"]) == []
    at_gain_1 = table["setting"].isin(["base", "flossed"])
    tables["distances"] = table.assign(accuracy=np.where(at_gain_1, table["update"] / 40, table["accuracy"]))
    products = make("companion_distance", models, tables)
    assert "all networks reach at gain 0.2." in words_in(panel_titled(products["figure"], "matched"))
    assert overlaps(products["figure"]) == []
