"""What compose runs before there is anything to serve."""

from pathlib import Path

from pipelines.first_run import first_run
from serving.bundle import METADATA
from serving.settings import read_settings


def test_where_there_is_a_model_only_the_key_is_made(platform_dir: Path) -> None:
    settings = read_settings()
    (settings.models_dir / "v1").mkdir(parents=True)
    (settings.models_dir / "v1" / METADATA).touch()
    assert first_run(settings) == []
    key = settings.api_key_file.read_text()
    assert key.startswith("hpp_")
    assert first_run(settings) == []
    assert settings.api_key_file.read_text() == key
