"""The one look of the pages that the ZenML dashboard shows: style, colours, and what a reader needs to know first."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

# It loads nothing and runs nothing, whatever its text says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

# Of marks in figures, which lie on white in both themes: the light colours of serving/console/static/style.css. Blue
# and orange stay apart for colour-blind eyes, and nothing is told by colour alone.
ACCENT, UP, DOWN, BAD, GREY = "#1d5c8c", "#0f766e", "#b4530a", "#ad2b2b", "#7d8694"
CYCLE = (ACCENT, DOWN, UP, GREY)

# The same palette as the console's, in both themes: tests/steps/core/test_page.py holds them together.
PALETTE = """
:root { color-scheme: light dark; --surface: light-dark(#ffffff, #1a2029);
  --sunken: light-dark(#f0eee7, #222a35); --ink: light-dark(#1c2330, #e9ebee); --muted: light-dark(#545d6b, #a9b2bf);
  --line: light-dark(#e0ddd3, #2d3643); --edge: light-dark(#7d8694, #768294); --accent: light-dark(#1d5c8c, #86bfea);
  --bad: light-dark(#ad2b2b, #ff9c94); --bad-ground: light-dark(#fbeceb, #3a2124);
  --warn: light-dark(#8a5300, #f3c06b); --warn-ground: light-dark(#fcf1dc, #362a17);
  --good: light-dark(#1b6b3a, #7fd79f); --good-ground: light-dark(#e7f4ea, #193024); }
"""
STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 1180px; background: var(--surface); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans",
  sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
h1 { font-size: 1.45rem; font-weight: 650; line-height: 1.25; margin: 0 0 .6rem; }
h2 { font-size: 1.1rem; font-weight: 650; margin: 1.8rem 0 .5rem; }
h3 { font-size: .95rem; font-weight: 650; margin: 0 0 .2rem; }
p { margin: .5rem 0; max-width: 75ch; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .9rem; }
td, th { padding: .4rem .8rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td:first-child, th:first-child, table.words td, table.words th { text-align: left; }
table:not(.words) td { white-space: nowrap; }
th { font-weight: 600; color: var(--muted); vertical-align: bottom; }
tr.champion { background: var(--good-ground); font-weight: 600; }
tr.borderline { background: var(--warn-ground); }
tr.out, td.quiet, th.quiet, .note, .key { color: var(--muted); }
.key, .note { font-size: .87rem; }
.passed { color: var(--good); font-weight: 600; } .failed { color: var(--bad); font-weight: 600; }
.banner { padding: .8rem 1.2rem; border-radius: 10px; margin-bottom: 1.2rem; border-left: 5px solid var(--warn);
  background: var(--warn-ground); }
.drifted { background: var(--bad-ground); border-color: var(--bad); }
.stable { background: var(--good-ground); border-color: var(--good); }
.banner .key { color: var(--ink); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 14px; }
.card { border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px; }
.card.bad { border: 2px solid var(--bad); }
.card p { margin: .3em 0; font-size: .87rem; color: var(--muted); } .card p.why { color: var(--bad); }
svg { max-width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--muted); }
figure { display: inline-block; margin: .8rem .8rem .8rem 0; max-width: 100%; vertical-align: top; }
figcaption { font-size: .87rem; color: var(--muted); margin-bottom: .3rem; }
figure img { display: block; max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line);
  border-radius: 10px; padding: 6px; }
.reading { margin: 0 0 1.2rem; padding: .7rem 1.1rem; border-radius: 10px; background: var(--sunken); font-size: .9rem;
  display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
.reading dt { font-weight: 600; color: var(--muted); } .reading dd { margin: 0; max-width: 75ch; }
"""


@dataclass(frozen=True)
class Reading:
    """What a newcomer to a page needs: three short sentences.

    Attributes:
        what: is shown, of which rows, in which unit.
        good: what a good page looks like.
        act: what to do if it does not.
    """

    what: str
    good: str
    act: str


def page(title: str, reading: Reading, body: str, banner: str = "") -> str:
    """The HTML of a page, with everything inside it.

    Args:
        title: of the document, and its heading where no banner has one; text.
        body: HTML, its texts escaped.
        banner: HTML of the verdict, with the heading.
    """
    head = banner or f"<h1>{html.escape(title)}</h1>"
    scrolling = body.replace("<table", '<div class="wide"><table').replace("</table>", "</table></div>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{PALETTE}{STYLE}</style><body>{head}{_told(reading)}{scrolling}</body></html>"
    )


def table(heads: Sequence[str], lines: Sequence[Sequence[str]], kind: str = "") -> str:
    """HTML of a table of texts.

    Args:
        heads: of the columns; all empty: none is shown.
        kind: its class: `words` for one whose cells are no numbers; what stands between backticks there is code.
    """
    head = f"<tr>{headers(heads)}</tr>" if any(heads) else ""
    told = with_code if kind == "words" else html.escape
    body = "".join(f"<tr>{''.join(f'<td>{told(cell)}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table{f' class={kind}' if kind else ''}>{head}{body}</table>"


def headers(names: Sequence[str]) -> str:
    """The cells of a line of column headers, which name an empty one for nobody."""
    return "".join(f"<th scope=col>{html.escape(name)}</th>" if name else "<td></td>" for name in names)


def with_code(text: str) -> str:
    """HTML of a text in which code stands between backticks, as in the guides."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _told(reading: Reading) -> str:
    lines = {"What this is": reading.what, "Good": reading.good, "If not": reading.act}
    body = "".join(f"<dt>{name}</dt><dd>{with_code(text)}</dd>" for name, text in lines.items())
    return f"<dl class=reading>{body}</dl>"
