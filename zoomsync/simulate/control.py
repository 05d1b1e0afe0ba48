"""A person's hands in the simulated account: control addresses under /simulate/, and the registration page.

    curl http://127.0.0.1:8700/simulate/                                        this text
    curl http://127.0.0.1:8700/simulate/state                                   what the account holds
    curl http://127.0.0.1:8700/simulate/register -d '{"email": "ana@example.org", "first_name": "Ana"}'
    curl http://127.0.0.1:8700/simulate/populate -d '{"approved": 40, "pending": 3, "seed": 7}'
    curl http://127.0.0.1:8700/simulate/cancel   -d '{"email": "ana@example.org"}'            by herself: gone
    curl http://127.0.0.1:8700/simulate/status   -d '{"email": "ana@example.org", "status": "denied"}'   by the host
    curl http://127.0.0.1:8700/simulate/portal   -d '{"approval_type": 0}'      somebody opens the form in the portal
    curl http://127.0.0.1:8700/simulate/move     -d '{"occurrence": 0, "start_time": "2023-03-07T15:00:00Z"}'
    curl http://127.0.0.1:8700/simulate/session  -d '{"occurrence": 0, "share": 0.7, "ready_after_minutes": 20}'
                                                                                a session took place
    curl http://127.0.0.1:8700/simulate/clock    -d '{"at": "2023-03-06T05:59:00Z"}'    or {"advance_s": 3600}
    curl http://127.0.0.1:8700/simulate/limits   -d '{"enforce": true}'         keep the plan's rate limits
    curl http://127.0.0.1:8700/simulate/webhooks -d '{"url": "http://127.0.0.1:8080/webhooks/zoom"}'  tell it all
    curl http://127.0.0.1:8700/simulate/faults                                  kinds there are, rules that stand
    curl http://127.0.0.1:8700/simulate/faults   -d '{"what": "503", "path": "/registrants", "times": 2}'
    curl -X DELETE http://127.0.0.1:8700/simulate/faults
    curl -X POST http://127.0.0.1:8700/simulate/reset                           everything as at the start

Each takes "meeting_id" too; without it the account's first meeting is meant. The form: /meeting/register/TOKEN.
"""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from zoomsync.clock import SteppedClock, running_clock, to_utc
from zoomsync.simulate.faults import KINDS as FAULT_KINDS
from zoomsync.simulate.faults import Fault
from zoomsync.simulate.objects import APPROVED, NO_REGISTRATION, STATUSES, Json, Meeting, stamp
from zoomsync.simulate.refusal import Refusal
from zoomsync.simulate.webhooks import Webhooks
from zoomsync.simulate.world import World

Act = Callable[[World, Meeting, Json], Any]

MAX_FORM_BYTES = 64_000
STATE_ROWS = 1_000


def routes(world: World, journal: Collection[object]) -> list[Route]:
    """The addresses, over one world. journal: the calls so far, counted in the state."""

    def acting(act: Act) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            return _act(world, act, await request.body())

        return endpoint

    async def state(request: Request) -> Response:
        meeting_id = request.query_params.get("meeting_id")
        with world.lock:
            meeting = world.meetings[int(meeting_id)] if meeting_id else _first(world)
            return _json(200, _state(world, meeting) | {"calls": len(journal)})

    async def page(request: Request) -> Response:
        body = await request.body() if request.method == "POST" else None
        return _registration_page(world, request.path_params["kind"], request.path_params["token"], body)

    async def manual(_: Request) -> Response:
        return PlainTextResponse(__doc__)

    async def show_faults(_: Request) -> Response:
        return _json(200, {"kinds": FAULT_KINDS, "standing": [_fault(rule) for rule in world.faults.standing()]})

    async def clear_faults(_: Request) -> Response:
        world.faults.clear()
        return _json(200, {"standing": []})

    return [
        Route("/simulate/", manual, methods=["GET"]),
        Route("/simulate/state", state, methods=["GET"]),
        *(Route(f"/simulate/{name}", acting(act), methods=["POST"]) for name, act in ACTS.items()),
        Route("/simulate/faults", show_faults, methods=["GET"]),
        Route("/simulate/faults", clear_faults, methods=["DELETE"]),
        Route("/{kind}/register/{token}", page, methods=["GET", "POST"]),
    ]


