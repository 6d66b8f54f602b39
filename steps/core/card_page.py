"""The model card as a page: the same Markdown, with everything that it needs inside it."""

import html

from steps.core.page import PALETTE

# It loads nothing and runs nothing, whatever its text says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 58rem; background: var(--surface); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .8rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .5rem; }
h1 + p { font-size: 1.1rem; }
h1 + p + p { background: var(--sunken); border-left: 4px solid var(--accent); padding: .8rem 1rem; }
blockquote { margin: 1rem 0; padding: .4rem 1rem; background: var(--warn-ground); border-left: 4px solid var(--warn); }
ul { padding-left: 1.2rem; } li { margin: .3rem 0; } a { color: var(--accent); }
.table { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { color: var(--muted); font-weight: 600; text-align: left; vertical-align: bottom; }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--sunken);
  padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
td code { white-space: nowrap; }
pre { background: var(--sunken); padding: .8rem 1rem; border-radius: 4px; white-space: pre-wrap; }
pre code { padding: 0; background: none; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } h2, h3 { break-after: avoid; }
  table, pre, blockquote { break-inside: avoid; } }
"""


def card_page(markdown: str, title: str) -> str:
    """The page of the Markdown; HTML in it stays text."""
    from markdown_it import MarkdownIt

    # "html" off: tags are shown, not taken. Links to anything but web addresses are refused by the library.
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    body = body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{PALETTE}{STYLE}</style><body>\n{body}</body></html>\n"
    )
