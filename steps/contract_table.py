"""The documentation's table of the data contract, written from the Feast registry: `python -m steps.contract_table`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from serving.contract import ALL_FEATURES, HOUSE_TARGET, FeatureSpec, read_feature_service, read_feature_view
from serving.files import write_atomically
from serving.settings import Settings, read_settings
from steps.core.contract_page import with_table
from steps.core.errors import PlatformError
from steps.feature_store.definitions import apply_definitions

PAGE = "docs/contract.md"


def contract_columns(settings: Settings) -> list[FeatureSpec]:
    """The stored features, the derived ones and the target, as the registry has them after an apply."""
    store = apply_definitions(settings)
    return [*read_feature_service(store, ALL_FEATURES), *read_feature_view(store, HOUSE_TARGET)]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if the page has the table of the contract now, 1 if `--check` found another one in it."""
    parser = argparse.ArgumentParser(prog="python -m steps.contract_table", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--page", type=Path, help=f"the page with the markers; {PAGE} if left out")
    parser.add_argument("--check", action="store_true", help="write nothing, say whether the page is up to date")
    asked = parser.parse_args(arguments)
    settings = read_settings()
    page = asked.page or settings.root / PAGE
    try:
        written = page.read_text()
        wanted = with_table(written, contract_columns(settings), str(page))
    except (PlatformError, OSError) as err:
        sys.stderr.write(f"{err}\n")
        return 1
    if wanted == written:
        return 0
    if asked.check:
        sys.stderr.write(f"{page} is not what the contract says. Run `python -m steps.contract_table`.\n")
        return 1
    write_atomically(page, wanted.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
