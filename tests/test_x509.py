"""What a certificate says of its holder; the expected texts are those of Node 24."""

from __future__ import annotations

import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.certificates import authority
from writehead._tls.peer_certificate import described
from writehead._tls.x509 import Certificate, values

CN, ORG, SN, GN = "2.5.4.3", "2.5.4.10", "2.5.4.4", "2.5.4.42"
UTF8, IA5, BITS = 0x0C, 0x16, 0x03
KEY = ec.generate_private_key(ec.SECP256R1())


def der(tag: int, *content: bytes) -> bytes:
    """Return a value of DER."""
    inner = b"".join(content)
    size = len(inner)
    length = bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2)
    return bytes((tag,)) + length + inner


def oid(dotted: str) -> bytes:
    """Return an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for number in (40 * first + second, *rest):
        digits = [number & 127]
        while number := number >> 7:
            digits.insert(0, 128 | number & 127)
        content += bytes(digits)
    return der(0x06, content)


def part(*attributes: tuple[str, int, bytes]) -> bytes:
    """Return a part of a distinguished name, of (type, tag, value)."""
    return der(0x31, *(der(0x30, oid(kind), der(tag, value)) for kind, tag, value in attributes))


def directory(*parts: bytes) -> bytes:
    """Return an alternative name that is a distinguished one."""
    return der(0xA4, der(0x30, *parts))


def other(kind: str, tag: int, value: bytes) -> bytes:
    """Return an alternative name of another kind."""
    return der(0xA0, oid(kind), der(0xA0, der(tag, value)))


def certificate(extension: bytes | None) -> bytes:
    """Return a certificate whose alternative names are these bytes."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "c")])
    day = dt.datetime(2020, 1, 2)  # noqa: DTZ001  # it is taken as UTC
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(5).not_valid_before(day).not_valid_after(day)
    if extension is not None:
        kind = x509.ObjectIdentifier("2.5.29.17")
        builder = builder.add_extension(x509.UnrecognizedExtension(kind, extension), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


NAMES: list[tuple[list[bytes], str | None]] = [
    ([der(0x82, b"a.test"), der(0x82, b"*.b.test")], "DNS:a.test, DNS:*.b.test"),
    ([der(0x82, b"evil.test, DNS:admin.test")], r'DNS:"evil.test\u002c DNS:admin.test"'),
    ([der(0x82, b'a"b'), der(0x82, b"a'b"), der(0x82, b"a\\b")], r'''DNS:"a\"b", DNS:"a'b", DNS:"a\\b"'''),
    ([der(0x82, b"a\nb\x7f\x1f")], r'DNS:"a\u000ab\u007f\u001f"'),
    ([der(0x82, b"a\0b")], r'DNS:"a\u0000b"'),
    ([der(0x82, b"b\xe4r"), der(0x82, b"\xff,\x80")], r'DNS:"b\u00e4r", DNS:"\u00ff\u002c\u0080"'),
    ([der(0x82, b""), der(0x82, b" a ")], "DNS:, DNS: a "),
    ([der(0xA2, der(IA5, b"a"), der(IA5, b"b"))], "DNS:ab"),
    ([der(0x81, b"a@b.c"), der(0x81, b"a,b@c")], r'email:a@b.c, email:"a\u002cb@c"'),
    ([der(0x86, b"http://a/b"), der(0x86, b"x,DNS:c")], r'URI:http://a/b, URI:"x\u002cDNS:c"'),
    ([der(0x87, b"\x7f\0\0\1"), der(0x87, b"\1\2\3")], "IP Address:127.0.0.1, IP Address:<invalid length=3>"),
    ([der(0x87, bytes.fromhex("20010db8" + "0" * 22 + "10"))], "IP Address:2001:DB8:0:0:0:0:0:10"),
    (
        [der(0x88, oid("1.2.3.4")[2:]), der(0x88, oid("2.999.3")[2:])],
        "Registered ID:1.2.3.4, Registered ID:2.999.3",
    ),
    ([directory(part((CN, UTF8, b"x"))), directory()], "DirName:CN=x, DirName:"),
    (
        [directory(part((CN, UTF8, b"x")), part((ORG, 0x13, b"Acme, Inc")))],
        r'DirName:"O=Acme\\\u002c Inc\u002cCN=x"',
    ),
    ([directory(part((SN, UTF8, b"s"), (GN, UTF8, b"g")))], "DirName:GN=g+SN=s"),
    ([directory(part((CN, UTF8, 'bär\n"\\+<>;#'.encode())))], r'DirName:"CN=bär\u000a\\\"\\\\\\+\\<\\>\\;#"'),
    (
        [directory(part((CN, UTF8, b"#a "))), directory(part((CN, UTF8, b" ")))],
        r'DirName:"CN=\\#a\\ ", DirName:"CN=\\ "',
    ),
    ([directory(part(("1.2.3.4", UTF8, b"zz")))], "DirName:1.2.3.4=#0C027A7A"),
    ([directory(part((CN, BITS, b"\0ab")))], "DirName:CN=#0303006162"),
    (
        [
            directory(part((CN, 0x14, b"b\xe4r"))),
            directory(part((CN, 0x1E, "bär".encode("utf-16-be")))),
            directory(part((CN, 0x1C, "b😀".encode("utf-32-be")))),
        ],
        "DirName:CN=bär, DirName:CN=bär, DirName:CN=b😀",
    ),
    ([other("1.3.6.1.4.1.311.20.2.3", UTF8, "ü,@d".encode())], r'othername:"UPN:ü\u002c@d"'),
    ([other("1.3.6.1.4.1.311.20.2.3", IA5, b"u@d")], "othername:<unsupported>"),
    ([other("1.3.6.1.5.5.7.8.7", IA5, b"_s.d")], "othername:SRVName:_s.d"),
    ([other("1.3.6.1.5.5.7.8.7", IA5, b"_s\xe4")], r'othername:"SRVName:_s\u00e4"'),
    ([other("1.3.6.1.5.5.7.8.5", UTF8, b"\xff\x7f")], 'othername:"XmppAddr:\ufffd\\u007f"'),
    ([other("1.2.3", UTF8, b"q")], "othername:<unsupported>"),
    ([der(0xA3), der(0xA5, b"")], "X400Name:<unsupported>, EdiPartyName:<unsupported>"),
    ([], ""),
    # What is no such list is none, and a part that is none voids the rest.
    ([der(0x82, b"a"), der(0x89, b"x")], None),
    ([der(0x82, b"a"), directory(part((CN, UTF8, b"\xff")))], None),
    ([directory(part((CN, 0x1E, "b😀".encode("utf-16-be"))))], None),
    ([der(0x88)], None),
    ([der(0x82, b"a"), b"\x82\x05a"], None),
    ([b"\x82\x80a\0\0"], None),
]


@pytest.mark.parametrize(("names", "text"), NAMES)
def test_alternative_names_as_on_node(names: list[bytes], text: str | None) -> None:
    """A name that would read as two, or as something else, is quoted (CVE-2021-44532)."""
    assert Certificate(certificate(der(0x30, *names))).alternative_names() == text


@pytest.mark.parametrize("extension", [None, b"", b"\x30\x05\x82", b"\x04\x01a"])
def test_a_certificate_without_alternative_names(extension: bytes | None) -> None:
    """Without the extension, or with one that is no list of names, there are none."""
    assert Certificate(certificate(extension)).alternative_names() is None


def test_a_string_in_too_many_pieces() -> None:
    """Pieces of pieces are followed as far as OpenSSL does, and no further."""
    name = der(IA5, b"a")
    for _ in range(5000):
        name = der(0x24, name)
    assert Certificate(certificate(der(0x30, der(0xA2, name)))).alternative_names() is None


def made(
    subject: bytes, serial: bytes = b"\5", since: bytes = b"200102030405Z", until: bytes = b"20510102000000Z"
) -> Certificate:
    """Return what a certificate of these parts says, signed by nobody; it has no version."""
    validity = der(0x30, der(0x17, since), der(0x18, until))
    issuer = der(0x30, part((CN, UTF8, b"i")))
    signed = der(0x30, der(0x02, serial), der(0x30), issuer, validity, der(0x30, subject))
    return Certificate(der(0x30, signed, der(0x30), der(BITS, b"\0")))


def test_a_subject_is_a_mapping() -> None:
    """Its types have OpenSSL's short names, else numbers; what comes again is a list (Node)."""
    subject = [
        part((CN, UTF8, b"a"), (ORG, UTF8, b'o,"\n')),
        part((CN, UTF8, b"b\0")),
        part(("1.2.3", UTF8, b"x")),
    ]
    subject += [part((CN, UTF8, b"c")), part((SN, UTF8, b"s"), ("0.9.2342.19200300.100.1.1", UTF8, b"u"))]
    found = made(b"".join(subject))
    assert found.subject == {"CN": ["a", "b\0", "c"], "O": 'o,"\n', "1.2.3": "x", "SN": "s", "UID": "u"}
    assert found.issuer == {"CN": "i"}
    assert found.alternative_names() is None


STANDARD = {
    "CN": "2.5.4.3",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "C": "2.5.4.6",
    "STREET": "2.5.4.9",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
}


@pytest.mark.parametrize(("short", "kind"), STANDARD.items())
def test_a_subject_as_one_text_has_the_names_of_the_standard(short: str, kind: str) -> None:
    """RFC 4514, 3: these nine; the last part comes first."""
    subject = part((SN, UTF8, b"s")) + part((kind, UTF8, b"v"))
    assert made(subject).subject_text() == f"{short}=v,2.5.4.4=#0C0173"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("a=b / c", "a=b / c"),
        ('a,b+c"d\\e<f>g;h', r"a\,b\+c\"d\\e\<f\>g\;h"),
        ("#a#", r"\#a#"),
        (" a b ", r"\ a b\ "),
        (" ", r"\ "),
        ("  ", r"\ \ "),
        ("a\0b", r"a\00b"),
        ("b\u00e4r\u2026", "b\u00e4r\u2026"),
    ],
)
def test_a_value_as_one_text_is_escaped(value: str, text: str) -> None:
    """RFC 4514, 2.4: so that nobody can put a part into the name of another."""
    assert made(part((CN, UTF8, value.encode()))).subject_text() == f"CN={text}"


