"""Drives a real cognee from the command line: one command in, one JSON object out.

Runs inside cognee's own environment (see environment.py), never beside cogx. Logs go to
stderr. ``--listen`` keeps one process for many commands, one JSON array of arguments per
line of stdin, because the import of cognee takes seconds.

    python peer.py --home DIR version
    python peer.py --home DIR read ARCHIVE [--records FILE]
    python peer.py --home DIR import ARCHIVE --dataset NAME [--mode preserve] [--graph-only]
    python peer.py --home DIR export ARCHIVE --dataset NAME [--permissions]
    python peer.py --home DIR graph --dataset NAME [--out FILE]
    python peer.py --home DIR sample ARCHIVE [--dataset NAME] [--nodes N] [--seed S]
    python peer.py --home DIR add FILE... --dataset NAME [--owner EMAIL]
    python peer.py --home DIR share READER --dataset NAME [--owner EMAIL]
    python peer.py --home DIR call FUNCTION ARGUMENTS (a JSON object)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import traceback
from pathlib import Path
from typing import Any

import peer_process


def command_parser() -> argparse.ArgumentParser:
    """Describe the commands; a handler's name is the command's."""
    parser = argparse.ArgumentParser(prog="peer.py", exit_on_error=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("read", "import", "export", "sample"):
        commands.add_parser(name).add_argument("archive", type=Path)
    commands.add_parser("version")
    call = commands.add_parser("call")
    commands.add_parser("graph").add_argument("--out", type=Path)
    commands.add_parser("add").add_argument("items", type=Path, nargs="*")
    commands.add_parser("share").add_argument("reader")
    call.add_argument("function")
    call.add_argument("arguments", type=json.loads)
    for name in ("add", "share"):
        commands.choices[name].add_argument("--owner")
    for name in ("import", "export", "graph", "add", "share"):
        commands.choices[name].add_argument("--dataset", required=True)
    commands.choices["read"].add_argument("--records", type=Path)
    commands.choices["import"].add_argument("--mode", default="preserve")
    commands.choices["import"].add_argument("--graph-only", action="store_true")
    commands.choices["export"].add_argument("--permissions", action="store_true")
    commands.choices["sample"].add_argument("--dataset", default="sample")
    commands.choices["sample"].add_argument("--nodes", type=int, default=40)
    commands.choices["sample"].add_argument("--seed", type=int, default=1)
    return parser


async def execute(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one command. The imports are here because each pulls in the whole of cognee."""
    if arguments.command == "version":
        import cognee

        return {"cognee": cognee.__version__}
    if arguments.command == "read":
        import peer_archive

        return peer_archive.read(arguments.archive, arguments.records)
    if arguments.command == "call":
        import peer_client

        return await peer_client.call(arguments.function, arguments.arguments)
    if arguments.command in ("add", "share"):
        return await _with_people(arguments)
    return await _with_store(arguments)


async def _with_store(arguments: argparse.Namespace) -> dict[str, Any]:
    import peer_store

    if arguments.command == "import":
        return await peer_store.import_archive(
            arguments.archive, arguments.dataset, arguments.mode, graph_only=arguments.graph_only
        )
    if arguments.command == "graph":
        return await peer_store.show_graph(arguments.dataset, arguments.out)
    if arguments.command == "sample":
        import peer_sample

        await peer_sample.build(arguments.dataset, arguments.nodes, arguments.seed)
    return await peer_store.export_archive(
        arguments.dataset,
        arguments.archive,
        permissions=getattr(arguments, "permissions", False),
    )


async def _with_people(arguments: argparse.Namespace) -> dict[str, Any]:
    import peer_people

    if arguments.command == "add":
        return await peer_people.add(arguments.dataset, arguments.items, arguments.owner)
    return await peer_people.share(arguments.dataset, arguments.owner, arguments.reader)


def answer(runner: asyncio.Runner, argv: list[str]) -> dict[str, Any]:
    """Run one command line; a fault becomes ``{"error": ...}`` and its trace goes to stderr."""
    try:
        return runner.run(execute(command_parser().parse_args(argv)))
    except (Exception, SystemExit) as fault:
        traceback.print_exc()
        return {"error": f"{type(fault).__name__}: {fault}"}


def main(argv: list[str]) -> int:
    """Run one command, or with ``--listen`` every command that stdin brings."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--listen", action="store_true")
    own, rest = parser.parse_known_args(argv)
    answers = peer_process.claim_stdout()
    peer_process.enter(own.home)
    failed = False
    # One event loop for all: cognee binds its locks and engines to the loop it first meets.
    with asyncio.Runner() as runner:
        for command in (json.loads(line) for line in sys.stdin) if own.listen else [rest]:
            result = answer(runner, command)
            failed = "error" in result
            print(json.dumps(result, default=str), file=answers, flush=True)
    return 1 if failed and not own.listen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
