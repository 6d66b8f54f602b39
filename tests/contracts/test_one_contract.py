"""A feature is added or changed in one line of one file, and every part of the platform follows."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from whylogs.core import DatasetProfileView

from serving.bundle import SCHEMA, Metadata, write_bundle
from serving.contract import HOUSE_FEATURES, HOUSE_TARGET, FeatureSpec, read_feature_view
from serving.errors import InvalidRequestError
from serving.protocol.openapi_schemas import schemas
from serving.protocol.quick_requests import QuickReader
from serving.protocol.requests import RequestContract, read_query
from serving.settings import Settings, read_settings
from steps.build_training_set import TrainingSet, read_training_set
from steps.contract_table import PAGE, contract_columns, main
from steps.core.columns import feature_names
from steps.core.contract_page import table
from steps.core.errors import ConfigurationError, DataError
from steps.core.expectations import build_suite
from steps.core.findings import faults
from steps.core.reference import reference_profile
from steps.data.sources import read_houses
from steps.feature_store.definitions import apply_definitions
from steps.publish_features import publish
from steps.validate import quieten, run_suite
from tests.houses import boston, csv_source, distribution, publication
from tests.training import training_parameters
from zenml_config.environment import ROOT

LINE = '    column("GARDEN", "Garden of the dwelling", "sq.ft", 0, 5000, max_missing_share=0.1, sensitive=True),\n'
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
METADATA = Metadata(
    schema=SCHEMA,
    model_name="house-price",
    model_version="3",
    experiment="test",
    feature_service="house_price_v3",
    features=("RM", "LSTAT"),
    target="MEDV",
    units={"MEDV": "1000 USD"},
    metrics={},
    parameters={},
    mlflow_run_id="",
    zenml_run_id="",
    data_fingerprint="",
    git_commit="",
    created_at="2026-11-24T00:00:00+00:00",
)


@dataclass
class Platform:
    """A copy of the feature repository and stores of its own."""

    definitions: Path
    settings: Settings

    def edit(self, old: str, new: str) -> None:
        """Change one place of the definitions."""
        text = self.definitions.read_text()
        assert text.count(old) == 1
        self.definitions.write_text(text.replace(old, new))

    def specs(self) -> list[FeatureSpec]:
        """The stored columns as the registry has them after an apply, the target last."""
        store = apply_definitions(self.settings)
        return [*read_feature_view(store, HOUSE_FEATURES), *read_feature_view(store, HOUSE_TARGET)]


@pytest.fixture
def platform(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    copy = platform_dir / "feature_repo"
    shutil.copytree(read_settings().feature_repo, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("HPP_FEATURE_REPO", str(copy))
    return Platform(copy / "houses.py", read_settings())


def request_contract(specs: list[FeatureSpec]) -> RequestContract:
    """Of a model that uses all features."""
    features = {spec.name: spec for spec in specs[:-1]}
    return RequestContract(features, tuple(features), 10)


def message(frame: pd.DataFrame, **changes: object) -> dict[str, Any]:
    row = frame.drop(columns=["house_id", "MEDV"]).iloc[0].astype(object).to_dict() | changes
    return {"data": {"names": list(row), "ndarray": [list(row.values())]}}


def refused(specs: list[FeatureSpec], frame: pd.DataFrame, **changes: object) -> list[dict[str, Any]]:
    with pytest.raises(InvalidRequestError) as raised:
        read_query(message(frame, **changes), request_contract(specs))
    return raised.value.details


def found_by_suite(specs: list[FeatureSpec], frame: pd.DataFrame) -> list[str | None]:
    quieten()
    _, results = run_suite(build_suite(specs, distribution(), len(frame)), frame)
    return [fault.column for fault in faults(results, frame, specs)]


def test_one_line_adds_a_feature_everywhere(platform: Platform, tmp_path: Path) -> None:
    platform.edit("FEATURES = [\n", f"FEATURES = [\n{LINE}")
    specs = platform.specs()
    assert specs[0].name == "GARDEN"

    # Ingestion reads it, and wants it.
    names = [spec.name for spec in specs]
    with pytest.raises(DataError, match="missing: 'GARDEN'"):
        read_houses(csv_source(written(boston(), tmp_path)), names)
    frame = boston().assign(GARDEN=[float(number % 5000) for number in range(506)])
    frame = read_houses(csv_source(written(frame, tmp_path)), names)
    assert frame["GARDEN"].tolist()[:3] == [0.0, 1.0, 2.0]

    # The suite holds it to its range, and to the share that may be missing.
    assert found_by_suite(specs, frame) == []
    assert found_by_suite(specs, frame.assign(GARDEN=frame["GARDEN"].where(frame.index != 7, 5001.0))) == ["GARDEN"]
    assert "GARDEN" in found_by_suite(specs, frame.assign(GARDEN=frame["GARDEN"].where(frame.index > 100)))

    # So are requests.
    contract = request_contract(specs)
    assert read_query(message(frame, GARDEN=None), contract).row_count == 1
    assert refused(specs, frame, GARDEN=5001) == [
        {
            "row": 0,
            "feature": "GARDEN",
            "value": 5001,
            "allowed": "0 to 5000 or null",
            "remedy": "out of range: send 0 to 5000 or null",
        }
    ]
    with pytest.raises(InvalidRequestError) as raised:
        read_query(message(frame.drop(columns="GARDEN")), contract)
    assert raised.value.details[0]["feature"] == "GARDEN"
    assert QuickReader(contract).read(b'{"data": {"names": ["GARDEN"], "ndarray": [[1]]}}') is None

    # The document of the service describes it.
    described = schemas(contract, METADATA)
    assert described["Feature_GARDEN"] == {
        "description": "Garden of the dwelling Unit: sq.ft. Allowed: 0 to 5000 or null.",
        "x-meaning": "Garden of the dwelling",
        "x-unit": "sq.ft",
        "x-sensitive": True,
        "type": ["number", "null"],
        "minimum": 0,
        "maximum": 5000,
    }
    assert "GARDEN" in described["RawFeatures"]["properties"]["names"]["const"]

    # Training and the baseline of the drift see it.
    publish(frame, publication(), platform.settings, NOW)
    rows, _ = read_training_set(platform.settings, TrainingSet(**training_parameters()["training_set"]))
    assert "GARDEN" in feature_names(rows)
    assert rows["GARDEN"].tolist() == frame["GARDEN"].tolist()
    profile = DatasetProfileView.deserialize(reference_profile(rows, rows["MEDV"], "MEDV"))
    assert profile.get_column("GARDEN").get_metric("distribution").max == 505

    # And so does the table of the documentation.
    line = "| GARDEN | Garden of the dwelling | sq.ft | 0 to 5000 | up to 10% of the rows | yes |  |"
    assert line in table(contract_columns(platform.settings)).splitlines()


def written(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "houses.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_changed_range_null_and_sensitivity_are_followed_everywhere(platform: Platform) -> None:
    before = platform.specs()
    tax = 'rate", "USD per 10,000 USD", 100, 800'
    platform.edit(tax, 'rate", "USD per 10,000 USD", 200, 700, max_missing_share=0.5, sensitive=True')
    specs = platform.specs()
    frame = boston()
    assert found_by_suite(before, frame) == []
    assert set(found_by_suite(specs, frame)) == {"TAX"}  # 187 to 711 in the data
    read_query(message(frame, TAX=187), request_contract(before))
    assert refused(specs, frame, TAX=187)[0]["allowed"] == "200 to 700 or null"
    assert refused(before, frame, TAX=None)[0]["remedy"] == "null is not allowed: send 100 to 800"
    read_query(message(frame, TAX=None), request_contract(specs))
    described = schemas(request_contract(specs), METADATA)["Feature_TAX"]
    assert (described["minimum"], described["maximum"], described["x-sensitive"]) == (200, 700, True)
    lines = {line.split(" | ")[0].strip("| "): line for line in table(contract_columns(platform.settings)).splitlines()}
    assert "| 200 to 700 | up to 50% of the rows | yes |" in lines["TAX"]
    # What is derived from it follows: 200 / 9 to 700 / 3.
    assert "| 22.2222 to 233.333 | up to 50% of the rows | yes | TAX / RM |" in lines["TAX_PER_ROOM"]


def test_a_feature_that_a_registered_version_needs_cannot_be_removed(platform: Platform) -> None:
    write_bundle(platform.settings.models_dir / "v3", METADATA, {})
    before = platform.specs()
    kept = platform.definitions.read_text()
    platform.edit('    column("AGE", ', '    # column("AGE", ')
    assert [spec.name for spec in platform.specs()] == [spec.name for spec in before if spec.name != "AGE"]
    platform.definitions.write_text(kept)
    platform.specs()
    platform.edit('    column("LSTAT", ', '    # column("LSTAT", ')
    platform.edit('    ratio(FEATURES, "LSTAT_PER_ROOM"', '    # ratio(FEATURES, "LSTAT_PER_ROOM"')
    with pytest.raises(ConfigurationError, match=r"house-price v3 needs LSTAT.*Put it back"):
        platform.specs()
    store = platform.settings.feature_store()
    assert [spec.name for spec in read_feature_view(store, HOUSE_FEATURES)] == [spec.name for spec in before[:-1]]


def test_a_derived_feature_follows_from_one_line_too(platform: Platform) -> None:
    platform.edit(
        "DERIVED = [\n",
        'DERIVED = [\n    ratio(FEATURES, "CRIM_PER_ROOM", "Crime for each room", "% per room", "CRIM", "RM"),\n',
    )
    line = "| CRIM_PER_ROOM | Crime for each room | % per room | 0 to 33.3333 | up to 6% of the rows |  | CRIM / RM |"
    assert line in table(contract_columns(platform.settings)).splitlines()
    publish(boston(), publication(), platform.settings, NOW)
    rows, _ = read_training_set(platform.settings, TrainingSet(**training_parameters()["training_set"]))
    assert rows["CRIM_PER_ROOM"].tolist() == (boston()["CRIM"] / boston()["RM"]).tolist()


def test_the_documentation_has_the_table_of_the_contract_as_it_is(
    platform_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_the_command_brings_the_page_up_to_date(platform: Platform, tmp_path: Path) -> None:
    page = tmp_path / "contract.md"
    shutil.copy(ROOT / PAGE, page)
    platform.edit('"Mean number of rooms of a dwelling"', '"Rooms"')
    assert main(["--check", "--page", str(page)]) == 1
    assert main(["--page", str(page)]) == 0
    assert "| RM | Rooms | rooms | 3 to 9 | no |  |  |" in page.read_text().splitlines()
    assert main(["--check", "--page", str(page)]) == 0
    assert main(["--page", str(tmp_path / "absent.md")]) == 1
