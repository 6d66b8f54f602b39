"""The model card, in Markdown and as a page."""

import re
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from steps.core.card_evidence import Registration
from steps.core.card_page import card_page
from steps.core.card_statements import CardStatements
from steps.core.model_card import description, model_card
from steps.core.paired import PairedTest
from steps.core.promotion import Evidence, Verdict
from tests.cards import evidence, statements

REGISTRATION = Registration(
    name="house-price", version="7", created_at="2026-03-03T00:00:00+00:00", feature_service="house_price_v7"
)
PARTS = [  # of Mitchell et al. 2019, and our own
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Training and evaluation data",
    "Quantitative analyses",
    "Sensitive features",
    "Ethical considerations",
    "Caveats and recommendations",
    "Reproduce and roll back",
]
HOSTILE = "<script>alert(1)</script> | [x](javascript:alert(2)) <img src=//127.0.0.1/x>"


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def test_it_has_the_parts_of_the_literature_in_their_order() -> None:
    assert re.findall(r"^## (.*)$", model_card(evidence(), REGISTRATION), re.MULTILINE) == PARTS


@pytest.mark.parametrize(
    "told",
    [
        "# Model card: house-price version 7",
        "| test rows (not used for any choice) | 2.50 | 2.00 | 0.90 |",
        "| **cross-validated** (the model was chosen by this) | 3.00 ± 0.50 | 2.10 | 0.85 |",
        "| `catboost_defaults` | 3.33 ± 0.50 | 2.20 | 0.880 | -0.12 (-0.40 to +0.20) | 0.400 |",
        "| **`quick`** (this model) | 4.56 ± 0.50 |",
        "| dearest third | 134 | 24.0 to 50.0 | 5.25 | -1.50 | 83% |",
        "| test rows | 87.0% | 9.10 |",
        "There is no champion yet",
        "| B | 3.36 | 3.35 | -0.012 | -0.200 to +0.180 | 0.900 |",
        "- `B` **waived**, used by this model: The reason for B.",
        "- `LSTAT_PER_ROOM` **left out**",
        "| `LSTAT_PER_ROOM` | What LSTAT_PER_ROOM is = LSTAT / RM | 1000 USD | 1 to 50 | **yes** | no |",
        "| `B` | yes | 63% | 8 to 12 | borderline |",
        "404 to train, 102 to test; 7 values missing",
        "2026-03-01T12:00:00+00:00 to 2026-03-02T12:00:00+00:00",
        "`c0ffee`",
        "its issue 16155",
        "Gilley and Pace (1996) corrected eight values",
        "set_registered_model_alias(MODEL, 'champion', '7')",
    ],
)
def test_it_tells_every_figure_and_statement(told: str) -> None:
    assert told in model_card(evidence(), REGISTRATION)


def test_the_comparison_with_the_champion_before_has_its_test() -> None:
    test = PairedTest(houses=404, repeats=5, gain=0.31, low=0.02, high=0.6, p_better=0.042, p_not_worse=0.001)
    verdict = Verdict(
        outcome="challenge",
        rule="not better",
        reason="it is not surely better",
        champion_version="6",
        evidence=Evidence(challenger_rmse=3.1, champion_rmse=3.41, test=test),
    )
    card = model_card(evidence(verdict=verdict), REGISTRATION)
    assert "**is registered as challenger; the champion stays**. Rule: not better. It is not surely better." in card
    assert "| version 6, RMSE | 3.410 |" in card
    assert "|  | 404 houses, each left out 5 times |" in card
    assert "| its interval | +0.020 to +0.600 |" in card
    assert "| p of no gain | 0.042 |" in card


def test_a_model_of_other_data_carries_a_warning() -> None:
    warning = "statements of this card were written for other data"
    assert warning not in model_card(evidence(), REGISTRATION)
    assert warning in model_card(evidence(fingerprint="0" * 64), REGISTRATION)


def test_hostile_statements_are_shown_and_never_taken_for_markup() -> None:
    said = statements()
    bad = said.model_dump() | dict.fromkeys(("purpose", "contact", "licence"), HOSTILE)
    bad |= {name: [HOSTILE] for name in ("intended", "not_intended", "ethics", "recommendations")}
    bad |= {"defects": [{"title": HOSTILE, "text": HOSTILE}]}
    bad["data"] = {"source": HOSTILE, "sources": [{"title": HOSTILE, "url": "https://example.org/a(b)"}]}
    card = model_card(evidence(said=CardStatements.model_validate(bad)), REGISTRATION)
    assert "<script" not in card.replace("\\<script", "")
    page = Tags(card_page(card, HOSTILE))
    names = [name for name, _ in page.tags]
    assert not {"script", "img", "iframe"} & set(names)
    assert [attributes["href"] for name, attributes in page.tags if name == "a"] == ["https://example.org/a(b)"]
    assert page.text.count(HOSTILE) >= 11


def test_the_page_has_the_same_content_and_loads_nothing() -> None:
    card = model_card(evidence(), REGISTRATION)
    page = Tags(card_page(card, "card"))
    assert not [name for name, attributes in page.tags if {"src", "srcset"} & attributes.keys() or name == "link"]
    policy = next(attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    words = re.findall(r"[A-Za-z0-9.]+", " ".join(line for line in card.splitlines() if "http" not in line))
    assert not [word for word in words if word not in page.text and word != "sh"]


def test_the_registry_gets_it_in_a_few_sentences() -> None:
    text = description(evidence())
    assert "Cross-validated RMSE 3.00 ± 0.50 (1000 USD), 2 features. Not for: Valuing" in text
    assert len(text) < 1000


def test_a_statement_that_is_missing_empty_or_no_address_is_an_error() -> None:
    said = statements().model_dump()
    for changes, message in (
        ({"intended": []}, "at least 1 item"),
        ({"purpose": " "}, "at least 1 character"),
        ({"written_for": {"data": "x"}}, "match pattern"),
        ({"data": {"source": "x", "sources": [{"title": "x", "url": "javascript:alert(1)"}]}}, "match pattern"),
    ):
        with pytest.raises(ValidationError, match=message):
            CardStatements.model_validate(said | changes)
