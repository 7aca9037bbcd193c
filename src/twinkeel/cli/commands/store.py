"""`twinkeel store`: where versions, releases, keys and events are kept."""

from __future__ import annotations

from cyclopts import App

from twinkeel.cli.invocation import Here, Reply

app = App(name="store", help="Move versions, releases, keys and events to another place.")


@app.command
def move(url: str | None = None, /, *, bundles: str | None = None, here: Here) -> Reply:
    """Copy the store to another place, compare every part, and say what to change.

    The old store is left as it is. Stop servers of this project first.

    Parameters
    ----------
    url
        The PostgreSQL database for the catalog, as '$DATABASE_URL' in single quotes, or "local"
        for the file in .twinkeel; without it the catalog stays where it is.
    bundles
        The URL of a folder for bundles and evidence, or "local".
    """
    done = here.project.move_store(url, bundles)
    rows = sum(done.copied.rows.values())
    lines = (
        f"{rows} records, {done.copied.bundles} bundles and {done.copied.objects} objects were "
        "copied, read back and found the same. The old store is as it was.",
        "Now write this into twinkeel.toml, then start the servers again:",
        done.table,
    )
    return Reply(data=done, parts=lines)
