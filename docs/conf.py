"""Sphinx configuration: builds the site from the repository's pages without changing them (`make docs`).

The source folder is the repository itself, so links between pages and to other files work as on a code host.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "workflow"))

_project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
project, version = _project["name"], _project["version"]
author = _project["authors"][0]["name"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "docs/contents"
include_patterns = ["docs/**", "config/README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
exclude_patterns = ["docs/index.md"]  # contents.rst has its text

# Pages in Markdown: headings are link targets, as on a code host.
myst_heading_anchors = 4
myst_links_external_new_tab = False

# The API, from docstrings.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autoclass_content = "class"
add_module_names = False
default_role = "code"  # `name` in a docstring is code
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "neurorules"
html_show_sphinx = False
html_show_copyright = False  # none is stated: the licence is in LICENSE
html_copy_source = False
html_static_path = ["site/static"]
html_extra_path = ["site/root"]  # index.html, which redirects to the first page
html_css_files = ["site.css"]
html_theme_options = {
    "sidebar_hide_name": False,
    "light_css_variables": {"color-brand-primary": "#00798c", "color-brand-content": "#00697a"},
    "dark_css_variables": {"color-brand-primary": "#4fc3d6", "color-brand-content": "#6fd0e0"},
}
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_exclude = ".linenos, .gp, .go"


def _literal_blocks(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Show indented parts of a module's docstring literally: contracts are written as aligned lists."""
    if what != "module":
        return
    made: list[str] = []
    for line in lines:
        indented = line.startswith("    ") or (not line.strip() and bool(made) and made[-1].startswith("    "))
        inside = bool(made) and (made[-1].startswith("    "))
        if indented and not inside:
            made += ["", "::", ""]
        elif inside and not indented:
            made.append("")
        made.append(line)
    lines[:] = made


def setup(app: Any) -> None:
    """Connect the extension; Sphinx calls this."""
    app.connect("autodoc-process-docstring", _literal_blocks)
