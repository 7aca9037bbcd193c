"""Every route of the server in one table, each with what it asks of a caller.

`public` needs no key; `caller` may call and give feedback; `viewer` may also read events and
metrics; `operator` and `admin` are kept for the verbs that change what is in production.
"""

from __future__ import annotations

from twinkeel.server import oip
from twinkeel.server.routes import components, events, health, pages
from twinkeel.server.table import Route

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/components/{name}/call",
        "caller",
        components.call,
        "Call the released version with one row, or with many.",
        body="Call",
        answer="Answer",
    ),
    Route(
        "POST",
        "/v2/models/{name}/infer",
        "caller",
        oip.infer,
        "Open Inference Protocol: infer with the released version.",
        body="InferRequest",
        answer="InferResponse",
    ),
    Route(
        "POST",
        "/v2/models/{name}/versions/{version}/infer",
        "caller",
        oip.infer,
        "Open Inference Protocol: infer with a version, if it is the released one.",
        body="InferRequest",
        answer="InferResponse",
    ),
    Route(
        "POST",
        "/v1/components/{name}/explain",
        "caller",
        components.explain,
        "Why the released version answers as it does, for one row or many.",
        body="Call",
        answer="Explanation",
    ),
    Route("GET", "/v1/components", "caller", components.index, "What is served.", answer="Index"),
    Route(
        "GET",
        "/v1/components/{name}",
        "caller",
        components.show,
        "A component's released version: signature and scorecard.",
        answer="Component",
    ),
    Route(
        "POST",
        "/v1/events/{id}/feedback",
        "caller",
        events.feedback,
        "Say how an answer was received; it joins the call's event.",
        body="Feedback",
        answer="Recorded",
    ),
    Route(
        "POST",
        "/v1/events/{id}/label",
        "caller",
        events.label,
        "Say what turned out to be true; it joins the call's event.",
        body="Label",
        answer="Recorded",
    ),
    Route("GET", "/v1/events/{id}", "viewer", events.show, "One event.", answer="Event"),
    Route("GET", "/v2", "public", oip.server, "Open Inference Protocol: the server."),
    Route("GET", "/v2/health/live", "public", oip.live, "Whether the process answers."),
    Route("GET", "/v2/health/ready", "public", oip.ready, "Whether every release is served."),
    Route("GET", "/v2/models/{name}", "caller", oip.model, "Inputs and outputs as tensors."),
    Route("GET", "/v2/models/{name}/ready", "caller", oip.model_ready, "Whether it is served."),
    Route(
        "GET",
        "/v2/models/{name}/versions/{version}",
        "caller",
        oip.model,
        "Inputs and outputs as tensors, if it is the released version.",
    ),
    Route(
        "GET",
        "/v2/models/{name}/versions/{version}/ready",
        "caller",
        oip.model_ready,
        "Whether this version is served.",
    ),
    Route("GET", "/openapi.json", "caller", pages.openapi, "This description."),
    Route("GET", "/healthz", "public", health.healthz, "Whether the process answers."),
    Route("GET", "/readyz", "public", health.readyz, "Whether every release is served."),
    Route(
        "GET",
        "/metrics",
        "viewer",
        health.metrics,
        "Counters and histograms for Prometheus.",
        answer="text/plain",
    ),
    Route("GET", "/", "public", pages.home, "A page to try it on.", answer="text/html"),
    Route("GET", "/static/{name}", "public", pages.static, "The page's files.", answer="*/*"),
)
