"""Runs conformance programs on writehead: JSON lines in (start, settle, tell, stop), JSON lines out.

The language is described in language.py; interpreter.js is the same for Node. Only Node's
spellings are used, so the aliases are what is tested.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

from values import Sink, Started, StreamError, code_of, mask, plain_number, shorten

import writehead
from writehead import http

# A client's FIN is acted upon some turns of the loop later, while a request waits (see `writehead._ticks`).
QUIET_TURNS = 112  # turns of the loop without a new line after which a program has settled
LATER_TURNS = 108  # turns that "later" waits
MOST = 3000  # lines of one log
HOW = {
    "on": "on",
    "once": "once",
    "prependListener": "prependListener",
    "prependOnceListener": "prependOnceListener",
}

Env = dict[str, Any]
runs: dict[int, Run] = {}


def send(message: dict[str, Any]) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]


def turns(count: int, done: Callable[[], object]) -> None:
    if count == 0:
        done()
    else:
        asyncio.get_running_loop().call_soon(turns, count - 1, done)


class Run:
    """One scenario: its server, its log, and what still waits."""

    def __init__(self, number: int, scenario: dict[str, Any]) -> None:
        self.id = number
        self.scenario = scenario
        self.log: list[list[Any]] = []
        self.notes: list[str] = []
        self.pending = 0
        self.later: list[Callable[[], object]] = []
        self.waiting: dict[str, list[Callable[[], object]]] = {}
        self.told: set[str] = set()
        self.names: dict[int, tuple[str, Any]] = {}
        self.sockets: dict[int, Any] = {}
        self.requests = itertools.count(1)
        self.stopped = False
        self.server: Any = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.loop = asyncio.get_running_loop()

    def start(self) -> None:
        env: Env = {"http": http, "run": self, "tag": ""}
        try:
            server = http.createServer(self.value(self.scenario.get("options") or {}, env))
        except Exception as error:
            self.write("createServer", ["!" + code_of(error)])
            send({"id": self.id, "ready": None})
            return
        self.server = env["server"] = server
        self.name(server, "server")
        server.on("connection", self.accepted)
        for name, steps in (self.scenario.get("handlers") or {}).items():
            server.on(name, self.handler(name, steps, env))
        self.program(self.scenario.get("server") or [], env)
        listen = self.scenario.get("listen")
        if listen is False:
            send({"id": self.id, "ready": None})
        else:
            server.once("listening", self.listening)
            server.listen(listen)

    def listening(self) -> None:
        address = self.server.address()
        send({"id": self.id, "ready": address if isinstance(address, str) else address["port"]})

    def accepted(self, socket: Any) -> None:
        self.sockets[id(socket)] = socket
        socket.once("close", lambda *_: self.sockets.pop(id(socket), None))

    def name(self, value: Any, name: str) -> None:
        self.names[id(value)] = (name, value)

    def handler(self, name: str, steps: list[Any], outer: Env) -> Callable[..., Any]:
        def listener(*args: Any) -> Any:
            if self.stopped:
                return None
            env = {**outer, "tag": f"{next(self.requests)}:"}
            for index, arg in enumerate(args):
                if isinstance(arg, http.IncomingMessage):
                    env["req"] = arg
                elif isinstance(arg, http.ServerResponse):
                    env["res"] = arg
                elif isinstance(arg, (bytes, bytearray, memoryview)):
                    env["head"] = arg
                elif isinstance(arg, BaseException):
                    env["err"] = arg
                elif hasattr(arg, "destroySoon"):
                    env["socket"] = arg
                env[f"arg{index}"] = arg
            if "req" in env and "socket" not in env:
                env["socket"] = env["req"].socket
            for key in ("req", "res", "socket"):
                if env.get(key) is not None:
                    self.name(env[key], key)
            values = [env["req"].method, env["req"].url] if "req" in env else [self.plain(a) for a in args]
            self.write(f"{env['tag']}{name}", values)
            return self.program(steps, env)

        return listener

    def write(self, label: str, values: list[Any]) -> None:
        if self.stopped or len(self.log) > MOST:
            return
        while values and values[-1] is None:
            values.pop()
        self.log.append([label, *values])

    def note(self, text: str) -> None:
        self.notes.append(text)

    def plain(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float):
            return plain_number(value)
        if isinstance(value, str):
            return shorten(mask(value))
        if id(value) in self.names:
            return f"<{self.names[id(value)][0]}>"
        if isinstance(value, (bytes, bytearray, memoryview)):
            return ["b", shorten(bytes(value).decode("latin-1"))]
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, BaseException):
            return "!" + code_of(value)
        if isinstance(value, Mapping):
            return {"map": [[str(key), self.shown(str(key), item)] for key, item in value.items()]}
        for kind, name in (
            (http.IncomingMessage, "req"),
            (http.ServerResponse, "res"),
            (http.Server, "server"),
        ):
            if isinstance(value, kind):
                return f"<{name}>"
        if hasattr(value, "destroySoon"):
            return "<socket>"
        if callable(value):
            return "<function>"
        if isinstance(value, Awaitable):
            return "<promise>"
        return f"<{type(value).__name__}>"

    def shown(self, key: str, item: Any) -> Any:
        """Show an item of a mapping; the names of facts as in Node, and no port of the system's choice."""
        return (
            "<port>"
            if key.lower().endswith("port") and isinstance(item, int) and item > 0
            else self.plain(item)
        )

    def value(self, data: Any, env: Env) -> Any:
        if isinstance(data, list):
            return [self.value(item, env) for item in data]
        if not isinstance(data, dict):
            return data
        kind = next(iter(data), None)
        match kind:
            case "$undef":
                return None
            case "$nan":
                return float("nan")
            case "$inf":
                return data["$inf"] * float("inf")
            case "$bytes":
                return data["$bytes"].encode("latin-1")
            case "$ref":
                return self.resolve(data["$ref"], env)
            case "$repeat":
                return data["$repeat"] * data["times"]
            case "$repeatbytes":
                return (data["$repeatbytes"] * data["times"]).encode("latin-1")
            case "$error":
                return StreamError(data["$error"], data.get("code"))
            case "$map":
                return {key: self.value(item, env) for key, item in data["$map"]}
            case "$function":
                return lambda *args: None
            case "$cb":
                return self.callback(data, env)
            case "$answer":
                return lambda *args: (self.write(f"{env['tag']}asked", []), data["$answer"])[1]
            case "$request":
                return self.request(data["$request"])
            case "$subclass":
                return self.subclass(data, env)
        return {key: self.value(item, env) for key, item in data.items()}

    def callback(self, data: dict[str, Any], env: Env) -> Callable[..., None]:
        def called(*args: Any) -> None:
            self.write(f"{env['tag']}{data['$cb']}()", [self.plain(arg) for arg in args])
            self.program(data.get("do", []), with_arguments(env, args))

        return called

    def request(self, facts: dict[str, Any]) -> SimpleNamespace:
        major, minor = facts.get("httpVersionMajor", 1), facts.get("httpVersionMinor", 1)
        return SimpleNamespace(
            method=facts.get("method"),
            headers=facts.get("headers", {}),
            http_version_major=major,
            http_version_minor=minor,
            http_version=f"{major}.{minor}",
        )

    def subclass(self, data: dict[str, Any], env: Env) -> type:
        """A class of http whose named methods write to the log before they do their work."""
        base: Any = getattr(http, data["$subclass"])
        run = self

        def overriding(name: str) -> Callable[..., Any]:
            def override(this: Any, *args: Any, **keywords: Any) -> Any:
                values = [*args, *keywords.values()]
                run.write(f"over {name}", [run.plain(arg) for arg in values])
                return getattr(base, name)(this, *args, **keywords)

            return override

        def constructor(this: Any, *args: Any, **keywords: Any) -> None:
            base.__init__(this, *args, **keywords)
            if "constructed" in data:
                run.write("constructed", [run.plain(getattr(this, name)) for name in data["constructed"]])

        methods: dict[str, Any] = {name: overriding(name) for name in data.get("methods", [])}
        if "constructed" in data:
            methods["__init__"] = constructor
        return type("Cls", (base,), methods)

    def resolve(self, path: str, env: Env) -> Any:
        first, *rest = path.split(".")
        value = env.get(first)
        for part in rest:
            if value is None:
                return None
            if isinstance(value, Mapping):
                value = value.get(key_in(value, part))
            elif isinstance(value, (list, tuple, str, bytes)):
                value = len(value) if part == "length" else value[int(part)]
            else:
                value = getattr(value, part)
        return value

    def program(self, steps: list[Any], env: Env) -> Any:
        result = None
        for step in steps:
            answer = getattr(self, f"do_{step[0]}")(env, *step[1:])
            if answer is not None:
                result = answer
        return result

    def do_call(
        self, env: Env, target: str, method: str, args: list[Any] = [], save: str | None = None
    ) -> None:
        label = f"{env['tag']}{target}.{method}"
        try:
            result = getattr(self.resolve(target, env), method)(*[self.value(item, env) for item in args])
        except Exception as error:
            self.failed(label, error)
            return
        if save:
            env[save] = result
        self.write(label, [self.plain(result)])

    def failed(self, label: str, error: Exception) -> None:
        if getattr(error, "code", None) is None:
            self.note(traceback.format_exc())
        self.write(label, ["!" + code_of(error)])

    def do_quiet(self, env: Env, target: str, method: str, args: list[Any] = []) -> None:
        try:
            getattr(self.resolve(target, env), method)(*[self.value(item, env) for item in args])
        except Exception as error:
            self.failed(f"{env['tag']}{target}.{method}", error)

    def do_set(self, env: Env, target: str, name: str, data: Any) -> None:
        try:
            setattr(self.resolve(target, env), name, self.value(data, env))
        except Exception as error:
            self.write(f"{env['tag']}{target}.{name} =", [f"!{getattr(error, 'code', 'refused')}"])

    def do_get(self, env: Env, paths: list[str]) -> None:
        for path in paths:
            try:
                value = self.plain(self.resolve(path, env))
            except Exception as error:
                value = "!" + code_of(error)
            self.write(f"{env['tag']}{path}", [value])

    def do_state(self, env: Env, target: str, names: list[str]) -> None:
        thing = self.resolve(target, env)
        values = []
        for name in names:
            try:
                values.append(self.plain(getattr(thing, name)))
            except Exception as error:
                values.append("!" + code_of(error))
        self.write(f"{env['tag']}{target} is", [values])

    def do_same(self, env: Env, one: str, other: str) -> None:
        same = self.resolve(one, env) is self.resolve(other, env)
        self.write(f"{env['tag']}{one} === {other}", [same])

    def do_save(self, env: Env, name: str, data: Any) -> None:
        env[name] = self.value(data, env)

    def do_new(self, env: Env, name: str, kind: str, args: list[Any] = []) -> None:
        try:
            env[name] = getattr(http, kind)(*[self.value(item, env) for item in args])
            self.name(env[name], name)
        except Exception as error:
            self.failed(f"{env['tag']}new {kind}", error)

    def do_sink(self, env: Env, name: str, settings: dict[str, Any] = {}) -> None:
        env[name] = Sink(self, name, settings)
        self.name(env[name], name)

    def do_on(
        self, env: Env, target: str, name: str, steps: list[Any] = [], how: str = "on", quiet: bool = False
    ) -> None:
        def listener(*args: Any) -> Any:
            if self.stopped:
                return None
            if not quiet:
                self.write(f"{env['tag']}{target} '{name}'", [self.plain(arg) for arg in args])
            inner = with_arguments(env, args)
            inner["self"] = listener
            return self.program(steps, inner)

        try:
            getattr(self.resolve(target, env), HOW[how])(name, listener)
        except Exception as error:
            self.failed(f"{env['tag']}{target}.{how}", error)
        env["last"] = listener

    def do_off(self, env: Env, target: str, name: str, what: str) -> None:
        self.resolve(target, env).off(name, self.resolve(what, env))

    def do_log(self, env: Env, label: str, *values: Any) -> None:
        self.write(f"{env['tag']}{label}", [self.plain(self.value(value, env)) for value in values])

    def do_later(self, env: Env, steps: list[Any]) -> None:
        """Do it some turns later, and one after the other: two programs of one turn have no order to compare."""
        self.queue(lambda: self.program(steps, env))

    def queue(self, task: Callable[[], object]) -> None:
        self.pending += 1
        self.later.append(task)
        if len(self.later) == 1:
            turns(LATER_TURNS, self.next_later)

    def next_later(self) -> None:
        self.pending -= 1
        if not self.stopped:
            self.later[0]()
        del self.later[0]
        if self.later:
            turns(LATER_TURNS, self.next_later)

    def do_timer(self, env: Env, ms: float, steps: list[Any]) -> None:
        self.pending += 1
        self.loop.call_later(ms / 1000, self.due, steps, env)

    def due(self, steps: list[Any], env: Env) -> None:
        self.pending -= 1
        if not self.stopped:
            self.program(steps, env)

    def do_wait(self, env: Env, name: str, steps: list[Any]) -> None:
        def go() -> None:
            if not self.stopped:
                self.program(steps, env)

        if name in self.told:
            go()
        else:
            self.waiting.setdefault(name, []).append(go)

    def do_signal(self, env: Env, name: str) -> None:
        send({"id": self.id, "signal": name})

    def do_route(self, env: Env, routes: dict[str, list[Any]]) -> Any:
        steps = routes.get(env["req"].url, routes.get("*"))
        return self.program(steps, env) if steps else None

    def do_when(self, env: Env, path: str, wanted: Any, steps: list[Any]) -> Any:
        return self.program(steps, env) if self.plain(self.resolve(path, env)) == wanted else None

    def do_repeat(self, env: Env, times: int, steps: list[Any]) -> None:
        for _ in range(times):
            self.program(steps, env)

    def do_fill(self, env: Env, target: str, data: Any, most: int, steps: list[Any] = []) -> None:
        """Write until write() answers False; then run the steps."""
        thing, chunk = self.resolve(target, env), self.value(data, env)
        filled = any(not thing.write(chunk) for _ in range(most))
        self.write(f"{env['tag']}{target} filled", [filled])
        self.program(steps, env)

    def do_fail(self, env: Env, text: str) -> Awaitable[None]:
        async def failing() -> None:
            raise StreamError(text, None)

        return failing()

    def do_failLater(self, env: Env, text: str) -> Awaitable[None]:
        waiter: asyncio.Future[None] = self.loop.create_future()
        self.queue(lambda: waiter.set_result(None))

        async def failing() -> None:
            await waiter
            raise StreamError(text, None)

        return failing()

    def do_iterate(self, env: Env, target: str, most: int, each: list[Any], after: list[Any]) -> None:
        async def iterate() -> None:
            try:
                await self.consume(env, target, most, each)
            except Exception as error:
                self.failed(f"{env['tag']}iteration", error)
            if not self.stopped:
                self.program(after, env)

        started = Started(iterate())
        if not started.done:
            task = self.loop.create_task(started.rest())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def consume(self, env: Env, target: str, most: int, each: list[Any]) -> None:
        text, count = "", 0
        chunks = aiter(self.resolve(target, env))
        try:
            async for chunk in chunks:
                text += chunk if isinstance(chunk, str) else bytes(chunk).decode("latin-1")
                if each:
                    self.write(f"{env['tag']}chunk", [self.plain(chunk)])
                    self.program(each, env)
                count += 1
                if count == most:
                    break
        finally:
            close = getattr(chunks, "aclose", None)
            if close:
                await close()
        self.write(f"{env['tag']}iterated", [shorten(text)])

    def tell(self, name: str) -> None:
        self.told.add(name)
        for go in self.waiting.pop(name, []):
            go()

    def settle(self, answer: Callable[[], object]) -> None:
        length = len(self.log)

        def quiet() -> None:
            if self.pending == 0 and len(self.log) == length:
                answer()
            else:
                self.settle(answer)

        turns(QUIET_TURNS, quiet)

    def stop(self) -> None:
        self.stopped = True
        for socket in list(self.sockets.values()):
            socket.destroy()
        for task in self.tasks:
            task.cancel()
        if self.server is not None:
            closing = self.server.close(lambda *_: None)
            if isinstance(closing, Awaitable) and not isinstance(closing, asyncio.Future):
                close = getattr(closing, "close", None)
                if close and closing is not self.server:
                    close()


