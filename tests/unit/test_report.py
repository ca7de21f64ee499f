"""The results page: its content for a study with known ground truth, and valid HTML."""

from __future__ import annotations

import base64
import io
import itertools
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from helpers.html_page import Page
from helpers.results import BPTT, EPROP, study_with_results
from matplotlib.figure import Figure
from PIL import Image
from scipy import stats

from neurorules.cli.main import main
from neurorules.errors import InputError
from neurorules.plotting.save import save_figure
from neurorules.report.answer import answer
from neurorules.report.captions import table_html
from neurorules.report.embed import MOST_BYTES, download, picture
from neurorules.report.forest import blocks
from neurorules.report.ledger import read_ledger
from neurorules.report.page import FOLDER, page_content, write_page
from neurorules.study.load import Study, load_study


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A study and its results folder, which tests do not change."""
    folder = tmp_path_factory.mktemp("results")
    return study_with_results(folder), folder


@pytest.fixture
def copied(made: tuple[Study, Path], tmp_path: Path) -> tuple[Study, Path]:
    """The same, to be changed."""
    study, folder = made
    shutil.copytree(folder, tmp_path / "copy")
    return study, tmp_path / "copy"


def html_of(study: Study, folder: Path) -> str:
    file, _ = write_page(study, folder)
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(made: tuple[Study, Path]) -> str:
    return html_of(*made)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


# ---- a page that needs nothing else


def test_elements_are_closed_and_ids_unique(page: Page) -> None:
    assert page.unbalanced == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 70


def test_every_link_leads_to_a_place_of_the_page_or_is_a_file_in_it(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside <= ids and {"answer", "claims", "figures", "figure-fig1", "claim-1"} <= inside
    files = [attributes for attributes in page.of("a") if attributes["href"].startswith("data:")]
    assert len(inside) and len(files) == sum(not link.startswith("#") for link in links)
    assert {attributes["download"] for attributes in files} >= {"fig1.csv", "fig1.pdf", "table3.csv", "claims.csv"}


def test_nothing_is_fetched_from_elsewhere(html: str, page: Page) -> None:
    sources = [a[key] for _, a in page.elements for key in ("src", "srcset", "data", "poster", "action") if key in a]
    assert sources and all(source.startswith("data:") for source in sources)
    assert "@import" not in html and "url(" not in html and not re.search(r"https?://", html)
    (policy,) = [a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_every_picture_says_in_words_what_it_shows(page: Page) -> None:
    pictures = page.of("img")
    assert len(pictures) == 3  # fig1, proposition, claims_forest
    assert all(len(attributes["alt"]) > 60 for attributes in pictures)
    assert any(
        attributes["alt"].startswith("Distance to the recording against task accuracy.") for attributes in pictures
    )
    drawn = [
        attributes for attributes in page.of("svg") if "role" not in attributes and "aria-hidden" not in attributes
    ]
    assert all(set(attributes) & {"x", "y"} for attributes in drawn), "parts of a picture that has a name"


def test_headings_skip_no_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def test_tables_have_captions_and_cells_their_headers(page: Page) -> None:
    tables = sum(tag == "table" for tag, _ in page.elements)
    assert tables >= 4 and sum(tag == "caption" for tag, _ in page.elements) == tables
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.of("th"))


def test_landmarks_and_language(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("main", "header", "footer", "nav")] == [1, 1, 1, 1]
    assert page.of("html")[0]["lang"] == "en"
    assert page.of("a")[0] == {"class": "skip", "href": "#main"}


def test_the_same_results_give_the_same_bytes_wherever_they_are(
    made: tuple[Study, Path], copied: tuple[Study, Path], html: str
) -> None:
    assert html_of(*copied) == html
    assert str(made[1]) not in html and str(Path.cwd()) not in html


# ---- what it says


def test_the_answer_has_the_numbers_of_welch_s_test(made: tuple[Study, Path], page: Page) -> None:
    test = stats.ttest_ind(EPROP, BPTT, equal_var=False)
    low, high = test.confidence_interval(0.95)
    study, folder = made
    ledger = read_ledger(study, folder)
    assert ledger is not None
    said = answer(study, ledger, folder)
    assert said.verdict == "not reproduced" and len(said.sentences) <= 4
    assert "is not reproduced for Hatsopoulos 2007 (setting base, Procrustes distance)." in said.sentences[0]
    assert f"+0.100 [{low:.3f}, {high:.3f}]" in said.sentences[1]
    assert "n = 4) against BPTT 0.500" in said.sentences[1] and "±0.014" in said.sentences[1]
    assert all(" ".join(sentence.split()) in page.text for sentence in said.sentences)


def test_counts_are_those_of_the_ledger(made: tuple[Study, Path], page: Page) -> None:
    study, folder = made
    table = pd.read_csv(folder / study.paths.below("tables", "claims.csv"))
    for verdict, count in table["verdict"].value_counts().items():
        assert f"{verdict} {count}" in page.text
    rows = [attributes for attributes in page.of("tr") if "data-verdict" in attributes]
    assert len(rows) == len(table) and {row["data-paper"] for row in rows} == set(table["paper"])


def test_each_claim_leads_to_its_figure_and_back(html: str) -> None:
    first = html[html.index('id="claim-1"') : html.index('id="claim-2"')]
    assert 'href="#figure-fig1"' in first
    figure = html[html.index('<article id="figure-fig1"') : html.index('<article id="figure-table3"')]
    assert 'href="#claim-1"' in figure


def test_how_to_make_a_figure_again(html: str) -> None:
    figure = html[html.index('<article id="figure-fig1"') : html.index('<article id="figure-table3"')]
    text = Page(figure).text
    assert "snakemake fig1 --cores 1 --configfile pages.yaml" in text
    assert "8: 2 models, seeds 0 to 3" in text
    assert re.search(r"Code of the figure [0-9a-f]{16}", text)
    assert "not recorded: its run files are missing" in text


def test_a_difference_that_the_ledger_does_not_know_any_more_is_shown_all_the_same(copied: tuple[Study, Path]) -> None:
    study, folder = copied
    file = folder / study.paths.below("tables", "claims.csv")
    file.write_text(file.read_text().replace("fig1-eprop-comparable", "a-claim-of-last-year"))
    ledger = read_ledger(study, folder)
    assert ledger is not None and ledger.entries[0].difference.startswith("+0.100")


def test_verdicts_by_alignment_and_level(copied: tuple[Study, Path]) -> None:
    """Undecided at one of two levels with one onset, not reproduced at both with the other."""
    study, folder = copied
    config = study.config | {"use_figures": [*study.config["use_figures"], "multiverse"]}
    rows = [(100, "0.9", "undecided"), (100, "0.8", "fails"), (120, "0.9", "fails"), (120, "0.8", "fails")]
    table = pd.DataFrame(rows, columns=["onset_step", "level", "result"]).assign(
        recording="hatsopoulos2007", setting="base", measure="procrustes", population="all", learning_rule="eprop"
    )
    table.to_csv(folder / study.paths.below("figures", "multiverse.csv"), index=False)
    with_multiverse = Study(config)
    ledger = read_ledger(with_multiverse, folder)
    assert ledger is not None
    said = " ".join(answer(with_multiverse, ledger, folder).sentences)
    assert "with movement onset at step 120 it is not reproduced at every accuracy level" in said
    assert "at step 100 it is undecided at 1 of 2 accuracy levels and not reproduced at 1 of 2 accuracy levels" in said


HOSTILE = 'A&B <script>alert("1")</script>'


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of a study of a synthetic recording with a hostile title."""
    folder = tmp_path_factory.mktemp("made-up")
    return Page(html_of(study_with_results(folder, title=HOSTILE, synthetic=1), folder))


