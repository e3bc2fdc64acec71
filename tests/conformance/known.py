"""The known differences from Node, as data: everything else that differs is a failure.

A difference may rewrite Node's transcript into what ours has to be, wherever it shows. Others show
only in written scenarios made for them (`known="D…"`); for these the transcript that ours has to be
is kept in known.json, line by line (`--accept` writes it, a reader checks it).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Transcript = dict[str, Any]
Rewrite = Callable[[dict[str, Any], Transcript, Transcript], tuple[Transcript, Transcript]]
RECORDS = Path(__file__).with_name("known.json")


@dataclass(frozen=True)
class Difference:
    """One decision to differ, in the words of the page "Differences from Node"."""

    id: str
    title: str
    node: str
    ours: str
    decided: str  # where in the specification: a row of its README, or a P or ⚠ of a page
    rewrite: Rewrite | None = None


def one_ending(scenario: dict[str, Any], node: Transcript, ours: Transcript) -> tuple[Transcript, Transcript]:
    """Leave out 'close' of a response whose 'finish' came before."""
    if scenario.get("options", {}).get("emitCloseAfterFinish"):
        return node, ours
    finished: set[str] = set()
    log = []
    for line in node["log"]:
        number, _, what = line[0].partition(":")
        if what == "res 'finish'":
            finished.add(number)
        if what != "res 'close'" or number not in finished:
            log.append(line)
    return {**node, "log": log}, ours


def latin1(scenario: dict[str, Any], node: Transcript, ours: Transcript) -> tuple[Transcript, Transcript]:
    """Turn a head that left as UTF-8 into latin-1."""
    received = {
        conn: [[step, HEAD.sub(lambda head: narrow(head[0]), data)] for step, data in pieces]
        for conn, pieces in node["received"].items()
    }
    return {**node, "received": received}, ours


def closing_request(
    scenario: dict[str, Any], node: Transcript, ours: Transcript
) -> tuple[Transcript, Transcript]:
    """Leave out our 'close' of a request that was not aborted and for which Node has none, and what it leaves."""
    labels = {line[0] for line in node["log"]}
    asked = list(states_of_requests(scenario))
    there = iter([line for line in node["log"] if line[0].endswith(":req is")])
    all_gone = "open" not in ours["ended"].values()
    finished: set[str] = set()
    log = []
    for line in ours["log"]:
        number, _, what = line[0].partition(":")
        aborted = f"{number}:req 'aborted'" in labels
        if what == "res 'finish'":
            finished.add(number)
        if what == "req is":
            same = next(there, line)
            if all_gone and number in finished and not aborted and is_left_open(same, line, asked):
                line = same
        if what != "req 'close'" or line[0] in labels or aborted:
            log.append(line)
    return node, {**ours, "log": log}


def states_of_requests(program: Any) -> Iterator[list[str]]:
    """Yield what each step of a program asks of a request."""
    if isinstance(program, dict):
        program = list(program.values())
    if isinstance(program, list):
        if program[:2] == ["state", "req"]:
            yield program[2]
        else:
            for part in program:
                yield from states_of_requests(part)


def is_left_open(node: list[Any], ours: list[Any], asked: list[list[str]]) -> bool:
    """Tell whether two answers to one question differ in what our 'close' leaves alone."""
    closed = {"readable": (True, False), "destroyed": (False, True), "closed": (False, True)}
    if node[0] != ours[0]:
        return False
    return any(
        len(names) == len(ours[1])
        and all(
            pair[0] == pair[1] or pair == closed.get(name)
            for name, pair in zip(names, zip(node[1], ours[1], strict=True), strict=True)
        )
        for names in asked
    )


HEAD = re.compile(r"HTTP/1\.1 \d{3} .*?\r\n\r\n", re.DOTALL)


def narrow(text: str) -> str:
    try:
        return text.encode("latin-1").decode("utf-8").encode("latin-1").decode("latin-1")
    except UnicodeError:
        return text


DIFFERENCES: list[Difference] = [
    Difference(
        "D1",
        "One response, one ending",
        "emits 'close' after 'finish' too, and neither for a response that is still queued behind another when "
        "an upgraded connection closes.",
        "emits exactly one of 'finish' and 'close' for each response. "
        "`create_server(emit_close_after_finish=True)` gives Node's order.",
        "api.md, One response, one ending; response.md 1, P",
        one_ending,
    ),
    Difference(
        "D2",
        "'finish' only when everything was sent",
        "emits 'finish', calls the callback of `end` and sets `writableFinished` even when the connection is "
        "closed while bytes of an ended response are still unsent; it sets `writableFinished` on a response whose "
        "connection was destroyed, too.",
        "emits 'finish' and sets `writable_finished` only when the operating system has taken every byte. In "
        "these cases it emits 'close' alone and does not call the callback of `end`.",
        "README, `response.md`, every P; response.md 12.2, P",
    ),
    Difference(
        "D3",
        "Header text is latin-1",
        "sends a head as UTF-8 when it is sent together with a text body of known length or by `flushHeaders()`, "
        "and as latin-1 otherwise.",
        "always sends one byte per character.",
        "README, `response.md`, every P; response.md 2.3, P",
        latin1,
    ),
    Difference(
        "D4",
        "Values of header fields",
        "turns `null` into the word `null`, a missing list item into `undefined`, and objects into text.",
        "refuses `None` (also in a list) with `ERR_HTTP_INVALID_HEADER_VALUE` and other types with "
        "`ERR_INVALID_ARG_TYPE`; bytes are taken as latin-1 text.",
        "response.md 2.2, P",
    ),
    Difference(
        "D5",
        "Headers are copied when they are set",
        "keeps a reference to the caller's list (and `appendHeader` appends to it), and lists names that look "
        "like integers first.",
        "keeps a copy, in the order of insertion; `set_headers` takes any mapping.",
        "response.md 4, P",
    ),
    Difference(
        "D6",
        "Arguments of `write_head`",
        "refuses a list of pairs once a header has been set, accepts hexadecimal status texts and one-item "
        "lists, and keeps parts of a call that failed.",
        "accepts pairs, flat lists and mappings alike; a status is a number or plain decimal text; a call that "
        "failed leaves nothing behind but status and message.",
        "response.md 5, P",
    ),
    Difference(
        "D7",
        "A failed `end` leaves nothing behind",
        "keeps the length of the data of an `end` that failed, and announces it for whatever is written next.",
        "forgets that length.",
        "response.md 5, P",
    ),
    Difference(
        "D8",
        "Encodings",
        "finds an unknown encoding only after the head and the chunk size have been sent, and overestimates the "
        "length of malformed hex and base64.",
        "checks and encodes before anything else happens, so lengths are right.",
        "response.md 6.1, P",
    ),
    Difference(
        "D9",
        "`end(0)` and `end(False)`",
        "treats every falsy value as no data.",
        "refuses what is neither text nor bytes with `ERR_INVALID_ARG_TYPE`.",
        "response.md 7, P",
    ),
    Difference(
        "D10",
        "Corked chunks",
        "sends the first chunk separately although it is corked, sends the terminator before data that is still "
        "corked when `end` is called, and miscounts after one `uncork()` too many.",
        "joins everything that was corked; `end()` sends it before the terminator; an `uncork()` without a "
        "`cork()` does nothing.",
        "response.md 8, P",
    ),
    Difference(
        "D11",
        "`strict_content_length`",
        "keeps the data of a refused `end(data)` queued, and lets a first write that is too long pass.",
        "sends nothing of a call that is refused.",
        "response.md 9, P",
    ),
    Difference(
        "D12",
        "Trailers",
        "keeps the trailers of a failed call that came before the invalid one.",
        "accepts all trailers of a call or none.",
        "response.md 10, P",
    ),
    Difference(
        "D13",
        "`write_information(code, callback)`",
        "takes the callback only as the third argument.",
        "takes it as the second argument too.",
        "response.md 11, P",
    ),
    Difference(
        "D14",
        "A queued response that is destroyed",
        "sends what it had queued once the responses before it have been sent, and then hangs.",
        "sends nothing of it; once the responses before it have been sent the connection is destroyed.",
        "response.md 12.3, P",
    ),
    Difference(
        "D15",
        "The 500 after a handler that failed",
        "keeps in its 500 the status message that the handler had set, and does not restore the Date and framing "
        "headers that the handler had removed.",
        "always sends the same clean 500.",
        "response.md 12.4, P; server.md 19, 10",
    ),
    Difference(
        "D16",
        "A response created by hand",
        "emits 'close' when its writable closes, after 'finish' too.",
        "emits exactly one of 'finish' and 'close' here as well.",
        "response.md 14, P",
    ),
    Difference(
        "D17",
        "No informational responses to HTTP/1.0",
        "sends 1xx responses to HTTP/1.0 clients.",
        "does not (RFC 9110, 15.2): these methods send nothing, return `True` and call their callback.",
        "README, 1xx to an HTTP/1.0 client",
    ),
    Difference(
        "D18",
        "A listener that raises",
        "ends the process.",
        "logs the error; the client gets a 500, or the connection is closed if the head has already been sent.",
        "api.md, Listeners; response.md 12.4, P",
    ),
    Difference(
        "D19",
        "A failed `listen`",
        "leaves its callback registered for the next attempt.",
        "removes the callback.",
        "server.md 19, 1",
    ),
    Difference(
        "D20",
        "Invalid requests in a pipeline",
        "answers 400 at once, and the responses to valid requests before it are lost; the same happens when "
        "bytes follow a request with `Connection: close`, or when a later request times out.",
        "emits 'clientError' at once, but sends its default response in order: first the responses to the valid "
        "requests, then the 400 (408, 413, 431); then it closes the connection. Bytes after a request with "
        "`Connection: close` are ignored.",
        "README, `server.md` §19, 11, and parse errors in a pipeline",
    ),
    Difference(
        "D21",
        "Host",
        "accepts several Host fields, and any text in them.",
        "answers 400 (RFC 9112, 3.2) to two Host fields, and to characters that are not allowed in a host. "
        "`require_host_header=False` or `insecure_http_parser=True` turns the check off.",
        "README, Two Host fields, or one with a byte that no host has",
    ),
    Difference(
        "D22",
        "A request body that is not read to its end",
        "stops reading once such a body fills its buffer, so the connection hangs until a timer ends it.",
        "discards the body if the program has not begun to read it when the response is complete: 'end' is "
        "emitted without 'data', as in Node. If the program has begun, it can still read the whole body. If it "
        "does not go on reading, the body is kept as long as it fits into the buffer; after that the request is aborted "
        "('aborted' and 'close', no 'end', `complete` stays `False`) and the connection continues. After a "
        "response with `Connection: close` the rest of the data that was read together with it is still "
        "delivered, and nothing after it: then there is no 'end' either.",
        "server.md 19, 5",
    ),
    Difference(
        "D23",
        "`server.close()`",
        "keeps connections open that never sent a byte, no longer times out slow requests, keeps busy "
        "connections open for seconds after their response, and aborts an ended response that is still being sent.",
        "closes the silent connections, continues to time out slow requests, sends `Connection: close` in "
        "responses whose head is not fixed yet, closes each busy connection after its response, and aborts no "
        "response.",
        "README, `close()`; server.md 19, 2 and 3",
    ),
    Difference(
        "D24",
        "Number of header fields",
        "allows 1000 unless `maxHeadersCount` says otherwise (its documentation says 2000).",
        "allows 2000.",
        "README, Header count; server.md 19, 8",
    ),
    Difference(
        "D25",
        "Other protocols in the request line",
        "serves HTTP/0.9, HTTP/2.0, RTSP and ICE request lines.",
        "answers 505 to other HTTP versions (RFC 9110, 15.6.6), and 400 to other protocols and to a line without "
        "a version. `insecure_http_parser=True` serves them.",
        "README, `HTTP/2.0`, `HTTP/0.9` and RTSP/ICE request lines",
    ),
    Difference(
        "D26",
        "Invalid request targets",
        "passes on a fragment, and an `http://` target without a host.",
        "answers 400 (RFC 9112, 3.2; RFC 9110, 4.2.1), except with `insecure_http_parser=True`.",
        "README, A `#` in the request target",
    ),
    Difference(
        "D27",
        "'clientError' is emitted once",
        "emits it again for all data that it reads after the first error.",
        "emits it once and ignores further input.",
        "server.md 19, 7",
    ),
    Difference(
        "D28",
        "Chunked request bodies on HTTP/1.0",
        "reads them.",
        "answers 400 (RFC 9112, 6.1), except with `insecure_http_parser=True`.",
        "README, Chunked request body on HTTP/1.0",
    ),
    Difference(
        "D29",
        "White space before a field value",
        "does not count it towards `maxHeaderSize`, however much there is.",
        "does not count it either, but answers 431 when the whole head is longer than eight times "
        "`max_header_size`.",
        "server.md 13, Size of the head",
    ),
    Difference(
        "D30",
        "A declined upgrade",
        "loses the data that it has read after the request, and ignores errors in its body.",
        "handles both as for any other request.",
        "server.md 19, 9",
    ),
    Difference(
        "D31",
        "The last request that `max_requests_per_socket` allows",
        "announces `Connection: close` and leaves the connection open.",
        "closes the connection.",
        "server.md 19, 4",
    ),
    Difference(
        "D32",
        "`req.signal`",
        "aborts the signal even after a normal end.",
        "aborts the signal only when the connection is lost, or the request destroyed, before the response has "
        "finished.",
        "request.md 10, 1",
    ),
    Difference(
        "D33",
        "'close' of a request",
        "never emits it if the response finished first and the connection closed before the body was read.",
        "emits it, and `req.destroyed` is `True`.",
        "request.md 10, 4",
        closing_request,
    ),
    Difference(
        "D34",
        "Leaving an iteration over a body",
        "leaves the rest of a large body unread, which blocks the connection.",
        "discards the rest.",
        "request.md 10, 2",
    ),
    Difference(
        "D35",
        "`writable_length` counts bytes",
        "counts the characters of queued text.",
        "counts the bytes.",
        "response.md 1, P",
    ),
    Difference(
        "D36",
        "Number of queued requests in a pipeline",
        "reads on as long as no response bytes are queued, so one client can queue any number of requests.",
        "stops reading when a hundred requests are queued behind the one that is being answered; data that has "
        "been read already is still served.",
        "none: a limit on what a stranger can send, which server.md 5 does not have",
    ),
    Difference(
        "D37",
        "A header's list that is changed after it was set",
        "sends the items that were added, even with line breaks in them.",
        "checks the list again when the head is sent, and raises InvalidCharError.",
        "none: what response.md 2.3 lets into a head, whenever it is put there",
    ),
    Difference(
        "D38",
        "An invalid request after the last response",
        "answers 400 in place of that response.",
        "sends nothing after a response that says `Connection: close`: the end of the connection may be what "
        "marks the end of its body.",
        "README, `server.md` §19, 11, and parse errors in a pipeline",
    ),
    Difference(
        "D39",
        "Early hints without a link",
        "looks for `link` in lower case alone; without it nothing is sent, and the callback is never called.",
        "accepts the name in any case, and calls the callback at once if nothing is sent.",
        "none: a program that waits for the callback would wait for ever",
    ),
    Difference(
        "D40",
        "Timeouts after the loop was blocked",
        "runs its timers before it reads: after a handler has blocked the loop, a connection whose request "
        "arrived in time is reset, or gets 408.",
        "first reads what has arrived, and checks the timeouts after that (nodejs/node#43456, #47130).",
        "none: what lies in the socket counts as come",
    ),
    Difference(
        "D41",
        "Unknown options",
        "ignores them.",
        "raises UnknownOptionError, which names the nearest option. `listen` takes a path without a slash only as "
        'a keyword: `listen(path="app.sock")`.',
        "none: a slip of the pen is a mistake",
    ),
    Difference(
        "D42",
        "An 'error' without a listener",
        "ends the process when a response or an upgraded socket emits 'error' without a listener, as after a "
        "`write` or a second `end` with data.",
        "logs the error, and the program goes on.",
        "api.md, Listeners",
    ),
    Difference(
        "D43",
        "Assigning `chunked_encoding`",
        "encodes the body accordingly, even where the head announces a length or nothing.",
        "keeps the value, but encodes the body as the head says.",
        "none: a body that contradicts its head can be read in two ways",
    ),
    Difference(
        "D44",
        "Assigning invalid settings",
        "takes any value for `server.timeout`, `server.maxConnections` and most others, and fails or hangs later.",
        "raises the error that `create_server` raises for such an option, and keeps the previous value.",
        "none: a wrong value is told where it is given",
    ),
    Difference(
        "D45",
        "Connections passed to `emit('connection', socket)`",
        "counts such a connection for the server that accepted it, or for none, and does not wait for it before "
        "'close'; listeners of 'data' that the socket had before are called before the requests are served. If "
        "responses to requests before an upgrade are still due, the connection hangs.",
        "counts it for the server that it is passed to, which waits for it; those listeners are called after the "
        "requests in the same data are served. Responses to requests before an upgrade are sent first.",
        "none: an orderly stop loses no request",
    ),
]
BY_ID = {difference.id: difference for difference in DIFFERENCES}


def reconciled(
    scenario: dict[str, Any], node: Transcript, ours: Transcript
) -> tuple[Transcript, Transcript, list[str]]:
    """Both transcripts after the differences that rewrite, and the ids of those that did."""
    reasons = []
    for difference in DIFFERENCES:
        if difference.rewrite:
            before = (node, ours)
            node, ours = difference.rewrite(scenario, node, ours)
            if (node, ours) != before:
                reasons.append(difference.id)
    return node, ours, reasons


@functools.cache
def records() -> dict[str, Any]:
    """What ours has to be in the scenarios that show a difference."""
    return json.loads(RECORDS.read_text()) if RECORDS.exists() else {}


def record(kept: dict[str, Any]) -> None:
    RECORDS.write_text(json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=True) + "\n")
