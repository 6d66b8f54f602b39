"""How Sphinx builds the documentation: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.reference_pages import write

project = "House price platform"
extensions = ["myst_parser", "sphinx_copybutton", "docs.accessible"]
exclude_patterns = ["benchmarks"]
myst_enable_extensions = ["deflist"]
# Headings can be linked to as GitHub links to them.
myst_heading_anchors = 4
myst_html_meta = {
    "description": "House prices as a service, with the feature store at the centre: tutorial, guides, reference."
}
html_theme = "furo"
html_title = project
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
html_static_path = ["static"]
html_favicon = "../serving/console/static/icon.svg"
html_css_files = ["wide.css"]
html_copy_source = False
html_show_sphinx = False

write(Path(__file__).resolve().parent)
