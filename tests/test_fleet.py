"""The rules of the supervisor, by a clock that is turned and children that are told to die."""

from __future__ import annotations

import logging
import signal

import pytest

from tests.kit.fleets import Stage
from writehead._shared.block import State
from writehead._supervisor.slots import Why


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    """Keep each line of the supervisor's log."""
    caplog.set_level(logging.DEBUG, "writehead.supervisor")


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """Return what was logged from `level` on, and forget it."""
    found = [each.getMessage() for each in caplog.records if each.levelno >= level]
    caplog.clear()
    return found


# -- starting ------------------------------------------------------------------


def test_every_slot_gets_a_worker() -> None:
    """All start at once, and serve when they are ready."""
    stage = Stage(3, ready=False)
    assert stage.done() == ["start 1", "start 2", "start 3"]
    assert stage.serving() == []
    stage.ready(101)
    assert stage.serving() == [101]


def test_the_first_start_that_fails_ends_all() -> None:
    """If no worker was ever ready, exit code 3 comes with the first failure, and nothing is tried again."""
    stage = Stage(2, ready=False)
    stage.done()
    stage.fails(100)
    assert stage.done() == ["failed: cannot import 'main'", "close", "SIGTERM 101"]
    stage.fails(101)
    assert stage.done() == ["end 3"]
    stage.turn(60)
    assert stage.done() == []


def test_a_worker_that_does_not_end_after_a_failed_start_is_killed() -> None:
    """Exit code 3 comes within a second of the failure, whatever the others do."""
    stage = Stage(2, ready=False)
    stage.fails(100)
    stage.done()
    stage.turn(1)
    assert stage.done() == ["SIGKILL 101"]
    stage.dies(101, -9)
    assert stage.ended == 3


def test_a_worker_that_ends_before_it_was_ready_has_failed() -> None:
    """What has not told why it ends is named by its exit code, or its signal."""
    for status, why in ((0, "ended"), (5, "ended with exit code 5"), (-11, "was killed by SIGSEGV")):
        stage = Stage(1, ready=False)
        stage.done()
        stage.dies(100, status)
        assert stage.done() == [f"failed: {why} before it was ready", "close", "end 3"]


def test_a_process_that_the_system_refuses() -> None:
    """A worker that cannot be started is a start that has failed."""
    stage = Stage(1)
    stage.refused = 1
    stage.turn(10)
    stage.dies(100)
    stage.turn(0)
    assert stage.done() == ["failed: cannot start a process: Resource temporarily unavailable"]
    stage.turn(0.5)
    assert stage.done() == ["start 1"]


def test_a_long_start_is_said_and_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A line at 10 s, 20 s, 40 s; without a limit a start takes as long as it takes."""
    stage = Stage(1, ready=False)
    stage.turn(50)
    assert lines(caplog) == [f"worker 1 still starts after {each} s" for each in (10, 20, 40)]
    stage.done()
    stage.turn(3600)
    assert stage.done() == []


def test_a_start_that_passes_its_limit() -> None:
    """It shows its stacks, is killed a second later, and has failed."""
    stage = Stage(1, ready=False, startup_timeout=7)
    stage.done()
    stage.turn(6.9)
    assert stage.done() == []
    stage.turn(0.1)
    assert stage.done() == ["SIGABRT 100"]
    stage.turn(1)
    assert stage.done() == ["SIGKILL 100"]
    stage.dies(100, -9)
    assert stage.done() == ["failed: was not ready after 7.0 s", "close", "end 3"]


# -- deaths and delays ---------------------------------------------------------


def test_a_worker_that_dies_is_replaced_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log says how it died, after how long, what it had served and what is lost."""
    stage = Stage(2)
    stage.turn(3 * 3600)
    stage.had[101] = (812, 4)
    stage.dies(101, -signal.SIGKILL)
    assert stage.done() == ["start 2"]
    assert lines(caplog, logging.ERROR) == [
        "worker 2 (pid 101) was killed by SIGKILL after 3 h, 812 requests; 4 in flight"
    ]
    stage.ready(102)
    assert stage.serving() == [100, 102]


