"""Applying the definitions from within a process."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from serving.contract import HOUSE_FEATURES, read_feature_view
from serving.settings import Settings, read_settings
from steps.core.errors import ConfigurationError
from steps.feature_store.definitions import apply_definitions


@pytest.fixture
def repository(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the feature repository to edit."""
    copy = platform_dir / "feature_repo"
    shutil.copytree(read_settings().feature_repo, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("HPP_FEATURE_REPO", str(copy))
    return copy


def names(settings: Settings) -> list[str]:
    return [spec.name for spec in read_feature_view(apply_definitions(settings), HOUSE_FEATURES)]


def test_an_edited_definition_is_seen_by_the_next_apply_of_the_same_process(repository: Path) -> None:
    assert "GARDEN" not in names(read_settings())
    houses = repository / "houses.py"
    added = 'FEATURES = [\n    column("GARDEN", "Garden", "m2", 0, 5000),'
    houses.write_text(houses.read_text().replace("FEATURES = [", added))
    assert names(read_settings())[0] == "GARDEN"


def test_applying_leaves_the_process_as_it_was(repository: Path) -> None:
    before = (Path.cwd(), list(sys.path), "houses" in sys.modules, dict(os.environ))
    apply_definitions(read_settings())
    assert (Path.cwd(), list(sys.path), "houses" in sys.modules, dict(os.environ)) == before


def test_definitions_that_cannot_be_read_are_named(repository: Path) -> None:
    (repository / "houses.py").write_text("FEATURES = [")
    with pytest.raises(ConfigurationError, match=r"feature_repo cannot be read.*SyntaxError"):
        apply_definitions(read_settings())
