"""The page's files: two languages that say the same, and nothing from elsewhere."""

import json
import re
from typing import Any

import pytest

from serving.console.assets import FOLDER, read_assets

SOURCES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".js", ".html"))
# Names that are put together: t(`tile_${name}`).
PREFIXES = ("nav_", "tile_", "link_", "theme_", "live_")


def strings(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{language}.json").read_text())
    return found


def test_both_languages_have_the_same_strings_with_the_same_places_to_fill() -> None:
    english, spanish = strings("en"), strings("es")
    assert list(english) == list(spanish)
    for name, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", spanish[name])), name


def test_every_string_that_the_page_names_is_there_and_every_string_is_named() -> None:
    text = "\n".join(path.read_text() for path in SOURCES)
    named = set(re.findall(r"\bt\(\"(\w+)\"", text)) | set(re.findall(r'data-(?:text|label)="(\w+)"', text))
    assert named <= set(strings("en"))
    # In lists and conditions a name stands alone.
    quoted = set(re.findall(r'"#?(\w+)"', text)) | named
    assert {name for name in strings("en") if name not in quoted and not name.startswith(PREFIXES)} == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_text_becomes_markup_and_nothing_is_loaded_from_elsewhere(path: Any) -> None:
    text = path.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.search(r"""(?:src|href|from|import|fetch\()\s*=?\s*["'`](?:https?:)?//""", text)
    if path.suffix == ".html":
        assert not re.search(r"<style|\son\w+=|style=|<script(?![^>]*src=)", text)


def test_the_page_is_served_under_its_own_name_and_at_the_root() -> None:
    assets = read_assets()
    assert assets["/"] == assets["/index.html"]
    assert assets["/app.js"].media_type.startswith("text/javascript")