def _act(world: World, act: Act, body: bytes) -> Response:
    """One control call; whatever is wrong with what was sent is answered with 400 and a line."""
    try:
        wanted = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        with world.lock:
            meeting_id = wanted.pop("meeting_id", None)
            meeting = world.meetings[int(meeting_id)] if meeting_id else _first(world)
            return _json(200, act(world, meeting, wanted))
    except Refusal as refusal:
        return _json(refusal.status, refusal.body)
    except KeyError as error:
        return _json(400, {"message": f"missing or unknown: {error.args[0]}"})
    except (msgspec.DecodeError, TypeError, ValueError, IndexError) as error:
        return _json(400, {"message": str(error)})


def _register(world: World, meeting: Meeting, wanted: Json) -> Json:
    chosen = wanted.pop("occurrence_ids", ())
    return _person(meeting, world.register(meeting.id, wanted, occurrence_ids=chosen).id)


def _populate(world: World, meeting: Meeting, wanted: Json) -> Json:
    return {"added": len(world.populate(meeting.id, wanted.pop("approved", 0), **wanted))}


def _cancel(world: World, meeting: Meeting, wanted: Json) -> Json:
    world.cancel_by_self(meeting.id, wanted["email"])
    return _state(world, meeting)


def _status(world: World, meeting: Meeting, wanted: Json) -> Json:
    if wanted["status"] not in STATUSES:
        raise ValueError(f"status is one of {', '.join(STATUSES)}")
    registrant = world.find_registrant(meeting.id, wanted["email"])
    world.change_status(meeting.id, registrant, wanted["status"], wanted.get("occurrence_id", ""))
    return _person(meeting, registrant.id)


def _portal(world: World, meeting: Meeting, wanted: Json) -> Json:
    if "start_time" in wanted:
        wanted["start_time"] = _moment(wanted["start_time"])
    world.set_in_portal(meeting.id, **wanted)
    return _state(world, meeting)


def _move(world: World, meeting: Meeting, wanted: Json) -> Json:
    occurrence = meeting.occurrences[wanted.get("occurrence", 0)]
    world.move_occurrence(meeting.id, occurrence.occurrence_id, _moment(wanted["start_time"]))
    return occurrence.json()


def _session(world: World, meeting: Meeting, wanted: Json) -> Json:
    wanted["ready_after"] = timedelta(minutes=wanted.pop("ready_after_minutes", 0))
    instance = world.hold_session(meeting.id, **wanted)
    return {"uuid": instance.uuid, "joins": len(instance.participants)}


def _clock(world: World, _: Meeting, wanted: Json) -> Json:
    """Jump, and run on from there; a clock that only steps stays one."""
    at = _moment(wanted["at"]) if "at" in wanted else world.clock() + timedelta(seconds=wanted["advance_s"])
    if isinstance(world.clock, SteppedClock):
        world.clock.move_to(at)
    else:
        world.clock = running_clock(at)
    return {"now": stamp(world.clock())}


def _limits(world: World, _: Meeting, wanted: Json) -> Json:
    world.enforce_limits = bool(wanted["enforce"])
    return {"enforce": world.enforce_limits, "plan": world.plan}


def _webhooks(world: World, _: Meeting, wanted: Json) -> Json:
    """After Zoom's challenge; the secret is demo-webhook-secret, or "secret"."""
    Webhooks(world, **wanted).start()
    return {"told": wanted["url"]}


def _raise_fault(world: World, _: Meeting, wanted: Json) -> Json:
    if "action" in wanted:
        raise ValueError("an action can be given from Python only")
    return _fault(world.faults.add(wanted.pop("what"), **wanted))


def _reset(world: World, _: Meeting, __: Json) -> Json:
    world.reset()
    return _state(world, _first(world))


ACTS: dict[str, Act] = {
    "register": _register,
    "populate": _populate,
    "cancel": _cancel,
    "status": _status,
    "portal": _portal,
    "move": _move,
    "session": _session,
    "clock": _clock,
    "limits": _limits,
    "webhooks": _webhooks,
    "faults": _raise_fault,
    "reset": _reset,
}


def _first(world: World) -> Meeting:
    return next(iter(world.meetings.values()))


def _state(world: World, meeting: Meeting) -> Json:
    counts = {status: sum(r.status == status for r in meeting.order) for status in STATUSES}
    return {
        "now": stamp(world.clock()),
        "meeting_id": str(meeting.id),
        "topic": meeting.topic,
        "registration_page": f"/{meeting.kind}/register/{meeting.registration_token}",
        "approval_type": meeting.approval_type,
        "counts": counts,
        "registrants": [_person(meeting, registrant.id) for registrant in meeting.order[:STATE_ROWS]],
        "faults": [_fault(rule) for rule in world.faults.standing()],
        "webhooks": world.webhooks and {"url": world.webhooks.url, **world.webhooks.counts},
    }


