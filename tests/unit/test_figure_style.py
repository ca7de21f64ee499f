"""Figures for a screen and for the columns of journals, and how conditions are told apart."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from helpers.studies import refused, study
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from unit.test_figures import ONE, THREE, context, make, models_of, overlaps, tables_of

from neurorules.figures.base.figure import FIGURES
from neurorules.plotting import panels, style
from neurorules.plotting.conditions import condition_legend, condition_lines, condition_words
from neurorules.plotting.page import WIDTHS, page
from neurorules.study.identity import Identities

TWO, SINGLE = {"width": "two_columns"}, {"width": "one_column"}


def drawn(name: str, recordings: tuple[str, ...], look: dict[str, Any]) -> Figure:
    tables = tables_of(name, recordings, 2, n_settings=8)
    models = list(dict.fromkeys(m for kind, t in tables.items() if kind != "baselines" for m in models_of(t)))
    with style.publication(look):
        figure = FIGURES.load(name).make(tables, context(models))["figure"]
        panels.letter_panels(figure)
        panels.fit_titles(figure)
        figure.canvas.draw()
    return figure


def letters_of(figure: Figure) -> list[str]:
    bold = [text for text in figure.findobj(lambda a: getattr(a, "get_fontweight", str)() == "bold")]
    return sorted(text.get_text() for text in bold)


# ---- the page


@pytest.mark.parametrize(("look", "mm"), [(SINGLE, 85), (TWO, 180)])
@pytest.mark.parametrize("name", ["fig1", "fig2", "fig3", "gain_map", "slow_bptt"])
def test_columns_have_the_width_of_journals_and_nothing_is_cut(name: str, look: dict[str, Any], mm: float) -> None:
    figure = drawn(name, ONE, look)
    assert figure.get_figwidth() * 25.4 == pytest.approx(mm)
    assert overlaps(figure) == []


def test_a_screen_is_what_figures_are_drawn_for_without_a_style() -> None:
    plain = make("fig1", tables_of("fig1", THREE, 2))["figure"]
    assert WIDTHS["screen"] is None and plain.get_figwidth() == pytest.approx(3 * 2.6)
    assert letters_of(plain) == []
    assert page().width is None  # outside of it again


def test_rows_that_are_too_wide_are_broken() -> None:
    with style.publication(SINGLE):
        figure, grid = panels.make_grid(2, 5)
    assert grid.shape == (2, 5)
    places = [[panel.get_subplotspec().rowspan.start for panel in row] for row in grid]
    # 85 mm are 3.35 inches: two panels of 0.62 x 2.6
    assert places == [[0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]
    assert sum(not panel.axison for panel in figure.axes) == 2


def test_fonts_have_the_size_that_is_asked_for() -> None:
    for size in (6, 8, 11):
        with style.publication({"font_size_pt": size}):
            _, (panel,) = panels.make_panels(1)
            panel.set_title("title")
            panels.empty_message(panel, "nothing")
        assert panel.title.get_fontsize() == size
        assert panel.texts[0].get_fontsize() == pytest.approx(7 / 8 * size)


def test_letters_in_columns_and_where_they_are_asked_for() -> None:
    assert letters_of(drawn("fig1", THREE, TWO)) == ["a", "b", "c"]
    assert letters_of(drawn("fig1", ONE, TWO)) == []  # one panel needs none
    assert letters_of(drawn("fig1", THREE, {**TWO, "panel_letters": False})) == []
    assert letters_of(drawn("fig1", THREE, {"panel_letters": True})) == ["a", "b", "c"]
    assert letters_of(drawn("fig3", THREE, {})) == ["a", "b"]  # which its caption names


def test_notes_are_in_the_caption_by_letter_or_title() -> None:
    for look, place in (({}, "(First) "), ({"panel_letters": True}, "(a) ")):
        with style.publication(look):
            figure, axes = panels.make_panels(3)
            for panel, title in zip(axes, ("First (n = 2)", "Second", "Third"), strict=True):
                panel.set_title(title)
            panels.note(axes[0], ["Only here."])
            panels.note(axes[1], ["Twice."])
            panels.note(axes[2], ["Twice."])
            models = [("romo", "bptt", "base")]
            table = tables_of("fig1", ONE, 1)["distances"]
            panels.caption(figure, context(models), table, ["What it is."])
        words = figure.get_supxlabel().replace("\n", " ")
        both = "(b; c) Twice." if look else "(Second; Third) Twice."
        assert f"What it is. {place}Only here. {both}" in words


# ---- the option


def test_a_style_redraws_figures_and_makes_nothing_else_again() -> None:
    def identities(**over: Any) -> Identities:
        return Identities(study({"use_figures": ["fig1", "table3"], **over}), lambda script, plugins=(): "code")

    screen, columns = identities(), identities(style=TWO)
    assert screen.figure("fig1") != columns.figure("fig1")
    assert screen.figure("fig1") == identities(style={"width": "screen", "font_size_pt": 8}).figure("fig1")
    assert screen.figure("table3") == columns.figure("table3")  # no picture
    assert screen.figure_tables("fig1") == columns.figure_tables("fig1")
    model = next(iter(screen.study.selection.seeds))
    assert screen.run(model) == columns.run(model)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"width": "three_columns"}, "style.width"),
        ({"font_size_pt": 3}, "style.font_size_pt"),
        ({"font": 8}, "style.font"),
        ({"panel_letters": "yes"}, "style.panel_letters"),
    ],
)
def test_a_style_that_there_is_not_is_refused(wrong: dict[str, Any], key: str) -> None:
    assert refused({"style": wrong}).key in (key, key.rpartition(".")[0])


# ---- conditions


def decisions() -> list[dict[str, Any]]:
    return [
        {"context": context, "motion_coherence": motion, "color_coherence": colour}
        for context in (1, -1)
        for motion in (0.5, -0.5, 0.05, -0.05)
        for colour in (0.2, -0.2)
    ]


def test_decisions_are_drawn_by_motion_coherence_and_context() -> None:
    labels = decisions()
    lines = condition_lines(labels)
    look = {(of["context"], of["motion_coherence"]): line for of, line in zip(labels, lines, strict=True)}
    for of, line in zip(labels, lines, strict=True):  # whatever the other feature
        assert line == look[of["context"], of["motion_coherence"]]
    for motion in (0.5, -0.5, 0.05, -0.05):
        assert look[1, motion]["color"] == look[-1, motion]["color"]
        assert look[1, motion]["linestyle"] != look[-1, motion]["linestyle"]
    grey = [np.dot(to_rgb(look[1, motion]["color"]), (0.299, 0.587, 0.114)) for motion in (-0.5, -0.05, 0.05, 0.5)]
    assert all(b - a > 0.1 for a, b in itertools.pairwise(grey))  # told apart without colour too
    assert list(condition_legend(labels)) == [
        "motion coherence -0.5",
        "motion coherence -0.05",
        "motion coherence +0.05",
        "motion coherence +0.5",
        "context: colour",
        "context: motion",
    ]


def test_a_condition_s_line_does_not_depend_on_its_place() -> None:
    for labels in (decisions(), [{"angle_deg": 45.0 * i} for i in range(8)]):
        order = np.random.default_rng(0).permutation(len(labels))
        lines = condition_lines(labels)
        assert condition_lines([labels[i] for i in order]) == [lines[i] for i in order]


def test_directions_go_around_a_circle() -> None:
    lines = condition_lines([{"angle_deg": angle} for angle in (0.0, 90.0, 180.0, 270.0, 360.0)])
    assert [line["linestyle"] for line in lines] == ["-", "-", "-", "--", "-"]
    assert lines[0] == lines[4] and len({line["color"] for line in lines}) == 4
    assert condition_legend([{"angle_deg": 0.0}]) == {}


def test_conditions_without_labels_go_by_their_order() -> None:
    assert len({line["color"] for line in condition_lines([{}] * 27)}) == 27
    assert "order" in condition_words([{}] * 27) and "circle" not in condition_words([{}] * 27)
    # only a context, or a context with a different meaning, is not enough
    assert "order" in condition_words([{"context": 1}, {"context": -1}])
    assert "order" in condition_words([{"context": "a", "motion_rank": 1}])


def test_labels_in_words() -> None:
    import xarray as xr

    from neurorules.recordings.conditions import labels_in_words

    coordinates = {
        "condition": [0, 1],
        "context": ("condition", np.array([1, -1])),
        "motion_coherence": ("condition", np.array([0.123456, -0.5])),
        "target": ("condition", np.array(["left", "right"])),
    }
    recording = xr.Dataset({"rates": (("condition", "time", "neuron"), np.zeros((2, 1, 1)))}, coordinates)
    assert [json.loads(text) for text in labels_in_words(recording)] == [
        {"context": 1, "motion_coherence": 0.1235, "target": "left"},
        {"context": -1, "motion_coherence": -0.5, "target": "right"},
    ]
    assert labels_in_words(recording.drop_vars(["context", "motion_coherence", "target"])) == ["{}", "{}"]
