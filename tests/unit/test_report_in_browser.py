"""The results page in Chromium: it opens without an error, its filters work, at the width of a phone and of a desk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers.results import study_with_results

from neurorules.report.page import write_page

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE, DESK = 400, 1400

# The lowest contrast ratio (WCAG 2.2) of any visible text on the nearest coloured background, and its place.
LEAST_CONTRAST = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const c = rgb[i] / 255;
    return sum + weight * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let least = [21, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, style")) continue;
    const style = getComputedStyle(element);
    const ink = parts(element.closest("svg") ? style.fill : style.color);
    const [dark, light] = [luminance(ink), luminance(ground(element))].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < least[0]) least = [ratio, element.outerHTML.slice(0, 200)];
  }
  return least;
}"""

OPEN_ALL = "() => document.querySelectorAll('details').forEach((box) => { box.open = true; })"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed (or name one in CHROMIUM)")
    with playwright.sync_playwright() as found:
        # The page is our own file, and root has no sandbox.
        started = found.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """The page of a study, and its ledger."""
    folder = tmp_path_factory.mktemp("results")
    study = study_with_results(folder)
    file, _ = write_page(study, folder)
    return file, pd.read_csv(folder / study.paths.below("tables", "claims.csv"), keep_default_na=False)


@pytest.fixture
def opened(browser: Any, results: tuple[Path, pd.DataFrame]) -> Iterator[Any]:
    """Opens the page, with options of the browser; its complaints and requests are kept."""
    contexts = []

    def open_page(fragment: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": DESK, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(f"{results[0].as_uri()}{fragment}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def field(page: Any, label: str) -> Any:
    """A field of the filters."""
    return page.locator("#filters").get_by_label(label)


def shown(page: Any) -> int:
    return int(page.locator(".ledger > tbody > tr:visible").count())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_opens_offline_without_a_complaint_and_fits(opened: Any, width: int, scheme: str) -> None:
    page = opened(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate("[...document.images].map((image) => [image.complete, image.naturalWidth])")
    assert sizes and all(complete and pixels > 100 for complete, pixels in sizes)
    ratio, where = page.evaluate(LEAST_CONTRAST)
    assert ratio >= 4.5, where
    assert page.complaints == []
    assert {url.split(":")[0] for url in page.requests} <= {"file", "data"}


def test_every_link_within_the_page_leads_somewhere(opened: Any) -> None:
    page = opened()
    lost = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.hash.slice(1))"
        ".filter((id) => !document.getElementById(id))"
    )
    assert lost == []


def test_filters_show_the_rows_of_the_ledger_that_they_name(opened: Any, results: tuple[Path, pd.DataFrame]) -> None:
    page, table = opened(), results[1]
    assert shown(page) == len(table) > 50
    field(page, "Paper").select_option("companion")
    assert shown(page) == (table["paper"] == "companion").sum() > 0
    field(page, "Verdict").select_option("not-testable")
    assert shown(page) == ((table["paper"] == "companion") & (table["verdict"] == "not testable here")).sum()
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function(f"document.querySelectorAll('.ledger > tbody > tr:not([hidden])').length === {len(table)}")
    field(page, "Verdict").select_option("not-reproduced")
    assert shown(page) == (table["verdict"] == "not reproduced").sum() > 0
    field(page, "Verdict").select_option("")
    field(page, "Recording or task").select_option("Hatsopoulos 2007")
    assert shown(page) == (table["recording_title"] == "Hatsopoulos 2007").sum() > 0
    assert page.locator("#shown").inner_text() == f"{shown(page)} of {len(table)} rows"


def test_text_finds_claims_by_their_words_and_says_when_there_are_none(
    opened: Any, results: tuple[Path, pd.DataFrame]
) -> None:
    page, table = opened(), results[1]
    field(page, "Text").fill("truncated BPTT")
    assert 0 < shown(page) < len(table)
    assert all("truncated" in text.lower() for text in page.locator(".ledger > tbody > tr:visible").all_inner_texts())
    assert page.locator("#none").is_hidden()
    field(page, "Text").fill("no such words")
    assert shown(page) == 0 and page.locator("#none").is_visible()
    assert page.locator(".forest tr[data-claim]:visible").count() == 0


def test_a_filtered_view_is_in_the_address_and_comes_back(opened: Any) -> None:
    page = opened()
    field(page, "Paper").select_option("companion")
    field(page, "Text").fill("gain")
    fragment = page.evaluate("location.hash")
    assert fragment == "#ledger?paper=companion&q=gain"
    again = opened(fragment)
    assert shown(again) == shown(page) > 0
    assert field(again, "Text").input_value() == "gain"
    assert field(again, "Paper").input_value() == "companion"


def test_a_link_to_a_claim_that_filters_hide_shows_it(opened: Any) -> None:
    page = opened("#ledger?q=no+such+words")
    assert shown(page) == 0
    page.evaluate("location.hash = '#claim-1'")
    page.wait_for_selector("#claim-1:visible")
    assert page.evaluate("document.activeElement.id") == "claim-1"


def test_an_address_that_nobody_wrote_breaks_nothing(opened: Any, results: tuple[Path, pd.DataFrame]) -> None:
    page = opened("#ledger?paper=none&verdict=%E0%A4%A&x=1")
    assert shown(page) == len(results[1]) and page.complaints == []


def test_it_can_be_used_by_the_keyboard(opened: Any) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    field(page, "Paper").focus()
    page.keyboard.press("ArrowDown")
    assert shown(page) > 0 and page.locator(".ledger > tbody > tr[hidden]").count() > 0
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_without_a_script_the_whole_ledger_is_there(opened: Any, results: tuple[Path, pd.DataFrame]) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("#filters").is_hidden()
    assert shown(page) == len(results[1])


def test_a_table_is_saved_from_the_page(opened: Any, results: tuple[Path, pd.DataFrame]) -> None:
    page = opened()
    with page.expect_download() as saved:
        page.locator('a[download="claims.csv"]').click()
    found = pd.read_csv(saved.value.path(), keep_default_na=False)
    pd.testing.assert_frame_equal(found, results[1])