def test_parts_as_one_text() -> None:
    """Several values of a part are joined by a plus; what is no string, or has no name, stands in hexadecimal."""
    subject = part((CN, UTF8, b"c"), (ORG, 0x13, b"o")) + part((CN, BITS, b"\0\xff"), ("1.2.3", UTF8, b"x"))
    assert made(subject).subject_text() == "CN=#030200FF+1.2.3=#0C0178,CN=c+O=o"
    assert made(b"").subject_text() == ""


VALUES = st.text(st.sampled_from('ab ,+"\\<>;#=\0\u00e4'), min_size=1, max_size=8).filter(
    lambda each: each != " "
)


@given(st.lists(st.tuples(st.sampled_from(list(STANDARD.values())[:5]), VALUES)))
def test_a_subject_reads_as_the_package_cryptography_writes_it(parts: list[tuple[str, str]]) -> None:
    """Whatever stands in it."""
    theirs = x509.Name(x509.NameAttribute(x509.ObjectIdentifier(kind), value) for kind, value in parts)
    ours = made(b"".join(part((kind, UTF8, value.encode())) for kind, value in parts))
    assert ours.subject_text() == theirs.rfc4514_string()


def test_what_no_text_can_be_made_of() -> None:
    """A value that is no string, and a type that is absurdly long, stand as they are, in hexadecimal."""
    assert made(part((CN, BITS, b"\0\xff"))).subject == {"CN": "#030200FF"}
    long = der(0x06, b"\x2a" + b"\x81" * 200 + b"\x01")
    assert list(made(der(0x31, der(0x30, long, der(UTF8, b"x")))).subject)[0].startswith("#2A8181")


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        (b"\0", "0"),
        (b"\x0f\1", "0F01"),
        (b"\0\xf1\0", "F100"),
        (b"\xff", "-01"),
        (b"\x80\0", "-8000"),
    ],
)
def test_a_serial_number(serial: bytes, text: str) -> None:
    """It is hexadecimal, in pairs of digits."""
    assert made(b"", serial=serial).serial_number == text