def test_synthetic_recordings_are_marked_on_the_face(made_up: Page, page: Page) -> None:
    assert "Synthetic data. The recordings of this study are computer-generated" in made_up.text
    tags = [attributes["class"] for attributes in made_up.of("span") if "made-up" in attributes.get("class", "")]
    assert len(tags) >= 4
    assert "The test's own result: not reproduced." in made_up.text
    assert "Synthetic data." not in page.text and "made-up" not in {a.get("class") for a in page.of("span")}


def test_words_of_a_user_are_shown_letter_by_letter(made_up: Page) -> None:
    assert made_up.of("script") == [{}] and HOSTILE in made_up.text


# ---- what is not there


def test_a_part_that_is_missing_is_named_with_the_command_that_makes_it(copied: tuple[Study, Path]) -> None:
    study, folder = copied
    (folder / study.paths.below("figures", "fig1.pdf")).unlink()
    shutil.rmtree(folder / study.paths.below("tables"))
    _, unfinished = write_page(study, folder)
    assert unfinished == ["fig1", "table3", "claims"]
    text = Page(html_of(study, folder)).text
    assert "Parts are missing: results/pages/figures/fig1.pdf. This command makes it: snakemake fig1 --cores 1" in text
    assert "Not made yet: results/pages/tables/table3.csv" in text
    assert "The ledger of claims is not made yet" in text and "snakemake claims --cores 1" in text


def test_a_picture_that_is_cut_off_stops_no_page(copied: tuple[Study, Path]) -> None:
    study, folder = copied
    file = folder / study.paths.below("figures", "fig1.png")
    file.write_bytes(file.read_bytes()[:200])
    assert 'id="figure-fig1"' in html_of(study, folder)


