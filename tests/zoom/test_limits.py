from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import utc
from tests.zoom.conftest import FakeTime
from zoomsync.zoom.limits import RATES, Label, RateLimiter, daily_retry_at, parse_retry_after, read_rate_refusal

NOW = utc(2023, 3, 1, 12)


def slots(limiter: RateLimiter, ticks: FakeTime, label: Label, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        limiter.wait(label)
        taken.append(ticks.now)
    return taken


@pytest.mark.parametrize("plan", RATES)
@pytest.mark.parametrize("label", ["light", "medium", "heavy"])
def test_no_second_holds_more_requests_than_the_plan_allows(plan: str, label: Label, ticks: FakeTime) -> None:
    limiter = RateLimiter(plan, monotonic=ticks.monotonic, sleep=ticks.sleep)
    rate = RATES[plan][label]
    taken = slots(limiter, ticks, label, 5 * rate)
    for start in taken:
        assert sum(start <= slot < start + 1 for slot in taken) <= rate
    assert taken[-1] - taken[0] < 6, "and the rate is used"


def test_a_first_burst_of_the_plans_rate_does_not_wait(ticks: FakeTime) -> None:
    limiter = RateLimiter("pro", monotonic=ticks.monotonic, sleep=ticks.sleep)
    slots(limiter, ticks, "medium", 20)
    assert ticks.naps == []
    limiter.wait("medium")
    assert ticks.naps == [pytest.approx(1.1)]


def test_labels_have_rates_of_their_own(ticks: FakeTime) -> None:
    limiter = RateLimiter("free", monotonic=ticks.monotonic, sleep=ticks.sleep)
    slots(limiter, ticks, "medium", 2)
    slots(limiter, ticks, "light", 4)
    slots(limiter, ticks, "heavy", 1)
    assert ticks.naps == []


def test_a_share_is_a_part_of_the_rate_also_below_one_a_second(ticks: FakeTime) -> None:
    limiter = RateLimiter("free", monotonic=ticks.monotonic, sleep=ticks.sleep)
    limiter.set_share(1 / 4)
    taken = slots(limiter, ticks, "medium", 5)  # a quarter of 2 a second: one in 2 seconds
    assert taken[-1] - taken[0] == pytest.approx(4 * 2 * 1.1)


def test_a_held_label_waits_and_the_others_do_not(ticks: FakeTime) -> None:
    limiter = RateLimiter("pro", monotonic=ticks.monotonic, sleep=ticks.sleep)
    limiter.hold("medium", 3)
    limiter.wait("light")
    assert ticks.naps == []
    limiter.wait("medium")
    assert ticks.naps == [pytest.approx(3)]


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_outside_its_bounds_is_refused(share: float, ticks: FakeTime) -> None:
    with pytest.raises(ValueError, match="share"):
        RateLimiter("pro", monotonic=ticks.monotonic, sleep=ticks.sleep, share=share)


def test_an_unknown_plan_is_refused_with_the_known_ones(ticks: FakeTime) -> None:
    with pytest.raises(ValueError, match="free, pro, business"):
        RateLimiter("enterprise+", monotonic=ticks.monotonic, sleep=ticks.sleep)


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("Wed, 01 Mar 2023 12:00:30 GMT", 30),
        ("2023-03-01T12:02:00Z", 120),
        ("2023-03-01T06:02:00-06:00", 120),
        ("2023-03-01T11:00:00Z", 0),
        ("-5", 0),
        ("99999999999999999999", 86400),
        ("inf", 86400),
        ("9999-12-31T23:59:59Z", 86400),
    ],
)
def test_retry_after_is_understood_in_every_form_and_bounded(value: str, wait_s: float) -> None:
    assert parse_retry_after(value, NOW) == timedelta(seconds=wait_s)


@pytest.mark.parametrize("value", ["", "soon", "nan", "2023-13-99T00:00:00Z", "Xyz, 99 Foo"])
def test_a_retry_after_that_says_nothing_is_none(value: str) -> None:
    assert parse_retry_after(value, NOW) is None


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"X-RateLimit-Type": "Daily-limit"}, ""),
        ({}, "You have reached the maximum daily rate limit for this API."),
        # Seen so: the headers of an ample limit, and only the words tell.
        (
            {"X-RateLimit-Category": "Light", "X-RateLimit-Remaining": "29"},
            "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted",
        ),
        ({}, "You have exceeded the rate limit (100) of meetings"),
    ],
)
def test_a_daily_limit_is_told_by_header_or_words(headers: dict[str, str], message: str) -> None:
    refusal = read_rate_refusal(headers, message, NOW)
    assert refusal.daily
    assert daily_retry_at(refusal, NOW) == utc(2023, 3, 2)


def test_a_daily_limit_ends_when_zoom_says_so() -> None:
    headers = {"X-RateLimit-Type": "Daily-limit", "Retry-After": "2023-03-01T18:00:00Z"}
    assert daily_retry_at(read_rate_refusal(headers, "", NOW), NOW) == utc(2023, 3, 1, 18)


@pytest.mark.parametrize(
    ("headers", "message", "wait_s"),
    [
        ({}, "You have reached the maximum per-second rate limit for this API. Try again later.", None),
        ({"X-RateLimit-Type": "QPS", "Retry-After": "2"}, "", 2),
        ({"X-RateLimit-Type": "QPS", "Retry-After": "99999999"}, "", 5),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 1)}, "", 1),
        ({"X-RateLimit-Reset": str((int(NOW.timestamp()) + 1) * 1000)}, "", 1),
        ({"X-RateLimit-Reset": "later"}, "Too many concurrent requests.", None),
        ({"Retry-After": "99999999"}, "Too many requests", 3600),
    ],
)
def test_other_limits_pass_within_the_run(headers: dict[str, str], message: str, wait_s: float | None) -> None:
    refusal = read_rate_refusal(headers, message, NOW)
    assert not refusal.daily
    assert refusal.wait == (None if wait_s is None else timedelta(seconds=wait_s))
