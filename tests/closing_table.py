"""The closing table of a command, as a person sees it."""

import io
from pathlib import Path

from rich.console import Console
from zenml.models import PipelineRunResponse

from pipelines.closing import closing


def closing_table(name: str, run: PipelineRunResponse) -> str:
    """The text on a wide screen."""
    text = io.StringIO()
    console = Console(file=text, width=300)
    for part in closing(name, run, Path("the.log")):
        console.print(part)
    return text.getvalue()