@pytest.mark.parametrize(
    ("status", "how"), [(0, "ended"), (1, "ended with exit code 1"), (-35, "was killed by signal 35")]
)
def test_how_a_worker_ended(caplog: pytest.LogCaptureFixture, status: int, how: str) -> None:
    """An exit code, or a signal that may have no name; one request is no requests."""
    stage = Stage(1)
    stage.turn(125)
    stage.had[100] = (1, 0)
    stage.dies(100, status)
    assert lines(caplog, logging.ERROR) == [f"worker 1 (pid 100) {how} after 2 min, 1 request; 0 in flight"]


def test_a_short_life_makes_the_next_one_wait() -> None:
    """Who lives less than 5 s waits 0.5, 1, 2, 4, 8, 15 and 15 s."""
    stage = Stage(2)
    for seconds in (0.5, 1, 2, 4, 8, 15, 15):
        stage.turn(4.9)
        stage.dies(stage.serving()[0])
        assert stage.done() == []
        stage.turn(seconds - 0.01)
        assert stage.done() == []
        stage.turn(0.01)
        assert stage.done() == ["start 1"]
        stage.ready(stage.newest())


def test_the_third_death_within_a_minute_waits() -> None:
    """Two may follow each other at once, if they have lived 5 s; the other slots have their own count."""
    stage = Stage(2)
    for waits in (False, False, True):
        stage.turn(10)
        stage.dies(stage.serving()[0])
        assert stage.done() == ([] if waits else ["start 1"])
        stage.turn(0.5)
        stage.ready(stage.newest())
    stage.done()
    stage.dies(101)
    assert stage.done() == ["start 2"]


def test_a_minute_of_life_resets_the_delay() -> None:
    """Who has lived for 60 s begins anew."""
    stage = Stage(1)
    for _ in range(3):
        stage.dies(stage.newest())
        stage.turn(5)
        stage.ready(stage.newest())
    stage.turn(60)
    stage.done()
    stage.dies(stage.newest())
    assert stage.done() == ["start 1"]
    stage.ready(stage.newest())
    stage.turn(1)
    stage.done()
    stage.dies(stage.newest())
    stage.turn(0.5)
    assert stage.done() == ["start 1"]


def test_five_failed_starts_in_a_row_end_all_if_nobody_serves(caplog: pytest.LogCaptureFixture) -> None:
    """Later than at the first start, failures are tried again, but not for ever."""
    stage = Stage(1)
    stage.turn(70)
    stage.dies(100)
    for number in range(5):
        assert stage.ended is None
        stage.turn(15)
        stage.fails(101 + number)
    assert stage.ended == 3
    assert "no worker serves, and 5 starts in a row have failed" in lines(caplog, logging.ERROR)


def test_failed_starts_do_not_end_those_that_serve() -> None:
    """One slot that cannot be filled is tried again as long as another serves."""
    stage = Stage(2)
    stage.dies(100)
    for number in range(12):
        stage.turn(15)
        stage.fails(102 + number)
    assert stage.ended is None
    assert stage.serving() == [101]


def test_a_start_that_succeeds_resets_the_count() -> None:
    """The five have to be in a row."""
    stage = Stage(1)
    stage.dies(100)
    for _ in range(3):
        for _ in range(4):
            stage.turn(15)
            stage.fails(stage.newest())
        stage.turn(15)
        stage.ready(stage.newest())
        stage.turn(100)
        stage.dies(stage.newest())
    assert stage.ended is None


