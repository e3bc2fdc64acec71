"""The rules of the supervisor: what happens to which worker, and when.

    what happens                         what follows
    -----------------------------------  -----------------------------------------------------------------
    a child is ready                     it serves in its slot; the one that has served there drains
    a ready child ends unasked           it is replaced, at once or after a delay (`back_off`)
    a child ends before it was ready     end with 3 if none ever was; a reload stops; else it is started anew
    a child was sent TERM                it drains, and is replaced at once
    a child has served enough            its replacement is started; one slot at a time
    a child is hung (`beats`)            its replacement is started, and only then it is killed
    reload                               slot after slot (`rolling`)
    stop                                 all drain, then the supervisor ends with 0

Invariant: no process, no loop and no clock in here. Time comes with each call, and what has to be done is asked of
`Hands`; so the rules are tested by a clock that is turned, and children that are told to die.
"""

from __future__ import annotations

import logging
import signal
from collections import deque
from collections.abc import Iterator

from writehead._shared.block import State
from writehead._supervisor import back_off, beats
from writehead._supervisor.hands import Hands, Limits
from writehead._supervisor.rolling import Roll, stopped
from writehead._supervisor.sentences import count, ending, span
from writehead._supervisor.slots import RECYCLED, Child, Slot, Why

logger = logging.getLogger("writehead.supervisor")

#: The exit code of a start that has failed, or of workers that cannot be kept alive.
NOT_STARTED = 3

#: After so many failed starts in a row, and without a worker that serves, the supervisor gives up.
FAILED_STARTS = 5

#: Seconds that a worker has to end after its own deadline; then it gets ABRT, and shows its stacks,
MARGIN = 2.0

#: and so many seconds later KILL.
LAST = 1.0

#: Seconds between two recycled workers.
BETWEEN = 1.0

#: Seconds after which it is said that a worker still starts, and again at each doubling.
LONG_START = 10.0


