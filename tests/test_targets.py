"""The request target: its path and its query, and the decoded path."""

from __future__ import annotations

import pytest

from writehead._semantics.targets import authority_of, decoded_path, split_target


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", b"/", b""),
        (b"/a/b", b"/a/b", b""),
        (b"/a?b=c?d", b"/a", b"b=c?d"),
        (b"/a?", b"/a", b""),
        (b"/%61?%62", b"/%61", b"%62"),
        (b"//a", b"//a", b""),
        (b"/a://b?c", b"/a://b", b"c"),
        (b"http://h/a?b", b"/a", b"b"),
        (b"http://h", b"/", b""),
        (b"http://h?b/c", b"/", b"b/c"),
        (b"http://h:1/?b", b"/", b"b"),
        (b"*", b"*", b""),
        (b"", b"", b""),
        (b"h:1", b"h:1", b""),
        (b"://h/a", b"://h/a", b""),
    ],
)
def test_a_target_has_a_path_and_a_query(target: bytes, path: bytes, query: bytes) -> None:
    """Both as sent; of the absolute form without its authority."""
    assert split_target(target) == (path, query)


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        (b"/", None),
        (b"/a://b", None),
        (b"*", None),
        (b"", None),
        (b"://h", None),
        (b"http://h", b"h"),
        (b"http://h:8000/a", b"h:8000"),
        (b"http://h?a/b", b"h"),
        (b"https://[::1]:1/", b"[::1]:1"),
    ],
)
def test_only_the_absolute_form_has_an_authority(target: bytes, authority: bytes | None) -> None:
    """That is what counts in the place of Host (RFC 9112, 3.2.2)."""
    assert authority_of(target) == authority


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"/a", "/a"),
        (b"/a+b", "/a+b"),
        (b"/%61", "/a"),
        (b"/a%2Fb", "/a/b"),
        (b"/a%2fb", "/a/b"),
        (b"/%00", "/\0"),
        (b"/%C3%BC", "/ü"),
        ("/ü".encode(), "/ü"),
        (b"/%ff", "/\ufffd"),
        (b"/\xff", "/\ufffd"),
        (b"/%", "/%"),
        (b"/%4", "/%4"),
        (b"/%zz", "/%zz"),
        (b"/%2561", "/%61"),
    ],
)
def test_a_path_is_decoded_once(path: bytes, text: str) -> None:
    """As UTF-8; what is none is replaced, what is incomplete stays."""
    assert decoded_path(path) == text
