"""User text is shown literally everywhere, and user settings do not change results."""

from __future__ import annotations

import ast
import csv
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from markdown_it import MarkdownIt
from matplotlib.figure import Figure
from matplotlib.text import Text

from neurorules.cli.main import main
from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES
from neurorules.figures.base.produce import produce
from neurorules.io import markdown
from neurorules.io.identity import canonical_json
from neurorules.io.tables import write_table
from neurorules.io.text import MOST_CHARACTERS, title_problem
from neurorules.plotting import panels, style
from neurorules.plotting.titles import power_of_ten
from neurorules.recordings.readers import own_rates
from neurorules.tables.base.columns import read_tidy_table

# Titles that a program along the way could take for something else than text.
TITLES = {
    "dollars": "Costs $5 and $6",
    "half a formula": r"$\frac{$ of \textbf{x}",
    "tags": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "end of a comment": "x --> <b>x</b> <!-- y",
    "markdown": "[x](javascript:alert(1)) **b** `c` ~~d~~ _e_ f_g \\* 1. # h",
    "bars": "a|b||c",
    "entities": "&lt;b&gt; &amp; &#60;",
    "braces": "100 % of {x} {{ y }} {% z %}",
    "quotes": "a\"b,c'd;e",
    "gap": "NA",
    "number": "007",
    "of the world": "Hätsö 神经 Ωμέγα",
}


# ---- what can be a title


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_any_printable_line_can_be_a_title(title: str) -> None:
    assert title_problem(title) == ""


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("a\nb", r"\n"),
        ("a\rb", r"\r"),
        ("a\x00b", r"\x00"),
        ("a\x1b[31mb", r"\x1b"),
        ("a\x85b", r"\x85"),
        ("a\u2028b", r"\u2028"),
        ("a\u202eb", r"\u202e"),  # reverses the text that follows
        ("a\udcffb", r"\udcff"),  # half a character
        ('=HYPERLINK("http://x")', "formula"),
        (" +1", "formula"),
        ("-2 degrees", "formula"),
        ("@SUM(A1)", "formula"),
        ("x" * (MOST_CHARACTERS + 1), f"{MOST_CHARACTERS + 1} characters"),
    ],
)
def test_a_title_that_is_no_line_of_text_says_why(title: str, said: str) -> None:
    assert said in title_problem(title)


@pytest.mark.parametrize("title", ["Lab\x1b[2J", "two\nlines", "=1+1", "x" * 20_000])
def test_a_recording_with_such_a_title_is_refused(title: str, tmp_path: Path) -> None:
    rates = xr.DataArray(np.ones((2, 3, 4)), dims=("condition", "time", "neuron"), attrs={"units": "spikes/s"})
    time = xr.DataArray(np.arange(3.0) * 10, dims="time", attrs={"units": "ms"})
    xr.Dataset({"rates": rates}, {"time": time}, {"title": title}).to_netcdf(tmp_path / "rates.nc")
    with pytest.raises(InputError) as caught:
        own_rates.read([tmp_path / "rates.nc"], {})
    assert caught.value.key == "title" and caught.value.file == str(tmp_path / "rates.nc") and caught.value.remedy
    assert str(caught.value).count("\n") == 4 and "\x1b" not in str(caught.value)


# ---- errors and what commands print


def test_an_error_obeys_no_terminal_escapes() -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\r\u202e\udcff"
    error = InputError(f"no {hostile}", file=f"/tmp/{hostile}", key=hostile, value=hostile, remedy=f"not {hostile}")
    assert set(str(error)) - {"\n"} <= set(map(chr, range(32, 127)))
    assert str(error).count(r"\x1b]0;owned\x07") == 5
    assert error.file == f"/tmp/{hostile}"  # to open


def test_inspect_obeys_no_terminal_escapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text(canonical_json({"title": "\x1b[2J"}), encoding="utf-8")
    (tmp_path / "a.md").write_text(f"x\n<!-- made by {canonical_json({'a': chr(0x9B)})} -->\n", encoding="utf-8")
    assert main(["inspect", str(tmp_path / "a.json"), str(tmp_path / "a.md")]) == 0
    assert all(letter.isprintable() or letter == "\n" for letter in capsys.readouterr().out)


