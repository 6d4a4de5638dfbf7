"""Sphinx: what the site is made of. ``sphinx-build -W docs docs/_build/html``; no network is needed."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import generate  # noqa: E402 - the folder had to be made known first

import fascidetect  # noqa: E402
from fascidetect.notice import NOTICE  # noqa: E402

project = "fascidetect"
author = "fascidetect contributors"
copyright = "fascidetect contributors, MIT License"  # noqa: A001 - the name that Sphinx wants
version = release = fascidetect.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "matplotlib.sphinxext.mathmpl",  # formulas become pictures here: no script from elsewhere
]
exclude_patterns = ["_build", "README.md", "generated/filming.md"]  # the last is part of a page
root_doc = "index"

myst_enable_extensions = ["colon_fence", "deflist", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {"notice": NOTICE, **generate.constants()}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
default_role = "literal"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
toc_object_entries = False

mathmpl_fontsize = 15.0
mathmpl_srcset = ["2x"]

html_theme = "furo"
html_title = f"fascidetect {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}

generate.write_all(HERE / "generated")