def test_times_as_openssl_writes_them() -> None:
    """A year of two digits is from 1950 to 2049 (RFC 5280, 4.1.2.5.1)."""
    found = made(b"", since=b"491231235959Z", until=b"20200102030405.5Z")
    assert (found.valid_from, found.valid_to) == ("Dec 31 23:59:59 2049 GMT", "Jan  2 03:04:05.5 2020 GMT")
    found = made(b"", since=b"500101000000Z", until=b"20201302030405Z")
    assert (found.valid_from, found.valid_to) == ("Jan  1 00:00:00 1950 GMT", "Bad time value")


def test_it_reads_as_pythons_ssl_does() -> None:
    """Serial number, times and alternative names are those that `ssl` tells."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority().pem)
    (theirs,) = context.get_ca_certs()
    (raw,) = context.get_ca_certs(binary_form=True)
    ours = described(raw)
    assert ours["serial_number"] == theirs["serialNumber"]
    assert (ours["valid_from"], ours["valid_to"]) == (theirs["notBefore"], theirs["notAfter"])
    assert set(ours["subject"].values()) == {each[0][1] for each in theirs["subject"]}  # type: ignore[union-attr]


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x02\x30\x00", b"\x1f\x00", b"\x30\x80\0\0"])
def test_what_is_no_certificate_says_so(data: bytes) -> None:
    """What is not DER raises ValueError, whatever is missing."""
    with pytest.raises(ValueError):
        Certificate(data)


def test_values_of_several_bytes_of_length() -> None:
    """A length past 127 has its own length before it."""
    (value,) = values(der(0x04, bytes(300)))
    assert (value.tag, len(value.content), len(value.whole)) == (4, 300, 304)
