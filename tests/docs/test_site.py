"""The documentation's site."""

import subprocess
import sys
from pathlib import Path

from pydantic.fields import FieldInfo

from docs.reference_pages import described, metrics_page, rest_page, settings_page
from serving.settings import Settings


def test_the_site_builds_without_a_warning_so_that_no_link_in_it_is_dead(platform_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "dirhtml", "docs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "HPP_REST_PORT" in (tmp_path / "reference" / "settings" / "index.html").read_text()


def test_a_setting_is_told_with_its_default_its_range_and_the_comment_above_it() -> None:
    fields: dict[str, FieldInfo] = Settings.model_fields
    page = settings_page("# How many\n# at once.\nHPP_WORKERS=2\n\nDO_NOT_TRACK=1\n", fields)
    assert "`HPP_WORKERS=2` · ≥ 1, ≤ 64\n: How many at once." in page
    assert "`DO_NOT_TRACK=1`\n: …" in page


def test_figures_are_told_with_kind_and_labels() -> None:
    assert "| `hpp_requests_total` | counter | `path`, `code` | Requests by path and status. |" in metrics_page()


def test_calls_are_told_with_their_answers(platform_dir: Path) -> None:
    page = rest_page(described(Settings()))
    assert "| `POST /api/v1.0/predictions` | Prices of houses | 200, 400, 401" in page
    assert "| 429 | The client has used its limit" in page
