"""The page about a deployment that the ZenML dashboard shows."""

from html import escape
from typing import TYPE_CHECKING

from steps.deployment.parity_report import CELL, STYLE, facts_of

if TYPE_CHECKING:
    from steps.deployment.deployed import Deployment


def render(deployment: "Deployment") -> str:
    """A deployment as HTML."""
    facts: dict[str, object] = {
        "Service": deployment.url,
        "Version": deployment.version,
        "Before": deployment.previous_version or "nothing was served",
        "Action": deployment.action,
        "Process": "in the cluster" if deployment.pid is None else deployment.pid,
        "Log": deployment.log,
        "Seconds": deployment.seconds,
    }
    for place, verification in {"Candidate": deployment.candidate, "Live": deployment.live}.items():
        if verification is not None:
            facts |= {f"{place}, {name[0].lower()}{name[1:]}": words for name, words in facts_of(verification).items()}
    rows = "".join(
        f'<tr><th style="{CELL}">{escape(name)}</th><td style="{CELL}">{escape(str(value))}</td></tr>'
        for name, value in facts.items()
    )
    done = "is served" if deployment.live else f"is tried as a {deployment.action}"
    title = f"{escape(deployment.name)} v{escape(deployment.version)} {done}"
    return f'<div style="{STYLE}"><h2>{title}</h2><table style="{STYLE}">{rows}</table></div>'
