"""A member of two names is one: on a class, on a subclass, and on a single object."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.response_stage import by_hand, serve
from writehead import http
from writehead._node.spelling import join_spellings, node_spelling


class Base:
    """A class of the library, in small."""

    def do_it(self) -> str:
        """Do it."""
        return "base"

    doIt = do_it

    def do_other(self) -> str:
        """Do another thing."""
        return "other"

    doOther = do_other

    @property
    def is_it(self) -> bool:
        """Whether it is."""
        return True

    isIt = is_it
    some_name = 1

    def __init_subclass__(cls, **kwargs: Any) -> None:
        join_spellings(cls)


join_spellings(Base)


@pytest.mark.parametrize(
    ("name", "node"),
    [("a", "a"), ("set_header", "setHeader"), ("insecure_http_parser", "insecureHTTPParser")],
)
def test_the_spelling_of_node(name: str, node: str) -> None:
    """Words joined, each but the first with a capital; HTTP in capitals if a word follows."""
    assert node_spelling(name) == node


def test_on_a_class_both_names_are_the_function() -> None:
    """Also unbound, as a subclass may call it."""
    assert Base.doIt is Base.do_it
    assert Base.doIt(Base()) == "base"
    assert Base().doIt() == Base().do_it() == "base"
    assert Base().isIt
    assert not hasattr(Base, "someName")


@pytest.mark.parametrize("name", ["do_it", "doIt"])
def test_an_override_moves_both_names(name: str) -> None:
    """And its `super()` finds the base under both."""

    def override(self: Any) -> str:
        return "sub " + super(Sub, self).do_it() + " " + super(Sub, self).doIt()

    Sub: Any = type("Sub", (Base,), {name: override})
    assert Sub().do_it() == Sub().doIt() == "sub base base"
    assert Base().doIt() == "base"
    assert Sub().doOther() == "other"

    class Third(Sub):  # type: ignore[misc]
        def doIt(self) -> str:
            return "third " + str(super().doIt())

    assert Third().do_it() == "third sub base base"


@pytest.mark.parametrize("name", ["do_it", "doIt"])
def test_an_override_of_a_mixin_moves_both_names(name: str) -> None:
    """Though the mixin knows nothing of spellings."""
    mixin = type("Mixin", (), {name: lambda self: "mixin"})
    mixed: Any = type("Mixed", (mixin, Base), {})
    assert mixed().do_it() == mixed().doIt() == "mixin"


def test_an_override_that_is_no_function_moves_both_names() -> None:
    """A property, or a static method."""

    class Sub(Base):
        isIt = property(lambda self: False)

        @staticmethod
        def do_it() -> str:  # type: ignore[override]
            return "static"

    assert not Sub().is_it
    assert Sub().doIt() == "static"


def test_two_overrides_are_two() -> None:
    """Who gives both names gets both."""

    class Sub(Base):
        def do_it(self) -> str:
            return "one"

        def doIt(self) -> str:
            return "two"

    assert (Sub().do_it(), Sub().doIt()) == ("one", "two")


@pytest.mark.parametrize("name", ["do_it", "doIt"])
@pytest.mark.parametrize("derived", [False, True])
def test_what_is_replaced_on_an_object_is_found_under_both_names(name: str, derived: bool) -> None:
    """And on no other object; until it is deleted, under either name."""

    class Sub(Base):
        def doIt(self) -> str:
            return "sub " + super().doIt()

    thing, other = (Sub(), Sub()) if derived else (Base(), Base())
    before = thing.doIt()
    for way in ("do_it", "doIt"):
        original = getattr(thing, name)
        setattr(thing, name, lambda original=original: "patched " + original())
        assert thing.do_it() == thing.doIt() == "patched " + before
        assert other.do_it() == other.doIt() == before
        delattr(thing, way)
        assert thing.do_it() == thing.doIt() == before


@pytest.mark.parametrize("name", ["write_head", "writeHead"])
@pytest.mark.parametrize("derived", [False, True])
@pytest.mark.parametrize(
    "call",
    [
        lambda res: res.end("x"),
        lambda res: res.write("x"),
        lambda res: res.flush_headers(),
        lambda res: res.write_head(200),
        lambda res: res.writeHead(200),
    ],
)
def test_a_head_replaced_on_one_response(name: str, derived: bool, call: Any) -> None:
    """Is heard by everything that renders one, in either spelling, once."""

    class Derived(http.ServerResponse):
        def writeHead(self, *args: Any) -> Any:
            return super().writeHead(*args)

    log: list[Any] = []

    def handler(res: Any) -> None:
        original = getattr(res, name)

        def replaced(*args: Any) -> Any:
            log.append(args)
            res.setHeader("X-Late", "1")
            return original(*args)

        setattr(res, name, replaced)
        call(res)
        if not res.finished:
            res.end()

    options = {"ServerResponse": Derived} if derived else {}
    assert "|X-Late: 1|" in serve(handler, **options).head
    assert log == [(200,)]


@pytest.mark.parametrize("names", [("set_header", "append_header"), ("setHeader", "appendHeader")])
def test_the_store_replaced_on_one_response(names: tuple[str, str]) -> None:
    """`write_head` merges through what was replaced."""
    log: list[Any] = []
    res: Any = by_hand()
    res.set_header("Z", "1")
    for each in names:
        setattr(res, each, lambda *args, original=getattr(res, each): (log.append(args), original(*args))[1])
    res.write_head(200, ["A", "1"])
    assert log == [("A", "1"), ("A", "1")]
    assert res.get_headers() == {"z": "1", "a": "1"}


@pytest.mark.parametrize("name", ["write_information", "writeInformation"])
def test_information_replaced_on_one_response(name: str) -> None:
    """The other informational calls go through it."""
    log: list[Any] = []
    res: Any = by_hand()
    setattr(res, name, lambda *args: log.append(args[0]))
    res.write_continue()
    res.writeProcessing()
    res.write_early_hints({"link": "<a>"})
    assert log == [100, 102, 103]


def test_every_emitter_has_it() -> None:
    """A plain one, too."""
    emitter: Any = http.EventEmitter()
    emitter.addListener = lambda *args: "mine"
    assert emitter.add_listener("a", id) == "mine"