def test_a_worker_that_was_sent_term_is_replaced_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """It drains, its replacement starts meanwhile, and nothing of it is an error or a crash."""
    stage = Stage(1)
    stage.fleet.on_draining(stage.children[100], stage.now)
    assert stage.done() == ["start 1"]
    stage.dies(100, 0)
    stage.ready(101)
    assert stage.serving() == [101]
    assert lines(caplog) == [
        "worker 1 (pid 100) was sent SIGTERM, and is replaced",
        "worker 1 (pid 101) is ready after 0.0 s",
    ]
    assert stage.fleet.restarts[Why.SIGNAL] == 1
    assert stage.fleet.slots[1].deaths == []


# -- the stop ------------------------------------------------------------------


def test_a_stop_closes_the_doors_first() -> None:
    """The supervisor's sockets are closed before the workers are told, and the end is 0."""
    stage = Stage(2)
    stage.fleet.stop(stage.now)
    assert stage.done() == ["close", "drain 100", "drain 101"]
    stage.dies(100, 0)
    assert stage.done() == []
    stage.dies(101, 0)
    assert stage.done() == ["end 0"]


def test_a_stop_while_workers_start() -> None:
    """Who does not serve yet is ended at once, and a start that was due is not made."""
    stage = Stage(2)
    stage.dies(100)
    stage.turn(0.5)
    stage.dies(101)
    stage.done()
    stage.fleet.stop(stage.now)
    assert stage.done() == ["close", "SIGTERM 102"]
    stage.dies(102, -15)
    stage.turn(60)
    assert stage.done() == ["end 0"]


def test_a_stop_without_a_worker() -> None:
    """Between two starts there is nobody to wait for."""
    stage = Stage(1)
    stage.dies(100)
    stage.fleet.stop(stage.now)
    assert stage.ended == 0


def test_a_worker_that_does_not_end_is_aborted_and_killed(caplog: pytest.LogCaptureFixture) -> None:
    """It has delay + timeout + 2 s; then ABRT, which shows its stacks, and KILL a second later."""
    stage = Stage(1, shutdown_timeout=10, shutdown_delay=5)
    stage.fleet.stop(stage.now)
    stage.done()
    stage.turn(16.9)
    assert stage.done() == []
    stage.turn(0.1)
    assert stage.done() == ["SIGABRT 100"]
    assert lines(caplog, logging.ERROR) == ["worker 1 (pid 100) has not ended in time: it is aborted"]
    stage.turn(1)
    assert stage.done() == ["SIGKILL 100"]
    stage.turn(60)
    assert stage.done() == []
    stage.dies(100, -9)
    assert stage.ended == 0


def test_an_application_that_shuts_down_has_its_own_time() -> None:
    """A worker that says how long its application may take is given that time."""
    stage = Stage(1, shutdown_timeout=10)
    stage.fleet.stop(stage.now)
    stage.turn(10)
    stage.done()
    stage.fleet.on_prolonged(stage.children[100], 10, stage.now)
    stage.turn(11.9)
    assert stage.done() == []
    stage.turn(0.1)
    assert stage.done() == ["SIGABRT 100"]


def test_a_worker_that_dies_during_a_stop_is_not_replaced() -> None:
    """A crash is said, and that is all."""
    stage = Stage(2)
    stage.fleet.stop(stage.now)
    stage.done()
    stage.dies(100, -11)
    stage.turn(5)
    assert stage.done() == []


def test_quit_does_not_drain() -> None:
    """All are sent the signal; who does not end within a second is killed."""
    stage = Stage(2)
    stage.fleet.quit(stage.now, signal.SIGQUIT)
    assert stage.done() == ["close", "SIGQUIT 100", "SIGQUIT 101"]
    stage.dies(100, 0)
    stage.turn(1)
    assert stage.done() == ["SIGKILL 101"]
    stage.dies(101, -9)
    assert stage.ended == 0


def test_a_stop_can_be_cut() -> None:
    """A second signal kills those that drain; the code is that signal."""
    stage = Stage(1)
    stage.fleet.stop(stage.now)
    stage.done()
    stage.fleet.quit(stage.now, signal.SIGKILL, -15)
    stage.dies(100, -9)
    assert stage.ended == -15


# -- reloads -------------------------------------------------------------------


