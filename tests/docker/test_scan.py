"""What a scan for vulnerabilities says, above all when it could not look."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def scan() -> ModuleType:
    """docker/scan.py, which is a command and in no package."""
    spec = importlib.util.spec_from_file_location("scan", Path(__file__).parents[2] / "docker" / "scan.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CLEAN = {"name": "a", "version": "1", "vulns": []}
FAULTY = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "c (1) was not found"}


@pytest.mark.parametrize(
    ("packages", "end", "last"),
    [
        ([CLEAN], 0, "1 of 1 packages scanned, 0 vulnerabilities."),
        ([CLEAN, FAULTY, UNKNOWN], 1, "2 of 3 packages scanned, 1 vulnerabilities."),
        ([CLEAN, UNKNOWN], 2, "1 of 2 packages scanned, 0 vulnerabilities."),
        ([], 2, "0 of 0 packages scanned, 0 vulnerabilities."),
    ],
)
def test_only_a_scan_of_every_package_that_found_nothing_ends_well(
    scan: ModuleType, packages: list[dict[str, Any]], end: int, last: str
) -> None:
    code, lines = scan.judge({"dependencies": packages})
    assert (code, lines[-1]) == (end, last)
    assert any(line.startswith("NOT SCANNED: 1 of") for line in lines) == (UNKNOWN in packages)


def test_a_fault_is_named_with_the_version_that_mends_it(scan: ModuleType) -> None:
    assert scan.judge({"dependencies": [FAULTY]})[1][0] == "b 2: PYSEC-1, mended in 3"
