"""What the site's pages need beyond Sphinx and Furo, for those who hear them read or use no mouse."""

from typing import Any

from sphinx.application import Sphinx

SPANISH = "es/"  # the folder of the pages in Spanish
HEADING = 'role="heading"'


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx asks of an extension; the pages are mended after Furo has made its menu."""
    app.connect("html-page-context", mend, priority=900)
    app.add_js_file("scrollable.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mend(_app: Sphinx, name: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Name the language of a page, and give the menu's captions the level that Sphinx leaves out."""
    if name.startswith(SPANISH):
        context["language"] = "es"
    menu = str(context.get("furo_navigation_tree", ""))
    context["furo_navigation_tree"] = menu.replace(HEADING, f'{HEADING} aria-level="2"')