# ---- figures


def distances(title: str) -> pd.DataFrame:
    """Two seeds of BPTT that go straight from accuracy 0 to 0.9."""
    labels = {"recording": "our-lab", "recording_title": title, "synthetic": 0, "task": "2af"}
    labels |= {"learning_rule": "bptt", "setting": "base", "gain": 1.0, "learning_rate": 1e-3, "flossed": 0}
    rows = [
        {"seed": seed, "update": update, "accuracy": 0.09 * update, "measure": measure, "distance": 0.5 + 0.1 * seed}
        for seed in (0, 1)
        for update in range(11)
        for measure in ("procrustes", "cca")
    ]
    return pd.DataFrame([{**labels, "training_code": "0", "scoring_code": "0", **row} for row in rows])


def noise_floor(title: str) -> pd.DataFrame:
    labels = distances(title).drop(columns=["update", "accuracy", "measure", "distance"]).iloc[0].to_dict()
    common = {"repeat": 0, "group_size": 4, "accuracy": 0.9}
    rows = [{"quantity": "floor", "stage": "", "seed": -1, "distance": 0.3}]
    rows += [{"quantity": "model", "stage": "trained", "seed": seed, "distance": 0.4 + seed / 10} for seed in (0, 1)]
    return pd.DataFrame([{**labels, **common, **row} for row in rows])


def context() -> dict[str, Any]:
    model = {"task": "2af", "learning_rule": "bptt", "setting": "base"}
    figure = {"settings": ["base"]}
    return {"study": "s", "figure": figure, "models": [model], "seeds": [0, 1], "left_out": [], "code": "0"}


def drawn(name: str, table_type: str, table: pd.DataFrame, folder: Path, repository: Path) -> dict[str, Path]:
    """The products of one figure by their endings."""
    write_table(folder / f"{table_type}.csv", table)
    files = {ending: folder / f"{name}.{ending}" for ending in FIGURES.load(name).PRODUCTS}
    published = str(repository / "resources" / "published.yaml")
    tables = {name: [str(folder / f"{table_type}.csv")]}
    produce(name, context(), tables, published, [str(file) for file in files.values()])
    return files


def glyphs(text: Text) -> int:
    """The number of characters drawn literally, not as a formula."""
    _, is_math = text._preprocess_math(text.get_text())
    return 0 if is_math else len(text.get_text())


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.filterwarnings("ignore:Glyph")  # fonts lack some letters
def test_a_figure_draws_titles_letter_by_letter(title: str, tmp_path: Path) -> None:
    table = distances(title)
    with style.publication():
        figure = FIGURES.load("fig1").make({"distances": table}, {**context(), "published": {}})["figure"]
        (panel,) = [axes for axes in figure.axes if axes.get_title()]
        assert panel.get_title() == title and glyphs(panel.title) == len(title)
        figure.savefig(os.devnull, format="pdf")
    write_table(tmp_path / "t.csv", table)
    assert set(read_tidy_table(tmp_path / "t.csv")["recording_title"]) == {title}


def test_figures_with_such_titles_are_written(tmp_path: Path, repository: Path) -> None:
    files = drawn("fig1", "distances", distances(TITLES["half a formula"]), tmp_path, repository)
    assert files["png"].stat().st_size > 0 and files["pdf"].stat().st_size > 0


@pytest.mark.parametrize("title", ["x" * MOST_CHARACTERS, "twelve neurons " * 7])
def test_a_long_title_stays_within_its_panel(title: str) -> None:
    with style.publication():
        figure, axes = panels.make_panels(4)
        for panel in axes:
            panel.set_title(title)
        axes[0].set_title("short\nand two lines")
        panels.fit_titles(figure)
        figure.draw_without_rendering()
        boxes = [panel.title.get_window_extent() for panel in axes]
    assert axes[0].get_title() == "short\nand two lines"
    assert axes[1].get_title().replace("\n", " ").split() == title.split() or " " not in title
    assert axes[1].get_title().replace("\n", "").replace(" ", "") == title.replace(" ", "")
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes[1:]))