def test_a_reload_goes_from_slot_to_slot() -> None:
    """The old one is told to go when the new one is ready; its end is not waited for."""
    stage = Stage(2)
    stage.fleet.reload(2, 1, stage.now)
    assert stage.done() == ["start 1"]
    stage.turn(3)
    stage.ready(102)
    assert stage.done() == ["leave 100", "start 2"]
    stage.ready(103)
    assert stage.done() == ["leave 101", "reloaded"]
    assert stage.serving() == [102, 103]
    assert {each.generation for each in stage.fleet.serving} == {1}
    stage.dies(100, 0)
    stage.dies(101, 0)
    stage.turn(5)
    assert stage.done() == []


def test_a_reload_that_fails_stops_there(caplog: pytest.LogCaptureFixture) -> None:
    """The old ones serve on with the old settings, and nothing ends."""
    stage = Stage(3)
    stage.fleet.reload(3, 1, stage.now)
    stage.done()
    stage.fails(103)
    sentence = "reload stopped: the new worker 1 failed to start; 3 old workers serve on"
    assert stage.done() == ["failed: cannot import 'main'", sentence]
    assert sentence in lines(caplog, logging.ERROR)
    stage.turn(100)
    assert stage.done() == []
    assert stage.serving() == [100, 101, 102]
    stage.dies(100)
    assert stage.children[stage.newest()].generation == 0


def test_a_reload_that_fails_half_way() -> None:
    """New and old ones serve beside each other, and the sentence counts them."""
    stage = Stage(3)
    stage.fleet.reload(3, 1, stage.now)
    stage.ready(103)
    stage.done()
    stage.fails(104)
    assert stage.done()[1] == (
        "reload stopped: the new worker 2 failed to start; 1 new and 2 old workers serve on"
    )
    stage.turn(10)
    stage.done()
    stage.dies(103)
    assert stage.children[stage.newest()].generation == 1


def test_a_reload_of_one_worker_that_fails() -> None:
    """One old worker is one, and serves."""
    stage = Stage(1)
    stage.fleet.reload(1, 1, stage.now)
    stage.done()
    stage.fails(101)
    assert stage.done()[1] == "reload stopped: the new worker 1 failed to start; 1 old worker serves on"


def test_a_new_worker_that_starts_too_long_stops_the_reload() -> None:
    """At its limit it is ended, and the old ones serve on."""
    stage = Stage(2, startup_timeout=10)
    stage.fleet.reload(2, 1, stage.now)
    stage.turn(11)
    stage.dies(102, -9)
    assert stage.done() == [
        "start 1",
        "SIGABRT 102",
        "SIGKILL 102",
        "failed: was not ready after 10 s",
        "reload stopped: the new worker 1 failed to start; 2 old workers serve on",
    ]


def test_a_reload_with_another_number_of_workers() -> None:
    """More are opened with their turn, and those that are too many go at the end."""
    stage = Stage(1)
    stage.fleet.reload(2, 1, stage.now)
    stage.ready(101)
    stage.ready(102)
    assert stage.done() == ["start 1", "leave 100", "start 2", "reloaded"]
    stage.fleet.reload(1, 2, stage.now)
    stage.ready(103)
    assert stage.done() == ["start 1", "leave 101", "leave 102", "reloaded"]
    assert stage.serving() == [103]


def test_a_slot_that_a_failed_reload_has_opened_is_closed() -> None:
    """The number of workers is as before."""
    stage = Stage(1)
    stage.fleet.reload(2, 1, stage.now)
    stage.ready(101)
    stage.fails(102)
    stage.turn(60)
    assert stage.serving() == [101]
    assert list(stage.fleet.slots) == [1]
    assert stage.newest() == 102


def test_a_reload_replaces_what_still_starts() -> None:
    """A worker with the old code that is not ready yet has no turn to serve."""
    stage = Stage(1)
    stage.turn(70)
    stage.dies(100)
    stage.done()
    stage.fleet.reload(1, 1, stage.now)
    assert stage.done() == ["SIGTERM 101", "start 1"]
    stage.dies(101, -15)
    stage.ready(102)
    assert stage.done() == ["reloaded"]


