"""Import what the files of the service import, at their head or within a function; the first that is missing ends it.

`python docker/check_imports.py`: the last word of the image's build on whether the group `serving` is complete.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from serving.process.preload import preload
from serving.settings import read_settings

FOLDERS = ("serving", "feature_repo")


def named_modules(text: str) -> Iterator[str]:
    """The modules that a source text imports, wherever in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def main() -> None:
    """Start as the service does, then import the rest."""
    settings = read_settings()
    preload(settings)
    sys.path.append(str(settings.feature_repo))  # where Feast puts it
    files = [path for folder in FOLDERS for path in Path(folder).rglob("*.py")]
    for name in sorted({name for path in files for name in named_modules(path.read_text())}):
        importlib.import_module(name)


if __name__ == "__main__":
    main()
