"""The California data as the contract wants them: `python -m examples.california_housing.data [FILE]` writes the CSV.

Without a file scikit-learn fetches them (fetch_california_housing, 0.4 MB from figshare.com, checked by SHA-256). A
file is the other form in circulation, with counts for each block group (`total_rooms`, `households`, …): the averages
that scikit-learn ships are made of these.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serving.files import write_atomically
from serving.settings import read_settings
from steps.core.errors import DataError, PlatformError

COUNTS = (
    *("longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms", "population"),
    *("households", "median_income", "median_house_value"),
)
USD_IN_UNIT = 100_000


def averages(counts: pd.DataFrame, origin: str) -> pd.DataFrame:
    """The columns of the contract from the counts of each block group; bedrooms that are missing stay so.

    Args:
        origin: where the counts came from, for messages.

    Raises:
        DataError: a column is missing, a cell is no number, or a block group has no households to divide by.
    """
    if missing := [name for name in COUNTS if name not in counts]:
        raise DataError(
            f"{origin} lacks {', '.join(missing)}. Wanted the columns {', '.join(COUNTS)}; or give no file, and "
            "scikit-learn fetches the data."
        )
    try:
        counts = counts[list(COUNTS)].apply(pd.to_numeric)
    except ValueError as err:
        raise DataError(f"{origin}: {err}. Wanted a number in {', '.join(COUNTS)}, or nothing.") from err
    households = counts["households"]
    for row, found in enumerate(households.tolist()):
        if not found > 0:
            raise DataError(f"{origin}, row {row}: households is {found:g}, wanted more than 0.")
    return pd.DataFrame(
        {
            "MedInc": counts["median_income"],
            "HouseAge": counts["housing_median_age"],
            "AveRooms": counts["total_rooms"] / households,
            "AveBedrms": counts["total_bedrooms"] / households,
            "Population": counts["population"],
            "AveOccup": counts["population"] / households,
            "Latitude": counts["latitude"],
            "Longitude": counts["longitude"],
            "MedHouseVal": counts["median_house_value"] / USD_IN_UNIT,
        }
    )


def fetched() -> pd.DataFrame:
    """The data of scikit-learn, whose columns are the contract's.

    Raises:
        DataError: its server cannot be reached, or sends something else.
    """
    from sklearn.datasets import fetch_california_housing

    try:
        frame: pd.DataFrame = fetch_california_housing(as_frame=True).frame
    except OSError as err:
        raise DataError(
            f"scikit-learn cannot fetch the California data: {err}. Download a housing.csv of it, and give its path."
        ) from err
    return frame


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 if there are no data."""
    parser = argparse.ArgumentParser(prog="python -m examples.california_housing.data", description=__doc__)
    parser.add_argument(
        "file", type=Path, nargs="?", help="a CSV file of counts; scikit-learn fetches them without one"
    )
    given = parser.parse_args(arguments)
    target = read_settings().var_dir / "houses.csv"
    try:
        houses = fetched() if given.file is None else averages(_read(given.file), str(given.file))
    except PlatformError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    write_atomically(target, houses.to_csv(index=False).encode())
    sys.stdout.write(f"{len(houses):,} houses in {target}.\n")
    return 0


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as err:  # of pandas' parser too
        raise DataError(f"{path} cannot be read: {err}. Wanted a CSV file of the California data.") from err


if __name__ == "__main__":
    sys.exit(main())
