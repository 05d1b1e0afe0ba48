"""A person's story in words, Spanish (usted) or English. What happened and why is `domain.story`'s."""

from __future__ import annotations

from datetime import datetime

from zoomsync.domain.records import OutboxState
from zoomsync.domain.story import StoryEntry, Told, Value, Why
from zoomsync.reports.words import Words
from zoomsync.words import reason as words_of

TOLD = {
    Told.REGISTERED: (
        "Se inscribió, a tiempo.",
        "Registered, in time.",
    ),
    Told.REGISTERED_LATE: (
        "Se inscribió tarde: {minutes} min después del cierre ({deadline}).",
        "Registered late: {minutes} min after the deadline ({deadline}).",
    ),
    Told.FIRST_SEEN: (
        "zoomsync vio la inscripción por primera vez.",
        "zoomsync saw the registration for the first time.",
    ),
    Told.STATUS: ("Estado en Zoom: {status}{was}.", "Status on Zoom: {status}{was}."),
    Told.GONE: (
        "Zoom ya no muestra la inscripción: cancelada.",
        "Zoom no longer lists the registration: cancelled.",
    ),
    Told.BACK: (
        "Zoom muestra la inscripción otra vez: {status}.",
        "Zoom lists the registration again: {status}.",
    ),
    Told.HELD: (
        "Zoom no mostró la inscripción; como faltaban muchas a la vez, quedó como estaba hasta otra sincronización.",
        "Zoom did not list the registration; as many were missing at once, it stayed as it was until another sync.",
    ),
    Told.ADDRESS: ("La dirección cambió; antes era {was}.", "The address changed; before it was {was}."),
    Told.LINK: ("Zoom dio otro enlace personal.", "Zoom gave another personal link."),
    Told.ASKED: ("Se pidió a Zoom: {action} ({actor}).", "Zoom was asked to {action} ({actor})."),
    Told.CONFIRMED: ("Una persona confirmó el estado ({actor}).", "A person confirmed the status ({actor})."),
    Told.OPTED_OUT: ("Ya no quiere recordatorios{via}.", "Wants no more reminders{via}."),
    Told.BY_HAND: ("{change} ({actor}).", "{change} ({actor})."),
    Told.WAITS_FOR_APPROVAL: (
        "Espera aprobación: mientras tanto no recibe enlace ni recordatorios.",
        "Waits for approval: until then neither link nor reminders.",
    ),
    Told.NO_LINK: (
        "Zoom no dio enlace personal: los mensajes esperan hasta que lo dé.",
        "Zoom gave no personal link: messages wait until it does.",
    ),
    Told.PAUSED: ("El correo del evento está en pausa.", "The event's mail is paused."),
    Told.BOUNCED: (
        "El correo a esta dirección volvió: no se envía nada más hasta que alguien lo corrija.",
        "Mail to this address came back: nothing more is sent until somebody settles that.",
    ),
    Told.MESSAGE: ("{kind}{session}: {fate}", "{kind}{session}: {fate}"),
    Told.REMINDER_MISSING: ("{kind}{session}: no hay mensaje: {why}.", "{kind}{session}: there is no message: {why}."),
    Told.CAME: (
        "Estuvo en {session}: {minutes} min ({share} %){present}.",
        "Was in {session}: {minutes} min ({share}%){present}.",
    ),
    Told.DID_NOT_COME: (
        "No estuvo en {session}, por lo que Zoom informa.",
        "Was not in {session}, by what Zoom reports.",
    ),
    Told.ATTENDANCE_OPEN: (
        "Terminó {session}; todavía no se sabe quién estuvo.",
        "{session} ended; who was there is not known yet.",
    ),
}

WHY = {
    Why.REGISTERED_AFTER: (
        "se inscribió después de ese momento ({moment})",
        "registered after that moment ({moment})",
    ),
    Why.NOT_APPROVED: ("la inscripción no está aprobada", "the registration is not approved"),
    Why.DRAFT: ("el evento es un borrador", "the event is a draft"),
    Why.EVENT_CANCELLED: ("el evento está cancelado", "the event is cancelled"),
    Why.SESSION_CANCELLED: ("la sesión está cancelada", "the session is cancelled"),
    Why.OPTED_OUT: ("no quiere recordatorios", "wants no reminders"),
    Why.NOT_YET_KNOWN: (
        "ese momento ya había pasado cuando se conoció el evento, la sesión o el recordatorio",
        "that moment had passed when the event, the session or the reminder was first seen",
    ),
    Why.MOVED: (
        "ese momento ya había pasado cuando la sesión cambió de hora; el aviso del cambio dice la nueva",
        "that moment had passed when the session was moved; the notice of the move tells the new time",
    ),
    Why.PASSED: ("ya era tarde para enviarlo", "it was too late to send it"),
    Why.NOT_PLANNED: (
        "se planifica con la próxima sincronización",
        "it is planned at the next sync",
    ),
    Why.ATTENDANCE: (
        "es para quienes estuvieron, y eso todavía no se sabe",
        "it goes to those who came, and who did is not known yet",
    ),
    Why.PAUSED: ("el correo del evento está en pausa", "the event's mail is paused"),
    Why.BOUNCED: ("el correo a esta dirección volvió", "mail to this address came back"),
    Why.NO_LINK: ("Zoom no ha dado enlace personal", "Zoom has given no personal link"),
    Why.TIMES_HELD: (
        "el archivo y Zoom no coinciden en la hora de la sesión",
        "file and Zoom disagree about the session's time",
    ),
    Why.DID_NOT_COME: ("es para quienes estuvieron", "it goes to those who came"),
}

