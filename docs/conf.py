"""How sphinx builds the site: `python -m sphinx -W docs build/site`."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import skconv
from skconv.utils.doc_link import SITE_VARIABLE, folder_of

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")

project = "skconv"
author = "skconv developers"
project_copyright = author
version = release = skconv.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_templates"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "py:obj"
nitpicky = False

# Pages are read on a forge too: links between them are those of files.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = [
    # Examples are classes and functions of one page: pickled for the next build or not.
    "config.cache",
]


def is_own(method: Any) -> bool:
    return getattr(method, "__module__", "").startswith("skconv")


def own_methods(name: str) -> list[str]:
    """Public methods of a class of `skconv` that say more than what scikit-learn's mixins say."""
    cls: Any = skconv
    for part in name.removeprefix("skconv.").split("."):
        cls = getattr(cls, part)
    methods = inspect.getmembers(cls, inspect.isroutine)
    return [m for m, f in methods if m[0] != "_" and is_own(f)]


autosummary_generate = True
autosummary_context = {"own_methods": own_methods}
autodoc_typehints = "none"  # numpydoc's sections give them, with shapes
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Links to the pages of other projects need the network.
if os.environ.get("SKCONV_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable/", None),
        "python": ("https://docs.python.org/3/", None),
        "sklearn": ("https://scikit-learn.org/stable/", None),
    }

# Displays of estimators in the examples link to their pages, seen from the gallery's folder.
os.environ[SITE_VARIABLE] = ".."

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "auto_examples",
    "doc_module": ("skconv",),
    "reference_url": {"skconv": None},
    "remove_config_comments": True,
    "show_memory": False,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = f"skconv {version}"
html_static_path: list[str] = []
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
}
# A menu of versions, on a site of which each version is a folder (docs/deploy.py).
if os.environ.get("SKCONV_DOCS_VERSIONS"):
    html_theme_options |= {
        "switcher": {"json_url": "../switcher.json", "version_match": folder_of(version)},
        "check_switcher": False,  # it is written when the site is deployed
        "navbar_end": ["version-switcher", "theme-switcher", "navbar-icon-links"],
    }


def copy_pages(app: Any) -> None:
    """The pages beside the folder, with links as seen from it: sphinx reads one folder only."""
    folder = Path(app.srcdir, "project")
    folder.mkdir(exist_ok=True)
    for page in PAGES:
        text = Path(ROOT, page).read_text().replace("](docs/", "](../")
        Path(folder, page).write_text(text.replace("](LICENSE)", "](../../LICENSE)"))


def link_to_copies(app: Any, name: str, source: list[str]) -> None:
    """Links to the pages beside the folder lead to their copies."""
    for page in PAGES:
        source[0] = source[0].replace(f"](../{page})", f"](project/{page})")
    for example in (ROOT / "examples").glob("plot_*.py"):
        copy = f"auto_examples/{example.stem}.rst"
        source[0] = source[0].replace(f"](../examples/{example.name})", f"]({copy})")


def setup(app: Any) -> None:
    app.connect("builder-inited", copy_pages)
    app.connect("source-read", link_to_copies)
