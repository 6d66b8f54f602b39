"""One pipeline as a command."""

from pathlib import Path

import pytest

from pipelines import run


@pytest.mark.usefixtures("zenml_stack", "platform_dir")
def test_a_configuration_that_is_not_there_is_named_in_one_paragraph(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run.main(["features", "-c", str(tmp_path / "none.yaml")]) == 1
    shown = capfd.readouterr()
    assert f"FAILED: ConfigurationError: There is no configuration {tmp_path / 'none.yaml'}." in shown.err
    assert "Traceback" not in shown.out + shown.err
