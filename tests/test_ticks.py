"""The daemon's ticks while the machine's clock is set ahead and back."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import time_machine
from apscheduler.schedulers.background import BackgroundScheduler

from tests.builders import utc
from zoomsync.clock import SteppedClock
from zoomsync.ticks import ClockWatch, Tick, tick_now

EVERY = timedelta(seconds=10)
NOON = utc(2023, 3, 1, 12)


def test_a_tick_follows_the_one_before_it():
    tick = Tick(EVERY)
    assert tick.get_next_fire_time(None, NOON) == NOON + EVERY
    assert tick.get_next_fire_time(NOON, NOON + EVERY / 2) == NOON + EVERY


def test_what_was_missed_is_one_tick_however_long_it_was():
    tick, later = (
        Tick(EVERY),
        NOON + timedelta(days=20_000),
    )  # a clock without a battery, before and after its first look
    assert tick.get_next_fire_time(NOON, later) == later + EVERY


def test_a_clock_set_back_is_noticed_and_one_that_is_kept_right_or_set_ahead_is_none():
    wall, machine = SteppedClock(NOON), [0.0]
    watch = ClockWatch(wall, lambda: machine[0])
    moves = [(0.5, 0.5), (0.5, -1), (0.5, 0.9), (0.5, 3_600), (0.5, -3_600), (0.5, 0.5), (0, 21_600)]
    noticed = []
    for real_s, wall_s in moves:
        machine[0] += real_s
        wall.advance(timedelta(seconds=wall_s))
        noticed.append(watch.was_set_back())
    assert noticed == [False, False, False, False, True, False, False]


def test_after_the_clock_was_set_back_the_ticks_go_on_at_once():
    fired = threading.Event()
    scheduler = BackgroundScheduler(timezone="UTC")
    with time_machine.travel(NOON, tick=True) as clock:
        scheduler.add_job(fired.set, Tick(timedelta(seconds=0.05)), next_run_time=NOON)
        scheduler.start()
        assert fired.wait(10)
        clock.move_to(NOON - timedelta(hours=3))
        time.sleep(0.15)
        fired.clear()
        tick_now(scheduler)
        assert fired.wait(10)
        fired.clear()
        assert fired.wait(10)
        scheduler.shutdown()
