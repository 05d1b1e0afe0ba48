"""What reports call things, in Spanish (Latin American, usted) and English. Machine names in, words out.

States, kinds of mail and moments are those of `zoomsync.words`, in the event's language. What only reports say stands
here in two columns, side by side, as whoever translates a report reads it.
"""
# ruff: noqa: E501 - the tables of words are read across

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from zoomsync import words
from zoomsync.reports.values import RegistrationFacts

# name                     Spanish | English
_HEADINGS = """
event                      Evento | Event
person                     Persona n.º | Person no.
meeting_id                 Reunión de Zoom | Zoom meeting
registrant_id              Id. en Zoom | Zoom id
email                      Correo | E-mail
first_name                 Nombres | First name
last_name                  Apellidos | Last name
status                     Estado | Status
registered_at              Inscripción | Registered
join_url                   Enlace personal | Personal link
details                    Datos | Details
answers                    Respuestas | Answers
session                    Sesión | Session
kind                       Mensaje | Message
state                      Estado | State
due_at                     Programado | Due
sent_at                    Enviado | Sent
attempts                   Intentos | Tries
in_doubt                   Veces en duda | Times in doubt
reason                     Motivo | Reason
server                     Respuesta del servidor | Server's answer
at                         Momento | Time
type                       Tipo | Type
change                     Cambio | Change
subject                    Sobre | About
subject_id                 N.º | No.
actor                      Por | By
run                        Sincronización n.º | Sync no.
what                       Detalle | What
before                     Antes | Before
after                      Después | After
fields                     Campos | Fields
counts                     Cuentas | Counts
matched_by                 Identificación | Matched by
name                       Nombre | Name
minutes                    Minutos | Minutes
share                      Parte de la sesión | Share of the session
present                    Presente | Present
were_present               Presentes | Present
part                       Parte | Part
item                       Detalle | Item
value                      Valor | Value
group                      Grupo | Group
question                   Pregunta | Question
registered                 Inscripciones | Registered
approved                   Aprobadas | Approved
pending                    En espera | Pending
denied                     Rechazadas | Denied
cancelled                  Canceladas | Cancelled
reminded                   Con recordatorio | Reminded
attended                   Asistieron | Attended
late                       Después del cierre | Late
deadline                   Cierre | Deadline
registration               Estado de la inscripción | Registration
verified_at                Comprobado en Zoom | Read back from Zoom
day                        Día | Day
starts_at                  Inicio | Starts
ends_at                    Fin | Ends
identified                 Identificadas | Identified
unmatched                  Sin identificar | Not identified
mean_minutes               Minutos en promedio | Mean minutes
sent                       Aceptados | Accepted
waiting                    Por enviar | Waiting
failed                     Fallidos | Failed
skipped                    Omitidos | Skipped
called_off                 Retirados | Withdrawn
doubtful                   En duda | In doubt
all                        Total | Total
timezone                   Zona horaria | Time zone
title                      Título | Title
occurrence_id              Sesión de Zoom | Zoom occurrence
registration_deadline      Cierre de la inscripción | Registration deadline
figure                     Cifra | Figure
answer                     Respuesta | Answer
by_hand                    A mano | By hand
closed_at                  Cerrada desde | Closed since
late_waiting               De ellas, en espera | Of them, waiting
erase_at                   Se borran los datos personales | Personal data is removed
absent                     Ausentes | Absent
called_off_session         Cancelada | Cancelled
share_of_all               Porcentaje | Share
organizer                  Organiza | Organizer
minimum                    Mínimo | Minimum
erased_on                  Los datos personales se borran | Personal data is removed
"""

_NEEDS = """
never_synced               Todavía no se ha sincronizado. | It was never synced.
sync_failed                La última sincronización falló: {what} | The last sync failed: {what}
sync_interrupted           La última sincronización se interrumpió. | The last sync was interrupted.
overdue                    Mensajes atrasados: {number}. | Messages overdue: {number}.
failed                     Mensajes que no se pudieron entregar: {number}. | Messages that failed: {number}.
in_doubt                   Mensajes de los que no se sabe si salieron: {number}. | Messages in doubt: {number}.
times_held                 La hora de {what} no coincide con Zoom; su correo espera. | File and Zoom disagree about the time of {what}; its mail waits.
denials_held               Rechazos que esperan confirmación: {number}. | Denials that wait for a word: {number}.
not_closed                 La inscripción NO está cerrada aunque el plazo venció. {what} | Registration is NOT CLOSED although the deadline has passed. {what}
registration_error         La inscripción no está como debería: {what} | Registration is not as it should be: {what}
reopened                   Alguien volvió a abrir la inscripción en Zoom y se cerró de nuevo. | Somebody opened registration again on Zoom, and it was closed once more.
late_waiting               Personas inscritas después del cierre que esperan respuesta: {number}. | Late registrants who wait for an answer: {number}.
moves                      Está por avisarse un cambio de horario. | A new time is about to be told.
too_many                   Las inscripciones superan los cupos. | There are more registrants than seats.
paused                     Sus correos están en pausa. | Its mail is paused.
paused_overdue             Sus correos están en pausa y ya hay mensajes atrasados: {number}. | Its mail is paused, and messages are overdue: {number}.
mail_held                  La base de datos se restauró de una copia, y pueden haber salido ya mensajes que esperan: {number}. | The database was put back from a copy, and messages that wait may have gone out already: {number}.
bounced                    Direcciones cuyos correos fueron devueltos: {number}. | Addresses that mail came back from: {number}.
suspects                   Direcciones que parecen mal escritas: {number}. | Addresses that look mistyped: {number}.
held                       Personas que Zoom ya no muestra y siguen como estaban hasta confirmarlo: {number}. | Registrants whom Zoom no longer lists, kept as they are until another sync says the same: {number}.
untold                     Hay un cambio o una suspensión que nadie ha avisado. | A change or a cancellation has not been told.
draft                      Sigue siendo un borrador: no se envía nada. | It is a draft still: nothing is sent.
without_link               Personas aprobadas a quienes Zoom no dio enlace: {number}. | Approved registrants without a personal link: {number}.
attendance                 No se sabe quién participó en {what} | Nobody knows who took part in {what}
clock_apart                El reloj de este equipo no coincide con el de Zoom. | This machine's clock is not Zoom's.
"""