def test_ticks_of_logarithmic_axes_are_plain_text() -> None:
    assert [power_of_ten(value) for value in (0.01, 1.0, 1000.0, 1e-12)] == ["10⁻²", "10⁰", "10³", "10⁻¹²"]


def test_mathematics_of_ours_is_still_drawn_as_such() -> None:
    with style.publication():
        figure = FIGURES.load("proposition").make({}, {**context(), "models": []})["figure"]
    assert isinstance(figure, Figure)
    dollars = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    assert dollars and all(text._preprocess_math(text.get_text())[1] is True for text in dollars)


# ---- tables and pages


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self.comments: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag in ("td", "th", "h2"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


OURS = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "code", "strong"}
OURS |= {"table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_pages_show_titles_letter_by_letter(title: str, tmp_path: Path, repository: Path) -> None:
    for name, table_type, table in (
        ("table3", "noise_floor", noise_floor(title)),
        ("table1", "distances", distances(title)),
    ):
        files = drawn(name, table_type, table, tmp_path, repository)
        page = Page(files["html"])
        assert page.tags <= OURS and len(page.comments) == 1
        shown = [cell.strip() for cell in page.cells]
        assert title in shown or f"{title} (our-lab, task 2af)" in shown
        # One row for each quantity: no bar of a title begins a new cell.
        if name == "table3":
            assert len([cell for cell in shown if cell == title]) == 2


@pytest.mark.parametrize("text", [*TITLES.values(), "a\nb", "a\r\n\r\n# b"])
def test_markdown_gives_the_letters_back(text: str) -> None:
    """With a Markdown parser that interprets HTML, as most do."""
    html = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .render("\n".join(markdown.table([text, "b"], [[text, "2"]])))
    )
    found: list[str] = []

    class Cells(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            assert tag in OURS
            found.extend([""] * (tag in ("th", "td")))

        def handle_data(self, data: str) -> None:
            if found:
                found[-1] += data

    Cells().feed(html)
    assert [cell.strip() for cell in found] == [" ".join(text.split()), "b", " ".join(text.split()), "2"]


def test_what_made_a_table_cannot_end_its_comment(
    tmp_path: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "noise_floor.csv", noise_floor("Lab"))
    files = [tmp_path / f"table3.{ending}" for ending in ("csv", "md", "html")]
    produce(
        "table3",
        {**context(), "study": "--> <script>"},
        {"table3": [str(tmp_path / "noise_floor.csv")]},
        str(repository / "resources" / "published.yaml"),
        [str(file) for file in files],
    )
    for file in files[1:]:
        assert "<script>" not in file.read_text(encoding="utf-8").replace("<!-- made by", "").split("-->")[-1]
        assert file.read_text(encoding="utf-8").count("-->") == 1
        assert main(["inspect", str(file)]) == 0
        assert "study: --> <script>" in capsys.readouterr().out


# ---- the user's machine


def test_neither_locale_nor_matplotlibrc_changes_a_byte(tmp_path: Path, repository: Path) -> None:
    """Drawn by two processes: one as usual, one with settings that would change a figure, where all text is ASCII."""
    table = tmp_path / "distances.csv"
    write_table(table, distances("Hätsö 神经"))
    script = tmp_path / "draw.py"
    script.write_text(
        "import sys\n"
        "from neurorules.figures.base.produce import produce\n"
        f"outputs = [sys.argv[1] + '/fig1.' + ending for ending in ('pdf', 'png', 'csv')]\n"
        f"produce('fig1', {context()!r}, {{'fig1': [{str(table)!r}]}}, 'resources/published.yaml', outputs)\n",
        encoding="utf-8",
    )
    hostile = tmp_path / "matplotlibrc"
    hostile.write_text(
        "savefig.bbox: tight\nfont.family: serif\nfont.size: 20\ntext.usetex: True\naxes.grid: True\n"
        "axes.prop_cycle: cycler('color', ['r'])\nsavefig.transparent: True\npath.sketch: 1, 100, 2\n"
        "axes.formatter.use_locale: True\naxes.unicode_minus: False\npdf.compression: 0\n",
        encoding="utf-8",
    )
    usual = {"PATH": os.environ["PATH"], "PYTHONPATH": str(repository / "workflow"), "HOME": str(tmp_path)}
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Pacific/Apia"}
    own = {"MATPLOTLIBRC": str(hostile), "MPLBACKEND": "TkAgg", "HOME": "/proc"}
    written: list[dict[str, bytes]] = []
    for name, environment in (("usual", usual), ("hostile", {**usual, **ascii_only, **own})):
        (tmp_path / name).mkdir()
        command = [sys.executable, str(script), str(tmp_path / name)]
        done = subprocess.run(command, cwd=repository, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        written.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert written[0].keys() == {"fig1.pdf", "fig1.png", "fig1.csv"}
    assert written[0] == written[1]


def test_letters_that_a_terminal_lacks_are_escaped(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "a.json").write_text(canonical_json({"title": "Hätsö"}), encoding="utf-8")
    command = [sys.executable, "-m", "neurorules", "inspect", str(tmp_path / "a.json")]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(repository / "workflow")}
    environment |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, env=environment, capture_output=True)
    assert done.returncode == 0 and rb"title: H\xe4ts\xf6" in done.stdout, done.stderr.decode()


