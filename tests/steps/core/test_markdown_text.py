"""Text from outside in Markdown."""

import pytest
from markdown_it import MarkdownIt

from steps.core.markdown_text import code, link, table, text

HOSTILE = [
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](http://127.0.0.1/x.png)",
    "**bold** _it_ `code` ~~gone~~",
    "# heading",
    "- item",
    "1970. year",
    "+ plus",
    "> quote",
    "a\n\n# b",
    "a | b",
    "&lt;b&gt; &amp;",
    "back \\ slash \\| pipe",
    "=== ",
    "TAX_PER_ROOM _x_",
]


def rendered(markdown: str) -> str:
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))


@pytest.mark.parametrize("value", HOSTILE)
def test_what_comes_from_outside_is_shown_as_it_stands_in_lines_lists_and_cells(value: str) -> None:
    import html

    shown = html.escape(" ".join(value.split()), quote=False).replace('"', "&quot;")
    assert rendered(text(value)) == f"<p>{shown}</p>\n"
    assert rendered(f"- {text(value)}") == f"<ul>\n<li>{shown}</li>\n</ul>\n"
    assert f"<td>{shown}</td>" in rendered(table(["head"], [[text(value)]]))
    assert shown in rendered(code(value)).replace("<code>", "").replace("</code>", "")


def test_names_are_left_readable() -> None:
    assert text("TAX_PER_ROOM") == "TAX_PER_ROOM"
    assert code("TAX_PER_ROOM") == "`TAX_PER_ROOM`"


def test_a_link_keeps_parentheses_of_its_address() -> None:
    assert rendered(link("A [1]", "https://doi.org/10.1016/0095-0696(78)90006-2")) == (
        '<p><a href="https://doi.org/10.1016/0095-0696(78)90006-2">A [1]</a></p>\n'
    )


def test_a_table_has_words_left_and_figures_right() -> None:
    assert table(["name", "n"], [["a", "1"]]) == "| name | n |\n| --- | --: |\n| a | 1 |"
