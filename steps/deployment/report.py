"""The page about a deployment that the ZenML dashboard shows."""

from typing import TYPE_CHECKING

from steps.core.page import Reading, page, table
from steps.deployment.parity_report import facts_of

if TYPE_CHECKING:
    from steps.deployment.deployed import Deployment

HEADS = ("subject", "found")
READING = Reading(
    what="What was put in place, and how its answers compare with the offline model and the offline store, house by "
    "house.",
    good="No differences between the stores, and prices that agree within the allowed difference, asked in both ways.",
    act="A version that disagrees is never served: its page of differences is named in the error. Roll back: "
    "docs/rollout.md.",
)


def render(deployment: "Deployment") -> str:
    """A deployment as HTML."""
    facts: dict[str, object] = {
        "Service": deployment.url,
        "Version": deployment.version,
        "Before": deployment.previous_version or "nothing was served",
        "Action": deployment.action,
        "Process": "in the cluster" if deployment.pid is None else deployment.pid,
        "Log": deployment.log,
        "Seconds": f"{deployment.seconds:.1f}",
    }
    for place, verification in {"Candidate": deployment.candidate, "Live": deployment.live}.items():
        if verification is not None:
            facts |= {f"{place}, {name[0].lower()}{name[1:]}": words for name, words in facts_of(verification).items()}
    done = "is served" if deployment.live else f"is tried as a {deployment.action}"
    lines = [(name, str(value)) for name, value in facts.items()]
    return page(f"{deployment.name} v{deployment.version} {done}", READING, table(HEADS, lines, "words"))
