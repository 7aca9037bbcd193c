"""The monitoring page in a real browser: what a person sees of production, and may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from browser import Page, browsing, installed
from server_site import serving
from watched_site import Watched

from twinkeel.project import Project
from twinkeel.records import Standing, Trial, now
from waiting import eventually

pytestmark = pytest.mark.skipif(installed() is None, reason="no Chromium is installed")

SHOWN = "document.querySelector('.summary') && !document.getElementById('main').hidden"


class Open(NamedTuple):
    """The page of a running server."""

    page: Page
    project: Project
    url: str

    def text(self, selector: str) -> str:
        """The visible text of the first element that fits."""
        return str(self.page.run(f"document.querySelector({selector!r}).innerText"))

    def count(self, selector: str) -> int:
        return int(self.page.run(f"document.querySelectorAll({selector!r}).length"))

    def click(self, selector: str) -> None:
        self.page.run(f"document.querySelector({selector!r}).click()")

    def focus(self, selector: str) -> None:
        self.page.run(f"document.querySelector({selector!r}).focus()")
        assert self.page.run(f"document.activeElement === document.querySelector({selector!r})")

    def wait_for(self, selector: str, text: str) -> None:
        """Wait until an element says `text`."""
        self.page.wait(f"document.querySelector({selector!r}).innerText.includes({text!r})")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    root = tmp_path_factory.mktemp("watched")
    project = Watched(root).project
    with serving(root) as (url, _), browsing(root / "profile") as page:
        yield Open(page, project, url)
    project.close()


@pytest.fixture
def monitor(running: Open) -> Open:
    """The page as a person finds it, on a desktop's screen."""
    running.page.size(1280, 800)
    running.page.open("about:blank")
    running.page.events.clear()
    running.page.open(running.url + "/monitor")
    running.page.wait(SHOWN)
    return running


def test_an_alarm_says_how_large_since_when_and_who_carries_it(monitor: Open) -> None:
    assert monitor.text(".summary .pill") == "Alarm"
    assert "Input tenure is lower" in monitor.text(".alert h3")
    assert "sd\nshift" in monitor.text(".alert .figures")
    assert "since about" in monitor.text(".alert .figures")
    assert monitor.text(".carriers .who") == "Contract=One year"
    assert monitor.count(".alert .chart .dot.alarm") >= 3


def test_a_quiet_signal_says_what_it_would_have_seen(monitor: Open) -> None:
    contract = '[data-key="input.Contract"]'
    assert "was → is" in monitor.text(".signals .heads")

    assert monitor.text(f"{contract} .pill") == "Quiet"
    assert monitor.text(f"{contract} .least").startswith("seen from ")
    assert monitor.count(f"{contract} .band") == 1
    assert "would have been seen" in str(
        monitor.page.run(f"document.querySelector('{contract} svg').getAttribute('aria-label')")
    )


def test_what_nobody_released_or_judged_is_never_green(monitor: Open) -> None:
    monitor.click("#tabs a[data-key=price]")
    monitor.wait_for(".summary h2", "price")

    assert monitor.text(".summary .pill") == "Not released"
    assert "twinkeel build price" in monitor.text(".summary .said")
    assert monitor.count(".pill.quiet") == 0
    assert "No look yet" in monitor.text(".signals")


def test_traffic_labels_and_history_are_shown(monitor: Open) -> None:
    assert "calls in 24 hours" in monitor.text(".traffic")
    assert "the model alone" in monitor.text(".traffic .figures")
    most, least = monitor.text(".traffic .scale").split("\n")
    assert (int(most) > 0, least) == (True, "0")
    assert monitor.text(".traffic .scaled + .scaled .scale").split("\n")[0].endswith(" ms")
    assert monitor.count(".traffic .bars rect") > 60
    assert monitor.count(".traffic .lines .middle") == 1
    assert "900 calls labelled" in monitor.text(".quality")
    assert monitor.text('.versions [data-key="2"] .pill') == "fail"
    assert "in production" in monitor.text('.versions [data-key="1"]')
    assert "by anna" in monitor.text(".releases")


def test_estimates_are_shown_with_what_labels_made_of_them(monitor: Open) -> None:
    assert monitor.count(".quality .interval") >= 5
    assert monitor.count(".quality .dot:is(.held, .missed)") >= 3
    assert "(90%)" in monitor.text(".quality .beside tr")
    assert "outside the interval" in monitor.text(".quality .legend")
    assert "Labels graded" in monitor.text(".quality")


def test_a_trial_is_shown_with_its_gain_and_its_margin(monitor: Open) -> None:
    standing = Standing(calls=412, labelled=230, gain=0.004, low=-0.006, high=0.015)
    monitor.project.store.trials.add(
        Trial(
            id="0" * 16,
            component="churn",
            number=3,
            against=1,
            release=1,
            mode="shadow",
            share=0.5,
            margin=0.01,
            started=now(),
            who="anna",
            state="stopped",
            why="Seen <b>enough</b>.",
            standing=standing,
        )
    )

    monitor.wait_for(".trial h3", "churn@3 as a shadow beside churn@1")

    assert "Seen <b>enough</b>." in monitor.text(".trial")
    assert "230\nlabelled" in monitor.text(".trial .figures")
    assert "−0.006 to +0.015" in monitor.text(".trial .axis")
    assert monitor.count(".trial .margin") == 1