HINDERED = ("así como está no sale: {why}.", "as things stand it does not go out: {why}.")
FATES = {
    OutboxState.PENDING: ("se enviará {due_at}{late}.", "to be sent {due_at}{late}."),
    OutboxState.CLAIMED: ("se está enviando.", "is being sent."),
    OutboxState.TRANSMITTING: ("se está enviando.", "is being sent."),
    OutboxState.SENT: ("enviado; el servidor de correo lo aceptó{words}.", "sent; the mail server accepted it{words}."),
    OutboxState.DEFERRED: (
        "aplazado por el servidor{words}; se intenta otra vez {due_at}.",
        "put off by the server{words}; to be tried again {due_at}.",
    ),
    OutboxState.IN_DOUBT: ("no se sabe si salió: {reason}{words}.", "not known whether it went out: {reason}{words}."),
    OutboxState.FAILED: ("rechazado por el servidor{words}.", "refused by the mail server{words}."),
    OutboxState.SKIPPED: ("no se envió: {reason}{words}.", "not sent: {reason}{words}."),
    OutboxState.CANCELLED: ("no se envía: {reason}.", "is not sent: {reason}."),
}

_ACTIONS = {"approve": ("aprobar", "approve"), "deny": ("rechazar", "deny")}
_VIA = {
    "link": (" (por el enlace de un mensaje)", " (by a mail's link)"),
    "command": (" (lo anotó el organizador)", " (the organiser wrote it down)"),
    "admin": (" (lo anotó el organizador)", " (the organiser wrote it down)"),
}
_BY_HAND = {
    "mail came back": "El correo volvió",
    "mail goes again": "El correo sale otra vez",
    "reminders not wanted": "No quiere más recordatorios",
    "reminders wanted again": "Quiere recordatorios otra vez",
}
_LITTLE = {
    "was": (" (antes: {})", " (before: {})"),
    "about": (", {}", ", {}"),
    "said": (": «{}»", ": “{}”"),
    "late": (" (retrasado)", " (overdue)"),
    "present": (", presente", ", present"),
    "absent": (", menos de lo que cuenta como presente", ", less than what counts as present"),
}


def in_words(entry: StoryEntry, words: Words, zone: str, now: datetime) -> str:
    """One entry as a sentence. zone: the event's, for the moments in it."""
    english = words.language == "en"

    def say(pair: tuple[str, str], **values: object) -> str:
        return pair[english].format(**values)

    def little(name: str, value: object = "") -> str:
        return _LITTLE[name][english].format(value)

    def moment(value: Value) -> str:
        return words.moment(value, zone) if isinstance(value, datetime) else ""

    found = dict(entry.values)
    about = little("about", found["session"]) if found.get("session") else ""
    match entry.told:
        case Told.STATUS | Told.BACK:
            was = little("was", words.status(str(found["was"]))) if found.get("was") else ""
            return say(TOLD[entry.told], status=words.status(str(found["status"])), was=was)
        case Told.REGISTERED_LATE:
            return say(TOLD[entry.told], minutes=found["minutes"], deadline=_deadline(found["deadline"], words, zone))
        case Told.ASKED:
            return say(TOLD[entry.told], action=_ACTIONS[str(found["action"])][english], actor=found["actor"])
        case Told.OPTED_OUT:
            return say(TOLD[entry.told], via=_VIA.get(str(found["via"]), ("", ""))[english])
        case Told.BY_HAND:
            change = str(found["change"])
            told = change.capitalize() if english else _BY_HAND.get(change, change)
            return say(TOLD[entry.told], change=told, actor=found["actor"])
        case Told.MESSAGE:
            state, due_at = OutboxState(str(found["state"])), found["due_at"]
            server = str(found["words"] or "")
            reason = words_of(str(found["reason"]), words.language)
            if server == found["reason"]:
                reason = ""
            overdue = isinstance(due_at, datetime) and due_at < now
            hindered = say(WHY[Why(str(found["hindered"]))]) if found["hindered"] else ""
            fate = say(
                HINDERED if hindered else FATES[state],
                why=hindered,
                reason=reason or "-",
                words=little("said", server) if server else "",
                due_at=moment(due_at),
                late=little("late") if overdue else "",
            )
            fate = fate[:-1] if fate.endswith("..") else fate  # "7:00 a. m." brings a full stop of its own
            return say(TOLD[entry.told], kind=_capital(words.kind(str(found["kind"]))), session=about, fate=fate)
        case Told.REMINDER_MISSING:
            why = say(WHY[Why(str(found["why"]))], moment=moment(found.get("moment")))
            return say(TOLD[entry.told], kind=_capital(words.kind(str(found["kind"]))), session=about, why=why)
        case Told.CAME:
            present = little("present" if found["present"] else "absent")
            return say(TOLD[entry.told], **(found | {"present": present}))
        case _:
            return say(TOLD[entry.told], **found)


def _deadline(value: Value, words: Words, zone: str) -> str:
    return words.deadline(value, zone) if isinstance(value, datetime) else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