def test_a_reload_fills_a_slot_that_waits() -> None:
    """A worker that could not live may live with the new code: it is tried at once."""
    stage = Stage(1)
    stage.dies(100)
    assert stage.done() == []
    stage.fleet.reload(1, 1, stage.now)
    assert stage.done() == ["start 1"]
    stage.fails(101)
    assert "reload stopped: the new worker 1 failed to start; none serves" in stage.done()
    stage.turn(1)
    assert stage.done() == ["start 1"]


def test_a_stop_ends_a_reload() -> None:
    """The new one that starts is not waited for."""
    stage = Stage(1)
    stage.fleet.reload(1, 1, stage.now)
    stage.done()
    stage.fleet.stop(stage.now)
    assert stage.done() == ["reload stopped: the server stops", "close", "drain 100", "SIGTERM 101"]


# -- more and less -------------------------------------------------------------


def test_more_and_less_workers() -> None:
    """The last slot is the first to go; one always stays."""
    stage = Stage(1)
    stage.fleet.scale(3, stage.now)
    assert stage.done() == ["start 2", "start 3"]
    stage.ready(101)
    stage.fleet.scale(0, stage.now)
    assert stage.done() == ["SIGTERM 102", "leave 101"]
    assert list(stage.fleet.slots) == [1]
    stage.dies(101, 0)
    stage.dies(102, -15)
    stage.turn(10)
    assert stage.serving() == [100]


def test_a_worker_that_goes_is_not_started_again() -> None:
    """A slot that is closed while its worker waits to be started again is closed."""
    stage = Stage(2)
    stage.dies(101)
    stage.done()
    stage.fleet.scale(1, stage.now)
    stage.turn(60)
    assert stage.done() == []


# -- recycling -----------------------------------------------------------------


def test_a_worker_that_has_served_enough_is_replaced_first(caplog: pytest.LogCaptureFixture) -> None:
    """It serves on until its replacement is ready; that is no crash."""
    stage = Stage(2)
    stage.asks(100)
    stage.turn(0)
    assert stage.done() == ["start 1"]
    assert stage.serving() == [100, 101]
    stage.turn(4)
    stage.ready(102)
    assert stage.done() == ["leave 100"]
    assert stage.serving() == [102, 101]
    assert lines(caplog) == [
        "worker 1 (pid 100) is replaced: its requests are served",
        "worker 1 (pid 102) is ready after 4.0 s",
    ]
    assert stage.fleet.restarts[Why.MAX_REQUESTS] == 1
    assert (stage.fleet.slots[1].deaths, stage.fleet.slots[1].waits) == ([], 0)


def test_workers_are_recycled_one_at_a_time() -> None:
    """The next one is replaced a second after the last replacement was ready."""
    stage = Stage(3)
    for pid, why in ((100, Why.MAX_REQUESTS), (101, Why.LIFETIME), (102, Why.RSS)):
        stage.asks(pid, why)
    stage.turn(20)
    assert stage.done() == ["start 1"]
    stage.ready(103)
    stage.turn(0.9)
    assert stage.done() == ["leave 100"]
    stage.turn(0.1)
    assert stage.done() == ["start 2"]


def test_a_replacement_that_does_not_start_leaves_the_old_one() -> None:
    """The worker that has served enough serves on, and is replaced later."""
    stage = Stage(1)
    stage.asks(100)
    stage.turn(0)
    stage.fails(101)
    assert stage.serving() == [100]
    stage.done()
    stage.turn(15)
    assert stage.done() == ["start 1"]
    stage.ready(102)
    assert stage.done() == ["leave 100"]