_FIELDS = """
address                    Dirección | Address
city                       Ciudad | City
comments                   Comentarios | Comments
country                    País | Country
industry                   Sector | Industry
job_title                  Puesto | Job title
no_of_employees            Número de empleados | Number of employees
org                        Organización | Organization
phone                      Teléfono | Phone
purchasing_time_frame      Plazo de compra | Purchasing time frame
role_in_purchase_process   Papel en la compra | Role in purchase process
state                      Departamento o estado | State or province
zip                        Código postal | Postal code
"""

_COUNTS = """
pulled                     leídas | pulled
added                      nuevas | added
updated                    actualizadas | updated
cancelled                  canceladas | cancelled
reinstated                 restablecidas | reinstated
unchanged                  sin cambio | unchanged
held                       retenidas | held
"""

_CHANGES = """
sync                       sincronización | sync
change                     cambio | change
ok                         completa | complete
running                    en curso | running
added                      nueva | added
updated                    actualizada | updated
cancelled                  cancelada | cancelled
reinstated                 restablecida | reinstated
held                       cancelación retenida | cancellation held
closed                     inscripción cerrada | registration closed
opened                     inscripción abierta | registration opened
gated                      inscripción con aprobación | registration gated
failed                     fallida | failed
skipped                    omitida | skipped
paused                     correo en pausa | mail paused
resumed                    correo reanudado | mail resumed
confirmed                  confirmada | confirmed
approve asked              aprobación pedida | approval asked
deny asked                 rechazo pedido | denial asked
approve put off            aprobación aplazada | approval put off
deny put off               rechazo aplazado | denial put off
registration ordered       orden sobre la inscripción | registration ordered
event                      evento | event
session                    sesión | session
meeting                    reunión | meeting
registrant                 inscripción | registrant
"""

_MATCHED = """
registrant_id              por inscripción | by registration
email                      por correo | by e-mail
hand                       a mano | by hand
"""

_SENTENCES = """
overview                   Informe del evento | Event report
registrants                Inscripciones | Registrants
reminders                  Mensajes | Messages
attendance                 Asistencia | Attendance
activity                   Actividad | Activity
about                      Acerca de | About
by_reminder                Mensajes por tipo | Messages by kind
by_status                  Inscripciones por estado | Registrations by status
by_day                     Inscripciones por día | Registrations by day
by_answer                  Respuestas | Answers
by_session                 Sesiones | Sessions
figures                    Cifras | Figures
needs                      Requiere atención | Needs a person
report                     Informe | Report
generated_at               Generado | Generated
personal_data              Datos personales | Personal data
others                     Otras respuestas | Other answers
others_hidden              Otras (grupos de menos de 5) | Others (groups under 5)
no_answer                  Sin respuesta | No answer
yes                        sí | yes
no                         no | no
unknown                    aún no se sabe | not known yet
kept                       se conservan | kept
registration_open          La inscripción está abierta hasta el {}. | Registration is open until {}.
registration_closed        La inscripción cerró el {}. Quien se inscribe después queda en espera. | Registration closed on {}. Whoever registers later waits.
registration_not_closed    La inscripción debía cerrar el {}, pero todavía NO está cerrada en Zoom. | Registration was to close on {}, but it is still NOT CLOSED on Zoom.
registration_endless       La inscripción está abierta, sin fecha de cierre. | Registration is open, without an end.
registration_proof         Comprobado en Zoom: {}. | Read back from Zoom: {}.
registration_late          Inscripciones después del cierre: {late}; en espera: {waiting}. | Registered after the deadline: {late}; waiting: {waiting}.
funnel                     De la inscripción a la asistencia | From registration to attendance
by_week                    Inscripciones por semana | Registrations by week
of_all                     {} de las inscripciones | {} of those registered
of_approved                {} de las aprobadas | {} of those approved
people_present             Presentes | Present
people_briefly             Menos tiempo | For less time
present_means              Presentes: quienes estuvieron al menos el {} de la sesión. | Present: who was there for at least {} of the session.
people_unmatched           Sin identificar | Not identified
none                       No hay nada que mostrar. | There is nothing to show.
more_rows                  Se muestran {} filas; --format csv las da todas. | {} rows are shown; csv has them all.
columns_left_out           Columnas sin espacio (--columns las elige): | Columns without room (--columns chooses):
"""


