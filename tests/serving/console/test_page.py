"""The console's page in a real browser, on a real service."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from serving.console.answers import Console
from serving.console.http_server import serve
from serving.console.upstream import Upstream
from serving.keys import make_key, revoke_key
from serving.records.drift import VERDICT
from tests.chromium import browser, new_page, violations
from tests.ports import free_port
from tests.serving.conftest import PREDICTIONS, Client
from tests.serving_platform import USED, ServingPlatform, reach

HOST = "127.0.0.1"
VIEWS = ("price", "service", "drift", "models", "receipts")
PRICE = re.compile(r"^\$[\d,]+$")


class Opened:
    """A console, its address, and the service that it shows: which can be taken away from it."""

    def __init__(self, console: Console, url: str, client: Client) -> None:
        self.console, self.url, self.client = console, url, client
        self.there = console.upstream

    def lose_service(self) -> None:
        """Nobody answers any more."""
        self.console.upstream = Upstream(HOST, free_port(), 0)

    def regain_service(self) -> None:
        """It answers again."""
        self.console.upstream = self.there


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def opened(client: Client, serving_platform: ServingPlatform, metrics_port: int) -> Iterator[Opened]:
    from serving.settings import read_settings

    with pytest.MonkeyPatch.context() as patch:
        reach(patch, serving_platform.environment)
        ready = f"http://{HOST}:{client.service.port}/runs/{{zenml_run_id}}"
        links = {"console_zenml_run": ready, "console_mlflow_run": "", "console_eda_report": f"http://{HOST}:1/"}
        settings = read_settings().model_copy(update=links)
    console = Console(Upstream(HOST, client.service.port, metrics_port), settings)
    server = serve(HOST, 0, console)
    try:
        yield Opened(console, f"http://{HOST}:{server.server_address[1]}/", client)
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def page(chromium: Browser, opened: Opened) -> Iterator[Page]:
    with new_page(chromium) as found:
        found.goto(opened.url)
        yield found


def enter(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")


@pytest.fixture
def inside(page: Page, opened: Opened) -> Page:
    """The page, with the key taken and the example house priced."""
    enter(page, opened.client.key)
    expect(page.locator("#price-now")).to_have_text(PRICE)
    return page


def shown(page: Page) -> int:
    """The price on the page, in dollars."""
    return int((page.locator("#price-now").text_content() or "").replace("$", "").replace(",", ""))


def asked(opened: Opened, names: list[str], row: list[Any]) -> int:
    """The service's own price, in dollars as the page rounds it."""
    (price,) = opened.client.post({"data": {"names": names, "ndarray": [row]}}).prices
    return round(price * 1000)


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def exact(page: Page, name: str) -> Locator:
    return page.get_by_label(f"{name}, exact value")


def view(page: Page, name: str) -> Locator:
    page.locator(f'.tabs a[href="#{name}"]').click()
    return page.locator(f"#view-{name}")


def test_the_key_is_asked_for_and_stays_in_the_tab(page: Page, opened: Opened) -> None:
    expect(page.get_by_role("heading", name="Your key, please")).to_be_visible()
    enter(page, opened.client.key)
    expect(page.locator("#price-now")).to_have_text(PRICE)
    assert opened.client.key not in page.url
    assert opened.client.key not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
    page.get_by_role("button", name="Forget key").click()
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.get_by_label("API key")).to_be_focused()


def test_moving_a_slider_asks_what_if_one_question_at_a_time(inside: Page, opened: Opened) -> None:
    assert shown(inside) == asked(opened, ["house_id"], [17])
    under_way, most = 0, 0

    def began(request: Any) -> None:
        nonlocal under_way, most
        under_way += request.url.endswith(PREDICTIONS)
        most = max(most, under_way)

    def ended(request: Any) -> None:
        nonlocal under_way
        under_way -= request.url.endswith(PREDICTIONS)

    inside.on("request", began)
    inside.on("requestfinished", ended)
    for rooms in ("5", "6", "7", "8"):
        slider(inside, "RM").fill(rooms)
    expect(inside.locator("#house-state")).to_contain_text("What if")
    wanted = asked(opened, ["house_id", "RM"], [17, 8])
    expect(inside.locator("#price-now")).to_have_text(f"${wanted:,}")
    assert most == 1
    expect(inside.locator(".change")).to_contain_text("against the stored house")
    expect(inside.locator("#price-spoken")).to_contain_text(f"${wanted:,}")
    # The reasons of this answer: one row a feature, and RM as it is now.
    inside.get_by_text("As a table").click()
    expect(inside.locator(".result tbody tr")).to_have_count(len(USED))
    expect(inside.locator(".result tbody tr", has_text="RM").first).to_contain_text("8")
    inside.get_by_role("button", name="Undo all changes").click()
    expect(inside.locator("#price-now")).to_have_text(f"${asked(opened, ['house_id'], [17]):,}")


