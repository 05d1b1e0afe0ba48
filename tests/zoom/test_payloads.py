from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import make_registrant, utc
from zoomsync.domain.records import ListedRegistrant, Registrant, RegistrantKey, RegistrantStatus, ZoomKind
from zoomsync.errors import ZoomPayloadError
from zoomsync.zoom.answers import read_meeting, read_meeting_list, read_refusal, read_token
from zoomsync.zoom.payloads import list_rows, read_page, read_registrant

ROW = {
    "id": "r000001",
    "email": "persona1@example.org",
    "first_name": "María",
    "last_name": "López 1",
    "address": "",
    "city": "Quetzaltenango",
    "phone": "+502 5555 1234",
    "custom_questions": [{"title": "Departamento", "value": "Quetzaltenango"}],
    "status": "approved",
    "create_time": "2023-02-24T15:01:00Z",
    "join_url": "https://us06web.zoom.us/w/81234567890?tk=personal-1",
}


def page(*rows: Any, **fields: Any) -> bytes:
    return json.dumps({"registrants": list(rows), "next_page_token": "", "total_records": len(rows)} | fields).encode()


def listed(body: bytes, status: str = "approved") -> dict[RegistrantKey, ListedRegistrant]:
    read = read_page(body)
    return dict(list_rows(zip(read.ids, read.rows, strict=True), "81234567890", "", status))


def one(listed_as: str = "approved", /, **changes: Any) -> Registrant:
    ((key, row),) = listed(page(ROW | changes), listed_as).items()
    return read_registrant(key, row)


def test_a_row_becomes_a_registrant() -> None:
    assert one() == make_registrant(1)


def test_the_list_says_the_status_not_the_row() -> None:
    assert one("denied", status="approved").status is RegistrantStatus.DENIED
    assert one("pending", status=None).status is RegistrantStatus.PENDING


def test_email_is_trimmed_and_lower_case() -> None:
    assert one(email="  María.LÓPEZ@Example.ORG ").email == "maría.lópez@example.org"


def test_blank_null_and_absent_are_alike() -> None:
    blank = one(last_name=" ", city="  ", phone="", join_url="", custom_questions=[])
    null = one(last_name=None, city=None, phone=None, join_url=None, custom_questions=None)
    absent = {key: value for key, value in ROW.items() if key in ("id", "email", "first_name", "create_time")}
    ((key, row),) = listed(page(absent)).items()
    assert blank == null == read_registrant(key, row)
    assert blank.details == ()


def test_details_are_sorted_and_hold_the_pin_as_text() -> None:
    assert one(zip="01001", participant_pin_code=380303, org="Red").details == (
        ("city", "Quetzaltenango"),
        ("org", "Red"),
        ("participant_pin_code", "380303"),
        ("phone", "+502 5555 1234"),
        ("zip", "01001"),
    )


def test_answers_of_any_type_become_text_in_zooms_order() -> None:
    asked = [
        {"title": "Varias", "value": ["a", None, 2]},
        {"title": "Número", "value": 3},
        {"title": "Nada", "value": None},
        {"title": "Sin valor"},
    ]
    assert one(custom_questions=asked).answers == (
        ("Varias", "a, 2"),
        ("Número", "3"),
        ("Nada", ""),
        ("Sin valor", ""),
    )


def test_nul_is_left_out_and_names_are_composed() -> None:
    seen = one(first_name="Jose\u0301\0", last_name="\0")
    assert (seen.first_name, seen.last_name) == ("José", "")


def test_half_a_surrogate_pair_spoils_neither_page_nor_row() -> None:
    body = page(ROW | {"first_name": "A\ud800", "last_name": r"C:\ud800 😀"}, ROW | {"id": "other"})
    first, second = (read_registrant(key, row) for key, row in listed(body).items())
    assert first.first_name == "A\ufffd"
    assert first.last_name == r"C:\ud800 😀"
    assert second.registrant_id == "other"


def test_create_time_is_utc_whatever_its_offset() -> None:
    assert one(create_time="2023-02-24T09:01:00-06:00").registered_at == utc(2023, 2, 24, 15, 1)
    assert one(create_time="").registered_at is None


def test_a_create_time_that_is_none_is_refused() -> None:
    with pytest.raises(ZoomPayloadError):
        one(create_time="yesterday")


