"""The header store against a model: a list of entries, searched from front to back."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from writehead import http

NAME = st.sampled_from(
    ["a", "A", "b", "B-c", "b-C", "Set-Cookie", "set-cookie", "connection", "Date", "no token", ""]
)
ITEM = st.one_of(st.sampled_from(["", "1", "x\xe9"]), st.integers(0, 3), st.booleans(), st.just(1.5))
BAD = st.sampled_from([None, "a\n", {}, [None], ["\0"]])
VALUE = st.one_of(ITEM, ITEM, st.lists(ITEM, max_size=3), BAD)
STEP = st.one_of(
    st.tuples(st.sampled_from(["set", "append"]), NAME, VALUE),
    st.tuples(st.sampled_from(["get", "has", "remove"]), NAME),
    st.tuples(st.just("many"), st.dictionaries(NAME, VALUE, max_size=3)),
)


class Model:
    """Entries as [lower-case name, spelling, value]."""

    def __init__(self) -> None:
        self.entries: list[list[Any]] = []

    def find(self, name: str) -> list[Any] | None:
        return next((entry for entry in self.entries if entry[0] == name.lower()), None)

    @staticmethod
    def check(name: str, value: Any) -> None:
        if name in ("no token", ""):
            raise ValueError("name")
        for item in value if isinstance(value, list) else [value]:
            if item is None or item == {} or (isinstance(item, str) and set(item) & {"\n", "\0"}):
                raise ValueError("value")

    def set(self, name: str, value: Any) -> None:
        self.check(name, value)
        entry = self.find(name)
        if entry is None:
            self.entries.append([name.lower(), name, value])
        else:
            entry[1:] = [name, value]

    def append(self, name: str, value: Any) -> None:
        self.check(name, value)
        entry = self.find(name)
        if entry is None:
            self.set(name, value)
        else:
            as_list = [each if isinstance(each, list) else [each] for each in (entry[2], value)]
            entry[2] = as_list[0] + as_list[1]

    def many(self, headers: dict[str, Any]) -> None:
        cookies: list[Any] = []
        for name, value in headers.items():
            if name == "set-cookie":
                cookies += value if isinstance(value, list) else [value]
            else:
                self.set(name, value)
        if cookies:
            self.set("set-cookie", cookies)

    def get(self, name: str) -> Any:
        entry = self.find(name)
        return None if entry is None else entry[2]

    def has(self, name: str) -> bool:
        return self.find(name) is not None

    def remove(self, name: str) -> None:
        self.entries = [entry for entry in self.entries if entry[0] != name.lower()]


def outcome(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except (ValueError, TypeError):
        return "refused"


@settings(deadline=None, max_examples=500)
@given(st.lists(STEP, max_size=12))
def test_the_store_is_a_list_of_entries(steps: list[Any]) -> None:
    """Every call answers, refuses and changes as the model does."""
    model, store = Model(), http.OutgoingMessage()
    calls = {
        "set": store.set_header,
        "append": store.append_header,
        "many": store.set_headers,
        "get": store.get_header,
        "has": store.has_header,
        "remove": store.remove_header,
    }
    for name, *arguments in steps:
        expected = outcome(getattr(model, name), *arguments)
        found = outcome(calls[name], *arguments)
        assert (None if found is store else found) == expected
        assert store.get_header_names() == [entry[0] for entry in model.entries]
        assert store.get_raw_header_names() == [entry[1] for entry in model.entries]
        headers = store.get_headers()
        assert headers == {entry[0]: entry[2] for entry in model.entries}
        assert [type(value) for value in headers.values()] == [type(entry[2]) for entry in model.entries]
