from __future__ import annotations

from collections.abc import Callable

from server_site import ROW, Site
from starlette.testclient import TestClient

CALL = "/v1/components/toy/call"


def test_one_row_gives_one_answer_with_its_event(site: Site, client: TestClient) -> None:
    answer = client.post(CALL, json={**ROW, "plan": "gold"}).json()

    assert answer["version"] == "toy@1"
    assert answer["output"]["tier"] == "low"
    assert answer["output"]["total"] == 40
    assert answer["warnings"] == ["plan 'gold' was not seen while learning"]
    event = site.store.events.find(answer["event"])
    assert event is not None
    assert (event.component, event.number, event.who) == ("toy", 1, "local")
    assert event.output == answer["output"]


def test_rows_give_answers_in_order(client: TestClient) -> None:
    reply = client.post(CALL, json={"rows": [{"amount": n} for n in (3, 1, 2)]}).json()

    assert [answer["output"]["total"] for answer in reply["answers"]] == [6, 2, 4]
    assert len({answer["event"] for answer in reply["answers"]}) == 3


def test_sensitive_inputs_and_those_that_are_not_the_version_s_are_not_stored(
    site: Site, client: TestClient
) -> None:
    answer = client.post(CALL, json={**ROW, "password": "secret"}).json()

    event = site.store.events.find(answer["event"])
    assert event is not None
    assert event.inputs == {"amount": 20, "plan": "plus"}


def test_inputs_are_not_stored_where_the_project_says_so(
    site: Site, make_client: Callable[..., TestClient]
) -> None:
    quiet = make_client(_with_events(site, "inputs = false"))
    full = make_client(_with_events(site, "sensitive = true"))

    none = site.store.events.find(quiet.post(CALL, json=ROW).json()["event"])
    every = site.store.events.find(full.post(CALL, json=ROW).json()["event"])

    assert none is not None
    assert none.inputs is None
    assert every is not None
    assert every.inputs == ROW


def test_rows_that_break_the_contract_are_one_sentence(client: TestClient) -> None:
    reply = client.post(CALL, json={"rows": [ROW, {"amount": "many"}]})

    assert reply.status_code == 422
    assert reply.json()["error"] == "row 1: amount must be a number, got 'many'."
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


def test_shapes_of_bodies_that_are_refused(client: TestClient) -> None:
    for body in ([], 3, {"rows": []}, {"rows": [1]}, {"rows": {}}, {"rows": [ROW], "more": 1}):
        reply = client.post(CALL, json=body)
        assert reply.status_code == 422, body
        assert reply.json()["error"].endswith(".")


def test_explanations_add_up(client: TestClient) -> None:
    one = client.post("/v1/components/toy/explain", json=ROW).json()
    many = client.post("/v1/components/toy/explain", json={"rows": [ROW, ROW]}).json()

    total = one["base"] + sum(part["contribution"] for part in one["contributions"])
    assert abs(total - one["total"]) < 1e-12
    assert many["explanations"] == [one, one]


def test_components_are_listed_and_described(client: TestClient) -> None:
    index = client.get("/v1/components").json()
    shown = client.get("/v1/components/toy").json()

    assert index["project"] == "toys"
    assert [item["version"] for item in index["components"]] == ["toy@1"]
    assert shown["signature"]["inputs"][0]["name"] == "amount"
    assert shown["explains"] is True


def test_unknown_components_get_a_suggestion(client: TestClient) -> None:
    reply = client.post("/v1/components/toyy/call", json=ROW)

    assert reply.status_code == 404
    assert reply.json()["error"] == "There is no component 'toyy'; did you mean 'toy'?"


def test_a_component_without_a_release_says_what_to_do(
    site: Site, make_client: Callable[..., TestClient]
) -> None:
    (site.root / "twinkeel.toml").open("a").write('[components.new]\nkind="toy"\nsource="rows"\n')
    reply = make_client(_reloaded(site)).post("/v1/components/new/call", json=ROW)

    assert reply.status_code == 404
    assert "twinkeel release new" in reply.json()["error"]


def test_a_defect_is_told_without_its_details(client: TestClient, caplog: object) -> None:
    reply = client.post(CALL, json={"amount": 1, "note": "defect"})

    assert reply.status_code == 500
    assert "ZeroDivisionError" not in reply.text
    assert "secret row" not in reply.text
    assert "secret row" not in caplog.text  # type: ignore[attr-defined]
    assert reply.json()["request_id"] in caplog.text  # type: ignore[attr-defined]


def _with_events(site: Site, line: str) -> Site:
    path = site.root / "twinkeel.toml"
    path.write_text(path.read_text().partition("[events]")[0] + f"[events]\n{line}\n")
    return _reloaded(site)


def _reloaded(site: Site) -> Site:
    from copy import copy

    from twinkeel.config import load

    other = copy(site)
    other.config = load(site.root)
    return other
