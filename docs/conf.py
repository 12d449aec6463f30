"""Configuration of the documentation; `make docs` builds it, with warnings as errors."""

import sys
import warnings
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # which an example uses

import skdeepunsup

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import draw_floors  # noqa: E402
import draw_journey  # noqa: E402

project = "skdeepunsup"
author = "The skdeepunsup developers"
copyright = "2026, The skdeepunsup developers"
version = release = skdeepunsup.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # formulas are drawn without network too
    "myst_parser",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]
# Single backticks name code of this package or of its neighbours.
default_role = "py:obj"

html_theme = "pydata_sphinx_theme"
html_title = "skdeepunsup"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_show_sourcelink = False
# Pages without pages below them need no navigation, but the width.
html_sidebars = {page: [] for page in ("architecture", "results", "stability")}
# What pages play.
html_static_path = ["sounds"]

autosummary_generate = True
# The types stand in the docstrings.
autodoc_typehints = "none"
# The class template lists the members; numpydoc need not do it again.
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "doc_module": ("skdeepunsup",),
    "abort_on_example_error": True,
    "write_computation_times": False,
    "show_signature": False,
}

# Examples end where what they show can be seen, long before the last per cent.
warnings.filterwarnings("ignore", message="The loss still falls", category=ConvergenceWarning)

# What pages draw.
(HERE / "generated").mkdir(exist_ok=True)
for name, drawing in {"floors": draw_floors, "journey": draw_journey}.items():
    (HERE / "generated" / f"{name}.svg").write_text(drawing.draw(), encoding="utf-8")
