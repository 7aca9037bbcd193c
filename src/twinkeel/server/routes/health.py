"""What an orchestrator and a monitoring system ask."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twinkeel.server.exchange import Exchange, Reply, json_reply
from twinkeel.server.metrics import family
from twinkeel.server.service import Service

_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


async def healthz(_: Exchange) -> Reply:
    """200 while the process answers at all."""
    return json_reply({"live": True})


async def readyz(exchange: Exchange) -> Reply:
    """200 while something is served; `degraded` names what does not work, without details."""
    found = readiness(exchange.service)
    return json_reply(found, 200 if found["ready"] else 503)


def readiness(service: Service) -> dict[str, Any]:
    """Whether calls are answered, and what is not as it should be.

    Calls do not need monitoring: without it the server is degraded, and ready all the same.
    """
    live = service.live
    degraded = ["events are not being recorded"] if live.degraded else []
    degraded += ["the store does not answer"] if live.unreachable else []
    degraded += [f"{name}: its newest release does not load" for name in sorted(live.problems)]
    down = None if service.pulse is None else service.pulse.down
    degraded += [] if down is None else [f"monitoring is down since {_minute(down)}"]
    return {"ready": bool(live.held), "degraded": degraded}


async def metrics(exchange: Exchange) -> Reply:
    """The Prometheus text."""
    service = exchange.service
    watched = await asyncio.to_thread(lambda: list(_watched(service)))
    lines = [*service.metrics.families(), *_state(service), *watched, ""]
    return Reply("\n".join(lines).encode(), type=_TEXT)


def _state(service: Service) -> Iterator[str]:
    live = service.live
    versions = [
        ((("component", held.ref.component), ("version", str(held.ref)), ("kind", held.kind)), 1.0)
        for held in live.held
    ]
    degraded = float(bool(readiness(service)["degraded"]))
    yield from family("twinkeel_version_info", "gauge", "Versions served.", versions)
    yield from family(
        "twinkeel_degraded", "gauge", "1 while something is not as it should be.", [((), degraded)]
    )
    if service.pulse is not None:
        up = float(service.pulse.down is None)
        about = "1 while the process that monitors beside this server looks as it should."
        yield from family("twinkeel_monitoring_up", "gauge", about, [((), up)])
    yield from family(
        "twinkeel_events_pending",
        "gauge",
        "Events that are not in SQL yet.",
        [((), float(live.pending))],
    )
    yield from family(
        "process_resident_memory_bytes", "gauge", "Memory in use.", [((), _resident_bytes())]
    )


def _watched(service: Service) -> Iterator[str]:
    """What monitoring last found, of every component that is served."""
    if service.desk is None:
        return
    watching = service.desk.store.watching
    names = [held.ref.component for held in service.live.held]
    found = watching.alerts(only_open=True)
    alerts = [((("component", one.component), ("cause", one.cause)), 1.0) for one in found]
    yield from family("twinkeel_alert_open", "gauge", "1 for each open alert.", alerts)
    looks = [look for name in names for look in watching.looks(name)]
    moment = dt.datetime.now(dt.UTC)
    ages = [
        (
            (("component", one.component),),
            (moment - dt.datetime.fromisoformat(one.at)).total_seconds(),
        )
        for one in looks
    ]
    about = "Seconds since monitoring looked."
    yield from family("twinkeel_monitor_look_age_seconds", "gauge", about, ages)


def _minute(at: str) -> str:
    return f"{at[:16].replace('T', ' ')} UTC"


def _resident_bytes() -> float:
    """Resident memory; where the system does not tell, the most that was ever used."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)
    return float(pages * _page_size())


def _page_size() -> int:
    import resource

    return resource.getpagesize()