@cache
def _table(text: str) -> dict[str, tuple[str, str]]:
    found = {}
    for line in text.strip().splitlines():
        name, _, said = line.partition("  ")
        spanish, _, english = said.strip().partition(" | ")
        found[name] = (spanish, english)
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, "es" or "en". What has no translation is given as it is."""

    language: str

    def heading(self, name: str) -> str:
        return self._in(_HEADINGS, name)

    def people(self, name: str) -> str:
        """The heading of a number of people."""
        return self.heading("were_present" if name == "present" else name)

    def field(self, name: str) -> str:
        """One of Zoom's standard fields."""
        return self._in(_FIELDS, name)

    def country(self, code: str) -> str:
        """A country by the two letters that Zoom's form keeps of it."""
        return str(Locale.parse(self.language).territories.get(code.upper(), code))

    def status(self, name: str) -> str:
        return words.registrant_status(name, self.language)

    def state(self, name: str) -> str:
        return words.mail_state(name, self.language)

    def say(self, name: str) -> str:
        return self._in(_SENTENCES, name)

    def registration(self, about: RegistrationFacts, zone: str) -> list[str]:
        """The deadline, whether it was kept, and the proof, in sentences."""
        deadline = self.deadline(about.closes_at, zone).rstrip(".") if about.closes_at else ""
        sentences = [self.say(f"registration_{about.state}" if deadline else "registration_endless").format(deadline)]
        if about.verified_at:
            sentences.append(self.say("registration_proof").format(self.moment(about.verified_at, zone).rstrip(".")))
        if about.late:
            late, waiting = self.number(about.late), self.number(about.late_waiting)
            sentences.append(self.say("registration_late").format(late=late, waiting=waiting))
        return sentences

    def need(self, name: str, number: int, what: str) -> str:
        """What a person should do or know."""
        return self._in(_NEEDS, name).format(number=self.number(number), what=what).strip()

    def count(self, name: str) -> str:
        """What a sync counts, as a word for several."""
        return self._in(_COUNTS, name)

    @property
    def statuses(self) -> Mapping[str, str]:
        return {name: self.status(name) for name in words.REGISTRANT_STATUSES}

    @property
    def states(self) -> Mapping[str, str]:
        return {name: self.state(name) for name in words.MAIL_STATES}

    @property
    def registrations(self) -> Mapping[str, str]:
        return {name: words.registration(name, self.language) for name in words.REGISTRATION_STATES}

    @property
    def changes(self) -> Mapping[str, str]:
        return self._all(_CHANGES)

    @property
    def matches(self) -> Mapping[str, str]:
        return self._all(_MATCHED)

    def kind(self, kind: str) -> str:
        """A kind of mail: "before:1d 17:00" is "1 día antes, 17:00"."""
        return words.lead(kind, self.language) if ":" in kind else words.mail_kind(kind, self.language)

    # ------------------------------------------------------------------------------------------- numbers and times

    def number(self, value: float) -> str:
        return format_decimal(round(value, 1), locale=_NUMBERS[self.language])

    def percent(self, share: float) -> str:
        pattern = "#,##0\u00a0%" if self.language == "es" else "#,##0%"
        return format_percent(share, format=pattern, locale=_NUMBERS[self.language])

    def day(self, day: date) -> str:
        """ "martes 7 de marzo de 2023"."""
        return words.day(day, self.language)

    def short_day(self, day: date) -> str:
        """ "7 mar"."""
        return format_date(day, "d MMM" if self.language == "es" else "MMM d", locale=self.language).replace(".", "")

    def moment(self, at: datetime, zone: str) -> str:
        """ "martes 7 de marzo de 2023, 8:00 a. m."."""
        return _kept_together(words.at_length(at, zone, language=self.language))

    def deadline(self, at: datetime, zone: str) -> str:
        """A deadline at midnight is the end of a day: people know it by its last minute."""
        return _kept_together(words.deadline(at, zone, language=self.language))

    def _in(self, table: str, name: str) -> str:
        found = _table(table).get(name)
        return name if found is None else found[self.language == "en"]

    def _all(self, table: str) -> Mapping[str, str]:
        return {name: said[self.language == "en"] for name, said in _table(table).items()}


def _kept_together(moment: str) -> str:
    """A line never ends within the clock's time."""
    day, comma, clock = moment.rpartition(", ")
    return day + comma + clock.replace(" ", "\u00a0")


# Guatemala writes numbers as es_GT does: a comma for thousands and a point for decimals.
_NUMBERS = {"es": "es_GT", "en": "en_US"}
