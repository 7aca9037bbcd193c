"""The other faces of one signature: Open Inference Protocol, OpenAPI, metrics, the page."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.parser import text_string_to_metric_families
from server_site import ROW, Site
from starlette.testclient import TestClient

from waiting import eventually

CALL = "/v1/components/toy/call"
INFER = "/v2/models/toy/infer"


def tensor(name: str, datatype: str, data: list[Any], **other: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [len(data)], "data": data, **other}


def test_infer_takes_columns_and_gives_columns(site: Site, client: TestClient) -> None:
    inputs = [
        tensor("amount", "FP64", [1, 2.5, 30]),
        tensor("plan", "BYTES", ["basic", None, "gold"]),
        tensor("active", "BOOL", [True, False, None]),
        tensor("months", "INT64", [[1], [2], [3]], shape=[3, 1]),
    ]

    reply = client.post(INFER, json={"id": "mine", "inputs": inputs}).json()

    assert (reply["model_name"], reply["model_version"], reply["id"]) == ("toy", "1", "mine")
    assert reply["outputs"] == [
        tensor("tier", "BYTES", ["low", "low", "high"]),
        tensor("total", "FP64", [2, 5, 60]),
        tensor("shares.high", "FP64", [0.25] * 3),
        tensor("shares.v1.0", "FP64", [0.75] * 3),
    ]
    events = reply["parameters"]["events"].split(",")
    assert [site.store.events.find(event).inputs["amount"] for event in events] == [1, 2.5, 30]  # type: ignore[union-attr,index]
    assert "'gold' was not seen" in reply["parameters"]["warnings"]


def test_infer_gives_only_the_outputs_that_are_asked_for(client: TestClient) -> None:
    body = {"inputs": [tensor("amount", "FP64", [1])], "outputs": [{"name": "total"}]}

    assert [each["name"] for each in client.post(INFER, json=body).json()["outputs"]] == ["total"]
    body["outputs"] = [{"name": "nothing"}]
    assert client.post(INFER, json=body).status_code == 422


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        [],
        [1],
        [tensor("amount", "FP64", [])],
        [tensor("amount", "FP65", [1])],
        [tensor("amount", "FP64", ["1"])],
        [tensor("amount", "FP64", [True])],
        [tensor("amount", "INT64", [1.5])],
        [tensor("amount", "BYTES", [1])],
        [tensor("amount", "FP64", [1, 2], shape=[3])],
        [tensor("amount", "FP64", [[1, 2]], shape=[1, 2])],
        [tensor("amount", "FP64", [1]), tensor("amount", "FP64", [1])],
        [tensor("amount", "FP64", [1]), tensor("plan", "BYTES", ["a", "b"])],
        [{"name": "amount", "datatype": "FP64", "shape": [1]}],
    ],
)
def test_tensors_that_do_not_fit_are_one_sentence(client: TestClient, inputs: Any) -> None:
    reply = client.post(INFER, json={"inputs": inputs})

    assert reply.status_code == 422
    assert reply.json()["error"].startswith("This is not an infer request: ")


def test_the_protocol_s_metadata_and_readiness(client: TestClient) -> None:
    model = client.get("/v2/models/toy").json()

    assert client.get("/v2").json()["name"] == "twinkeel"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/toy/ready").json() == {"name": "toy", "ready": True}
    assert model["versions"] == ["1"]
    assert {"name": "months", "datatype": "INT64", "shape": [-1]} in model["inputs"]
    assert model["outputs"][0] == {"name": "tier", "datatype": "BYTES", "shape": [-1]}


def test_only_the_released_version_answers(site: Site, client: TestClient) -> None:
    assert client.get("/v2/models/toy/versions/1").json()["versions"] == ["1"]
    assert client.get("/v2/models/toy/versions/1/ready").status_code == 200
    body = {"inputs": [tensor("amount", "FP64", [1])]}
    assert client.post("/v2/models/toy/versions/1/infer", json=body).status_code == 200
    for path in (
        "/v2/models/toy/versions/2",
        "/v2/models/other",
        "/v2/models/toy/versions/2/ready",
    ):
        assert client.get(path).status_code == 404


def test_a_named_version_answers_or_nothing_does_while_a_release_goes_on(
    site: Site, client: TestClient
) -> None:
    """Calls wait behind one that takes a second, and meanwhile version 2 is released."""
    slow = [tensor("amount", "FP64", [1]), tensor("note", "BYTES", ["sleep"])]
    quick = {"inputs": [tensor("amount", "FP64", [1])]}
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(client.post, INFER, json={"inputs": slow})
        assert eventually(lambda: "requests_in_progress 2" in _text(client))
        named = pool.submit(client.post, "/v2/models/toy/versions/1/infer", json=quick)
        unnamed = pool.submit(client.post, INFER, json=quick)
        assert eventually(lambda: "requests_in_progress 4" in _text(client))
        site.release(3.0)

    assert first.result().json()["model_version"] == "1"
    assert named.result().status_code == 404
    assert named.result().json()["error"] == "toy@1 is not in production: toy@2 is."
    assert unnamed.result().json()["model_version"] == "2"
    assert unnamed.result().json()["outputs"][1]["data"] == [3]


def test_openapi_is_valid_and_has_the_columns(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    OpenAPIV31SpecValidator(document).validate()
    row = document["components"]["schemas"]["toy.Row"]
    assert row["required"] == ["amount"]
    assert row["properties"]["plan"]["type"] == ["string", "null"]
    output = document["components"]["schemas"]["toy.One"]["properties"]["output"]
    assert set(output["properties"]["shares"]["properties"]) == {"high", "v1.0"}
    assert "/v1/components/toy/call" in document["paths"]
    ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))


def test_openapi_is_valid_while_nothing_is_released(tmp_path: Any, make_client: Any) -> None:
    client = make_client(Site(tmp_path))

    OpenAPIV31SpecValidator(client.get("/openapi.json").json()).validate()
    assert client.get("/readyz").status_code == 503
    assert client.get("/v2/health/ready").status_code == 503


def test_metrics_are_prometheus_text(client: TestClient) -> None:
    client.post(CALL, json={"rows": [ROW, ROW]})
    client.post(CALL, json={})
    client.get("/any/%22path%22")

    families = {each.name: each for each in text_string_to_metric_families(_text(client))}

    (calls,) = families["twinkeel_calls"].samples
    (info,) = families["twinkeel_version_info"].samples
    (errors,) = families["twinkeel_call_errors"].samples
    assert (calls.labels["version"], calls.value) == ("toy@1", 2)
    assert (info.labels["version"], info.labels["kind"]) == ("toy@1", "toy")
    assert errors.value == 1
    assert families["twinkeel_degraded"].samples[0].value == 0
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6
    routes = {sample.labels["route"] for sample in families["twinkeel_requests"].samples}
    assert routes <= {"/v1/components/{name}/call", "/metrics", "none"}


@pytest.mark.parametrize(
    ("path", "body", "counted"),
    [
        (CALL, {}, True),
        (CALL, [], True),
        (CALL, {"amount": 1, "note": "defect"}, True),
        ("/v1/components/toy/explain", {}, True),
        (INFER, {}, True),
        (INFER, {"inputs": [tensor("plan", "BYTES", ["plus"])]}, True),
        ("/v2/models/toy/versions/9/infer", {}, True),
        (CALL, ROW, False),
        ("/v1/components/toyy/call", ROW, False),
        ("/v1/events/none/label", {"value": 1}, False),
    ],
)
def test_every_call_that_was_refused_or_failed_is_counted(
    client: TestClient, path: str, body: Any, counted: bool
) -> None:
    client.post(path, json=body)

    line = 'twinkeel_call_errors_total{component="toy"} 1'
    assert (line in _text(client)) == counted


def test_the_latency_histogram_counts_every_request(client: TestClient) -> None:
    for _ in range(5):
        client.post(CALL, json=ROW)

    families = {each.name: each for each in text_string_to_metric_families(_text(client))}
    samples = families["twinkeel_request_seconds"].samples
    counts = [s.value for s in samples if s.name.endswith("_bucket")]
    assert counts == sorted(counts)
    assert counts[-1] == 5


def _text(client: TestClient) -> str:
    reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return reply.text


@pytest.mark.parametrize("path", ["/", "/try", "/chat"])
def test_a_page_runs_only_its_own_files(client: TestClient, path: str) -> None:
    page = client.get(path)

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    linked = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert {client.get(path).status_code for path in linked} == {200}
    assert "style=" not in page.text
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=", page.text)


@pytest.mark.parametrize("name", ["page.js", "try.js", "chat.js", "source.js"])
def test_a_page_s_script_never_reads_html(client: TestClient, name: str) -> None:
    script = client.get(f"/static/{name}").text

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_other_files_are_not_served(client: TestClient) -> None:
    for name in ("app.py", "__init__.py", "none.js"):
        assert client.get(f"/static/{name}").status_code == 404
