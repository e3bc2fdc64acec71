"""What only the functions in C have to promise: that they lose no memory, and survive when there is none."""

from __future__ import annotations

import copy
import gc
import importlib.util
import pickle
import subprocess
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

from tests.kit.native import in_c
from writehead._native import choice

pytestmark = in_c

HEAD = (
    b"GET /a HTTP/1.1\r\nHost: a\r\nX-Own: first\r\nx-own: second\r\nCookie: a=1\r\ncookie: b=2\r\nSet-Cookie: c=3\r\n"
    b"set-cookie: d=4\xff\r\nAccept: x\r\nETag: e1\r\netag: e2\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
)

USES = """
def use(heads, fields):
    for data, start in ((HEAD, 0), (b"." * 5000 + HEAD, 5000)):
        head = heads.scan_head(data, start, 16384, 0)
        head.method, head.target, head.url, head.keep_alive, head.length, head.count, head.end
        head.text(), head.pairs(), head.joined(), head.joined(True)
        for name in ("x-own", "cookie", "set-cookie", "etag", "expect"):
            head.get(name)
        heads.scan_head(data, start + 1, 16384, 0), heads.scan_head(HEAD[:-1], 0, 16384, 0)
    for name in ("X-Own", "x-own", "Content-Type", "a b", ""):
        for value in ("a", "\\n", ["a", "b"], ("a", None), 5, 1.5):
            fields.check_field(name, value)
    fields.frame_chunk(b"a" * 100), fields.frame_chunk(b"")
    for pairs in ([(b"a", b"b"), (b"content-length", b"5")], [(b"a", b"\\n")], [(b"date", b"x")], None):
        if fields.check_pairs(pairs) is not None:
            fields.render_response("HTTP/1.1 200 OK\\r\\n", pairs, "", "", b"body", True)
"""


def loaded(subject: str) -> ModuleType:
    """Return an extension, loaded once more."""
    spec = importlib.util.find_spec(f"writehead._native._{subject}")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def user() -> Any:
    names: dict[str, Any] = {"HEAD": HEAD}
    exec(USES, names)
    return names["use"]


def test_no_memory_is_lost() -> None:
    """However often they are called, taken or not."""
    heads, fields, use = loaded("heads"), loaded("fields"), user()
    head_type = heads.Head

    def state() -> tuple[int, int]:
        gc.collect()
        return sys.getallocatedblocks(), sys.getrefcount(head_type)

    for _ in range(100):
        use(heads, fields)
    blocks, count = state()
    for _ in range(2000):
        use(heads, fields)
    more_blocks, more_count = state()
    assert more_blocks - blocks < 200
    assert more_count == count


def test_a_module_goes_with_its_last_head() -> None:
    """Each has a state of its own, which a head needs and keeps."""
    heads = loaded("heads")
    again = loaded("heads")
    assert heads.Head is not again.Head
    head = heads.scan_head(HEAD, 0, 16384, 0)
    del heads
    gc.collect()
    assert head.get("x-own") == "first, second"
    assert head.joined()["etag"] == "e1"
    before = sum(isinstance(each, type) and each.__name__ == "Head" for each in gc.get_objects())
    del head
    gc.collect()
    after = sum(isinstance(each, type) and each.__name__ == "Head" for each in gc.get_objects())
    assert after == before - 1


PROGRAM = f"""
import _testcapi, importlib, sys
HEAD = {HEAD!r}
{USES}
names = ["writehead._native._heads", "writehead._native._fields"]
heads, fields = map(importlib.import_module, names)
use(heads, fields)
failed = 0

def fail_everywhere():
    global failed
    for at in range(1, 2000):
        _testcapi.set_nomemory(at, at + 1)
        try:
            use(heads, fields)
        except MemoryError:
            failed += 1
        else:
            if at > 500:
                break
        finally:
            _testcapi.remove_mem_hooks()

fail_everywhere()
blocks = sys.getallocatedblocks()
for _ in range(5):
    fail_everywhere()
use(heads, fields)
assert failed > 300, failed
assert sys.getallocatedblocks() - blocks < 5, sys.getallocatedblocks() - blocks
print("survived", flush=True)
"""


@pytest.mark.skipif(sys.version_info[:2] == (3, 13), reason="a dict of Python 3.13.0 crashes by itself")
def test_out_of_memory_is_an_error_like_others() -> None:
    """Whichever allocation fails; nothing of it stays."""
    pytest.importorskip("_testcapi")
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("survived\n", "")


def test_a_head_cannot_be_made_or_changed() -> None:
    """It says what was received."""
    head = choice.scan_head(HEAD, 0, 16384, 0)
    for make in (
        type(head),
        lambda: object.__new__(type(head)),
        lambda: copy.copy(head),
        lambda: pickle.dumps(head),
    ):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        type("Heir", (type(head),), {})
    for name in ("method", "keep_alive", "length", "count", "end", "url", "target", "other"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(head, name, None)


def test_names_that_are_common_are_one_object() -> None:
    """So that a dict finds them by identity."""
    head = choice.scan_head(HEAD, 0, 16384, 0)
    assert head is not None
    known = {sys.intern(each) for each in ("host", "cookie", "set-cookie", "accept", "etag", "connection")}
    assert {id(each) for each in head.joined()} >= {id(each) for each in known}
    assert choice.check_field("Set-Cookie", "a") is sys.intern("set-cookie")
    assert head.method is sys.intern("GET")


def test_a_wrong_number_of_arguments_is_an_error() -> None:
    """As of any function."""
    for call in (
        lambda: choice.scan_head(HEAD, 0, 1),  # type: ignore[call-arg]
        lambda: choice.scan_head(HEAD, 0, "1", 0),  # type: ignore[arg-type]
        lambda: choice.check_field("a"),  # type: ignore[call-arg]
        lambda: choice.scan_head(HEAD, 0, 16384, 0).joined(1, 2),  # type: ignore[union-attr, call-arg]
    ):
        with pytest.raises(TypeError):
            call()


def test_threads_may_share_it() -> None:
    """A head never changes."""
    head = choice.scan_head(HEAD, 0, 16384, 0)
    assert head is not None
    expected = head.joined(), head.text()
    seen: list[bool] = []

    def read() -> None:
        seen.extend((head.joined(), head.text()) == expected for _ in range(300))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen == [True] * 1200