def key_in(mapping: Mapping[Any, Any], name: str) -> Any:
    """The key that stands for a name of Node's: mappings of facts have Python's spelling."""
    if name in mapping:
        return name
    return int(name) if name.isdigit() else re.sub("([A-Z])", lambda found: f"_{found[0].lower()}", name)


def with_arguments(env: Env, args: tuple[Any, ...]) -> Env:
    return {**env, **{f"arg{index}": arg for index, arg in enumerate(args)}}


def obey(line: bytes) -> None:
    order = json.loads(line)
    number = order["id"]
    if order["do"] == "start":
        run = runs[number] = Run(number, order["scenario"])
        try:
            run.start()
        except Exception:
            send({"id": number, "ready": None, "failed": traceback.format_exc()})
        return
    run = runs[number]
    if order["do"] == "settle":
        run.settle(lambda: send({"id": number, "settled": order["round"]}))
    elif order["do"] == "tell":
        run.tell(order["name"])
    elif order["do"] == "stop":
        send({"id": number, "log": run.log, "notes": run.notes})
        run.stop()
        del runs[number]


class Orders:
    """The lines of standard input, as they come."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        self.rest = b""
        self.done = done

    def readable(self) -> None:
        data = os.read(0, 1 << 20)
        if not data:
            asyncio.get_running_loop().remove_reader(0)
            self.done.set_result(None)
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            obey(line)


class Records(logging.Handler):
    """What the library logs, for whoever reads a difference."""

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        for run in runs.values():
            run.note(text)


async def main() -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    logger = logging.getLogger("writehead")
    logger.addHandler(Records())
    logger.propagate = False
    asyncio.get_running_loop().add_reader(0, Orders(done).readable)
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    version = getattr(writehead, "__version__", "?")
    send({"version": f"{version} (Python {sys.version.split()[0]}, {loop})"})
    await done


if __name__ == "__main__":
    if "--asyncio" in sys.argv:
        asyncio.run(main())
    else:
        import uvloop

        uvloop.run(main())
