"""Node's encodings, both ways; each sample is played on Node too."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from tests.kit.node import on_node
from writehead._node.encodings import Decoder, encode, normalize
from writehead.errors import UnknownEncodingError

NAMES = ["utf8", "latin1", "ascii", "hex", "base64", "base64url", "utf16le"]


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("utf8", "utf8"),
        ("UTF-8", "utf8"),
        ("latin1", "latin1"),
        ("binary", "latin1"),
        ("Ascii", "ascii"),
        ("HEX", "hex"),
        ("base64", "base64"),
        ("Base64URL", "base64url"),
        ("ucs2", "utf16le"),
        ("UCS-2", "utf16le"),
        ("utf16le", "utf16le"),
        ("utf-16LE", "utf16le"),
        (None, "utf8"),
        ("", "utf8"),
        ("buffer", "utf8"),
    ],
)
def test_every_spelling_has_one_name(spelling: str | None, name: str) -> None:
    """Names of encodings are taken in any case, with or without the hyphen."""
    assert normalize(spelling) == name


@pytest.mark.parametrize("name", ["latin-1", "utf16-le", "utf-16", "utf 8", "cp1252", 8, b"utf8", True])
def test_an_unknown_encoding_is_refused(name: Any) -> None:
    """What is no encoding of Node is an error that names it, never a guess."""
    with pytest.raises(UnknownEncodingError) as caught:
        normalize(name)
    assert caught.value.code == "ERR_UNKNOWN_ENCODING"
    assert caught.value.encoding == name


@pytest.mark.parametrize(
    ("text", "encoding", "data"),
    [
        ("café", "utf8", b"caf\xc3\xa9"),
        ("a\ud800b", "utf8", b"a\xef\xbf\xbdb"),
        ("\ud83d\ude00", "utf8", b"\xf0\x9f\x98\x80"),
        ("é\u0141", "latin1", b"\xe9A"),
        ("é\u0141", "ascii", b"\xe9A"),
        ("\U0001f600", "latin1", b"\x3d\x00"),
        ("68zz", "hex", b"\x68"),
        ("686", "hex", b"\x68"),
        ("6 8", "hex", b""),
        ("aGk-_w", "base64", b"hi>\xff"),
        ("aG k+\n/w==", "base64url", b"hi>\xff"),
        ("aGk=aGk=", "base64", b"hi"),
        ("a", "base64", b""),
        ("hi", "utf16le", b"h\x00i\x00"),
        ("\U0001f600", "ucs2", b"\x3d\xd8\x00\xde"),
    ],
)
def test_text_becomes_the_bytes_that_node_makes(text: str, encoding: str, data: bytes) -> None:
    """Text that an encoding cannot spell is cut, dropped or replaced, and never an error."""
    assert encode(text, encoding) == data


def test_text_is_utf8_unless_told_otherwise() -> None:
    """Without an encoding text is UTF-8."""
    assert encode("é") == encode("é", None) == encode("é", "") == encode("é", "buffer") == b"\xc3\xa9"


def samples() -> list[str]:
    """Return texts that make the encodings stumble: digits, blanks, padding, surrogates, wide letters."""
    chance = random.Random(24)
    alphabets = [
        "abcABC019+/-_= \n",
        "0123456789abcdefABCDEFxyz ",
        "aé\u0141\u20ac\ud83d\ude00\U0001f600\udc00\ud800=",
    ]
    return [
        "".join(chance.choices(alphabet, k=chance.randrange(14)))
        for alphabet in alphabets
        for _ in range(300)
    ]


@pytest.mark.node
def test_encoding_equals_node() -> None:
    """Every sample in every encoding gives Node's bytes, an odd last digit of hex included."""
    texts = samples()
    theirs = on_node(
        "return given[0].map(t => given[1].map(e => Buffer.from(t, e).toString('hex')))", [texts, NAMES]
    )
    ours = [[encode(text, name).hex() for name in NAMES] for text in texts]
    assert ours == theirs