def test_a_study_without_any_figure_is_an_error_with_a_remedy(made: tuple[Study, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"snakemake --cores 1 --configfile pages.yaml"):
        page_content(made[0], tmp_path)


def test_results_of_another_study_are_not_called_up_to_date(copied: tuple[Study, Path], page: Page) -> None:
    _, folder = copied
    assert "Not up to date" not in page.text
    file = folder / "pages.yaml"
    file.write_text(file.read_text().replace("seeds: [0, 1, 2, 3]", "seeds: [0, 1, 2, 3, 4]"))
    content = page_content(load_study(file), folder)
    assert {figure.name: bool(figure.making.stale) for figure in content["figures"]}["fig1"]


# ---- its parts


def test_pictures_are_embedded_pixel_for_pixel(tmp_path: Path) -> None:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0.0, 1.0], [0.0, 1.0])
    save_figure(figure, tmp_path / "a.pdf", tmp_path / "a.png", "title", "{}")
    found = picture(tmp_path / "a.png")
    inside = Image.open(io.BytesIO(base64.b64decode(found.uri.partition(",")[2]))).convert("RGBA")
    with Image.open(tmp_path / "a.png") as drawn:
        assert inside.tobytes() == drawn.convert("RGBA").tobytes()
        assert (found.width, found.height) == (drawn.width / 2, drawn.height / 2) == (200, 100)


def test_files_are_embedded_if_they_are_small(tmp_path: Path) -> None:
    (tmp_path / "small.csv").write_bytes(b"a\n1\n")
    (tmp_path / "large.csv").write_bytes(b"1" * (MOST_BYTES + 1))
    small, large = download(tmp_path, "small.csv"), download(tmp_path, "large.csv")
    assert base64.b64decode(small.uri.removeprefix("data:text/csv;base64,")) == b"a\n1\n"
    assert (large.uri, large.path, large.size) == ("", "large.csv", "300 kB")


def test_places_of_the_forest_plot() -> None:
    """Positions are linear in the difference: margins are around zero, intervals around their difference."""
    row = {
        "number": 1,
        "axis": "distance",
        "label": "a claim",
        "column": "a recording",
        "result": "fails",
        "synthetic": 0,
        "primary": 0,
        "difference": 0.3,
        "ci95_low": 0.2,
        "ci95_high": 0.4,
        "margin": 0.1,
        "published_difference": 0.5,
    }
    (block,) = blocks(pd.DataFrame([row, {**row, "number": 2, "ci95_high": 30.0}]), {1: "slug", 2: "slug"})
    mark, cut = block.marks
    per_unit = (mark.at - block.zero) / 0.3
    assert mark.low == pytest.approx(block.zero + 0.2 * per_unit, abs=0.02)
    assert mark.high == pytest.approx(block.zero + 0.4 * per_unit, abs=0.02)
    assert mark.published == pytest.approx(block.zero + 0.5 * per_unit, abs=0.02)
    assert mark.margin == pytest.approx((block.zero - 0.1 * per_unit, block.zero + 0.1 * per_unit), abs=0.02)
    assert (mark.cut_high, cut.cut_high, cut.high, cut.cut_low) == (False, True, 100.0, False)
    assert all(at == pytest.approx(block.zero + float(words) * per_unit, abs=0.02) for at, words in block.ticks)


def test_tables_in_markdown_become_tables_that_are_read_aloud_well() -> None:
    found = Page(
        table_html(
            "# Table 1\n\n## Part\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n### Finer\n\nwords\n"
            '\n<!-- made by {"code": "12ab"} -->\n',
            "Title",
        )
    )
    tags = [tag for tag, _ in found.elements]
    assert "h4" in tags and "h5" in tags and not {"h1", "h2", "h3"} & set(tags)
    assert "Title: Part" in found.text and "Table 1" not in found.text and "12ab" not in found.text
    assert [attributes["scope"] for attributes in found.of("th")] == ["col", "col"]
    assert found.unbalanced == []


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2: 21 for black on white."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_text_is_at_least_that_of_level_aa_light_dark_and_printed() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    blocks = re.findall(r":root \{([^}]*--notice-ink[^}]*)\}", (FOLDER / "page.css").read_text())
    assert len(blocks) == 3
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block))
        for ground in ("paper", "panel"):
            for text in ("ink", "soft", "link", "holds", "fails", "undecided"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground, colours)
        assert contrast(colours["notice-ink"], colours["notice"]) >= 4.5


# ---- the command


def test_the_command_writes_the_page_and_says_where(
    copied: tuple[Study, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = copied
    output = folder / "page.html"
    assert main(["report", str(folder / "pages.yaml"), "--directory", str(folder), "--output", str(output)]) == 0
    assert capsys.readouterr().out.startswith(f"{output} (")
    assert output.read_text().startswith("<!doctype html>")
    shutil.rmtree(folder / "results")
    assert main(["report", str(folder / "pages.yaml"), "--directory", str(folder)]) == 1
    assert "No figure of the study pages is finished" in capsys.readouterr().err
