"""The contract as the registry of the session's platform holds it."""

import pytest

from steps.apply_contract import Contract
from tests.houses import COLUMNS


@pytest.fixture(scope="session")
def contract() -> Contract:
    from dataclasses import asdict

    from serving.contract import HOUSE_FEATURES, HOUSE_TARGET, read_feature_view
    from serving.settings import read_settings
    from steps.feature_store.definitions import apply_definitions

    store = apply_definitions(read_settings())
    specs = [asdict(spec) for view in (HOUSE_FEATURES, HOUSE_TARGET) for spec in read_feature_view(store, view)]
    assert [spec["name"] for spec in specs] == COLUMNS
    return specs
