"""The look that all pages share."""

import re
from pathlib import Path

import pytest

from steps.core import page as look
from steps.core.page import Reading, page, table

CONSOLE = Path("serving/console/static/style.css").read_text()
COLOUR = re.compile(r"(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
HOSTILE = "<script>alert(1)</script>"
READING = Reading("houses of a test", "all is well", "mend it")


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of a colour as #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio of two colours, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_pages_have_the_consoles_colours_in_both_themes() -> None:
    own = {name: pair for name, *pair in COLOUR.findall(look.PALETTE)}
    consoles = {name: pair for name, *pair in COLOUR.findall(CONSOLE)}
    assert len(own) >= 10
    assert own == {name: consoles[name] for name in own}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_has_the_contrast_that_wcag_asks_for(theme: int) -> None:
    shades = {name: pair[theme] for name, *pair in COLOUR.findall(look.PALETTE)}
    pairs = [(ink, ground) for ink in ("--ink", "--muted") for ground in ("--surface", "--sunken")]
    pairs += [("--ink", f"--{kind}-ground") for kind in ("good", "warn", "bad")]
    pairs += [(name, "--surface") for name in ("--good", "--bad", "--accent")]
    assert [pair for pair in pairs if contrast(*(shades[name] for name in pair)) < 4.5] == []


def test_marks_of_figures_are_told_from_their_white_ground() -> None:
    assert [colour for colour in (*look.CYCLE, look.BAD) if contrast(colour, "#ffffff") < 3] == []


def test_a_page_says_first_what_it_is_what_is_good_and_what_to_do() -> None:
    text = page("Quality", READING, "<p>body</p>")
    places = [text.index(part) for part in ("<h1>Quality</h1>", *vars(READING).values(), "<p>body</p>")]
    assert places == sorted(places)


def test_texts_are_no_markup_and_the_page_may_load_and_run_nothing() -> None:
    text = page(HOSTILE, Reading(HOSTILE, HOSTILE, HOSTILE), table([HOSTILE], [[HOSTILE]]))
    assert "<script" not in text
    assert "default-src 'none'" in text


def test_what_stands_between_backticks_is_code() -> None:
    assert "run <code>make &lt;x&gt;</code> again" in page("t", Reading("a", "b", "run `make <x>` again"), "")


def test_a_verdicts_banner_stands_in_for_the_heading() -> None:
    text = page("Drift", READING, "", "<div class=banner><h1>Stable</h1></div>")
    assert re.findall("<h1>(.*?)</h1>", text) == ["Stable"]


def test_tables_name_their_columns_and_scroll_in_themselves() -> None:
    text = page("t", READING, table(["house", ""], [["1", "2"]], "words"))
    assert "<th scope=col>house</th><td></td>" in text
    assert text.count('<div class="wide"><table class=words>') == text.count("</table></div>") == 1
