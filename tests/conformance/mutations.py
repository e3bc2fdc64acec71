"""Small, harmless-looking changes of writehead, and which scenario catches each.

Every mutation is made in a copy of the package, and the written scenarios are run against it until
one differs from Node. `python -m tests.conformance.mutations` prints a table; it fails if a mutation
survives, or if its text is no longer found in the source.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .language import Scenario
from .peers import Died, Peer, Transcript
from .suite import AT_ONCE, Outcome, groups, judge

PACKAGE = Path(__file__).parents[2] / "src" / "writehead"


@dataclass(frozen=True)
class Mutation:
    """One change: in `file`, the first `old` becomes `new`."""

    what: str
    file: str
    old: str
    new: str


MUTATIONS: list[Mutation] = [
    Mutation(
        "swap Connection and Content-Length",
        "_http1/framing.py",
        'head.trailer:\n            lines += f"Content-Length: {head.length}\\r\\n"',
        'head.trailer:\n            lines = f"Content-Length: {head.length}\\r\\n" + lines',
    ),
    Mutation(
        "put Date before the user's fields",
        "_http1/framing.py",
        "{fields}{date}{lines}\\r",
        "{date}{fields}{lines}\\r",
    ),
    Mutation(
        "swap Connection and Keep-Alive",
        "_http1/framing.py",
        "KEEP if head.keep_alive else keep_lines",
        "KEEP if head.keep_alive else keep_lines[24:] + KEEP",
    ),
    Mutation(
        "swap them in the short way of the commonest response",
        "_http1/exchange.py",
        "date_line(), self.keep_lines, body",
        "date_line(), self.keep_lines[24:] + self.keep_lines[:24], body",
    ),
    Mutation(
        "chunk sizes in capitals",
        "_http1/framing.py",
        'b"%x\\r\\n" % len(chunk), chunk',
        'b"%X\\r\\n" % len(chunk), chunk',
    ),
    Mutation("a 304 may have a body", "_semantics/status.py", "status in (204, 304) or", "status == 204 or"),
    Mutation(
        "a chunked 204 keeps the connection", "_http1/framing.py", "chunked = keep = False", "chunked = False"
    ),
    Mutation("a Trailer field does not force chunks", "_http1/framing.py", " and not head.trailer:\n", ":\n"),
    Mutation(
        "a removed Connection always closes", "_http1/framing.py", 'return "", keep\n', 'return "", False\n'
    ),
    Mutation(
        "the user's Connection: keep-alive needs the client's wish",
        "_http1/framing.py",
        "not _fields.has_close(head.connection)",
        "keep and not _fields.has_close(head.connection)",
    ),
    Mutation(
        "'closed' counts as the word close",
        "_semantics/fields.py",
        'r"(?<!\\w)close(?!\\w)"',
        'r"(?<!\\w)close"',
    ),
    Mutation(
        "a Set-Cookie list is joined",
        "_semantics/fields.py",
        'len(name) == 6 and lower(name) == "cookie"',
        'lower(name) in ("cookie", "set-cookie")',
    ),
    Mutation("the last User-Agent wins", "_semantics/fields.py", '        "user-agent",\n', ""),
    Mutation(
        "cookies are joined by commas",
        "_semantics/fields.py",
        'fields[key] += "; " + value',
        'fields[key] += ", " + value',
    ),
    Mutation(
        "true is written True",
        "_semantics/fields.py",
        'return "true" if value else "false"',
        "return str(value)",
    ),
    Mutation(
        "a header set again keeps its old spelling",
        "_message/header_store.py",
        "self._store[key] = key, name, value\n        return self",
        "self._store[key] = key, self._store.get(key, (0, name))[1], value\n        return self",
    ),
    Mutation(
        "an appended value comes first",
        "_message/header_store.py",
        "        values.extend(checked if isinstance(checked, list) else [checked])",
        "        values[:0] = checked if isinstance(checked, list) else [checked]",
    ),
    Mutation(
        "Set-Cookie of setHeaders keeps its place",
        "_message/header_store.py",
        "                cookies.extend(value if isinstance(value, (list, tuple)) else [value])",
        "                self.set_header(name, value)",
    ),
    Mutation(
        "'drain' although the message has ended",
        "_message/outgoing.py",
        "if self._need_drain and not self._writing and not self._fate:",
        "if self._need_drain and not self._fate:",
    ),
    Mutation(
        "end() leaves the depth of corks",
        "_message/outgoing.py",
        "        self._cork_depth = 0\n        exchange.end",
        "        exchange.end",
    ),
    Mutation(
        "a second end(callback) is answered a turn later",
        "_message/outgoing.py",
        'called(StreamAlreadyFinishedError("end"))',
        'later(called, StreamAlreadyFinishedError("end"))',
    ),
    Mutation(
        "writing after end: 'error' before the callback",
        "_message/outgoing.py",
        "        if callback is not None:\n            later(callback, error)\n        if not self._fate:\n            later(self._emit_error, error)\n\n    def _emit",
        "        if not self._fate:\n            later(self._emit_error, error)\n        if callback is not None:\n            later(callback, error)\n\n    def _emit",
    ),
    Mutation(
        "trailers of several calls add up",
        "_message/header_store.py",
        "self._trailers = trailers",
        "self._trailers = [*self._trailers, *trailers]",
    ),
    Mutation(
        "'close' after 'finish' one turn late",
        "_message/outgoing.py",
        "        later(self._after_finish)",
        "        later(later, self._after_finish)",
    ),
    Mutation(
        "'finish' one turn late",
        "_connection/response_queue.py",
        "        if heard:\n            response._on_flushed()",
        "        if heard:\n            self.ticks.later(response._on_flushed)",
    ),
    Mutation(
        "'aborted' after the response's 'close'",
        "_connection/loss.py",
        "        exchange.response.req._abort()\n",
        "        later(exchange.response.req._abort)\n",
    ),
    Mutation(
        "a waiting response hears of the loss at once",
        "_connection/loss.py",
        "later(response._on_lost, ConnectionLostError())",
        "response._on_lost(ConnectionLostError())",
    ),
    Mutation(
        "the socket's 'end' at once",
        "_connection/http1.py",
        'self.ticks.later(channel.emit, "end")',
        'channel.emit("end")',
    ),
    Mutation(
        "the keep-alive clock does not start",
        "_connection/response_queue.py",
        "            self._keep_alive_set = True\n            self.channel.watch_idle(seconds)",
        "            self._keep_alive_set = True",
    ),
    Mutation(
        "a broken connection is ended, not cut",
        "_connection/error_response.py",
        "        self._end_refusal()\n        self.socket.destroy(error)",
        "        self._end_refusal()\n        self.socket.end()",
    ),
    Mutation(
        "'timeout' of the response before the request's",
        "_connection/response_queue.py",
        '        if self._incoming is not None:\n            listened = self._incoming._notify("timeout", socket)\n',
        "        pass\n",
    ),
    Mutation(
        "Expect before the limit of requests",
        "_server/server.py",
        "            if not good and not self._excuses_host(req, connection):",
        "            if expect is None and not good and not self._excuses_host(req, connection):",
    ),
    Mutation(
        "417 without chunks",
        "_server/server.py",
        "            res.write_head(417)\n            res.end()",
        "            res.status_code = 417\n            res.end()",
    ),
    Mutation(
        "maxConnections counts one too many",
        "_server/server.py",
        "self._connection_count > limit",
        "self._connection_count > limit + 1",
    ),
    Mutation(
        "removeListener takes the first of two",
        "events.py",
        "for position in range(len(found) - 1, -1, -1):",
        "for position in range(len(found)):",
    ),
    Mutation(
        "'newListener' after the addition",
        "events.py",
        '            self.emit("newListener", name, listener)\n        found',
        '            found = listeners.get(name, ())\n            listeners[name] = (entry, *found) if front else (*found, entry)\n            self.emit("newListener", name, listener)\n            return\n        found',
    ),
    Mutation(
        "a statusMessage of the user is overwritten",
        "_message/response.py",
        "        reason = message if type(message) is str else _plain_text(message)",
        "        reason = STATUS_CODES.get(self._status_code, message)",
    ),
    Mutation(
        "write_continue is forgotten",
        "_message/informational.py",
        "        self._sent_100 = True\n",
        "        self._sent_100 = self._sent_100\n",
    ),
    Mutation(
        "a request is destroyed at 'end', not a turn later",
        "_message/incoming.py",
        "            later(later, self._tell_destroyed, None)",
        "            self._tell_destroyed(None)",
    ),
    Mutation(
        "'error' of a lost request before its 'aborted' listeners are done",
        "_message/incoming.py",
        "            later(later, due, error)",
        "            self._after_destroy(error)",
    ),
    Mutation(
        "an informational answer waits for the end of the turn",
        "_http1/exchange.py",
        "            self.sink.put_now(block, done)",
        "            self.sink.put(block, done)",
    ),
    Mutation(
        "a corked first chunk merges with the next",
        "_http1/exchange.py",
        "if self._corked and self.stage:",
        "if self._corked:",
    ),
    Mutation("Date after the framing", "_http1/framing.py", "{fields}{date}{lines}", "{fields}{lines}{date}"),
    Mutation(
        "'finish' one turn early: inside end()",
        "_http1/exchange.py",
        "            self.refused = not sink.put_last(last, self)\n",
        "            self.refused = not sink.put_last(last, self)\n            self.on_passed(None)\n",
    ),
    Mutation(
        "a listener of once() is called once but stays",
        "events.py",
        "        self.emitter.remove_listener(self.name, self)\n",
        "",
    ),
    Mutation(
        "a pipe forgets to take its 'data' listener away",
        "_streams/pipe.py",
        '        source.off("data", self._on_data)\n',
        "",
    ),
    Mutation(
        "a pipe does not end its destination",
        "_streams/pipe.py",
        "            self.dest.end()\n",
        "            pass\n",
    ),
    Mutation(
        "'close' listeners in front come after the response's",
        "_net/socket.py",
        "            self._channel.owner.count_close_listener(1, -1)\n",
        "            pass\n",
    ),
    Mutation(
        "joinDuplicateHeaders comes too late for HTTP/1.0",
        "_connection/making.py",
        "        message._join_duplicates = config.join_duplicates  #",
        "        pass  #",
    ),
    Mutation(
        "the callback of a write is not told why the connection was cut",
        "_net/channel.py",
        '(error or StreamDestroyedError("write"))',
        'StreamDestroyedError("write")',
    ),
    Mutation(
        "'drain' although more is corked", "_connection/response_queue.py", " and not current.pending:", ":"
    ),
    Mutation(
        "a late listener hears of a body that was given up",
        "_message/served_request.py",
        "                self._push = _ignore",
        "                self._push = self._push",
    ),
    Mutation(
        "'close' of a destroyed request one turn early",
        "_message/incoming.py",
        "            later(later, due, error)",
        "            later(due, error)",
    ),
    Mutation(
        "'end' of a body one turn late",
        "_streams/readable.py",
        "            later(self._emit_end)",
        "            later(later, self._emit_end)",
    ),
    Mutation(
        "'resume' at once",
        "_streams/readable.py",
        "                later(self._start_flow)",
        "                self._start_flow()",
    ),
    Mutation(
        "an upgraded connection aborts the requests before",
        "_connection/upgraded.py",
        "        current = self.connection.current\n",
        "        return self.connection.on_socket_close()\n",
    ),
    Mutation(
        "trailers joined that Node sends apart",
        "_message/header_store.py",
        "several = isinstance(value, list) and len(value) > 1 and key not in self._unique_headers",
        "several = False",
    ),
]


@dataclass
class Result:
    """What became of one mutation: the scenarios that caught it, or why it was not tried."""

    mutation: Mutation
    caught: list[str]
    trouble: str = ""


def copied(directory: Path, package: Path) -> Path:
    """A copy of the package, to be imported from where it is now."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(package, directory / "writehead", ignore=shutil.ignore_patterns("__pycache__"))
    return directory