def test_a_release_shows_without_a_reload_and_leaves_a_person_where_they_were(
    monitor: Open,
) -> None:
    monitor.page.run("window.here = document.querySelector('[data-key=\"gates-2\"]')")
    monitor.page.run("here.open = true; here.querySelector('summary').focus()")
    monitor.page.run("scrollTo(0, 700)")

    monitor.project.release("churn@3")

    monitor.wait_for(".summary .chip", "churn@3")
    assert monitor.page.run("here.isConnected && here.open")
    assert monitor.page.run("document.activeElement === here.querySelector('summary')")
    assert monitor.page.run("scrollY > 300")
    assert "Nobody has looked at this release" in monitor.text(".summary .said")
    assert monitor.text(".summary .pill") == "Cannot judge"
    monitor.wait_for("[data-does=rollback]", "Roll back to churn@1")


def test_a_rollback_is_confirmed_first(monitor: Open) -> None:
    monitor.click("[data-does=rollback]")
    assert monitor.page.run("document.getElementById('confirm').open")
    assert monitor.page.run("document.getElementById('confirm-why').hidden")

    monitor.click("#confirm-do")
    monitor.wait_for(".summary .chip", "churn@1")

    assert not monitor.page.run("document.getElementById('confirm').open")
    assert monitor.project.store.releases("churn")[0].action == "rollback"


def test_what_failed_its_gates_needs_a_reason(monitor: Open) -> None:
    monitor.click('[data-does=release][data-number="2"]')
    assert monitor.text("#confirm-verdicts .pill") == "fail"
    assert monitor.text("#confirm-verdicts") == "fail roc_auc >= 0.6: fail <b>indeed</b>."

    monitor.click("#confirm-do")
    assert monitor.page.run("document.getElementById('confirm').open")
    monitor.page.run("document.getElementById('confirm-reason').focus()")
    monitor.page.write("the old one <i>fails</i> more")
    monitor.click("#confirm-do")
    monitor.wait_for(".summary .chip", "churn@2")

    newest = monitor.project.store.releases("churn")[0]
    assert (newest.override, newest.who) == ("the old one <i>fails</i> more", "local")
    assert monitor.text(".releases q") == "the old one <i>fails</i> more"
    assert monitor.count(".releases i") == 0


def test_what_can_be_done_about_production_is_compared_beside_the_calls(monitor: Open) -> None:
    before = len(monitor.project.store.versions("churn"))

    monitor.click("[data-does=compare]")
    monitor.wait_for(".rebuild [role=status]", "Comparing since")
    assert monitor.page.run("document.querySelector('[data-does=rebuild]').disabled")
    assert httpx.get(f"{monitor.url}/readyz").status_code == 200
    monitor.page.wait("document.querySelector('.remedies')")

    assert "stays. Nothing is worth replacing production." in monitor.text(".decision h3")
    assert monitor.text(".remedies [data-key=keep] .pill") == "chosen"
    assert monitor.count(".remedies > li") >= 4
    assert len(monitor.project.store.versions("churn")) == before
    assert not monitor.page.run("document.querySelector('[data-does=rebuild]').disabled")


def test_a_trial_is_begun_and_stopped_with_the_keyboard_alone(
    monitor: Open, tmp_path: Path
) -> None:
    monitor.focus('[data-does=try][data-number="3"]')
    monitor.page.press("Enter", 13)
    assert monitor.text("#confirm-title") == "Try churn@3 beside production?"
    assert "nobody sees its answers" in monitor.text("#confirm-text")
    monitor.focus("#confirm-mode")
    monitor.page.press("ArrowDown", 40)
    assert "callers see its answers" in monitor.text("#confirm-text")
    assert monitor.page.run("document.getElementById('confirm-margin').value") == "0.01"
    monitor.page.run("document.getElementById('confirm-margin').select()")
    monitor.page.write("0.02")
    monitor.focus("#confirm-share")
    monitor.page.run("document.getElementById('confirm-share').select()")
    monitor.page.write("35")
    monitor.page.shot(tmp_path / "trial.png")
    monitor.page.press("Enter", 13)

    monitor.wait_for(".trial h3", "churn@3 as a canary")
    begun = monitor.project.store.trials.running("churn")
    assert begun is not None
    assert (begun.mode, begun.share, begun.margin) == ("canary", 0.35, 0.02)
    assert begun.who == "local"
    assert monitor.count("[data-does=try]") == 0

    monitor.focus(".trial [data-does=stop]")
    monitor.page.press("Enter", 13)
    monitor.focus("#confirm-reason")
    monitor.page.write("seen <b>enough</b>")
    monitor.click("#confirm-do")
    monitor.wait_for(".trial .pill", "stopped")
    assert "seen <b>enough</b> (by local)" in monitor.text(".trial .hint")
    assert monitor.count("[data-does=stop]") == 0


