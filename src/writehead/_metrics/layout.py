"""Where each number stands in the area of a row.

    head      | words and doubles of fixed places
    DURATIONS | label sets of the durations of requests: a histogram each
    BAD       | label sets of malformed requests: a count each

Invariant: the process of the row writes, all others read. The text of a label set is there before the table says that
it is; none is changed or removed later.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from writehead._shared.block import AREA

#: The upper bounds of the buckets, in seconds: those of OpenTelemetry for the durations of requests.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

#: One more, for what is longer.
BUCKETS = len(BOUNDS) + 1

#: Label sets of a metric, and bytes of each; what is more or longer is counted together.
MOST_SETS = 256
MOST_BYTES = 256

#: The methods that have a name of their own in metrics: as OpenTelemetry lists them.
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "_OTHER")
SCHEMES = ("http", "https")
STATES = ("idle", "reading", "waiting", "writing", "upgraded", "endless")

# -- the head --------------------------------------------------------------------

RECEIVED, SENT, ACCEPTED, DROPPED, LINES_DROPPED = range(5)
FIRST_BYTE = 8  # the buckets, then the sum as a double
CONNECTIONS = 24  # in the order of STATES
ACTIVE = 32  # in the order of METHODS, for each of SCHEMES
_HEAD_WORDS = 64

_SEPARATOR = "\0"

#: The label set of what has no other: an empty key in the place of labels.
OVERFLOW: tuple[str, ...] = ()


class Table:
    """The label sets of one metric, with some words for each: a count of sets, then the sets.

    The first set is that of what is more or longer than a table keeps.
    """

    def __init__(self, at: int, values: int) -> None:
        self._at = at
        self._values = values
        self._stride = 8 + MOST_BYTES + values * 8
        self.end = at + 8 + (MOST_SETS + 1) * self._stride

    def values_at(self, number: int) -> int:
        """Return the word at which the values of a set begin."""
        return (self._at + 8 + number * self._stride + 8 + MOST_BYTES) // 8

    def count(self, area: memoryview) -> int:
        """Return how many sets were written."""
        return area.cast("q")[self._at // 8]

    def write_set(self, area: memoryview, number: int, labels: tuple[str, ...]) -> None:
        """Write the labels of a set; the numbers are written one after another, from 0, the set of the overflow."""
        text = encoded(labels)
        at = self._at + 8 + number * self._stride
        words = area.cast("q")
        area[at + 8 : at + 8 + len(text)] = text
        words[at // 8] = len(text)
        words[self._at // 8] = number + 1

    def sets(self, area: memoryview) -> Iterator[tuple[tuple[str, ...], int]]:
        """Yield the label sets, and the word at which the values of each begin."""
        words = area.cast("q")
        for number in range(min(words[self._at // 8], MOST_SETS + 1)):
            at = self._at + 8 + number * self._stride
            text = bytes(area[at + 8 : at + 8 + min(words[at // 8], MOST_BYTES)])
            labels = tuple(text.decode("utf-8", "replace").split(_SEPARATOR)) if number else OVERFLOW
            yield labels, self.values_at(number)


def encoded(labels: tuple[str, ...]) -> bytes:
    """Return the labels of a set as bytes."""
    return _SEPARATOR.join(each.replace(_SEPARATOR, "\ufffd") for each in labels).encode("utf-8", "replace")


def write_histogram(
    words: memoryview[int], doubles: memoryview[float], at: int, counts: Sequence[float]
) -> None:
    """Write the buckets, and the sum, which `counts` has last."""
    words[at : at + BUCKETS] = array("q", map(int, counts[:BUCKETS]))
    doubles[at + BUCKETS] = counts[BUCKETS]


DURATIONS = Table(_HEAD_WORDS * 8, BUCKETS + 1)
BAD = Table(DURATIONS.end, 1)

assert BAD.end <= AREA
