"""The table of the models by segment."""

from benchmarks.document import section
from benchmarks.segments import DOCUMENT, PLACE, SECTION, SegmentRun, markdown


def test_the_guide_shows_what_is_kept() -> None:
    kept = SegmentRun.model_validate_json(PLACE.read_bytes())
    assert section(DOCUMENT.read_text(), SECTION) == markdown(kept.cases)