def test_before_the_first_window_ends_signals_are_folded_and_nothing_is_green(
    monitor: Open,
) -> None:
    monitor.project.release("churn@3")
    try:
        monitor.project.monitor("churn")
        monitor.wait_for(".summary .said", "The first window ends at")
        assert monitor.text(".summary .pill") == "Cannot judge"
        assert monitor.count(".pill.quiet") == 0
        assert monitor.text(".signals summary").endswith("signals cannot be judged yet")
        assert "too few" not in monitor.text("#main")
        assert "when the first window ends" in monitor.text(".quality .empty")
    finally:
        monitor.project.rollback("churn")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_everything_within_its_width(
    monitor: Open, dark: bool, tmp_path: Path
) -> None:
    monitor.page.size(360, 740, phone=True, dark=dark)
    monitor.page.run("for (const each of document.querySelectorAll('details')) each.open = true")

    assert monitor.page.run("document.documentElement.scrollWidth") == 360
    ground = str(monitor.page.run("getComputedStyle(document.body).backgroundColor"))
    assert ground == ("rgb(14, 21, 27)" if dark else "rgb(243, 246, 248)")
    monitor.page.shot(tmp_path / "phone.png")
    assert (tmp_path / "phone.png").stat().st_size > 10_000


def test_every_control_and_chart_has_a_name(monitor: Open) -> None:
    monitor.page.send("Accessibility.enable")
    nodes = monitor.page.send("Accessibility.getFullAXTree")["nodes"]
    shown = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored")
    ]

    wanted = ("button", "link", "image", "img", "DisclosureTriangle")
    assert [role for role, name in shown if role in wanted and not name] == []
    assert ("link", "Skip to what was found") in shown
    assert ("heading", "Signals") in shown
    assert any(role == "button" and name.startswith("Release") for role, name in shown)


def test_the_skip_link_leads_to_the_content_of_the_same_component(monitor: Open) -> None:
    monitor.click("#tabs a[data-key=price]")
    monitor.wait_for(".summary h2", "price")
    monitor.page.run("document.querySelector('.skip').focus()")
    assert monitor.page.run("document.activeElement.className") == "skip"

    monitor.click(".skip")

    assert monitor.page.run("document.activeElement.id") == "main"
    assert monitor.text(".summary h2") == "price"


def test_the_page_breaks_no_rule_of_its_own_and_asks_nobody_else(monitor: Open) -> None:
    monitor.click("[data-does=release]")
    monitor.click("#confirm-not")

    said = [each["entry"]["text"] for each in monitor.page.told("Log.entryAdded")]
    assert [text for text in said if "Content Security Policy" in text] == []
    assert monitor.page.told("Runtime.exceptionThrown") == []
    asked = {each["request"]["url"] for each in monitor.page.told("Network.requestWillBeSent")}
    assert all(url.startswith((monitor.url, "about:")) for url in asked)


def test_the_pages_lead_to_each_other(monitor: Open) -> None:
    monitor.click(".summary a.button")
    monitor.wait_for("#call-title", "churn")

    monitor.click('.top nav a[href="/monitor"]')

    monitor.page.wait(SHOWN)
    assert monitor.text('.top nav [aria-current="page"]') == "Monitor"


def test_an_answer_on_the_form_is_written_for_people(monitor: Open) -> None:
    monitor.page.open(f"{monitor.url}/try#churn")
    monitor.page.wait("!document.getElementById('main').hidden")
    monitor.click("#send")
    monitor.page.wait("document.querySelector('.why')")

    assert monitor.text(".top [aria-current=page]") == "Use"
    outputs = monitor.text(".outputs")
    assert "set" in outputs
    assert "[" not in outputs
    assert "on average to" in monitor.text(".why .legend")


def test_a_key_that_may_only_look_cannot_change(monitor: Open) -> None:
    store = monitor.project.store
    secret, other = store.add_key("eyes", "viewer"), store.add_key("hands", "operator")
    try:
        assert eventually(lambda: httpx.get(f"{monitor.url}/v1/monitor").status_code == 401)
        _use(monitor, secret)
        assert monitor.page.run("document.querySelector('[data-does=release]').disabled")
        assert monitor.page.run("document.querySelector('[data-does=try]').disabled")
        assert "Releases and trials need an operator's" in monitor.text("#may-not")

        _use(monitor, other)
        assert monitor.count("#may-not") == 0
        monitor.click('[data-does=release][data-number="3"]')
        monitor.click("#confirm-do")
        monitor.wait_for(".summary .chip", "churn@3")
        assert store.releases("churn")[0].who == "hands"
    finally:
        store.revoke_key("eyes")
        store.revoke_key("hands")
        monitor.page.run("sessionStorage.clear()")


def _use(monitor: Open, secret: Any) -> None:
    monitor.page.run("sessionStorage.clear()")
    monitor.page.open(monitor.url + "/monitor?" + secret[-4:])
    monitor.page.wait("!document.getElementById('key-form').hidden")
    monitor.page.run("document.getElementById('key').focus()")
    monitor.page.write(secret)
    monitor.page.press("Enter", 13)
    monitor.page.wait(SHOWN)