def _person(meeting: Meeting, registrant_id: str) -> Json:
    registrant = meeting.registrants[registrant_id]
    row: Json = msgspec.json.decode(meeting.row(registrant, registrant.status))
    return row


def _fault(rule: Fault) -> Json:
    return {name: value for name, value in dataclasses.asdict(rule).items() if name != "action"}


def _moment(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text))


def _json(status: int, answer: Any) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


# ---------------------------------------------------------------------------------------------- registration page

_LABELS = {
    "last_name": "Apellidos", "address": "Dirección", "city": "Ciudad", "country": "País", "zip": "Código postal",
    "state": "Estado o provincia", "phone": "Teléfono", "industry": "Sector", "org": "Organización",
    "job_title": "Puesto", "purchasing_time_frame": "Plazo de compra", "role_in_purchase_process": "Papel en la compra",
    "no_of_employees": "Número de empleados", "comments": "Preguntas y comentarios",
}  # fmt: skip

_PAGE = """<!DOCTYPE html>
<html lang="es"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #232333; background: #f4f5f7; margin: 0; padding: 2rem 1rem; }}
main {{ max-width: 32rem; margin: auto; background: #fff; padding: 2rem; border-radius: 12px; }}
h1 {{ font-size: 1.4rem; margin-top: 0; }} label {{ display: block; margin: 1rem 0 0; }}
input, select {{ width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; border: 1px solid #8a8aa0;
  border-radius: 6px; }} button {{ margin-top: 1.5rem; font: inherit; padding: .6rem 1.4rem; border: 0;
  border-radius: 6px; background: #0b5cff; color: #fff; }} .problem {{ color: #b3261e; }}
</style></head><body><main><h1>{title}</h1>
{content}
</main></body></html>
"""


def _registration_page(world: World, kind: str, token: str, body: bytes | None) -> Response:
    """The form, or with a body what becomes of it. Every text that came from outside is escaped."""
    with world.lock:
        meeting = next((m for m in world.meetings.values() if (m.kind, m.registration_token) == (kind, token)), None)
        if meeting is None or meeting.approval_type == NO_REGISTRATION:
            return _html(404, "Zoom", "<p>Esta página de inscripción no existe.</p>")
        if body is None:
            return _html(200, meeting.topic, _form(meeting, {}, ""))
        if len(body) > MAX_FORM_BYTES:
            return _html(413, meeting.topic, "<p>El formulario es demasiado grande.</p>")
        sent = {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}
        answers = [
            {"title": question["title"], "value": sent[f"custom_{number}"][:128]}
            for number, question in enumerate(meeting.custom_questions)
            if sent.get(f"custom_{number}")
        ]
        try:
            registrant = world.register(meeting.id, sent | {"custom_questions": answers})
        except Refusal as refusal:
            return _html(refusal.status, meeting.topic, _form(meeting, sent, refusal.body["message"]))
        if registrant.status == APPROVED:
            link = html.escape(meeting.join_url(registrant))
            content = f'<p>Su inscripción fue aprobada.</p><p>Su enlace personal:<br><a href="{link}">{link}</a></p>'
        else:
            content = "<p>Su inscripción está en espera de aprobación.</p>"
        return _html(200, meeting.topic, f"{content}<p>{html.escape(registrant.email)}</p>")


def _form(meeting: Meeting, sent: dict[str, str], problem: str) -> str:
    fields = [("email", "Correo electrónico", True, "email"), ("first_name", "Nombres", True, "text")]
    fields += [(q["field_name"], _LABELS[q["field_name"]], q["required"], "text") for q in meeting.questions]
    parts = [f'<p class="problem">{html.escape(problem)}</p>' if problem else "", '<form method="post">']
    for name, label, required, kind in fields:
        value, star = html.escape(sent.get(name, "")), " *" if required else ""
        mark = " required" if required else ""
        parts.append(f'<label>{label}{star}<input type="{kind}" name="{name}" value="{value}"{mark}></label>')
    for number, question in enumerate(meeting.custom_questions):
        title, mark = html.escape(question["title"]), " required" if question["required"] else ""
        if question.get("answers"):
            options = "".join(f"<option>{html.escape(answer)}</option>" for answer in question["answers"])
            control = f'<select name="custom_{number}"{mark}><option></option>{options}</select>'
        else:
            control = f'<input name="custom_{number}"{mark}>'
        parts.append(f"<label>{title}{control}</label>")
    return "\n".join([*parts, "<button>Inscribirse</button></form>"])


def _html(status: int, title: str, content: str) -> Response:
    return HTMLResponse(_PAGE.format(title=html.escape(title), content=content), status)
