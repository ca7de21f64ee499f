"""The documentation: links are not broken, code parses, studies are valid, and the site has every page."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers.loaded_file import load

from neurorules.errors import InputError
from neurorules.study.load import load_study
from neurorules.study.yaml_source import REPOSITORY

PAGES = sorted(
    [*REPOSITORY.glob("*.md"), REPOSITORY / "config" / "README.md", *(REPOSITORY / "docs").rglob("*.md")],
)
STUDIES = sorted((REPOSITORY / "examples").rglob("*.yaml"))
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


def name_of(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


def prose(text: str) -> str:
    """A page without its code."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, which are the same on the site and on code hosts."""
    found = set()
    for heading in re.findall(r"^#+ +(.*?)\s*$", FENCE.sub("", page.read_text()), re.MULTILINE):
        words = re.sub(r"[^\w\s-]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).replace("`", "")).strip().lower()
        site, host = re.sub(r"[-\s]+", "-", words), words.replace(" ", "-")
        assert site == host, f"{name_of(page)}: {heading!r} has two names in links"
        found.add(site)
    return found


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links, except web addresses."""
    text = prose(page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text):
        if not re.match(r"(https?|mailto):", target):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists() and file.is_relative_to(REPOSITORY), target
        if anchor:
            assert anchor in anchors(file), target


def blocks() -> Iterator[tuple[str, str, str]]:
    """Page, language and code of every block."""
    for page in PAGES:
        for found in FENCE.finditer(page.read_text()):
            code = "".join(line.removeprefix(found["indent"]) for line in found["code"].splitlines(keepends=True))
            yield name_of(page), found["language"], code


def test_code_parses() -> None:
    seen = set()
    for page, language, code in blocks():
        seen.add(language)
        assert language, f"{page}: a block of code does not say its language: {code[:40]}"
        is_part = code.startswith(" ")  # of a file; tests/workflow/test_guide.py puts it there
        if language == "python" and not is_part and "snakefile:" not in code:  # a Snakefile is no Python
            ast.parse(code, page)
        elif language == "yaml":
            yaml.safe_load(code)
        elif language == "sh":
            checked = subprocess.run(["bash", "-n"], input=code, text=True, capture_output=True)
            assert checked.returncode == 0, (page, code, checked.stderr)
    assert {"python", "yaml", "sh"} <= seen


def test_whole_studies_are_right(tmp_path: Path) -> None:
    """Studies that need a plug-in from examples/ are checked with it by the tests of those pages."""
    plug_ins = {file.read_text() for file in STUDIES if (file.parents[1] / "workflow").exists()}
    checked = 0
    for page, language, code in blocks():
        made = yaml.safe_load(code) if language == "yaml" else None
        if isinstance(made, dict) and "study" in made and code not in plug_ins and page != "config/README.md":
            file = tmp_path / "study.yaml"
            file.write_text(code)
            load_study(file)
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize("file", [f for f in STUDIES if not (f.parents[1] / "workflow").exists()], ids=name_of)
def test_studies_of_the_examples_are_right(file: Path) -> None:
    made = load_study(file)
    assert made.selection.figures


def test_the_error_of_the_tutorial_is_what_is_said(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "tutorial.md").read_text()
    (said,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "mine.yaml"
    file.write_text((REPOSITORY / "examples" / "studies" / "mine.yaml").read_text().replace("gain:", "gian:"))
    with pytest.raises(InputError) as caught:
        load_study(file)
    assert str(caught.value).replace(str(file), "config/mine.yaml") == said.strip()


def test_the_badges_are_true(capsys: pytest.CaptureFixture[str]) -> None:
    assert load(REPOSITORY / "docs" / "badges.py").main(["--check"]) == 0, capsys.readouterr().err


def test_the_page_on_speed_is_that_of_the_stored_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert load(REPOSITORY / "docs" / "benchmarks.py").main(["--check"]) == 0, capsys.readouterr().err


def test_the_navigation_has_every_page() -> None:
    """And nothing else."""
    contents = (REPOSITORY / "docs" / "contents.rst").read_text()
    named = re.findall(r"^   (?:.* <)?([\w./-]+)>?$", contents, re.MULTILINE)
    pages = [(REPOSITORY / "docs" / f"{name}.md").resolve() for name in named if name != "reference/api"]
    assert [name_of(page) for page in pages if not page.exists()] == []
    of_site = {page for page in PAGES if name_of(page) not in ("README.md", "docs/index.md")}
    assert set(pages) == of_site and len(pages) == len(named) - 1


def test_readme_fits_on_a_screen_and_a_half() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 95
    assert len((REPOSITORY / "config" / "README.md").read_text().splitlines()) <= 140


def test_pages_show_the_examples_as_they_are() -> None:
    assert load(REPOSITORY / "docs" / "examples.py").main(["--check"]) == 0


def test_a_site_that_loads_from_elsewhere_or_has_dead_links_is_seen(tmp_path: Path) -> None:
    problems = load(REPOSITORY / "docs" / "check_site.py").problems
    (tmp_path / "b.html").write_text('<h1 id="here">B</h1>')
    (tmp_path / "a.css").write_text("p { color: red }")
    page = '<link href="a.css"><a href="b.html#here">b</a> <a href="https://example.org">elsewhere</a>'
    (tmp_path / "a.html").write_text(page)
    assert list(problems(tmp_path)) == []
    (tmp_path / "a.css").write_text("@import url('https://fonts.example.org/a.css');")
    (tmp_path / "a.html").write_text(
        page.replace("#here", "#there") + '<a href="c.html">c</a><script src="//cdn.example.org/x.js"></script>'
    )
    assert list(problems(tmp_path)) == [
        "a.html loads //cdn.example.org/x.js",
        "a.html links to b.html#there, but that page has no such anchor",
        "a.html links to c.html, which does not exist",
        "a.css loads https://fonts.example.org/a.css",
    ]


def test_a_changed_example_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    examples = load(REPOSITORY / "docs" / "examples.py")
    monkeypatch.setattr(examples, "EXAMPLES", tmp_path)
    (tmp_path / "a.yaml").write_text("seeds: [1]\n")
    page = "Before\n\n<!-- example: a.yaml -->\n\n```yaml\nseeds: [0]\n```\n\nAfter\n"
    assert examples.rendered(page) == page.replace("[0]", "[1]")
    with pytest.raises(FileNotFoundError):
        examples.rendered(page.replace("a.yaml", "b.yaml"))


def test_a_wrong_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("study: mine\nuse_figures: [fig99]\n")
    with pytest.raises(InputError):
        load_study(tmp_path / "study.yaml")
