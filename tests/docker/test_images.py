"""What the images hold: the service's own dependencies and no others, at the versions of the lock."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OURS = {"serving", "feature_repo", "zenml_config", "houses", "columns", "ratio_view", "house_views", "model_services"}
PIPELINES_ONLY = {
    "zenml",
    "mlflow",
    "scikit-learn",
    "shap",
    "ydata-profiling",
    "great-expectations",
    "catboost",
    "mypy",
}


def locked() -> dict[str, Any]:
    """The lock's packages by name."""
    return {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}


def closure(group: str) -> set[str]:
    """The names of the packages that a dependency group brings, all that they ask for included."""
    packages = locked()
    waiting = [
        (one["name"], tuple(one.get("extra", ())))
        for one in packages["house-price-platform"]["dev-dependencies"][group]
    ]
    found: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        package = packages[name]
        wanted = list(package.get("dependencies", []))
        wanted += [one for extra in extras for one in package.get("optional-dependencies", {}).get(extra, [])]
        waiting += [(one["name"], tuple(one.get("extra", ()))) for one in wanted]
    return {name for name, _ in found}


def imported(folder: Path) -> Iterator[tuple[str, Path]]:
    """The top-level modules that the files of a folder import, at their head or within a function."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((alias.name.split(".")[0], path) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0], path


def test_all_that_the_service_imports_is_in_its_dependency_group() -> None:
    """An import of `serving/` or `feature_repo/`, however late, that the group lacks would fail in the image alone."""
    brought, distributions = closure("serving"), packages_distributions()
    lacking = {
        f"{module} ({path.relative_to(ROOT)})"
        for folder in ("serving", "feature_repo")
        for module, path in imported(ROOT / folder)
        if module not in sys.stdlib_module_names | OURS
        and not {re.sub(r"[-_.]+", "-", one).lower() for one in distributions.get(module, ())} & brought
    }
    assert lacking == set()


def test_the_image_of_the_service_holds_none_of_the_pipelines_packages() -> None:
    """They are half a gigabyte and most of what a scan finds."""
    assert closure("serving") & PIPELINES_ONLY == set()


def test_the_images_take_the_uv_of_the_makefile() -> None:
    """The version stands in the Makefile; the file beside the images adds the digests."""
    wanted = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.M)
    assert wanted
    assert f"uv=={wanted[1]} \\\n    --hash=sha256:" in (ROOT / "docker" / "uv.txt").read_text()