class Fleet:
    """All workers of a supervisor."""

    def __init__(self, hands: Hands, limits: Limits) -> None:
        self.limits = limits
        self.slots: dict[int, Slot] = {}
        self.leaving: set[Child] = set()
        self.roll: Roll | None = None
        self.ending: int | None = None  # the exit code, once the end has begun
        self.restarts: dict[Why, int] = dict.fromkeys(Why, 0)
        self.ever_ready = False
        self._hands = hands
        self._generation = 0
        self._failed_starts = 0
        self._recycled: deque[tuple[Child, Why]] = deque()
        self._recycling: Child | None = None
        self._recycle_at = 0.0
        self._looks_at = 0.0
        self._stillborn: list[Child] = []
        self._finished = False

    # -- what there is ---------------------------------------------------------

    @property
    def children(self) -> Iterator[Child]:
        """All children that have not gone."""
        for slot in self.slots.values():
            yield from slot.children
        yield from self.leaving

    @property
    def serving(self) -> list[Child]:
        """Those that are ready, by slot."""
        return [each.serving for each in self.slots.values() if each.serving is not None]

    # -- start -----------------------------------------------------------------

    def start(self, workers: int, now: float) -> None:
        """Start the first workers."""
        for number in range(1, workers + 1):
            self._open_slot(number, now)

    def scale(self, workers: int, now: float) -> None:
        """Have so many workers from now on, 1 at least."""
        if self.ending is not None:
            return
        for number in range(len(self.slots) + 1, workers + 1):
            self._open_slot(number, now)
        for number in range(len(self.slots), max(workers, 1), -1):
            slot = self.slots.pop(number)
            for child in slot.children:
                self._let_go(child, now)

    def restart(self, number: int, now: float) -> Child | None:
        """Start a child in the place of one that serves; None if that is being replaced already, or all ends."""
        slot = self.slots[number]
        if (
            self.ending is not None
            or self.roll is not None
            or slot.serving is None
            or slot.coming is not None
        ):
            return None
        return self._bring(slot, Why.RELOAD, now)

    def ask_for_stack(self, child: Child) -> None:
        """Let a child that does not turn write the stack of its main thread to its log."""
        self._hands.ask_for_stack(child)

    def _open_slot(self, number: int, now: float) -> None:
        slot = self.slots[number] = Slot(number, generation=self._generation)
        self._bring(slot, Why.START if not self.ever_ready else Why.SCALE, now)

    def _bring(self, slot: Slot, why: Why, now: float, generation: int | None = None) -> Child:
        """Start a child in a slot."""
        slot.due = None
        child = Child(slot.number, slot.generation if generation is None else generation, why, now)
        child.tells_at = now + LONG_START
        slot.coming = child
        if why is not Why.START:
            self.restarts[why] += 1
        try:
            self._hands.spawn(child)
        except OSError as error:
            child.failure = f"cannot start a process: {error.strerror}"
            self._stillborn.append(child)
        return child

    # -- what children do ------------------------------------------------------

    def on_ready(self, child: Child, now: float) -> None:
        """Let a child serve in its slot, and the one that has served there go."""
        if child.state is not State.STARTING or child.asked:
            return
        child.state, child.ready_at = State.READY, now
        self.ever_ready = True
        self._failed_starts = 0
        slot = self.slots[child.slot]
        old, slot.serving, slot.coming = slot.serving, child, None
        slot.generation = child.generation
        level = logging.DEBUG if child.why in {Why.START, Why.RELOAD} else logging.INFO
        logger.log(level, "%s is ready after %s", child.name, span(now - child.started))
        if old is not None:
            self._retire(old, child.why, now)
        if child is self._recycling:
            self._recycling, self._recycle_at = None, now + BETWEEN
        if self.roll is not None and self.roll.coming is child:
            self.roll.done.append(child.slot)
            self._roll_on(now)

    def on_draining(self, child: Child, now: float) -> None:
        """Replace a child that drains although the supervisor has not told it to: it was sent TERM."""
        if child.asked or child.state is not State.READY:
            return
        slot = self.slots[child.slot]
        logger.info("%s was sent SIGTERM, and is replaced", child.name)
        self._leave(child, now + self.limits.shutdown_delay + self.limits.shutdown_timeout + MARGIN)
        if slot.coming is None:
            self._bring(slot, Why.SIGNAL, now)

    def on_prolonged(self, child: Child, seconds: float, now: float) -> None:
        """Give a child that drains more time: its application shuts down."""
        if child.ends_at is not None and child.signals and child.signals[0] == signal.SIGABRT:
            child.ends_at = max(child.ends_at, now + seconds + MARGIN)

    def on_recycle(self, child: Child, why: Why) -> None:
        """Note that a child has served enough."""
        if self.ending is None and child.state is State.READY:
            self._recycled.append((child, why))

    def on_ended(self, child: Child, status: int, now: float) -> None:
        """Do what follows from the end of a child.

        Args:
            child: the child.
            status: its exit code; below 0 the signal that has killed it.
            now: the time.
        """
        was, child.state = child.state, State.GONE
        self.leaving.discard(child)
        slot = self.slots.get(child.slot)
        if slot is not None and slot.coming is child:
            slot.coming = None
        if slot is not None and slot.serving is child:
            slot.serving = None
        if child.asked:
            self._log_planned(child, status, now)
        elif was is State.STARTING:
            self._on_failed_start(child, status, now)
        else:
            self._on_crash(child, status, now)
        self._finish_if_alone()

    def _log_planned(self, child: Child, status: int, now: float) -> None:
        if status < 0 and not child.signals and self.ending is None:
            logger.warning("%s did not end, and %s", child.name, ending(status))
        else:
            logger.debug("%s %s after %s", child.name, ending(status), span(now - child.started))

    def _on_crash(self, child: Child, status: int, now: float) -> None:
        requests, in_flight = self._hands.numbers(child)
        assert child.ready_at is not None
        logger.error(
            "%s %s after %s, %s; %d in flight",
            child.name,
            ending(status),
            span(now - child.ready_at),
            count(requests, "request"),
            in_flight,
        )
        if self.ending is None:
            self._start_again(child, now)

    def _start_again(self, child: Child, now: float) -> None:
        """Start a child in the slot of one that has ended unasked, at once or later."""
        slot = self.slots[child.slot]
        seconds = back_off.delay(slot, child, now)
        if slot.coming is not None or slot.serving is not None:
            return  # it was about to be replaced, or is the replacement
        if not seconds:
            self._bring(slot, Why.CRASH, now)
            return
        slot.due, slot.due_why = now + seconds, Why.CRASH
        logger.info("worker %d is started again in %g s", slot.number, seconds)

    def _on_failed_start(self, child: Child, status: int, now: float) -> None:
        if child.failure is None:
            child.failure = f"{ending(status)} before it was ready"
        if self.ending is not None:
            return
        self._failed_starts += 1
        self._hands.show_failure(child)
        if not self.ever_ready:
            self._give_up(now)
        elif self.roll is not None and self.roll.coming is child:
            self._stop_roll(child)
            if child.slot in self.slots:
                self._start_again(child, now)
        elif not self.serving and self._failed_starts >= FAILED_STARTS:
            logger.error("no worker serves, and %d starts in a row have failed", self._failed_starts)
            self._give_up(now)
        else:
            self._recycle_later(child, now)
            self._start_again(child, now)

    def _recycle_later(self, child: Child, now: float) -> None:
        """Try again to replace a worker that has served enough, or hangs."""
        if child is self._recycling:
            self._recycling = None
            serving = self.slots[child.slot].serving
            if serving is not None:
                self._recycled.append((serving, child.why))
            self._recycle_at = now + back_off.DELAYS[-1]

    # -- the end of a child ----------------------------------------------------

    def _retire(self, old: Child, why: Why, now: float) -> None:
        """Let a child go that has been replaced."""
        if why is Why.HANG and old.blocked_since is not None:
            logger.error("%s is aborted", old.name)
            self._kill(old, now, signal.SIGABRT)
        else:
            self._drain(old, now, replaced=True)

    def _let_go(self, child: Child, now: float) -> None:
        """End a child that is not wanted any more, whatever it does."""
        if child.state is State.READY:
            self._drain(child, now, replaced=True)
        else:
            self._dismiss(child, now)

    def _drain(self, child: Child, now: float, *, replaced: bool) -> None:
        delay = 0.0 if replaced else self.limits.shutdown_delay
        self._leave(child, now + delay + self.limits.shutdown_timeout + MARGIN)
        self._hands.drain(child, replaced=replaced)

    def _dismiss(self, child: Child, now: float) -> None:
        """End a child that has not begun to serve."""
        self._kill(child, now, signal.SIGTERM)

    def _kill(self, child: Child, now: float, number: int) -> None:
        """End a child by a signal, and by KILL if that does not help."""
        self._leave(child, now, number, signal.SIGKILL)
        self._escalate(child, now)

    def _leave(self, child: Child, ends_at: float, *signals: int) -> None:
        """Note that a child leaves its slot, and how it is made to end."""
        child.asked = True
        child.ends_at = ends_at
        child.signals = list(signals) or [signal.SIGABRT, signal.SIGKILL]
        if child.state is State.READY:
            child.state = State.DRAINING
        slot = self.slots.get(child.slot)
        if slot is not None and slot.coming is child:
            slot.coming = None
        if slot is not None and slot.serving is child:
            slot.serving = None
        if child not in self._stillborn:
            self.leaving.add(child)

    def _escalate(self, child: Child, now: float) -> None:
        number = child.signals.pop(0)
        child.ends_at = now + LAST if child.signals else None
        self._hands.signal(child, number)

    # -- reload ----------------------------------------------------------------

    def reload(self, workers: int, generation: int, now: float) -> None:
        """Replace every worker, slot after slot."""
        assert self.roll is None
        self.roll = Roll.over(generation, workers)
        self._recycled.clear()
        self._recycling = None
        self._roll_on(now)

    def _roll_on(self, now: float) -> None:
        roll = self.roll
        assert roll is not None
        if not roll.left:
            self._end_roll(roll, now)
            return
        number = roll.left.pop()
        if number not in self.slots:
            self.slots[number] = Slot(number, generation=roll.generation)
            roll.added.add(number)
        slot = self.slots[number]
        if slot.coming is not None:
            self._dismiss(slot.coming, now)
        roll.coming = self._bring(slot, Why.RELOAD, now, roll.generation)

    def _end_roll(self, roll: Roll, now: float) -> None:
        self.roll = None
        self._generation = roll.generation
        self.scale(roll.workers, now)
        logger.info("reloaded: %s", count(roll.workers, "new worker"))
        self._hands.on_reload_over(None)

    def _stop_roll(self, child: Child) -> None:
        assert self.roll is not None
        roll, self.roll = self.roll, None
        if child.slot in roll.added:
            del self.slots[child.slot]
        serving = self.serving
        new = sum(each.slot in roll.done for each in serving)
        sentence = stopped(child, new, len(serving) - new)
        logger.error("%s", sentence)
        self._hands.on_reload_over(sentence)

    # -- the end of all --------------------------------------------------------

    def stop(self, now: float) -> None:
        """Let all workers drain, then end with 0."""
        self._begin_end(0)
        self._hands.close_doors()
        for child in list(self.children):
            if child.state is State.READY:
                self._drain(child, now, replaced=False)
            elif child.state is State.STARTING and not child.asked:
                self._dismiss(child, now)
        self._finish_if_alone()

    def quit(self, now: float, number: int, code: int = 0) -> None:
        """End all workers by a signal, without a drain, then end with `code`."""
        self._begin_end(code)
        self._hands.close_doors()
        for child in list(self.children):
            self._kill(child, now, number)
        self._finish_if_alone()

    def _give_up(self, now: float) -> None:
        self.quit(now, signal.SIGTERM, NOT_STARTED)

    def _begin_end(self, code: int) -> None:
        self.ending = code
        self._recycled.clear()
        for slot in self.slots.values():
            slot.due = None
        if self.roll is not None:
            self.roll = None
            self._hands.on_reload_over("reload stopped: the server stops")

    def _finish_if_alone(self) -> None:
        if self.ending is not None and not self._finished and not any(self.children):
            self._finished = True
            self._hands.finish(self.ending)

    # -- time ------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Do what is due."""
        while self._stillborn:
            self.on_ended(self._stillborn.pop(), 0, now)
        for slot in list(self.slots.values()):
            if slot.due is not None and now >= slot.due:
                self._bring(slot, slot.due_why, now)
        for child in list(self.children):
            if child.signals:
                if child.ends_at is not None and now >= child.ends_at:
                    if child.signals[0] == signal.SIGABRT:
                        logger.error("%s has not ended in time: it is aborted", child.name)
                    self._escalate(child, now)
            elif child.state is State.STARTING and child.failure is None:
                self._watch_start(child, now)
        if self.ending is None:
            self._recycle_next(now)
            self._look(now)

    def next_due(self, now: float) -> float | None:
        """Return when `tick` has something to do; None if nothing is due."""
        due = [each.due for each in self.slots.values() if each.due is not None]
        for child in self.children:
            if child.ends_at is not None:
                due.append(child.ends_at)
            elif child.state is State.STARTING and not child.signals and child.failure is None:
                due.append(child.tells_at)
                if self.limits.startup_timeout:
                    due.append(child.started + self.limits.startup_timeout)
        if self._stillborn:
            due.append(now)
        if self.ending is None and self.serving:
            due.append(self._looks_at)
            if self._recycled and self.roll is None and self._recycling is None:
                due.append(self._recycle_at)
        return min(due, default=None)

    def _watch_start(self, child: Child, now: float) -> None:
        limit = self.limits.startup_timeout
        if limit and now - child.started >= limit:
            child.failure = f"was not ready after {span(limit)}"
            child.signals, child.ends_at = [signal.SIGABRT, signal.SIGKILL], now
            self._escalate(child, now)
        elif now >= child.tells_at:
            logger.info("worker %d still starts after %s", child.slot, span(now - child.started))
            child.tells_at += child.tells_at - child.started

    def _recycle_next(self, now: float) -> None:
        if self._recycling is not None or self.roll is not None or now < self._recycle_at:
            return
        while self._recycled:
            child, why = self._recycled.popleft()
            slot = self.slots.get(child.slot)
            if slot is not None and slot.serving is child and slot.coming is None:
                if why in RECYCLED:
                    logger.info("%s is replaced: %s", child.name, RECYCLED[why])
                self._recycling = self._bring(slot, why, now)
                return

    def _look(self, now: float) -> None:
        """Look at the beats; not if the supervisor itself was held up, for then the workers may have been, too."""
        if now < self._looks_at:
            return
        late = self._looks_at and now - self._looks_at > beats.LOOK
        self._looks_at = now + beats.LOOK
        for child in () if late else self.serving:
            if beats.look(child, now, self._hands, self.limits.hang_timeout) is beats.Verdict.HUNG:
                self._replace_hung(child, now)

    def _replace_hung(self, child: Child, now: float) -> None:
        slot = self.slots[child.slot]
        if slot.coming is not None or self.roll is not None:
            return
        assert child.blocked_since is not None
        logger.error("%s is hung for %s: it is replaced", child.name, span(now - child.blocked_since))
        self._bring(slot, Why.HANG, now)