def test_a_worker_that_dies_as_it_is_replaced() -> None:
    """Its replacement is on its way, and no second one is started."""
    stage = Stage(1)
    stage.asks(100)
    stage.turn(20)
    stage.dies(100, -9)
    assert stage.done() == ["start 1"]
    stage.ready(101)
    assert stage.serving() == [101]


def test_a_planned_replacement_neither_counts_nor_resets() -> None:
    """A worker that comes of recycling and dies soon waits as one after a crash does, and as long."""
    stage = Stage(1)
    stage.dies(100)
    stage.turn(0.5)
    stage.ready(101)
    stage.asks(101)
    stage.turn(70)
    stage.ready(102)
    stage.done()
    stage.dies(102)
    stage.turn(0.9)
    assert stage.done() == []
    stage.turn(0.1)
    assert stage.done() == ["start 1"]


# -- blocked and hung ----------------------------------------------------------


def test_a_blocked_worker_is_said_and_lives(caplog: pytest.LogCaptureFixture) -> None:
    """A warning with its stack at 5 s and at each doubling; nothing else, however long it takes."""
    stage = Stage(2)
    stage.turn(3)
    stage.silent[100] = stage.now
    stage.turn(4.5)
    assert stage.done() == []
    stage.turn(40.5)
    assert stage.done() == ["stack 100"] * 4
    assert [each.removeprefix("worker 1 (pid 100) is ") for each in lines(caplog, logging.WARNING)] == [
        f"blocked: its loop has not turned for {each}" for each in ("5.0 s", "10 s", "20 s", "40 s")
    ]
    stage.turn(3600)
    del stage.silent[100]
    stage.turn(1)
    assert lines(caplog)[-1] == "worker 1 (pid 100) turns again after 1 h"
    assert stage.states()[100] is State.READY


def test_a_worker_counts_as_blocked_from_its_first_ready_moment() -> None:
    """The time of a long start is no silence."""
    stage = Stage(1, ready=False)
    stage.silent[100] = stage.now
    stage.turn(100)
    stage.ready(100)
    stage.done()
    stage.turn(4)
    assert stage.done() == []


def test_a_supervisor_that_was_held_up_accuses_nobody() -> None:
    """After a pause of the whole machine the workers have a second to show that they live."""
    stage = Stage(1)
    stage.turn(10)
    stage.silent[100] = stage.now
    stage.now += 100
    stage.fleet.tick(stage.now)
    del stage.silent[100]
    stage.turn(10)
    assert stage.done() == []


def test_a_hung_worker_is_killed_when_its_replacement_is_ready(caplog: pytest.LogCaptureFixture) -> None:
    """It has stood still for the limit, and has not even computed."""
    stage = Stage(2, hang_timeout=30)
    stage.silent[100] = stage.now
    stage.used[100] = 0.29
    stage.turn(29.9)
    assert "start 1" not in stage.done()
    stage.turn(1.1)
    assert stage.done() == ["start 1"]
    assert lines(caplog, logging.ERROR) == ["worker 1 (pid 100) is hung for 30 s: it is replaced"]
    stage.turn(30)
    stage.done()
    stage.ready(102)
    assert stage.done() == ["SIGABRT 100"]
    stage.turn(1)
    assert stage.done() == ["SIGKILL 100"]
    stage.dies(100, -9)
    assert stage.serving() == [102, 101]


def test_a_busy_worker_has_ten_times_as_long() -> None:
    """One that burns the processor is left alone up to ten times the limit."""
    stage = Stage(1, hang_timeout=30)
    stage.silent[100] = stage.now
    stage.used[100] = 4.0
    stage.turn(299)
    assert "start 1" not in stage.done()
    stage.turn(2)
    assert "start 1" in stage.done()


def test_a_hung_worker_that_comes_back_drains() -> None:
    """It turned again before its replacement was ready: it is not killed."""
    stage = Stage(1, hang_timeout=10)
    stage.silent[100] = stage.now
    stage.turn(12)
    del stage.silent[100]
    stage.turn(1)
    stage.done()
    stage.ready(101)
    assert stage.done() == ["leave 100"]
