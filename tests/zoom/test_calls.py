"""One call: its token, what passes and is tried again, what is refused and in which words, and its bounds."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import make_meeting, utc
from tests.zoom.conftest import FakeTime, MakeClient
from tests.zoom.scripted import Reply, Request, ScriptedZoom, token_reply
from zoomsync.errors import (
    ZoomAuthRefused,
    ZoomError,
    ZoomNoRegistration,
    ZoomNotFound,
    ZoomPayloadError,
    ZoomRateLimited,
    ZoomRefused,
    ZoomScopeMissing,
    ZoomUnavailable,
    ZoomWrongKind,
)
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World
from zoomsync.zoom.auth import regional_api_url
from zoomsync.zoom.client import ZoomClient
from zoomsync.zoom.transport import HttpSession, Timeouts, Tries

MEETING = make_meeting()
MEETING_BODY = {"id": 81234567890, "topic": "Encuentro", "type": 8, "settings": {"approval_type": 0}}
FINE = Reply(200, MEETING_BODY)


def refusal(status: int, code: int | None, message: str, **headers: str) -> Reply:
    return Reply(status, {"code": code, "message": message}, {name.replace("_", "-"): v for name, v in headers.items()})


# ------------------------------------------------------------------------------------------------------------ token


def test_token_is_asked_for_with_basic_login_and_a_form(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(FINE)
    make_client(scripted).get_meeting(MEETING)
    (asked,) = scripted.tokens
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.body == b"grant_type=account_credentials&account_id=demo-account"
    assert asked.query == {}
    assert base64.b64decode(asked.headers["Authorization"].removeprefix("Basic ")) == b"demo-client:demo-secret"
    assert scripted.requests[0].headers["Authorization"] == "Bearer a-token"


def test_token_is_kept_until_five_minutes_before_its_end(
    scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(FINE)
    client = make_client(scripted)
    client.get_meeting(MEETING)
    ticks.now += 3599 - 301
    client.get_meeting(MEETING)
    assert len(scripted.tokens) == 1
    ticks.now += 2
    client.get_meeting(MEETING)
    assert len(scripted.tokens) == 2


@pytest.mark.parametrize("life", [None, 0, -5, "soon", 10**9])
def test_an_absurd_life_is_taken_for_an_hour(
    life: Any, scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(FINE)
    scripted.answer_token = lambda request: token_reply(expires_in=life)
    client = make_client(scripted)
    client.get_meeting(MEETING)
    ticks.now += 3000
    client.get_meeting(MEETING)
    assert len(scripted.tokens) == 1
    ticks.now += 600
    client.get_meeting(MEETING)
    assert len(scripted.tokens) == 2


def test_threads_share_one_token(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(FINE)
    client = make_client(scripted)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(client.get_meeting, [MEETING] * 16))
    assert len(scripted.tokens) == 1


def test_a_storm_of_401_renews_once(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    numbers = iter(range(1, 100))
    scripted.answer_token = lambda request: token_reply(f"token-{next(numbers)}")
    all_refused = threading.Barrier(6, timeout=10)

    def answer(request: Request) -> Reply:
        if request.headers["Authorization"] == "Bearer token-1":
            all_refused.wait()
            return refusal(401, 124, "Invalid access token.")
        return FINE

    scripted.answer = answer
    client = make_client(scripted)
    with ThreadPoolExecutor(6) as threads:
        assert len(list(threads.map(client.get_meeting, [MEETING] * 6))) == 6
    assert len(scripted.tokens) == 2


def test_a_token_refused_again_after_renewal_stops_the_call(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(refusal(401, 124, "Invalid access token."))
    with pytest.raises(ZoomAuthRefused, match="Is the app still activated"):
        make_client(scripted).get_meeting(MEETING)
    assert (len(scripted.tokens), len(scripted.requests)) == (2, 2)


def test_a_scope_added_meanwhile_is_found_by_a_new_token(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(refusal(400, 4711, "Invalid access token, does not contain scopes:[x]."), FINE)
    assert make_client(scripted).get_meeting(MEETING).topic == "Encuentro"
    assert len(scripted.tokens) == 2


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            Reply(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}),
            "ZOOM__CLIENT_SECRET",
        ),
        (Reply(401, {"error": "invalid_client"}), "ZOOM__CLIENT_ID"),
        (Reply(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"}), "Server-to-Server"),
        (Reply(400, {"reason": "Bad request", "error": "invalid_request"}), "ZOOM__ACCOUNT_ID"),
        (Reply(400, {"code": 4717, "reason": "The app has been disabled."}), "Activate"),
        (Reply(404, b"<html>"), "ZOOM__OAUTH_URL"),
        (Reply(302, b"", {"Location": "https://elsewhere.example/"}), "ZOOM__OAUTH_URL"),
    ],
)
def test_refused_credentials_say_which_setting_to_look_at(
    reply: Reply, words: str, scripted: ScriptedZoom, make_client: MakeClient
) -> None:
    scripted.answer_token = lambda request: reply
    with pytest.raises(ZoomAuthRefused, match=words):
        make_client(scripted).get_meeting(MEETING)
    assert len(scripted.tokens) == 1


@pytest.mark.parametrize(
    "reply", [Reply(503), Reply(200, b"<html>"), Reply(200, {"error": "x"}), Reply(raw=b""), Reply(200, b"{")]
)
def test_a_token_endpoint_in_trouble_is_tried_again(
    reply: Reply, scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    replies = [reply, token_reply()]
    scripted.answer_token = lambda request: replies.pop(0)
    scripted.replies(FINE)
    make_client(scripted).get_meeting(MEETING)
    assert len(ticks.naps) == 1


def test_a_token_endpoint_that_stays_down_is_unavailable(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.answer_token = lambda request: Reply(502, b"<html>")
    with pytest.raises(ZoomUnavailable, match="HTTP 502"):
        make_client(scripted).get_meeting(MEETING)
    assert len(scripted.tokens) == Tries.ATTEMPTS


@pytest.mark.parametrize(
    ("api_url", "followed"),
    [
        ("https://api-eu.zoom.us", "https://api-eu.zoom.us/v2"),
        ("https://api.zoom.us/", "https://api.zoom.us/v2"),
        ("http://api-eu.zoom.us", None),
        ("https://zoom.us.evil.example", None),
        ("https://evilzoom.us", None),
        ("https://user@api-eu.zoom.us", None),
        ("https://api-eu.zoom.us:8443", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_only_zooms_own_regional_hosts_are_followed(api_url: str, followed: str | None) -> None:
    assert regional_api_url(api_url) == followed


def test_a_configured_address_is_kept_whatever_the_token_says(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.answer_token = lambda request: token_reply(api_url="https://api-eu.zoom.us")
    scripted.replies(FINE)
    make_client(scripted, api_url=scripted.url + "/").get_meeting(MEETING)
    assert scripted.requests[0].path == "/v2/meetings/81234567890"


def test_scopes_are_those_of_the_token(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.answer_token = lambda request: token_reply(scope="meeting:read:admin user:read:admin")
    assert make_client(scripted).scopes == {"meeting:read:admin", "user:read:admin"}


# --------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (
            refusal(400, 4711, "Invalid access token, does not contain scopes:[meeting:read:meeting:admin]."),
            ZoomScopeMissing,
            "lacks the scope meeting:read:meeting:admin. Add it",
        ),
        (refusal(400, 4700, "Scopes"), ZoomScopeMissing, "Scopes page"),
        (refusal(401, 104, "Token does not contain scopes."), ZoomScopeMissing, "Scopes page"),
        (refusal(404, 3001, "Meeting does not exist: 81234567890."), ZoomNotFound, "Check meeting_id"),
        (refusal(404, 1001, "User does not exist: x."), ZoomNotFound, "HOST_EMAIL"),
        (refusal(400, 300, "Meeting is not found or has expired."), ZoomNotFound, "meeting_id"),
        (refusal(400, 300, "Invalid webinar id."), ZoomNotFound, "meeting_id"),
        (Reply(404, b"<html>not here</html>"), ZoomNotFound, "ZOOM__API_URL"),
        (
            refusal(400, 300, "Registration has not been enabled for this meeting: 8."),
            ZoomNoRegistration,
            "Switch registration on",
        ),
        (refusal(404, 404, "Registration has not been enabled for this meeting: 8."), ZoomNoRegistration, "portal"),
        (refusal(300, 300, "The host has not set registration as required."), ZoomNoRegistration, "portal"),
        (refusal(400, 3000, "Cannot access webinar info."), ZoomWrongKind, 'kind = "webinar"'),
        (refusal(400, 200, "Only paid accounts."), ZoomRefused, r"Only paid accounts \(HTTP 400, code 200\)"),
        (refusal(403, None, "No"), ZoomRefused, r"No \(HTTP 403\)"),
        (Reply(400, b"what"), ZoomRefused, r"no reason given \(HTTP 400\)"),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), ZoomRefused, "redirect"),
    ],
)
def test_each_refusal_has_its_error_and_says_what_to_do(
    reply: Reply, error: type[ZoomError], words: str, scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(reply)
    with pytest.raises(ZoomError, match=words) as refused:
        make_client(scripted).get_meeting(MEETING)
    assert type(refused.value) is error
    assert "\n" not in str(refused.value)
    assert ticks.naps == [], "there is no use in trying again"


def test_a_strangers_message_is_cut_to_one_safe_line(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(refusal(400, 200, "a\r\nb\x1b[31m\u202ec " + "x" * 5000))
    with pytest.raises(ZoomRefused) as refused:
        make_client(scripted).get_meeting(MEETING)
    text = str(refused.value)
    assert text.isprintable()
    assert "a b" in text
    assert len(text) < 500


# ------------------------------------------------------------------------------------------------- 429, this and that


def test_a_per_second_refusal_is_waited_for(scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime) -> None:
    words = "You have reached the maximum per-second rate limit for this API. Try again later."
    scripted.replies(refusal(429, 429, words), refusal(429, 429, words, Retry_After="3"), FINE)
    make_client(scripted).get_meeting(MEETING)
    assert 4 <= sum(ticks.naps) <= 6


def test_after_a_per_second_refusal_other_threads_wait_as_well(
    scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(refusal(429, 429, "per-second", Retry_After="4"))
    client = make_client(scripted)
    with pytest.raises(ZoomRateLimited):
        client.get_meeting(MEETING)
    ticks.naps.clear()
    scripted.replies(FINE)
    client.get_meeting(MEETING)
    assert ticks.naps == [pytest.approx(4)]


def test_a_per_second_refusal_that_stays_ends_the_run_with_a_time(
    scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(refusal(429, 429, "per-second", Retry_After="2"))
    with pytest.raises(ZoomRateLimited) as limited:
        make_client(scripted).get_meeting(MEETING)
    assert limited.value.retry_at == utc(2023, 2, 24, 15, 0, 2)
    assert len(scripted.requests) == Tries.ATTEMPTS
    assert sum(ticks.naps) < 60


@pytest.mark.parametrize("retry_after", ["99999999999", "Fri, 24 Feb 2023 18:00:00 GMT", "2023-02-24T17:00:00Z"])
def test_an_hours_wait_is_left_to_the_next_run(
    retry_after: str, scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(refusal(429, 429, "Too many requests", Retry_After=retry_after))
    client = make_client(scripted)
    with pytest.raises(ZoomRateLimited) as limited:
        client.get_meeting(MEETING)
    assert limited.value.retry_at == utc(2023, 2, 24, 16)
    assert len(scripted.requests) == 1
    scripted.replies(FINE)
    client.get_meeting(MEETING)
    assert ticks.naps == [], "and nobody else waits for it"


@pytest.mark.parametrize(
    ("headers", "message", "hour"),
    [
        ({"Retry_After": "2023-02-25T00:00:00Z"}, "You have reached the maximum daily rate limit.", 24),
        ({"Retry_After": "7200"}, "You have reached the maximum daily rate limit.", 17),
        ({"Retry_After": "Fri, 24 Feb 2023 18:00:00 GMT"}, "daily", 18),
        ({}, "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests.", 24),
        ({"X_RateLimit_Type": "Daily-limit"}, "", 24),
    ],
)
def test_a_daily_limit_ends_the_run_at_once_with_the_time_of_the_next_try(
    headers: dict[str, str],
    message: str,
    hour: int,
    scripted: ScriptedZoom,
    make_client: MakeClient,
    ticks: FakeTime,
) -> None:
    scripted.replies(refusal(429, 429, message, **headers))
    with pytest.raises(ZoomRateLimited, match="daily limit") as limited:
        make_client(scripted).get_meeting(MEETING)
    assert limited.value.retry_at == utc(2023, 2, 24) + timedelta(hours=hour)
    assert (len(scripted.requests), ticks.naps) == (1, [])


def test_the_plans_rate_is_kept_so_that_zoom_never_refuses(
    world: World, zoom: Simulator, make_client: MakeClient, ticks: FakeTime
) -> None:
    world.enforce_limits = True
    world.monotonic = ticks.monotonic
    client = make_client(zoom)
    for _ in range(100):
        client.get_meeting(MEETING)
    assert {entry.status for entry in zoom.journal} == {200}


# ------------------------------------------------------------------------------------------- what passes, and bounds

WHOLE = json.dumps(MEETING_BODY).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
PASSING = {
    "500": Reply(500, {"code": 500, "message": "x"}),
    "502 html": Reply(502, b"<html>"),
    "503 with Retry-After": Reply(503, b"", {"Retry-After": "2"}),
    "504": Reply(504),
    "408": Reply(408),
    "closed without a word": Reply(raw=b""),
    "not HTTP": Reply(raw=b"\x00\x01garbage\r\n\r\n"),
    "cut in the body": Reply(raw=HEAD % len(WHOLE) + WHOLE[:20]),
    "html with 200": Reply(200, b"<html>please log in</html>"),
    "truncated JSON": Reply(200, WHOLE[:-5]),
    "empty": Reply(200, b""),
    "null": Reply(200, b"null"),
    "wrong types": Reply(200, {"id": [1]}),
    "nested deep": Reply(200, b"[" * 100_000 + b"]" * 100_000),
    "not gzip": Reply(200, b"plain", {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
def test_what_passes_is_tried_again(
    reply: Reply, scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(reply, reply, FINE)
    assert make_client(scripted).get_meeting(MEETING).topic == "Encuentro"
    assert len(ticks.naps) == 2


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
def test_what_does_not_pass_is_given_up_after_bounded_tries(
    reply: Reply, scripted: ScriptedZoom, make_client: MakeClient, ticks: FakeTime
) -> None:
    scripted.replies(reply)
    garbled = reply.status == 200 and reply.raw is None and "Content-Encoding" not in reply.headers
    with pytest.raises(ZoomPayloadError if garbled else ZoomUnavailable):
        make_client(scripted).get_meeting(MEETING)
    assert len(scripted.requests) == Tries.ATTEMPTS
    assert sum(ticks.naps) < 60
    assert ticks.naps == sorted(ticks.naps) or "503" in str(reply), "the pauses grow"


def test_nobody_listening_is_unavailable(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    with pytest.raises(ZoomUnavailable, match="ConnectionError"):
        make_client(scripted, oauth_url="http://127.0.0.1:1/oauth/token").get_meeting(MEETING)


def test_an_unknown_host_is_unavailable(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    with pytest.raises(ZoomUnavailable):
        make_client(scripted, oauth_url="http://nowhere.invalid/").get_meeting(MEETING)


def test_tls_that_is_none_is_unavailable(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    with pytest.raises(ZoomUnavailable, match="SSLError"):
        make_client(scripted, oauth_url=scripted.oauth_url.replace("http:", "https:")).get_meeting(MEETING)


def test_an_answer_that_does_not_come_times_out(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    give_up = threading.Event()

    def hang(request: Request) -> Reply:
        give_up.wait(10)
        return FINE

    scripted.answer = hang
    try:
        with pytest.raises(ZoomUnavailable, match="Timeout"):
            make_client(scripted, timeouts=Timeouts(read_s=0.05)).get_meeting(MEETING)
    finally:
        give_up.set()


def test_a_body_that_drips_in_meets_the_deadline(world: World, zoom: Simulator, make_client: MakeClient) -> None:
    world.faults.add("slow", path="/meetings/", seconds=0.02, times=None)
    begun = time.monotonic()
    with pytest.raises(ZoomUnavailable, match="TimeoutError"):
        make_client(zoom, timeouts=Timeouts(body_s=0.1), monotonic=time.monotonic).get_meeting(MEETING)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_given_up_early(
    announced: bool, scripted: ScriptedZoom, make_client: MakeClient
) -> None:
    if announced:
        scripted.replies(Reply(raw=HEAD % 50_000_000))
    else:
        scripted.replies(Reply(200, gzip.compress(b" " * 2_000_000), {"Content-Encoding": "gzip"}))
    with pytest.raises(ZoomPayloadError, match="larger than 1,000,000 bytes"):
        make_client(scripted, max_body_bytes=1_000_000).get_meeting(MEETING)
    assert len(scripted.requests) == 1, "it would be as large again"


def test_connections_are_used_again(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(FINE)
    client = make_client(scripted)
    for _ in range(5):
        client.get_meeting(MEETING)
    assert len({request.port for request in scripted.tokens + scripted.requests}) == 1


def test_the_servers_clock_is_compared_with_ours(zoom: Simulator, world: World, client: ZoomClient) -> None:
    assert client.server_time_offset is None
    world.faults.add("skew", seconds=90, times=None)
    client.whoami()
    assert client.server_time_offset == timedelta(seconds=90)


# ----------------------------------------------------------------------------------------------------------- secrets


def everything_shown(error: BaseException | None) -> list[str]:
    shown = []
    while error:
        shown += [str(error), repr(error)]
        error = error.__cause__ or error.__context__
        assert len(shown) < 20, "a chain of errors that has an end"
    return shown


SECRET, TOKEN = "canary-secret-1f3a", "canary-token-9c7d"


@pytest.mark.parametrize(
    "reply",
    [
        FINE,
        refusal(401, 124, f"Invalid access token {TOKEN}."),
        refusal(400, 4711, f"{TOKEN} does not contain scopes:[{TOKEN}]"),
        refusal(400, 200, f"no {TOKEN}"),
        Reply(500),
        Reply(200, {"id": TOKEN, "type": TOKEN}),
        Reply(raw=b""),
        Reply(302, b"", {"Location": f"http://127.0.0.1:1/?access_token={TOKEN}"}),
    ],
)
def test_no_secret_is_shown_by_logs_errors_or_objects(
    reply: Reply, scripted: ScriptedZoom, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.answer_token = lambda request: token_reply(TOKEN)
    scripted.replies(reply)
    client = make_client(scripted, client_secret=SECRET)
    shown = []
    with caplog.at_level(logging.DEBUG):
        try:
            client.get_meeting(MEETING)
        except ZoomError as error:
            shown += everything_shown(error)
    parts = [client, client._tokens, client._tokens.token(), client._api, client._http]
    shown += [*map(repr, parts), *map(str, parts), caplog.text]
    assert not [text for text in shown if SECRET in text or TOKEN in text]


def test_a_secret_echoed_by_the_token_endpoint_is_hidden(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.answer_token = lambda request: Reply(400, {"reason": f"bad {SECRET}", "error": "invalid_client"})
    with pytest.raises(ZoomAuthRefused) as refused:
        make_client(scripted, client_secret=SECRET).get_meeting(MEETING)
    assert SECRET not in "".join(everything_shown(refused.value))


def test_a_token_goes_to_no_other_host(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(Reply(307, b"", {"Location": f"{scripted.base}/elsewhere"}))
    with pytest.raises(ZoomRefused, match="not followed"):
        make_client(scripted).get_meeting(MEETING)
    assert [request.path for request in scripted.requests] == ["/v2/meetings/81234567890"]


def test_the_users_netrc_does_not_replace_the_token(
    scripted: ScriptedZoom, make_client: MakeClient, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    scripted.replies(FINE)
    make_client(scripted).get_meeting(MEETING)
    assert scripted.requests[0].headers["Authorization"] == "Bearer a-token"


@pytest.mark.parametrize(
    "write",
    [
        lambda client: client.set_approval_type(MEETING, 1),
        lambda client: client.set_registrant_status(MEETING, "deny", [("r1", "a@example.org")]),
    ],
)
def test_a_login_page_is_no_yes_to_a_write(
    write: Callable[[ZoomClient], None], scripted: ScriptedZoom, make_client: MakeClient
) -> None:
    scripted.replies(Reply(200, b"<html>log in</html>"))
    with pytest.raises(ZoomPayloadError):
        write(make_client(scripted))


# ---------------------------------------------------------------------------------------------------------- proxies


def test_the_environments_proxies_are_looked_for_once_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")
    monkeypatch.setenv("NO_PROXY", "zoom.example.org")
    session = HttpSession()

    def proxy_of(url: str) -> str | None:
        proxies: dict[str, str] = session.merge_environment_settings(url, {}, True, None, None)["proxies"]
        return proxies.get("https")

    assert proxy_of("https://zoom.example.org/oauth/token") is None
    assert proxy_of("https://api.zoom.us/v2/users/me") == "http://proxy.example.org:3128"
    monkeypatch.delenv("HTTPS_PROXY")
    assert proxy_of("https://api.zoom.us/v2/meetings/81234567890") == "http://proxy.example.org:3128"
