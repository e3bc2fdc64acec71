"""The socket under a request, and the emitter that all of them are."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

socket = Group("socket", "What req.socket offers: writing, ending, destroying, properties, events")
emitter = Group("emitter", "EventEmitter")
GROUPS = [socket, emitter]

ok = quiet("res.end", "x")
events = [on("socket.end"), on("socket.finish"), on("socket.error"), on("socket.close"), on("socket.drain")]
facts = state("socket", "destroyed", "readable", "writable", "readyState")
UP = request("GET", "/up", "Connection: Upgrade", "Upgrade: x")


def upgraded(name: str, *program: Instruction, client: list[Step | str] | None = None, **more: Any) -> None:
    socket.add(
        f"{name} (upgraded)", None, *(client or [send(UP)]), handlers={"upgrade": [*events, *program]}, **more
    )


socket.add(
    "start",
    [
        facts,
        get(
            "socket.bytesRead",
            "socket.bytesWritten",
            "socket.writableLength",
            "socket.writableHighWaterMark",
            "socket.timeout",
        ),
        same("socket.server", "server"),
        ok,
    ],
)
socket.add(
    "addresses",
    [get("socket.remoteAddress", "socket.remoteFamily", "socket.localAddress", "socket.localFamily"), ok],
)
socket.add(
    "returns",
    [
        call("socket.setNoDelay"),
        call("socket.setNoDelay", False),
        call("socket.setKeepAlive", True, 1000),
        call("socket.ref"),
        call("socket.unref"),
        call("socket.ref"),
        call("socket.cork"),
        call("socket.uncork"),
        call("socket.pause"),
        call("socket.resume"),
        ok,
    ],
)
socket.add("written between the heads", [call("socket.write", "raw\r\n", cb("w")), ok])
socket.add("bytesWritten", [quiet("res.write", "abc"), later(get("socket.bytesWritten"), ok)])
socket.add("bytesRead", [get("socket.bytesRead"), ok], post("abc"), GET)
socket.add(
    "destroy", [*events, call("socket.destroy"), facts, call("socket.destroy")], send(GET), until_end()
)
socket.add(
    "destroy with error",
    [*events, call("socket.destroy", error("x", "X")), facts],
    send(GET),
    until_end(),
    server=[on("server.clientError")],
)
socket.add("end", [*events, call("socket.end"), facts], send(GET), until_end())
socket.add(
    "end with data",
    [*events, call("socket.end", "HTTP/1.1 200 OK\r\n\r\n", cb("e")), facts],
    send(GET),
    until_end(),
)
socket.add(
    "destroySoon",
    [*events, call("socket.write", "abc"), call("socket.destroySoon"), facts],
    send(GET),
    until_end(),
)
socket.add("set encoding refused", [call("socket.setEncoding", "utf8"), ok])
socket.add(
    "data listener sees packets",
    [when("req.url", "/1", on("socket.data")), ok],
    request("GET", "/1"),
    request("GET", "/2"),
)
socket.add("pause is undone by the end of the request", [call("socket.pause"), ok], GET, GET)
socket.add(
    "setTimeout",
    [
        call("socket.setTimeout", 1000),
        get("socket.timeout"),
        call("socket.setTimeout", 0),
        get("socket.timeout"),
        ok,
    ],
)
socket.add(
    "after destroy",
    [
        call("socket.destroy"),
        later(
            facts,
            get("socket.bytesRead"),
            call("socket.write", "x", cb("w")),
            call("socket.end"),
            call("socket.setTimeout", 10),
        ),
    ],
    send(GET),
    until_end(),
)
socket.add(
    "closed by the answer",
    [*events, quiet("res.setHeader", "Connection", "close"), ok],
    send(GET),
    until_end(),
)
socket.add("peer ends", [*events, ok], send(GET), fin(), until_end())
socket.add("peer resets", [*events], send(GET), rst())
socket.add("_httpMessage is nothing to rely on", [later(ok)])
for label, chunk in {
    "text": "abc",
    "bytes": b("a\xff"),
    "number": 5,
    "null": None,
    "object": {},
    "empty": "",
}.items():
    upgraded(f"write {label}", call("socket.write", chunk, cb("w")), later(call("socket.end")))
upgraded(
    "write in encodings",
    call("socket.write", "h\xe9", "latin1"),
    call("socket.write", "6869", "hex"),
    call("socket.write", "x", "nonsense"),
    later(call("socket.end")),
)
upgraded("write after end", call("socket.end", "bye"), call("socket.write", "x", cb("w")))
upgraded("end twice", call("socket.end", "a", cb("1")), call("socket.end", cb("2")))
upgraded(
    "end, peer answers with its own",
    call("socket.end", "a", cb("1")),
    facts,
    client=[send(UP), fin(), until_end()],
)
upgraded(
    "cork",
    call("socket.cork"),
    call("socket.write", "a"),
    call("socket.write", "b"),
    get("socket.writableLength"),
    wait("go", call("socket.uncork")),
    client=[send(UP), tell("go"), settle()],
)
upgraded(
    "flow",
    get("socket.readableFlowing"),
    hear("socket.data", log("data", ref("arg0")), call("socket.pause"), later(call("socket.resume"))),
    client=[send(UP), send("ab"), send("cd"), fin()],
)
upgraded(
    "readable", hear("socket.readable", call("socket.read")), client=[send(UP), send("ab"), send("cd"), fin()]
)
upgraded(
    "iterated",
    iterate("socket", call("socket.end", "done")),
    client=[send(UP), send("ab"), send("cd"), fin(), until_end()],
)
upgraded(
    "setEncoding",
    call("socket.setEncoding", "utf8"),
    hear("socket.data", log("data", ref("arg0"))),
    client=[send(UP), send("h\xc3"), send("\xa9"), fin()],
)
upgraded(
    "idle timeout only tells",
    call("socket.setTimeout", 40, cb("t", facts, call("socket.destroy"))),
    client=[send(UP), until_end()],
)
upgraded("destroy with error", call("socket.destroy", error("x", "X")), client=[send(UP), until_end()])
upgraded("peer resets", hear("socket.data"), client=[send(UP), rst()])
upgraded(
    "echo", call("socket.pipe", ref("socket")), client=[send(UP), send("ab"), send("cd"), fin(), until_end()]
)
upgraded(
    "drain",
    call("socket.write", times("x", 10_000_000)),
    hear("socket.drain", call("socket.end", "E")),
    client=[connect(rcvbuf=4096), stall(), send(UP), settle(), go_on(), until_end()],
)

# --- emitter


def emits(name: str, *program: Instruction) -> None:
    emitter.add(name, None, settle(), server=[new("e", "EventEmitter"), *program], listen=False)


emits(
    "emit answers", call("e.emit", "x"), on("e.x"), call("e.emit", "x"), call("e.emit", "x", 1, "two", None)
)
emits(
    "in order",
    on("e.x", log("1")),
    on("e.x", log("2")),
    on("e.x", log("0"), how="prependListener"),
    call("e.emit", "x"),
)
emits("once", on("e.x", how="once"), call("e.listenerCount", "x"), call("e.emit", "x"), call("e.emit", "x"))
emits(
    "once is removed before",
    on("e.x", call("e.listenerCount", "x"), call("e.emit", "x"), how="once"),
    call("e.emit", "x"),
)
emits(
    "prepended once",
    on("e.x", log("2")),
    on("e.x", log("1"), how="prependOnceListener"),
    call("e.emit", "x"),
    call("e.emit", "x"),
)
emits(
    "snapshot: added during", on("e.x", hear("e.x", log("added"))), call("e.emit", "x"), call("e.emit", "x")
)
emits(
    "snapshot: removed during",
    hear("e.x", log("first"), off("e.x", "second")),
    hear("e.x", log("second")),
    save("second", ref("last")),
    call("e.emit", "x"),
)
emits(
    "same function twice",
    hear("e.x", log("f")),
    save("f", ref("last")),
    call("e.on", "x", ref("f")),
    call("e.listenerCount", "x"),
    call("e.emit", "x"),
    call("e.off", "x", ref("f")),
    call("e.listenerCount", "x"),
    call("e.emit", "x"),
)
emits(
    "off takes the last",
    hear("e.x", log("f")),
    save("f", ref("last")),
    hear("e.x", log("g")),
    call("e.on", "x", ref("f")),
    call("e.off", "x", ref("f")),
    call("e.emit", "x"),
)
emits("off of a stranger", call("e.off", "x", FUNCTION), call("e.removeListener", "x", FUNCTION))
emits("off of a once", on("e.x", how="once"), off("e.x"), call("e.emit", "x"))
emits(
    "removeAllListeners of one",
    on("e.x"),
    on("e.x"),
    on("e.y"),
    call("e.removeAllListeners", "x"),
    call("e.eventNames"),
    call("e.emit", "x"),
    call("e.emit", "y"),
)
emits("removeAllListeners", on("e.x"), on("e.y"), call("e.removeAllListeners"), call("e.eventNames"))
emits(
    "removeListener event",
    on("e.removeListener", call("e.listenerCount", "x")),
    on("e.x"),
    off("e.x"),
    on("e.x", how="once"),
    call("e.emit", "x"),
)
emits(
    "removeAllListeners announced", on("e.removeListener"), on("e.x"), on("e.y"), call("e.removeAllListeners")
)
emits(
    "newListener event", on("e.newListener", call("e.listenerCount", "x")), on("e.x"), on("e.x", how="once")
)
emits(
    "newListener adds first",
    hear("e.newListener", hear("e.x", log("inner")), how="once"),
    hear("e.x", log("outer")),
    call("e.emit", "x"),
)
emits(
    "eventNames in order",
    on("e.b"),
    on("e.a"),
    on("e.b"),
    off("e.b"),
    call("e.eventNames"),
    call("e.listenerCount", "b"),
)
emits(
    "listenerCount of a function",
    hear("e.x"),
    save("f", ref("last")),
    call("e.on", "x", ref("f")),
    call("e.on", "x", FUNCTION),
    call("e.listenerCount", "x", ref("f")),
    call("e.listenerCount", "y"),
)
emits(
    "listeners and rawListeners",
    on("e.x"),
    on("e.x", how="once"),
    call("e.listeners", "x"),
    call("e.rawListeners", "x"),
    call("e.listeners", "y"),
)
for label, value in {"number": 5, "undefined": UNDEFINED, "null": None, "text": "x", "object": {}}.items():
    emits(
        f"not callable: {label}",
        call("e.on", "x", value),
        call("e.once", "x", value),
        call("e.off", "x", value),
        call("e.prependListener", "x", value),
        call("e.addListener", "x", value),
    )
emits("error unheard", call("e.emit", "error", error("mine", "MINE")))
emits(
    "error unheard, not an error",
    call("e.emit", "error", "text"),
    call("e.emit", "error"),
    call("e.emit", "error", 5),
)
emits(
    "error heard",
    on("e.error"),
    call("e.emit", "error", error("mine", "MINE")),
    call("e.emit", "error", "text"),
)
emits(
    "max listeners",
    call("e.getMaxListeners"),
    call("e.setMaxListeners", 3),
    call("e.getMaxListeners"),
    call("e.setMaxListeners", 0),
    call("e.getMaxListeners"),
)
for label, value in {
    "negative": -1,
    "NaN": NAN,
    "text": "x",
    "undefined": UNDEFINED,
    "null": None,
    "true": True,
}.items():
    emits(f"setMaxListeners {label}", call("e.setMaxListeners", value), call("e.getMaxListeners"))
emits(
    "returns itself",
    call("e.addListener", "x", FUNCTION),
    call("e.on", "x", FUNCTION),
    call("e.once", "x", FUNCTION),
    call("e.off", "x", FUNCTION),
    call("e.removeAllListeners", "x"),
    call("e.prependListener", "x", FUNCTION),
)
emits(
    "names of the library's kind",
    on("e.listening"),
    call("e.emit", "listening"),
    on("e.close"),
    call("e.emit", "close", True),
)
emitter.add(
    "of a response",
    [
        on("res.x"),
        call("res.emit", "x", 1),
        call("res.listenerCount", "x"),
        on("res.finish", how="prependListener"),
        ok,
    ],
)
emitter.add(
    "listener removes itself",
    [hear("res.x", log("once"), off("res.x", "self")), call("res.emit", "x"), call("res.emit", "x"), ok],
)
emitter.add("listener removed before finish", [on("res.finish"), off("res.finish"), on("res.close"), ok])
emitter.add("once on a server event", [ok], GET, GET, server=[on("server.request", how="once")])