def test_features_have_their_meaning_unit_and_range_from_the_contract(inside: Page, opened: Opened) -> None:
    schemas = opened.client.call("GET", "/seldon.json").json["components"]["schemas"]
    rm = schemas["Feature_RM"]
    field = inside.locator(".field", has=slider(inside, "RM"))
    expect(field).to_contain_text(rm["x-meaning"])
    expect(field).to_contain_text(rm["x-unit"])
    assert slider(inside, "RM").get_attribute("min") == f"{rm['minimum']:g}"
    assert slider(inside, "RM").get_attribute("max") == f"{rm['maximum']:g}"
    expect(inside.locator("#features .field")).to_have_count(len(USED))
    inside.get_by_text("Features that this version does not use").click()
    expect(inside.get_by_role("radio", name="1", exact=True)).to_be_visible()  # CHAS: one of two values


def test_a_house_of_ones_own_is_priced_by_its_features(inside: Page, opened: Opened) -> None:
    inside.get_by_role("button", name="House of my own").click()
    exact(inside, "LSTAT").fill("4,5")  # as it is written in many countries
    exact(inside, "CRIM").fill("")
    values = {name: float(exact(inside, name).input_value() or "nan") for name in USED} | {"LSTAT": 4.5, "CRIM": None}
    wanted = asked(opened, list(values), list(values.values()))
    expect(inside.locator("#price-now")).to_have_text(f"${wanted:,}")


def test_what_the_service_refuses_is_shown_where_it_was_typed(inside: Page, opened: Opened) -> None:
    exact(inside, "NOX").fill("7")
    expect(inside.locator(".field", has=exact(inside, "NOX"))).to_contain_text("out of range: send 0.3 to 1")
    expect(exact(inside, "NOX")).to_have_attribute("aria-invalid", "true")
    exact(inside, "NOX").fill("many")
    expect(inside.locator(".field", has=exact(inside, "NOX"))).to_contain_text("not a number: send 0.3 to 1")
    exact(inside, "NOX").fill("0.5")
    expect(inside.locator("#price-now")).to_have_text(f"${asked(opened, ['house_id', 'NOX'], [17, 0.5]):,}")
    expect(inside.locator(".fault:visible")).to_have_count(0)
    for house, words in (("99999999", "no such house in the online store"), ("<b>x</b>", "a whole number of 64 bits")):
        inside.get_by_label("House id").fill(house)
        inside.get_by_role("button", name="Open", exact=True).click()
        expect(inside.locator("#house-fault")).to_contain_text(words)
    assert inside.locator("#features").evaluate("box => box.inert")  # whose features would they be?
    inside.get_by_label("House id").fill("30")
    inside.keyboard.press("Enter")
    expect(inside.locator("#price-now")).to_have_text(f"${asked(opened, ['house_id'], [30]):,}")
    assert not inside.locator("#features").evaluate("box => box.inert")


def test_an_answer_about_a_house_that_was_left_is_dropped(inside: Page, opened: Opened) -> None:
    held: list[Route] = []
    inside.route(f"**{PREDICTIONS}", lambda route: held.append(route), times=1)
    inside.get_by_label("House id").fill("20")
    inside.get_by_role("button", name="Open", exact=True).click()
    inside.wait_for_timeout(300)
    assert len(held) == 1
    inside.get_by_label("House id").fill("30")
    inside.keyboard.press("Enter")
    wanted = f"${asked(opened, ['house_id'], [30]):,}"
    expect(inside.locator("#price-now")).to_have_text(wanted)
    expect(inside.locator("#house-state")).to_contain_text("House 30")
    assert wanted != f"${asked(opened, ['house_id'], [20]):,}"


def test_a_key_that_is_revoked_meanwhile_is_asked_for_again(
    page: Page, opened: Opened, serving_platform: ServingPlatform
) -> None:
    keys = Path(serving_platform.environment["HPP_API_KEYS"])
    key = make_key(keys, "soon-gone", 1000)
    page.wait_for_timeout(1100)  # the service looks at the file of keys once a second
    enter(page, key)
    expect(page.locator("#price-now")).to_have_text(PRICE)
    revoke_key(keys, key.split("_")[1])
    page.wait_for_timeout(1100)
    slider(page, "RM").fill("7")
    expect(page.get_by_role("heading", name="This key is not valid")).to_be_visible()
    expect(page.locator("#key-fault")).to_contain_text("revoked")
    assert page.evaluate("sessionStorage.length") == 0


