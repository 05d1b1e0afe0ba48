"""The words around a date that say what it is: the deadline, a session, or something else. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from zoomsync.events.announcement.dates import DateKind, DateMention
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.tokens import any_of


class Role(StrEnum):
    DEADLINE = "deadline"
    SESSION = "session"
    OTHER = "other"
    WRITTEN = "written"  # when the page was
    NONE = "none"  # nothing says what it is


_REGISTRATION = re.compile(
    any_of(
        "inscri*, preinscri*, regist*, sign up, sign-up, signup, rsvp, enrol*, postul*, application, "
        "applications, apply, cupo, cupos, aplica*, matricul*"
    )
)
_CUES_OF = {
    "strong": "fecha limite, fechas limite, fecha maxima, "
    "limite, deadline, dead line, ultimo dia, ultima fecha, cierre, plazo, "
    "plazos, a mas tardar, no later than, last day, last date, last chance, closing date, cutoff, cut-off, due "
    "by, due date, due on",
    "until": "hasta, antes de, antes del, until, till, before, by, cierra, cierran, vence, vencen, finaliza, "
    "finalizan, termina, terminan, concluye, concluyen, close, closes, closing, end, ends",
    "opening": "desde, a partir de, a partir del, abre, abren, abrira*, apertura, open, opens, opening",
    "written": "publicado el, publicado por, publicado en, publicada el, publicada por, publicada en, publicado, fecha "
    "de publicacion, published, posted, actualizado, actualizada, actualizacion, updated, modified, copyright",
    "other": "publicad*, publicacion, grabaci*, recording, recordings, resultado, resultados, result, results, "
    "certificad*, certificate, certificates, constancia, constancias, diploma, diplomas, anterior, anteriores, "
    "pasado, pasada, pasados, pasadas, previous, last year, fundad*, founded, decreto, acuerdo gubernativo, ley, "
    "se enviara*, will be sent, will be published, will be announced, nacid*, se realizo, tuvo lugar, took place, "
    "was held, fue, fueron, vigente",
    "session": "sesion, sesiones, session, sessions, taller, talleres, encuentro, encuentros, evento, eventos, event, "
    "events, charla, charlas, webinar*, seminario, seminarios, seminar, seminars, conversatorio, conversatorios, "
    "foro, foros, conferenc*, curso, cursos, course, courses, modul*, cuando, when, fecha y hora, se realizara*, "
    "se llevara*, se celebrara*, tendra lugar, tendran lugar, inici*, comienza*, start, starts, begin, begins, "
    "take place, takes place, join us, acompan*, esperamos, panel, paneles, workshop, workshops, meetup, meetups, "
    "clase, clases, class, classes, meeting, meetings, reuni*, se impartira*, capacitaci*, fecha:, fechas:, "
    "date:, dates:, dia:, dias:, will be held",
}
_CUES = re.compile("|".join(f"(?P<{name}>{any_of(phrases)})" for name, phrases in _CUES_OF.items()) + "|(?P<sign>©)")
_OF_SOMETHING_ELSE = re.compile(
    any_of(
        "ponencia, ponencias, propuesta, propuestas, resumen, resumenes, abstract, abstracts, paper, papers, "
        "proposal, proposals, call for, trabajos, beca, becas, scholarship, scholarships, pago, pagos, pagar, "
        "pay, payment, payments, early bird, early-bird, descuento*, discount, discounts, interpret*, traducci*, "
        "encuesta, encuestas, survey, surveys, pregunta, preguntas, question, questions, submi*, envio, enviar, "
        "envien, envie, material, materiales, materials, comentario, comentarios, feedback, hotel*, video, "
        "videos, document, documents, documento, documentos"
    )
)
_LED_TO = re.compile(
    r"(?:\b(?:del?|al?|para|en|for|to|in|of)(?: (?:el|la|los|las|the|este|esta|this|our|nuestro|nuestra))?) \Z"
)
_LABEL_ALONE = 90
_STRONGEST = {"fecha limite", "deadline", "ultimo dia"}
_BESIDE_SESSIONS = (Role.DEADLINE, Role.OTHER, Role.WRITTEN)


def registers(text: str) -> bool:
    """Whether a folded text speaks of registering."""
    return _REGISTRATION.search(text) is not None


def role_of(segment: Segment, mention: DateMention, before: Segment | None) -> Role:
    """What a date of the segment is, by the words between it and the date before it; else by those behind it, by the
    label in the segment before, or by the heading above.
    """
    earlier = [one for one in segment.dates if one.end <= mention.start]
    area = segment.folded(earlier[-1].end if earlier else segment.begin, mention.start)
    whole = segment.folded(segment.begin, segment.end)
    label = (
        before.folded(before.begin, before.end)
        if before and len(before.words) <= _LABEL_ALONE and not before.dates
        else ""
    )
    role = _role_in(area, whole if registers(whole) else f"{segment.section} {label} {whole}", mention)
    if role is not None:
        return role
    if earlier:
        joined = len(area.strip(" ,.-|()")) <= 3
        return role_of(segment, earlier[-1], before) if joined else Role.NONE
    behind = segment.folded(mention.end, segment.end)[:60]
    first = _CUES.search(behind)
    if segment.dates[-1] is mention and first is not None and _says_what_was(first, behind):
        found = _role_in(behind[: first.end()], behind, mention)
        if found in _BESIDE_SESSIONS:
            return found
    if before is not None and (before.words.endswith((":", "?")) or before.section == segment.section):
        found = _role_in(label, label, mention)
        if found in _BESIDE_SESSIONS and (before.words.endswith((":", "?")) or len(segment.words) < 60):
            return found
    found = _role_in(segment.section, segment.section, mention)
    return found if found in _BESIDE_SESSIONS else Role.NONE


_PAST = re.compile(any_of("se realizo, tuvo lugar, took place, was held, fue, fueron"))
_CHANGED = re.compile(
    any_of(
        "reprogram*, pospon*, pospuest*, aplaz*, cambio de fecha, nueva fecha, rescheduled, postponed, cancel*, "
        "moved to"
    )
)


def speaks_of_a_change(segment: Segment) -> bool:
    """Whether the line says that something was put off or called off."""
    return _CHANGED.search(segment.folded(segment.begin, segment.end)) is not None


def _says_what_was(cue: re.Match[str], behind: str) -> bool:
    """Whether words behind a date are about it: "5 de marzo (cierre de inscripciones)", "el 7 de marzo se realizó"."""
    of_registering = cue.lastgroup in {"strong", "until"} and registers(behind)
    return of_registering or cue[0] in _STRONGEST or _PAST.match(cue[0]) is not None


def has_other_role(segment: Segment) -> bool:
    """Whether a segment without a date speaks of a deadline, or of something beside the sessions."""
    text = segment.folded(segment.begin, segment.end)
    return any(cue.lastgroup in {"strong", "other", "written", "sign"} for cue in _CUES.finditer(text)) or (
        registers(text) and any(cue.lastgroup == "until" and cue[0] != "by" for cue in _CUES.finditer(text))
    )


def speaks_of_a_session(segment: Segment) -> bool:
    text = segment.folded(segment.begin, segment.end)
    return (
        any(cue.lastgroup == "session" for cue in _CUES.finditer(text))
        or re.search(r"\bhora(?:rio)?s?\b|\btime\b", text) is not None
    )


def _role_in(area: str, context: str, mention: DateMention) -> Role | None:
    """The role that the words of `area` give, or None. context: where registering may be spoken of."""
    role: Role | None = None
    for cue in _CUES.finditer(area):
        found = _of_cue(cue, area, context, role, mention)
        role = found if found is not None else role
    if role is None and registers(area):
        if mention.kind is DateKind.RANGE:
            return Role.DEADLINE
        return Role.OTHER if area.rstrip(" *_").endswith(":") else None
    return role


def _of_cue(cue: re.Match[str], area: str, context: str, role: Role | None, mention: DateMention) -> Role | None:
    match cue.lastgroup:
        case "strong":
            if _OF_SOMETHING_ELSE.search(area) and not registers(area):
                return Role.OTHER
            if cue[0] in {"cierre", "limite"} and not registers(context) and cue[0] == "cierre":
                return Role.OTHER
            return Role.DEADLINE
        case "until":
            if registers(context) and not (_OF_SOMETHING_ELSE.search(area) and not registers(area)):
                if role is Role.WRITTEN and cue[0] == "by":
                    return None
                return Role.DEADLINE
            return None if cue[0] == "by" or role is Role.SESSION else Role.OTHER
        case "opening":
            if role is Role.DEADLINE or not registers(context):
                return None
            return Role.DEADLINE if mention.kind is DateKind.RANGE else Role.OTHER
        case "written" | "sign":
            return Role.WRITTEN
        case "other":
            return Role.OTHER
        case _:
            if role in _BESIDE_SESSIONS and _LED_TO.search(area[: cue.start()]):
                return None
            return Role.SESSION