def text_calls_without_encoding(file: Path) -> Iterator[int]:
    """Lines that read or write text in the encoding of the user's locale."""
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        words = {keyword.arg: keyword.value for keyword in call.keywords}
        positional = call.args[0 if isinstance(call.func, ast.Attribute) else 1 :]
        modes = [node for mode in (*positional, words.get("mode")) if mode for node in ast.walk(mode)]
        letters = [node.value for node in modes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        binary = any("b" in mode and len(mode) < 4 for mode in letters)
        owner = getattr(getattr(call.func, "value", None), "id", "")
        is_file = (
            owner not in ("os", "Image", "webbrowser", "packed", "tarfile") and "timeout" not in words
        )  # and no web address
        is_open = name in ("open", "fdopen") and is_file and not binary
        is_text = name == "read_text" or (name == "write_text" and isinstance(call.func, ast.Attribute))
        is_child = "text" in words or "universal_newlines" in words
        if (is_open or is_text or is_child) and "encoding" not in words:
            yield call.lineno


def test_every_text_file_has_an_encoding(repository: Path) -> None:
    files = [f for folder in ("workflow", "docs", "envs") for f in (repository / folder).rglob("*.py")]
    found = [f"{file.relative_to(repository)}:{line}" for file in files for line in text_calls_without_encoding(file)]
    assert len(files) > 100 and found == []


def test_that_check_finds_what_it_is_for(tmp_path: Path) -> None:
    lines = [
        "path.read_text()",
        "path.write_text(x)",
        "open(path)",
        "open(path, 'w')",
        "path.open('a')",
        "subprocess.run(command, text=True)",
        "open(path, 'rb')",
        "path.open('rb')",
        "path.read_text(encoding='utf-8')",
        "write_text(path, x)",
    ]
    (tmp_path / "a.py").write_text("\n".join(lines), encoding="utf-8")
    assert list(text_calls_without_encoding(tmp_path / "a.py")) == [1, 2, 3, 4, 5, 6]


def test_a_csv_has_the_lines_that_were_written(tmp_path: Path) -> None:
    """Line endings within quotes are data: text mode would turn them into others."""
    text = 'recording_title,seed\n"a\r\nb",1\n'
    (tmp_path / "t.csv").write_bytes(text.encode())
    table = read_tidy_table(tmp_path / "t.csv")
    assert table["recording_title"].tolist() == [next(csv.reader(['"a\r\nb"']))[0]]