def test_at_its_limit_the_page_counts_down_and_then_goes_on(
    page: Page, opened: Opened, serving_platform: ServingPlatform
) -> None:
    key = make_key(Path(serving_platform.environment["HPP_API_KEYS"]), "few", 1)
    page.wait_for_timeout(1100)
    enter(page, key)
    expect(page.locator("#price-now")).to_have_text(PRICE)
    first = page.locator("#price-now").text_content()
    page.route(f"**{PREDICTIONS}", lambda route: sooner(route, opened.client.key), times=2)
    slider(page, "RM").fill("8")
    notice = page.locator(".result .notice")
    expect(notice).to_contain_text("limit of 1 calls a minute is reached. It goes on by itself in 3 s.")
    assert page.locator("#price-now").text_content() == first
    expect(notice).to_contain_text("in 2 s")
    expect(page.locator("#price-now")).to_have_text(f"${asked(opened, ['house_id', 'RM'], [17, 8]):,}")
    expect(notice).to_be_hidden()


def sooner(route: Route, other_key: str) -> None:
    """The service's refusal with three seconds to wait in place of a minute; after it, another key."""
    answer = route.fetch()
    if answer.status == 429:
        route.fulfill(response=answer, headers={**answer.headers, "retry-after": "3"})
        route.request.frame.page.route(
            f"**{PREDICTIONS}", lambda one: one.continue_(headers={**one.request.headers, "x-api-key": other_key})
        )
    else:
        route.fulfill(response=answer)


def test_a_service_that_goes_away_is_told_and_the_page_goes_on_when_it_is_back(inside: Page, opened: Opened) -> None:
    before = inside.locator("#price-now").text_content()
    opened.lose_service()
    slider(inside, "RM").fill("8")
    expect(inside.locator(".result .notice")).to_contain_text("does not answer")
    expect(inside.locator("#outage")).to_contain_text("The service does not answer", timeout=15_000)
    assert inside.locator("#price-now").text_content() == before
    expect(view(inside, "drift")).to_contain_text("does not answer")
    opened.regain_service()
    expect(inside.locator("#outage")).to_be_hidden(timeout=15_000)
    inside.locator('.tabs a[href="#price"]').click()
    expect(inside.locator("#price-now")).to_have_text(f"${asked(opened, ['house_id', 'RM'], [17, 8]):,}")


def test_everything_can_be_done_with_the_keyboard(page: Page, opened: Opened) -> None:
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type(opened.client.key)
    page.keyboard.press("Enter")
    expect(page.locator("#price-now")).to_have_text(PRICE)
    before = shown(page)
    page.reload()
    expect(page.locator("#price-now")).to_have_text(f"${before:,}")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    name = page.evaluate("document.activeElement.ariaLabel")
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    page.keyboard.press("End")
    expect(page.locator("#price-now")).not_to_have_text(f"${before:,}")
    assert exact(page, name).input_value() == slider(page, name).get_attribute("max")
    page.locator("#price-receipt").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stamp")).to_have_text("Identical, bit for bit")


def test_a_receipt_is_replayed_and_what_is_none_is_refused(inside: Page) -> None:
    slider(inside, "RM").fill("8")
    expect(inside.locator(".change")).to_be_visible()
    inside.get_by_role("button", name="Receipt and replay").click()
    found = inside.locator("#receipt-found")
    expect(found.locator("#stamp")).to_have_text("Identical, bit for bit")
    expect(found.locator("tr", has_text="RM")).to_contain_text("sent by the caller")
    expect(inside.locator("#own-receipts li")).to_have_count(2)
    inside.locator("#receipt").fill("../../metadata")
    inside.keyboard.press("Enter")
    expect(inside.locator("#receipt-fault")).to_contain_text("is no receipt")


def test_the_service_view_counts_what_was_asked(inside: Page) -> None:
    service = view(inside, "service")
    expect(service.locator("#requests tr", has_text=PREDICTIONS).first).to_contain_text(re.compile(r"\d"))
    expect(service.locator("#since")).to_contain_text("rows priced so far")
    inside.wait_for_timeout(2500)  # a second reading, for rates
    expect(service.locator("#tile-rate")).to_have_text(re.compile(r"^\d"))


def test_drift_is_told_by_feature_and_no_text_of_it_becomes_markup(inside: Page, profiles_dir: Path) -> None:
    expect(view(inside, "drift").locator("#no-verdict")).to_contain_text("the monitoring pipeline has not run")
    (profiles_dir / VERDICT).write_text(json.dumps(verdict()))
    try:
        view(inside, "price")
        drift = view(inside, "drift")
        expect(drift.locator("#verdict")).to_contain_text("The traffic has drifted")
        expect(drift.locator("#verdict")).to_contain_text("<img src=x onerror=alert(1)>")
        expect(drift.locator("#columns tr").first).to_contain_text("<i>RM</i>")
        assert drift.locator("img, i").count() == 0
    finally:
        (profiles_dir / VERDICT).unlink()


