"""`twinkeel serve`: serve what is in production."""

from __future__ import annotations

from contextlib import suppress

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    watch: Flag = False,
    monitor: Flag = False,
    here: Here,
) -> None:
    """Serve what is in production, until interrupted.

    Listens on this machine only, unless [server] host or --host says otherwise and keys exist.

    Parameters
    ----------
    host
        The address to listen on, instead of the configured one.
    port
        The TCP port to listen on, instead of the configured one; 0 takes any that is free.
    watch
        Build, judge and release again what changes in the files of a source, where that costs only
        what changed, as for an assistant's documents.
    monitor
        Look at what is in production a few times in every cycle; alerts go to the log, to the
        webhook and to /metrics.
    """

    def told(sentence: str) -> None:
        here.err.print(sentence, soft_wrap=True)

    with suppress(KeyboardInterrupt):  # the way to end it
        here.project.serve(
            host=host,
            port=port,
            ready=lambda url: here.print(_started(here, url)),
            watch=told if watch else None,
            monitor=monitor,
        )


def _started(here: Here, url: str) -> Reply:
    served = [one for one in here.project.status() if one.production is not None]
    refs = [f"{one.component}@{one.production.number}" for one in served if one.production]
    lines = [f"Serving {', '.join(refs) or 'nothing yet'} on {url} until you press Ctrl+C."]
    lines += [f"  call     POST {url}/v1/components/{one.component}/call" for one in served]
    lines += [
        f"  try it   {url}/",
        f"  API      {url}/openapi.json",
        f"  health   {url}/readyz, metrics {url}/metrics",
    ]
    if not served:
        lines.append("Next: twinkeel release COMPONENT; it is picked up without a restart.")
    return Reply(data={"url": url, "versions": refs}, parts=tuple(lines))
