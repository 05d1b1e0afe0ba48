"""Who is let in: the token, the visit that it gives, forms of a visit's own, and wrong tokens taken slowly."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from zoomsync.clock import SteppedClock
from zoomsync.web.admin.doorkeeper import VISIT_LASTS, WRONG_TRIES, Doorkeeper, Visit

TOKEN = "canary-admin-token"


class Stopwatch:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def door(clock: SteppedClock, stopwatch: Stopwatch) -> Doorkeeper:
    return make_door(clock, stopwatch)


def make_door(clock: SteppedClock, stopwatch: Stopwatch, *, token: str = TOKEN, key: bytes = b"key") -> Doorkeeper:
    return Doorkeeper(token, lambda: key, clock, https=True, monotonic=stopwatch)


def asking(**headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/admin/", "query_string": b"", "headers": named})


def cookie_of(door: Doorkeeper, name: str = "María") -> str:
    response = Response()
    assert door.let_in(TOKEN, name, response)
    jar = SimpleCookie(response.headers["set-cookie"])
    return "; ".join(f"{one.key}={one.value}" for one in jar.values())


def test_the_right_token_gives_a_cookie_that_no_script_reads_and_no_other_site_sends(door: Doorkeeper) -> None:
    response = Response()
    assert door.let_in(TOKEN, "", response)
    attributes = {part.strip().lower() for part in response.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/admin"} <= attributes
    assert TOKEN not in response.headers["set-cookie"]


def test_a_visit_knows_the_name_that_was_given(door: Doorkeeper) -> None:
    visit = door.visit(asking(cookie=cookie_of(door, "María\nJosé")))
    assert visit is not None
    assert visit.actor == "admin page (María José)"


def test_a_visit_ends_after_its_hours(door: Doorkeeper, clock: SteppedClock) -> None:
    cookie = cookie_of(door)
    clock.advance(VISIT_LASTS - timedelta(seconds=1))
    assert door.visit(asking(cookie=cookie)) is not None
    clock.advance(timedelta(seconds=1))
    assert door.visit(asking(cookie=cookie)) is None


def test_a_visit_outlives_a_restart_and_ends_with_its_token(
    door: Doorkeeper, clock: SteppedClock, stopwatch: Stopwatch
) -> None:
    cookie = cookie_of(door)
    assert make_door(clock, stopwatch).visit(asking(cookie=cookie)) is not None
    assert make_door(clock, stopwatch, token="another").visit(asking(cookie=cookie)) is None
    assert make_door(clock, stopwatch, key=b"another").visit(asking(cookie=cookie)) is None


def test_a_cookie_that_was_changed_opens_nothing(door: Doorkeeper) -> None:
    name, value = cookie_of(door).split("=", 1)
    begun, nonce, who, signature = value.split(".")
    for forged in (
        f"{int(begun) + 60}.{nonce}.{who}.{signature}",
        f"{begun}.{'0' * 32}.{who}.{signature}",
        f"{begun}.{nonce}.{b'Eva'.hex()}.{signature}",
        f"{begun}.{nonce}.{who}.{'0' * 64}",
        "",
    ):
        assert door.visit(asking(cookie=f"{name}={forged}")) is None


def test_bearer_opens_each_request_for_itself(door: Doorkeeper) -> None:
    assert door.visit(asking(authorization=f"Bearer {TOKEN}")) is not None
    with pytest.raises(HTTPException) as refused:
        door.visit(asking(authorization="Bearer nearly"))
    assert refused.value.status_code == 401


def test_after_some_wrong_tokens_nobody_is_let_in_for_a_minute(door: Doorkeeper, stopwatch: Stopwatch) -> None:
    for number in range(WRONG_TRIES):
        assert not door.let_in(f"guess {number}", "", Response())
    with pytest.raises(HTTPException) as refused:
        door.let_in(TOKEN, "", Response())
    assert (refused.value.status_code, refused.value.headers) == (429, {"Retry-After": "60"})
    stopwatch.seconds += 60
    assert door.let_in(TOKEN, "", Response())


def test_wrong_bearers_shut_the_door_as_well(door: Doorkeeper) -> None:
    for number in range(WRONG_TRIES):
        with pytest.raises(HTTPException):
            door.visit(asking(authorization=f"Bearer guess {number}"))
    with pytest.raises(HTTPException) as refused:
        door.visit(asking(authorization=f"Bearer {TOKEN}"))
    assert refused.value.status_code == 429


def test_who_is_inside_already_stays_inside_while_others_guess(door: Doorkeeper) -> None:
    cookie = cookie_of(door)
    for number in range(WRONG_TRIES):
        door.let_in(f"guess {number}", "", Response())
    assert door.visit(asking(cookie=cookie)) is not None


def test_a_form_of_another_visit_or_another_site_is_refused(door: Doorkeeper) -> None:
    mine, other = door.visit(asking(cookie=cookie_of(door))), door.visit(asking(cookie=cookie_of(door)))
    assert mine is not None
    assert other is not None
    door.refuse_forged(asking(sec_fetch_site="same-origin"), mine, mine.form_token)
    for request, token in (
        (asking(), other.form_token),
        (asking(), ""),
        (asking(sec_fetch_site="cross-site"), mine.form_token),
        (asking(sec_fetch_site="same-site"), mine.form_token),
    ):
        with pytest.raises(HTTPException) as refused:
            door.refuse_forged(request, mine, token)
        assert refused.value.status_code == 403


def test_bearer_needs_no_form_token(door: Doorkeeper) -> None:
    door.refuse_forged(asking(), Visit("", ""), "")
