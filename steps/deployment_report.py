"""The page about a deployment that the ZenML dashboard shows."""

from html import escape
from typing import Any

STYLE = "font-family:sans-serif;border-collapse:collapse"
CELL = "border:1px solid #ccc;padding:4px 10px;text-align:left"


def render(deployment: dict[str, Any]) -> str:
    """A deployment as HTML."""
    facts = {
        "Service": deployment["url"],
        "Version": deployment["version"],
        "Before": deployment["previous_version"] or "nothing was served",
        "Action": deployment["action"],
        "Process": deployment["pid"],
        "Log": deployment["log"],
        "Seconds": deployment["seconds"],
    }
    for place in ("candidate", "live"):
        for asked_by, parity in (deployment[place] or {}).items():
            facts[f"{place.capitalize()}, {asked_by.replace('_', ' ')}"] = (
                f"{parity['rows']} houses, largest difference {parity['largest_difference']:.2e} "
                f"(allowed {parity['tolerance']:.0e})"
            )
    rows = "".join(
        f'<tr><th style="{CELL}">{escape(name)}</th><td style="{CELL}">{escape(str(value))}</td></tr>'
        for name, value in facts.items()
    )
    title = f"{escape(deployment['name'])} v{escape(deployment['version'])} is served"
    return f'<div style="{STYLE}"><h2>{title}</h2><table style="{STYLE}">{rows}</table></div>'
