"""The verbs and their launcher: arguments in, exit code out.

Owns the list of verbs, each loaded only when it runs, the options that every verb has, and the
one place where errors become a sentence and an exit code. Nothing else in the command line
prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from twinkeel import __version__
from twinkeel.cli.names import Flag

_ABOUT = """Models and assistants through one lifecycle: build, evaluate, release, serve, rebuild.

Begin with `twinkeel init TABLE`; `twinkeel COMMAND --help` says more of each command.

Exit codes: 0 done, 1 refused (a gate that has not passed, a verification that failed, a lost race),
2 wrong usage or input, 3 the environment, 130 interrupted.
"""

app = App(
    name="twinkeel",
    help=_ABOUT,
    version=f"twinkeel {__version__}",
    version_format="plaintext",
    help_format="markdown",
    help_flags=["--help", "-h"],
    suppress_keyboard_interrupt=False,
)

_VERBS = {
    "init": "Start a project from a table.",
    "profile": "What each column of a table holds, and what goes with the target.",
    "build": "Build a component and judge the new version.",
    "evaluate": "Judge a version again, on the cases that its source gives now.",
    "release": "Put a version into production, if its gates passed.",
    "trial": "Judge what is on trial: promote it, roll it back, or go on.",
    "rebuild": "Compare what can be done about production, and do what is worth it.",
    "rollback": "Bring back what was in production before.",
    "serve": "Serve what is in production, until interrupted.",
    "call": "Ask a version for its output, for one row or a file of them.",
    "ask": "Ask a version that converses, and see the sources of its answer.",
    "label": "Record what turned out to be true of calls, from a table.",
    "feedback": "Record how answers were received, from a table.",
    "status": "Where every component stands, and what comes next.",
    "show": "A version's scorecard and verdict, or its report.",
    "compare": "Two versions on the same cases: what is better, worse, and decided differently.",
    "monitor": "Look at what is in production, and say what has changed.",
    "contract": "What a version reads: shown, compared, exported, pinned.",
    "verify": "Re-hash, reload and recompute a version.",
    "package": "Write a folder that serves a version by itself.",
    "keys": "Create, list and revoke the keys that callers of the server use.",
    "store": "Move versions, releases, keys and events to another place.",
    "gc": "Remove what the stated retention no longer covers.",
    "completion": "Print or install completion for a shell.",
}
_GROUPS = ("keys", "store")
"""Those that have verbs of their own."""
_ALIASES = {"call": "predict"}
ALONE = frozenset((*_VERBS, *_ALIASES.values())) - frozenset(_GROUPS)
"""Verbs that are a function each, whose docstring is their help."""
_HELP = frozenset(("--help", "-h"))

for _position, (_verb, _help) in enumerate(_VERBS.items()):
    app.command(
        f"twinkeel.cli.commands.{_verb}:{'app' if _verb in _GROUPS else _verb}",
        name=_verb,
        alias=_ALIASES.get(_verb),
        help=_help,
        sort_key=_position,
    )


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    project: Annotated[Path, Parameter(metavar="FOLDER", show_default=False)] = Path(),
    json: Flag = False,
) -> int:
    """Run one verb.

    Parameters
    ----------
    project
        The project's folder, or one inside it; by default this one.
    json
        Print one JSON document and nothing else.
    """
    from twinkeel.cli.invocation import Invocation, Reply

    verb, bound, injected = app.parse_args(tokens, exit_on_error=False, print_error=False)
    with Invocation(folder=project, json=json) as here:
        bound.arguments.update(dict.fromkeys(injected, here))
        reply = verb(*bound.args, **bound.kwargs)
        if not isinstance(reply, Reply):  # help and version have printed themselves
            return 0
        here.print(reply)
        return reply.exit_code


app.meta.suppress_keyboard_interrupt = False


def tell_in_full(verbs: Iterable[str] = ALONE) -> None:
    """Let the help of verbs say all that is known of them, not only their line in the list."""
    for verb in verbs:
        app[verb].help = None


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code, whatever happens."""
    try:
        if not _HELP.isdisjoint(arguments):
            tell_in_full([word for word in arguments if word in ALONE][:1])
        code: Any = app.meta(
            list(arguments), exit_on_error=False, print_error=False, result_action="return_value"
        )
        return int(code or 0)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the one catch
        from twinkeel.cli.failures import report

        return report(error, list(arguments))
