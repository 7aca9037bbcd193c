"""A Ray cluster to fit folds on: the one that RAY_ADDRESS names, or one on this machine alone.

One that is started here listens on 127.0.0.1 only, to those who know its secret, reports nothing
to anybody, has no dashboard, writes into a temporary folder and is gone when the work is.
"""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from twinkeel.errors import MissingExtra

_HERE = "127.0.0.1"
_PRIVATE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # By its name for other systems; on Linux too it is what keeps Ray on the loopback interface.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
"""What Ray reads as it is imported, for a cluster of this machine alone."""


@contextmanager
def cluster() -> Iterator[int]:
    """Connect, or start one; yields how many processors it has. Raises MissingExtra."""
    if not os.environ.get("RAY_ADDRESS"):
        for name, value in _PRIVATE.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingExtra("ray", "ray", 'workers = "ray"') from None
    if ray.is_initialized():
        yield _processors()
        return
    with _started():
        yield _processors()


@contextmanager
def _started() -> Iterator[None]:
    import ray

    with tempfile.TemporaryDirectory(prefix="tk-", ignore_cleanup_errors=True) as scratch:
        if os.environ.get("RAY_ADDRESS"):
            ray.init(log_to_driver=False)
        else:
            ray.init(
                _node_ip_address=_HERE,
                _temp_dir=scratch,  # a short name: paths of sockets may not be long
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        try:
            yield
        finally:
            ray.shutdown()


def _processors() -> int:
    import ray

    return max(int(ray.cluster_resources().get("CPU", 1)), 1)