def verdict() -> dict[str, Any]:
    """A verdict on drift whose texts are hostile."""
    from steps.core.drift_verdict import ColumnDrift, DriftVerdict, FeatureEffect, RootCause, Window

    common = {"rows": 300, "missing_share": 0, "reference_missing_share": 0, "p_mean": 0, "p_ks": 0, "p_missing": 1}
    common |= {"mean": 7.0, "reference_mean": 6.2, "sd": 0.5, "reference_sd": 0.7, "score": 1.1, "outside": 0.2}
    common |= {"ks": 0.5, "psi": 0.4, "hellinger": 0.3, "early": False, "role": "feature"}
    column = ColumnDrift(name="<i>RM</i>", drifted=True, reasons=("mean <b>up</b>",), **common)
    effect = FeatureEffect(rank=1, feature="<i>RM</i>", drifted=True, shap_share=0.5, weighted=0.5, price_effect=2.5)
    cause = dict.fromkeys(("feature_services", "model_versions", "segments", "callers"), ())
    return DriftVerdict(
        status="drifted",
        reason="<img src=x onerror=alert(1)>",
        window=Window(model="house-price", version="1", start="a", end="b", hours=1, rows=300, distinct=250),
        drifted=("<i>RM</i>",),
        prediction_drifted=False,
        early=(),
        columns=(column,),
        judged_at="2026-11-25T00:00:00+00:00",
        next_within_seconds=3600,
        root_cause=RootCause(effects=(effect,), price_change=2.5, sampled_rows=300, **cause),
    ).model_dump(mode="json")


def test_the_models_view_has_every_version_and_links_to_what_answers(inside: Page, opened: Opened) -> None:
    models = view(inside, "models")
    expect(models.locator("#champion")).to_contain_text("house-price v1")
    expect(models.locator("#versions tr")).to_have_count(2)
    expect(models.locator("#versions tr", has_text="v1")).to_contain_text("serves")
    expect(models.locator("#challenger")).to_contain_text("None is tried now")
    run = models.get_by_role("link", name="ZenML run of this version")
    assert run.get_attribute("href") == f"http://{HOST}:{opened.client.service.port}/runs/0"
    expect(models.locator("#links")).to_contain_text("Report on the data (EDA): nobody answers there now")
    assert models.locator("#links li").count() == 2


def test_language_and_theme_can_be_chosen_and_are_kept(inside: Page) -> None:
    light = inside.evaluate("getComputedStyle(document.body).backgroundColor")
    inside.get_by_role("button", name="Dark").click()
    dark = inside.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    inside.get_by_label("House id").fill("20")
    inside.get_by_label("Language").select_option("es")
    expect(inside.get_by_role("heading", name="Por qué este precio")).to_be_visible()
    expect(inside.get_by_label("Id de la vivienda")).to_have_value("20")
    inside.reload()
    expect(inside.locator("html")).to_have_attribute("lang", "es")
    expect(inside.locator("#price-now")).to_have_text(re.compile(r"\d"))
    assert inside.evaluate("getComputedStyle(document.body).backgroundColor") == dark


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_view(
    chromium: Browser, opened: Opened, profiles_dir: Path, theme: Any
) -> None:
    (profiles_dir / VERDICT).write_text(json.dumps(verdict()))
    try:
        with new_page(chromium, color_scheme=theme, reduced_motion="reduce") as page:
            page.goto(opened.url)
            expect(page.get_by_label("API key")).to_be_visible()
            found = {"door": violations(page)}
            enter(page, opened.client.key)
            expect(page.locator("#price-now")).to_have_text(PRICE)
            exact(page, "NOX").fill("7")
            expect(page.locator(".fault:visible")).to_have_count(1)
            for name in VIEWS:
                view(page, name)
                expect(page.locator(f"#view-{name} .card").first).to_be_visible()
                page.wait_for_timeout(300)
                found[name] = violations(page)
        assert {name: each for name, each in found.items() if each} == {}
    finally:
        (profiles_dir / VERDICT).unlink()


def test_on_a_small_screen_nothing_is_wider_than_the_screen(chromium: Browser, opened: Opened) -> None:
    with new_page(chromium, viewport={"width": 320, "height": 640}) as page:
        page.goto(opened.url)
        enter(page, opened.client.key)
        expect(page.locator("#price-now")).to_have_text(PRICE)
        expect(page.locator(".ticker")).to_be_visible()
        for name in VIEWS:
            view(page, name)
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
