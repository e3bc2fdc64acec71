"""How long a replacement waits: a worker that cannot live must not be started without end."""

from __future__ import annotations

from writehead._supervisor.slots import Child, Slot

#: Seconds that replacements wait, one after the other.
DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)

#: A child that has served for less is replaced later,
SHORT_LIFE = 5.0

#: one that has served for so long lets its slot begin anew,
LONG_LIFE = 60.0

#: and so is the one that is the third to end within so many seconds.
MANY = 3
WITHIN = 60.0


def delay(slot: Slot, child: Child, now: float) -> float:
    """Return for how many seconds the replacement of a child that has ended unasked waits, and note its end."""
    lived = 0.0 if child.ready_at is None else now - child.ready_at
    slot.deaths = [each for each in slot.deaths if now - each < WITHIN] + [now]
    if lived >= LONG_LIFE:
        slot.waits = 0
    if lived >= SHORT_LIFE and len(slot.deaths) < MANY:
        return 0.0
    waits = DELAYS[min(slot.waits, len(DELAYS) - 1)]
    slot.waits += 1
    return waits
