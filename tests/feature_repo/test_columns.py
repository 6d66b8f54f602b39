"""How columns are written down in the feature repository."""

import pytest

from feature_repo.columns import column, ratio

COLUMNS = [
    column("TAX", "Tax", "USD", 100, 800, max_missing_share=0.06),
    column("RM", "Rooms", "rooms", 3, 9, max_missing_share=0.02),
    column("SOLD", "Change of the price", "%", -50, 100, sensitive=True),
    column("AGE", "Age", "years", 0, 100),
]


def test_the_range_of_a_ratio_and_how_much_may_be_missing_follow_from_its_parts() -> None:
    tags = ratio(COLUMNS, "TAX_PER_ROOM", "Tax per room", "USD per room", "TAX", "RM").tags
    assert (float(tags["minimum"]), float(tags["maximum"])) == (100 / 9, 800 / 3)
    assert (tags["max_missing_share"], tags["sensitive"], tags["kind"]) == ("0.08", "false", "continuous")
    assert (tags["numerator"], tags["denominator"], tags["unit"]) == ("TAX", "RM", "USD per room")


def test_a_ratio_of_numbers_below_nothing_has_its_ends_in_order() -> None:
    tags = ratio(COLUMNS, "SOLD_PER_ROOM", "", "1", "SOLD", "RM").tags
    assert (float(tags["minimum"]), float(tags["maximum"])) == (-50 / 3, 100 / 3)


def test_a_ratio_is_sensitive_if_a_part_is_or_if_it_is_said_to_be() -> None:
    def sensitive(numerator: str, **said: bool) -> str:
        return ratio(COLUMNS, "R", "", "1", numerator, "RM", **said).tags["sensitive"]

    assert (sensitive("SOLD"), sensitive("TAX"), sensitive("TAX", sensitive=True)) == ("true", "false", "true")


@pytest.mark.parametrize(
    ("name", "numerator", "denominator", "says"),
    [
        ("R", "TAX", "AGE", r"R is divided by AGE, which may be 0: its range is 0 to 100"),
        ("R", "TAX", "SOLD", r"which may be 0: its range is -50 to 100"),
        ("R", "TAXX", "RM", r"R is made of TAXX, which is no stored column. Wanted TAX, RM"),
        ("AGE", "TAX", "RM", r"AGE is a stored column already"),
    ],
)
def test_what_makes_no_ratio_is_refused_with_the_reason(name: str, numerator: str, denominator: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ratio(COLUMNS, name, "", "1", numerator, denominator)
