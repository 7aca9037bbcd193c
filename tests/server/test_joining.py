from __future__ import annotations

from server_site import ROW, Site
from starlette.testclient import TestClient


def called(client: TestClient) -> str:
    return str(client.post("/v1/components/toy/call", json=ROW).json()["event"])


def test_feedback_and_labels_join_the_call(site: Site, client: TestClient) -> None:
    event = called(client)

    liked = client.post(f"/v1/events/{event}/feedback", json={"value": 1, "comment": "good"})
    label = client.post(f"/v1/events/{event}/label", json={"value": "high"})

    assert (liked.status_code, label.status_code) == (201, 201)
    joined = {found.kind: found for found in site.store.events.query(about=event)}
    assert joined["feedback"].output == {"value": 1, "comment": "good"}
    assert joined["label"].output == {"value": "high"}
    assert joined["label"].component == "toy"


def test_contradictory_labels_are_both_kept(site: Site, client: TestClient) -> None:
    event = called(client)

    for value in ("high", "low"):
        client.post(f"/v1/events/{event}/label", json={"value": value})

    values = {found.output["value"] for found in site.store.events.query(about=event)}
    assert values == {"high", "low"}


def test_an_unknown_event_cannot_be_labelled(client: TestClient) -> None:
    reply = client.post("/v1/events/0123456789abcdef/label", json={"value": 1})

    assert reply.status_code == 404
    assert "0123456789abcdef" in reply.json()["error"]


def test_a_label_cannot_be_labelled(client: TestClient) -> None:
    label = client.post(f"/v1/events/{called(client)}/label", json={"value": 1}).json()["event"]

    assert client.post(f"/v1/events/{label}/label", json={"value": 1}).status_code == 404


def test_a_repeated_key_gives_the_first_answer(site: Site, client: TestClient) -> None:
    event, headers = called(client), {"Idempotency-Key": "abc"}

    first = client.post(f"/v1/events/{event}/label", json={"value": 1}, headers=headers)
    again = client.post(f"/v1/events/{event}/label", json={"value": 1}, headers=headers)
    other = client.post(f"/v1/events/{event}/label", json={"value": 2}, headers=headers)

    assert first.json() == again.json()
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert len(site.store.events.query(about=event)) == 1


def test_a_body_without_a_value_is_refused(client: TestClient) -> None:
    for body in ({}, {"label": 1}, {"value": 1, "other": 2}, [1]):
        assert client.post(f"/v1/events/{called(client)}/label", json=body).status_code == 422


def test_an_event_is_shown_as_recorded(client: TestClient) -> None:
    event = called(client)

    shown = client.get(f"/v1/events/{event}").json()

    assert (shown["id"], shown["kind"], shown["number"]) == (event, "call", 1)
    assert client.get("/v1/events/none").status_code == 404
