"""Convert captions (reStructuredText with Jinja, as in Snakemake reports) and Markdown tables to HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CAPTIONS = Path(__file__).resolve().parents[2] / "report"
HEADING_LEVEL = 4  # for headings within a caption or table; figures have level 3

_TAG = re.compile(r"<[^>]+>")


def caption_html(name: str, config: Mapping[str, Any]) -> str:
    """The caption of a figure as HTML; "" if it has none.

    Args:
        name: name of the file in workflow/report/, without its suffix.
        config: the study's config, which captions quote.
    """
    file = CAPTIONS / f"{name}.rst"
    if not file.is_file():
        return ""
    import jinja2

    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(file.read_text(encoding="utf-8"))
    return _restructured(template.render(snakemake=SimpleNamespace(config=config)))


def _restructured(text: str) -> str:
    from docutils.core import publish_parts

    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "doctitle_xform": False,
        "initial_header_level": HEADING_LEVEL,
        "report_level": 5,  # show the text even if its markup has errors
        "halt_level": 5,
        "smart_quotes": False,
        "output_encoding": "unicode",
    }
    body: str = publish_parts(text, writer="html5", settings_overrides=settings)["fragment"]
    return body.replace("<blockquote>", "").replace("</blockquote>", "")


def first_paragraph(html: str) -> tuple[str, str]:
    """The first paragraph of a caption, with its tags, and the rest."""
    end = html.find("</p>")
    return ("", html) if end < 0 else (html[: end + 4], html[end + 4 :])


def plain_text(html: str) -> str:
    """The plain text of HTML on one line."""
    return " ".join(unescape(_TAG.sub("", html)).split())


def table_html(markdown: str, title: str) -> str:
    """A Markdown table as HTML, with headings below the figure's level, scoped header cells and scrolling tables.

    Args:
        markdown: the table file's content. Its first heading, which repeats the title, and its last comment, which
            says what it was made from, are left out.
        title: text for the tables' captions.
    """
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    without_origin = re.sub(r"\n<!-- made by .*? -->\s*\Z", "\n", markdown, flags=re.DOTALL)
    tokens = parser.parse(re.sub(r"\A\s*# .*\n", "", without_origin))
    shift = HEADING_LEVEL - min((int(t.tag[1]) for t in tokens if t.type == "heading_open"), default=HEADING_LEVEL)
    shown: list[Token] = []
    under, in_heading, count = "", False, 0
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"
            in_heading = token.type == "heading_open"
        elif token.type == "inline" and in_heading:
            under = token.content
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        if token.type == "table_open":
            count += 1
            name = _escaped(f"{title}: {under}" if under else f"{title} ({count})" if count > 1 else title)
            box = f'<div class="scroll" role="region" tabindex="0" aria-label="{name}, table {count}">'
            shown += [_html(box), token, _html(f'<caption class="unseen">{name}</caption>')]
        elif token.type == "table_close":
            shown += [token, _html("</div>")]
        else:
            shown.append(token)
    text: str = parser.renderer.render(shown, parser.options, {})
    return text


def _html(content: str) -> Any:
    from markdown_it.token import Token

    return Token("html_block", "", 0, content=content)


def _escaped(text: str) -> str:
    from html import escape

    return escape(re.sub(r"\\(?=[^\w\s])", "", text), quote=True)
