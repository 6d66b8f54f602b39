"""Callers of the service: `python -m examples.california_housing.traffic` asks for prices and tells some true ones.

Half of the requests give house ids, half the features. `--region south` asks for the houses south of 35.8 degrees
alone, which is traffic unlike the training rows.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

import pandas as pd

from serving.keys import client_key
from serving.records.profile_store import ProfileStore
from serving.settings import Settings, read_settings
from steps.core.fingerprint import HOUSE_ID
from steps.core.sketches import sketches_of

TARGET = "MedHouseVal"
BOUNDARY = 35.8  # degrees north: the Tehachapi Mountains
REGIONS = {"all": "index >= 0", "south": f"Latitude < {BOUNDARY}", "north": f"Latitude >= {BOUNDARY}"}
REQUESTS, ROWS = 24, 60  # under the limit of a key: 100 calls a minute
TOLD_EVERY = 4
SEED = 42
PATIENCE_S = 180.0
POLL_S = 1.0


def draw(houses: pd.DataFrame, region: str) -> list[pd.DataFrame]:
    """The houses of each request, drawn from those of the region, as many as there are."""
    there = houses.query(REGIONS[region]).sample(frac=1, random_state=SEED)
    return [there[start : start + ROWS] for start in range(0, min(len(there), REQUESTS * ROWS), ROWS)]


def send(settings: Settings, path: str, message: object) -> Any:
    """The service's answer.

    Raises:
        SystemExit: it refuses, or does not stand.
    """
    request = urllib.request.Request(
        f"http://{settings.host}:{settings.rest_port}/api/v1.0/{path}",
        json.dumps(message).encode(),
        {"Content-Type": "application/json", "X-API-Key": client_key(settings)},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310  # our own service
            return json.load(reply)
    except urllib.error.HTTPError as err:
        raise SystemExit(f"The service refuses {path}: {err.code} {err.read().decode()[:500]}") from err
    except OSError as err:
        raise SystemExit(f"The service at {request.full_url} cannot be reached: {err}. Run `make demo` first.") from err


def ask(settings: Settings, houses: pd.DataFrame, by_id: bool) -> Any:
    """The service's answer with the prices of the houses."""
    names = [HOUSE_ID] if by_id else [name for name in houses.columns if name not in (HOUSE_ID, TARGET)]
    rows = houses[names].astype(object).where(houses[names].notna(), None).to_numpy().tolist()
    return send(settings, "predictions", {"data": {"names": names, "ndarray": rows}})


def tell(settings: Settings, receipt: str, houses: pd.DataFrame) -> None:
    """Tell the service the true prices of the houses of a receipt."""
    truth = {"data": {"names": [TARGET], "ndarray": houses[[TARGET]].to_numpy().tolist()}}
    send(settings, "feedback", {"request": {"meta": {"tags": {"receipt": receipt}}}, "truth": truth})


def profiled(settings: Settings, version: str) -> int:
    """The served rows of the version that are in profiles, which are what monitoring judges."""
    store = ProfileStore(settings.profile_store or str(settings.profiles_dir))
    views = [store.read_hour(version, hour) for hour in store.hours(version)]
    return sum(max(one.rows for one in sketches_of(view).values()) for view in views if view and view.get_columns())


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, tell, and wait until the profiles have what was served."""
    parser = argparse.ArgumentParser(prog="python -m examples.california_housing.traffic", description=__doc__)
    parser.add_argument("--region", choices=list(REGIONS), default="all")
    region, settings = parser.parse_args(arguments).region, read_settings()
    houses = pd.read_csv(settings.var_dir / "houses.csv").rename_axis(HOUSE_ID).reset_index()
    requests, told = draw(houses, region), 0
    for number, asked in enumerate(requests):
        tags = ask(settings, asked, by_id=number % 2 == 0)["meta"]["tags"]
        if number == 0:
            before = profiled(settings, str(tags["version"]))
        if number % TOLD_EVERY == 0:
            tell(settings, tags["receipt"], asked)
            told += len(asked)
    rows = sum(map(len, requests))
    deadline = time.monotonic() + PATIENCE_S
    while profiled(settings, str(tags["version"])) < before + rows:
        if time.monotonic() > deadline:
            raise SystemExit(f"The {rows} rows are not in the profiles after {PATIENCE_S:g} s: is the service well?")
        time.sleep(POLL_S)
    sys.stdout.write(f"{rows:,} prices asked for ({region}), {told} true ones told to version {tags['version']}.\n")


if __name__ == "__main__":
    main()