@pytest.mark.parametrize(
    ("encoding", "pieces", "texts"),
    [
        ("utf8", [b"a\xc3", b"\xa9"], ["a", "é", ""]),
        ("utf8", [b"\xf0\x9f", b"\x98"], ["", "", "\ufffd"]),
        ("utf8", [b"\xe2", b"a"], ["", "\ufffda", ""]),
        ("utf8", [b"\xef\xbb\xbfa"], ["\ufeffa", ""]),
        ("latin1", [b"\xe9"], ["é", ""]),
        ("ascii", [b"\xe9a"], ["ia", ""]),
        ("hex", [b"\x0a\xff"], ["0aff", ""]),
        ("base64", [b"a", b"bc", b"d"], ["", "YWJj", "", "ZA=="]),
        ("base64url", [b"\xff\xfe\xfd", b"\xfb\xff"], ["__79", "", "-_8"]),
        ("utf16le", [b"h", b"\x00i"], ["", "h", ""]),
        ("utf16le", [b"\x3d\xd8", b"\x00\xde"], ["", "\U0001f600", ""]),
        ("utf16le", [b"\x00\xdeh\x00"], ["\ude00h", ""]),
        ("utf16le", [b"\x3d\xd8"], ["", "\ud83d"]),
    ],
)
def test_what_is_split_waits_for_its_rest(encoding: str, pieces: list[bytes], texts: list[str]) -> None:
    """A piece gives the text that is complete with it; the end gives what is left."""
    decoder = Decoder(encoding)
    assert [*map(decoder.decode, pieces), decoder.flush()] == texts


def test_a_decoder_is_as_new_after_its_flush() -> None:
    """Nothing of one text gets into the next."""
    for name in NAMES:
        decoder = Decoder(name)
        decoder.decode(b"\xf0\xd8\xd8")
        decoder.flush()
        assert decoder.decode(b"abc\x00\x00\x00") == Decoder(name).decode(b"abc\x00\x00\x00")


def test_a_decoder_tells_its_encoding() -> None:
    """The canonical name is what `readable_encoding` shows."""
    assert Decoder().encoding == "utf8"
    assert Decoder("UCS-2").encoding == "utf16le"


def test_buffer_is_no_encoding_to_read_in() -> None:
    """As in Node, "buffer" means bytes when writing and nothing when reading."""
    with pytest.raises(UnknownEncodingError):
        Decoder("Buffer")


def split(data: bytes, chance: random.Random) -> list[bytes]:
    """Cut `data` at some of its places."""
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(5)))
    return [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@pytest.mark.node
def test_decoding_equals_node_for_any_split() -> None:
    """Each piece gives the text that Node's decoder gives for it, and so does the end.

    Of malformed text the whole is compared: Node may say a piece later that something is wrong.
    """
    chance = random.Random(24)
    wide = "aé€\U0001f600\ufeff".encode() + b"\xff\xc3\xe2\x82\xf0\x9f"
    units = b"\x3d\xd8\x00\xdeh\x00"
    sources = ["".join(chance.choices("aé€\U0001f600\ufeff", k=6)).encode() for _ in range(150)]
    sources += [bytes(chance.choices(pool, k=12)) for pool in (wide, units, range(256)) for _ in range(150)]
    given = [[piece.hex() for piece in split(data, chance)] for data in sources]
    theirs = on_node(
        """const { StringDecoder } = require('string_decoder');
        return given[0].map(pieces => given[1].map(name => {
            const decoder = new StringDecoder(name);
            const texts = pieces.map(piece => decoder.write(Buffer.from(piece, 'hex')));
            return [...texts, decoder.end()];
        }))""",
        [given, NAMES],
    )
    for pieces, answers in zip(given, theirs, strict=True):
        for name, answer in zip(NAMES, answers, strict=True):
            decoder = Decoder(name)
            texts = [decoder.decode(bytes.fromhex(piece)) for piece in pieces]
            texts.append(decoder.flush())
            if re.search("[\ufffd\ud800-\udfff]", "".join(answer)):
                texts, answer = [utf16(texts)], [utf16(answer)]
            assert texts == answer, (name, pieces)


def utf16(texts: list[str]) -> Any:
    """Return the whole text in UTF-16, where surrogates side by side are a pair as in JavaScript."""
    return "".join(texts).encode("utf-16-le", "surrogatepass")