def test_digest_follows_the_row_and_the_list_it_stood_in() -> None:
    (same,) = listed(page(ROW)).values()
    (again,) = listed(page(ROW, total_records=7)).values()
    (changed,) = listed(page(ROW | {"city": "Cobán"})).values()
    (moved,) = listed(page(ROW), "denied").values()
    assert same.digest == again.digest
    assert len({same.digest, changed.digest, moved.digest}) == 3
    assert len(same.digest) == 16


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>gateway</html>",
        page(ROW)[:-20],
        page(registrants=None),
        page(registrants={}),
        page(registrants="none"),
        page(None),
        page({"email": "no-id@example.org"}),
        page(ROW | {"id": 12}),
        page(ROW | {"id": None}),
        page(ROW | {"id": ""}),
        page(ROW, next_page_token=5),
        page(ROW, total_records="1"),
        b'{"registrants":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    ],
)
def test_a_page_not_as_documented_is_refused_whole(body: bytes) -> None:
    with pytest.raises(ZoomPayloadError):
        read_page(body)


@pytest.mark.parametrize("change", [{"email": 5}, {"custom_questions": "x"}, {"join_url": []}, {"city": {}}])
def test_a_row_of_wrong_types_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ZoomPayloadError):
        one(**change)


def test_a_refused_page_quotes_nobody() -> None:
    with pytest.raises(ZoomPayloadError) as refused:
        read_page(page(ROW, ROW | {"id": ["secreto@example.org"]}))
    assert "example.org" not in str(refused.value)


def test_an_absent_or_null_token_is_the_last_page() -> None:
    assert read_page(b'{"registrants":[]}').next_token == ""
    assert read_page(b'{"registrants":[],"next_page_token":null,"total_records":null}').total is None


def test_meeting_is_read_with_its_occurrences() -> None:
    body = {
        "id": 81234567890123456,
        "topic": "Encuentro\0",
        "type": 8,
        "start_time": "2023-03-07T14:00:00Z",
        "duration": 300,
        "host_email": "Anfitriona@Example.org",
        "occurrences": [
            {
                "occurrence_id": "1678197600000",
                "start_time": "2023-03-07T14:00:00Z",
                "duration": 300,
                "status": "deleted",
            },
            {
                "occurrence_id": 1678284000000,
                "start_time": "2023-03-08T14:00:00Z",
                "duration": 300,
                "status": "available",
            },
        ],
        "settings": {"approval_type": 1, "registration_type": 2},
    }
    meeting = read_meeting(json.dumps(body).encode(), ZoomKind.MEETING)
    assert meeting.meeting_id == "81234567890123456"
    assert meeting.topic == "Encuentro"
    assert meeting.host_email == "anfitriona@example.org"
    assert (meeting.approval_type, meeting.registration_type) == (1, 2)
    assert (meeting.starts_at, meeting.duration) == (utc(2023, 3, 7, 14), timedelta(hours=5))
    assert [(one.occurrence_id, one.deleted) for one in meeting.occurrences] == [
        ("1678197600000", True),
        ("1678284000000", False),
    ]


def test_ids_may_come_as_text_and_missing_settings_mean_no_registration() -> None:
    meeting = read_meeting(b'{"id": "812"}', ZoomKind.WEBINAR)
    assert (meeting.meeting_id, meeting.kind, meeting.approval_type) == ("812", ZoomKind.WEBINAR, 2)


@pytest.mark.parametrize("body", [b"{}", b'{"id": 1, "duration": 1e300}', b'{"id": 1, "occurrences": [{}]}'])
def test_a_meeting_not_as_documented_is_refused(body: bytes) -> None:
    with pytest.raises(ZoomPayloadError):
        read_meeting(body, ZoomKind.MEETING)


def test_an_error_body_is_no_list_of_meetings() -> None:
    with pytest.raises(ZoomPayloadError):
        read_meeting_list(b'{"code": 200}', ZoomKind.MEETING)


@pytest.mark.parametrize("value", ["", "with blank", "line\nbreak", "ñ", 5, None])
def test_a_token_that_cannot_stand_in_a_header_is_refused(value: Any) -> None:
    with pytest.raises(ZoomPayloadError):
        read_token(json.dumps({"access_token": value}).encode())


def test_a_refusals_words_are_found_in_both_shapes() -> None:
    fields = {"code": 300, "message": "Validation Failed.", "errors": [{"field": "email", "message": "bad"}, 5]}
    assert read_refusal(json.dumps(fields).encode()) == (300, "Validation Failed. email: bad")
    assert read_refusal(b'{"reason":"Bad","error":"invalid_client"}') == (None, "Bad (invalid_client)")
    assert read_refusal(b"<html>") == (None, "")
    assert read_refusal(b'["a"]') == (None, "")
