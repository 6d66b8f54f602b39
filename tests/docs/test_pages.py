"""What the pages name exists: targets, modules, settings, keys and files; and the two languages say the same."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.fences import fences
from zenml_config.environment import ROOT

DOCS = ROOT / "docs"
# The reference is made of the code when the site is built; decisions tell what was, and are left as they were.
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in DOCS.rglob("*.md") if page.relative_to(DOCS).parts[0] not in {"reference", "decisions"}),
]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.M))
WRITTEN_LATER = {
    "docker/compose.override.yaml",
    "zenml_config/NAME.yaml",
    "docker/secrets",
}  # by the reader, or by make
OURS = r"(?:pipelines|steps|serving|zenml_config|benchmarks|docker|feature_repo|tests|examples)"


def _code() -> str:
    """Everything in which a setting may be defined or read."""
    kinds = ("*.py", "*.env", "*.yaml", "*.yml", "*.cfg", "*.template")
    roots = [ROOT / name for name in ("serving", "steps", "pipelines", "zenml_config", "docker", "benchmarks", "tests")]
    return "\n".join(path.read_text() for root in roots for kind in kinds for path in root.rglob(kind))


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def code() -> str:
    return _code()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_make_target_of_a_page_exists(page: Path) -> None:
    named = set(re.findall(r"(?:^|`|\n)make ([a-z][a-z-]*)", page.read_text()))
    assert named <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_module_of_a_page_can_be_run(page: Path) -> None:
    named = set(re.findall(rf"python -m ({OURS}[.\w]*\w)", page.read_text()))
    assert {name for name in named if importlib.util.find_spec(name) is None} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_setting_of_a_page_is_one(page: Path, code: str) -> None:
    named = set(re.findall(r"\bHPP_[A-Z0-9_]*[A-Z0-9]\b(?!_?…|_?\*)", page.read_text()))
    assert {name for name in named if not re.search(rf"\b{name}\b", code)} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_file_of_a_page_is_there(page: Path) -> None:
    named = set(re.findall(rf"`({OURS}/[\w./-]*\w)`", page.read_text()))
    assert {name for name in named - WRITTEN_LATER if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_key_of_a_configuration_that_a_page_names_beside_its_file_is_in_it(page: Path) -> None:
    named = re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)` in\s+`(zenml_config/\w+\.yaml)`", page.read_text())
    missing = [
        (key, name)
        for key, name in named
        if not all(re.search(rf"\b{part}:", (ROOT / name).read_text()) for part in key.split("."))
    ]
    assert missing == []


def commands(page: Path) -> Iterator[str]:
    """The command lines of a page's shell blocks, without comments."""
    for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text(), flags=re.S | re.M):
        for line in block.splitlines():
            command = re.sub(r"(^|\s+)# .*$", "", line).strip()
            if command:
                yield command


def test_the_commands_of_the_spanish_readme_are_those_of_the_english_one() -> None:
    known = set(commands(ROOT / "README.md"))
    assert set(commands(DOCS / "es" / "README.md")) - known == set()


def test_decisions_are_listed_by_number_and_title(tmp_path: Path) -> None:
    from docs.reference_pages import decisions_page

    (tmp_path / "0002-keys.md").write_text("# 2. Keys are hashed\n\nWhy.\n")
    (tmp_path / "0001-store.md").write_text("# 1. One store\n")
    page = decisions_page(tmp_path)
    assert "- [1. One store](0001-store.md)\n- [2. Keys are hashed](0002-keys.md)" in page
    assert "0001-store\n0002-keys\n```" in page


def test_the_spanish_tutorial_has_the_same_commands_and_answers() -> None:
    assert fences("es/tutorial.md") == fences("tutorial.md")
