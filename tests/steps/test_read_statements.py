"""The statements of the model card as a file."""

from pathlib import Path

import pytest

from steps.core.errors import ConfigurationError
from steps.read_statements import statements_in
from tests.houses import FINGERPRINT
from zenml_config.environment import ROOT


def test_those_of_the_packaged_data_are_whole() -> None:
    said = statements_in(ROOT / "zenml_config" / "model_card.yaml")
    assert FINGERPRINT in said.written_for
    assert any("16155" in defect.text for defect in said.defects)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"are not in .*card\.yaml\. Write them"),
        ("a: [", r"card\.yaml is no YAML"),
        ("", "the file: Input should be a valid dictionary"),
        ("purpose: 3", r"must be: .*purpose: Input should be a valid string"),
    ],
)
def test_a_file_that_is_none_is_an_error_with_its_name_and_its_faults(
    tmp_path: Path, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / "card.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        statements_in(tmp_path / "card.yaml")