def mutated(mutation: Mutation, directory: Path, sound: Path) -> Path | None:
    """A copy of the package with the mutation in it; None if its text is not there."""
    source = copied(directory / "mutated", sound / "writehead")
    file = source / "writehead" / mutation.file
    text = file.read_text() if file.exists() else ""
    if mutation.old not in text or mutation.old == mutation.new:
        return None
    file.write_text(text.replace(mutation.old, mutation.new, 1))
    return source


async def transcripts(peer: Peer, scenarios: list[Scenario]) -> dict[str, Transcript]:
    """What one side does in each scenario."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(scenario: Scenario) -> tuple[str, Transcript]:
        async with limit:
            return scenario["name"], await peer.run(scenario)

    async with peer:
        return dict(await asyncio.gather(*map(one, scenarios)))


async def catchers(
    source: Path, scenarios: list[Scenario], node: dict[str, Transcript], enough: int
) -> list[str]:
    """The first scenarios in which the mutated package differs from Node, each seen twice."""
    caught: list[str] = []
    waiting = list(reversed(scenarios))
    async with Peer.ours(source=source) as peer:

        async def differs(scenario: Scenario) -> Outcome:
            return judge(scenario, node[scenario["name"]], await peer.run(scenario))

        async def work() -> None:
            while waiting and len(caught) < enough:
                scenario = waiting.pop()
                for _ in range(2):
                    if (await differs(scenario)).verdict != "different":
                        break
                else:
                    caught.append(scenario["name"])

        await asyncio.gather(*[work() for _ in range(AT_ONCE)])
    return caught


async def run(package: Path, enough: int) -> list[Result]:
    scenarios = [s for group in groups() for s in group.scenarios]
    node = await transcripts(Peer.node(), scenarios)
    results = []
    with tempfile.TemporaryDirectory() as directory:
        sound = copied(Path(directory) / "sound", package)  # others may be at work on the original
        differ = set(await catchers(sound, scenarios, node, len(scenarios)))
        scenarios = [scenario for scenario in scenarios if scenario["name"] not in differ]
        for mutation in MUTATIONS:
            results.append(await attempt(mutation, Path(directory), sound, scenarios, node, enough))
            print(row(results[-1]), flush=True)
    return results


async def attempt(
    mutation: Mutation,
    directory: Path,
    sound: Path,
    scenarios: list[Scenario],
    node: dict[str, Transcript],
    enough: int,
) -> Result:
    source = mutated(mutation, directory, sound)
    if source is None:
        return Result(mutation, [], "its text is not in the source")
    try:
        return Result(mutation, await catchers(source, scenarios, node, enough))
    except (Died, TimeoutError) as error:
        return Result(mutation, [], f"the package fails: {error!r}")


def row(result: Result) -> str:
    caught = "; ".join(result.caught[:3]) or f"**NOT CAUGHT** {result.trouble}"
    return f"| {result.mutation.what} | {result.mutation.file} | {caught} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.mutations", description=__doc__)
    parser.add_argument("--enough", type=int, default=1, help="scenarios to look for that catch a mutation")
    parser.add_argument("--package", type=Path, default=PACKAGE, help="the package to mutate")
    parser.add_argument("--report", type=Path, help="write the table to this file too")
    args = parser.parse_args()
    print("| mutation | file | caught by |\n|---|---|---|")
    results = asyncio.run(run(args.package, args.enough))
    survived = [result for result in results if not result.caught]
    print(f"\n{len(results)} mutations, {len(results) - len(survived)} caught")
    if args.report:
        rows = "\n".join(map(row, results))
        args.report.write_text(f"# Mutations\n\n| mutation | file | caught by |\n|---|---|---|\n{rows}\n")
    return bool(survived)


if __name__ == "__main__":
    sys.exit(main())
