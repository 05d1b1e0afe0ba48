"""The one place that turns settings into wired objects. What they do is in the rooms below; who asks, in `cli`."""

from __future__ import annotations

import gc
import ipaddress
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
from urllib3.exceptions import HTTPError

from zoomsync import words
from zoomsync.clock import Clock, Sleep, fixed_clock, running_clock, system_clock
from zoomsync.domain.calls import ANNOUNCE, CERTIFICATE, RESEND
from zoomsync.domain.capacity import usual_limit
from zoomsync.domain.links import unsubscribe_token
from zoomsync.domain.records import Event, OutcomeKind, Registrant, RegistrantStatus
from zoomsync.domain.sessions import sessions_ahead
from zoomsync.errors import DeliveryRefused, EventFileError, MailError, SettingsError, StoreError
from zoomsync.events.files import parse_event, read_event_file, read_event_files
from zoomsync.events.public import put_in_place
from zoomsync.jobs.attendance import AttendanceTaker
from zoomsync.jobs.capacity import MailLimit
from zoomsync.jobs.close import Keeper
from zoomsync.jobs.deliver import Caps, Deliverer
from zoomsync.jobs.late import Decided, decide_by_hand
from zoomsync.jobs.leasing import LeaseClock
from zoomsync.jobs.publish import publish
from zoomsync.jobs.remind import sessions_told
from zoomsync.jobs.retention import RetentionReport, sweep_retention
from zoomsync.jobs.sync import Syncer
from zoomsync.language import _, ngettext
from zoomsync.mail.alarm import alarm_mail
from zoomsync.mail.calendar import public_calendar
from zoomsync.mail.headers import message_id
from zoomsync.mail.markdown import announcement
from zoomsync.mail.message import Attachment, OutgoingMessage
from zoomsync.mail.removal import removal_mail
from zoomsync.mail.render import Announcement, MessageRequest, Renderer
from zoomsync.mail.smtp import SmtpTransport
from zoomsync.reports.certificates import CERTIFICATE_WORD, CertificatePrinter
from zoomsync.settings import ZOOM_API_URL, Settings, load_settings
from zoomsync.store import events as stored_events
from zoomsync.store.announcements import announcement_text
from zoomsync.store.certificates import find as find_certificate
from zoomsync.store.events import StoredEvent
from zoomsync.store.outbox import ClaimedMessage
from zoomsync.store.registration import deadline_of
from zoomsync.store.schema import Database
from zoomsync.zoom.client import ZoomClient

PING_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ChosenEvents:
    """The events a command is about, and an error for each file that cannot be used."""

    events: tuple[Event, ...]
    errors: tuple[EventFileError, ...] = ()


class App:
    """Settings, clock, and what is made of them when it is first wanted. `close()` it at the end.

    rehearsed_at: the moment of `--now`, None for the real time. writes: False for a dry run, which leaves the database
    as it is. sleep: every wait of everything that is wired here.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        rehearsed_at: datetime | None = None,
        writes: bool = True,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.rehearsed_at = rehearsed_at
        self.writes = writes
        self.sleep = sleep
        # Without `--now` leases go by the one clock all processes share; see `store.leases`.
        self.lease_clock: LeaseClock = (lambda: None) if rehearsed_at is None else clock

    def close(self) -> None:
        """Close what was opened."""
        for name in ("zoom", "database"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        if "_stand_in" in self.__dict__:
            self.__dict__.pop("_stand_in").cleanup()

    # ------------------------------------------------------------------------------------------------ the outsides

    @cached_property
    def database(self) -> Database:
        """The database, its schema brought up to date. Raises StoreError, SchemaTooNew.

        A dry run leaves an old schema alone, and finds an empty database where there is none yet.
        """
        database = Database(self.settings.resolved_database_url, sleep=self.sleep)
        if not self.writes:
            if database.is_current():
                return database
            if database.current() is not None:
                raise StoreError(
                    _("The database {database} has an old schema: run `zoomsync db upgrade` first.").format(
                        database=database.shown_url
                    )
                )
            database = Database(f"sqlite:///{self._stand_in.name}/empty.db", sleep=self.sleep)
        database.upgrade()
        return database

    @cached_property
    def _stand_in(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory(prefix="zoomsync-")

    @cached_property
    def zoom(self) -> ZoomClient:
        """The Zoom account. Raises SettingsError where a credential is missing."""
        zoom = self.settings.zoom
        if lacking := self._credentials_lacking():
            raise SettingsError(lacking)
        assert zoom.account_id is not None
        assert zoom.client_id is not None
        assert zoom.client_secret is not None
        return ZoomClient(
            account_id=zoom.account_id,
            client_id=zoom.client_id,
            client_secret=zoom.client_secret.get_secret_value(),
            # With Zoom's own address the one in the token's answer is followed.
            api_url=None if zoom.api_url == ZOOM_API_URL else zoom.api_url,
            oauth_url=zoom.oauth_url,
            plan=zoom.plan,
            host_email=zoom.host_email,
            clock=self.clock,
            sleep=self.sleep,
        )

    def _credentials_lacking(self) -> str:
        *others, last = self.settings.zoom_credentials_missing() or [""]
        if not last:
            return ""
        return ngettext(
            '{names} is not set: write it into .env or secret files, from the Zoom app\'s page "App Credentials".',
            '{names} are not set: write them into .env or secret files, from the Zoom app\'s page "App Credentials".',
            len(others) + 1,
        ).format(names=words.listed([*others, last]))

    def refuse_unconfigured(self) -> None:
        """Raise SettingsError, one line with all that is lacking, where there is nothing to work with yet: no Zoom
        account, or no event file, good or broken."""
        folder = self.settings.resolved_events_dir
        no_events = (
            ""
            if slugs_in(folder)
            else _("There is no event file in {folder}: zoomsync init writes a first one.").format(folder=folder)
        )
        if lacking := " ".join(filter(None, (self._credentials_lacking(), no_events))):
            raise SettingsError(_("Not configured yet. {lacking}").format(lacking=lacking))

    @cached_property
    def renderer(self) -> Renderer:
        return Renderer(sender=self.settings.mail.sender, template_dir=self.settings.templates_dir)

    def transport(self) -> SmtpTransport:
        smtp = self.settings.smtp
        return SmtpTransport(
            host=smtp.host,
            port=smtp.port,
            username=smtp.username,
            password=smtp.password.get_secret_value() if smtp.password else None,
            security=smtp.security,
        )

    # --------------------------------------------------------------------------------------------------- the jobs

    def syncer(self) -> Syncer:
        return Syncer(
            database=self.database,
            zoom=self.zoom,
            clock=self.clock,
            lease_clock=self.lease_clock,
            sleep=self.sleep,
            other_files=slugs_in(self.settings.resolved_events_dir),
        )

    def keeper(self, *, actor: str = "sync", patience: timedelta = timedelta(0)) -> Keeper:
        """What closes and opens registration. actor: who acts, for the audit. patience: see `Keeper`."""
        return Keeper(
            database=self.database,
            desk=self.zoom,
            sync=lambda event: self.syncer().sync(event),
            clock=self.clock,
            lease_clock=self.lease_clock,
            sleep=self.sleep,
            actor=actor,
            patience=patience,
        )

    def attendance(self, *, patience: timedelta = timedelta(0)) -> AttendanceTaker:
        """What asks Zoom who took part. patience: how long to wait for another process that is just asking."""
        return AttendanceTaker(
            database=self.database,
            zoom=self.zoom,
            clock=self.clock,
            lease_clock=self.lease_clock,
            sleep=self.sleep,
            wait_for_another=patience,
        )

    def decide_by_hand(self, event: Event, acts: Sequence[tuple[str, str]], *, actor: str) -> Decided:
        """Approve or deny registrants on a person's word; see `jobs.late`."""
        return decide_by_hand(
            event,
            acts,
            database=self.database,
            desk=self.zoom,
            sync=lambda one: self.syncer().sync(one),
            clock=self.clock,
            actor=actor,
        )

    def publish(self, event: Event) -> bool:
        """Write the event's public files, where a folder for them is set. Gives whether anything changed.

        Raises SettingsError where the folder cannot be written.
        """
        folder = self.settings.resolved_publish_dir
        if folder is None:
            return False
        try:
            return publish(
                event,
                database=self.database,
                write=lambda name, data: put_in_place(folder / event.slug / name, data),
                calendar=public_calendar,
                now=self.clock(),
            )
        except OSError as exc:
            raise SettingsError(
                _(
                    "The public files of {slug} cannot be written to {folder} ({reason}): make that "
                    "folder writable, or set ZOOMSYNC_PUBLISH_DIR."
                ).format(slug=event.slug, folder=folder, reason=words.trouble(exc))
            ) from exc

    def tell_alarm(self, from_event: Event, to: str, raised: Sequence[str], over: Sequence[str]) -> bool:
        """Mail a person of trouble and of its end, as the mail of `from_event` is sent. False where the mail server did
        not take it."""
        sender = self.renderer.sender_of(from_event)
        installation = self.database.write(stored_events.installation_id)
        message = alarm_mail(sender, to, raised, over, installation=installation, now=self.clock())
        return self._handed_over(message)

    def tell_removal(self, event: Event, removed_at: datetime, people: int) -> bool:
        """Warn whoever hears of `event` that its personal data is removed at `removed_at`. False where the mail server
        did not take it."""
        installation = self.database.write(stored_events.installation_id)
        to, now = self.settings.alerts.email or event.organizer.email, self.clock()
        try:
            sender = self.renderer.sender_of(event)
            message = removal_mail(sender, to, event, removed_at, people, installation=installation, now=now)
        except MailError:
            return False
        return self._handed_over(message)

    def _handed_over(self, message: OutgoingMessage) -> bool:
        with self.transport().open() as connection:
            return connection.send(message, lambda: True).kind is OutcomeKind.ACCEPTED

    def answer_at(self, health: str) -> str:
        """What is wrong with what an address of the web part's health answers, "" where it is ours."""
        try:
            answer = requests.get(health, timeout=PING_TIMEOUT_S, allow_redirects=False, stream=True)
            with answer:
                said = answer.raw.read(100, decode_content=True)
        except OSError as exc:  # what requests raises is one
            return _("it cannot be reached ({name})").format(name=type(exc).__name__)
        except HTTPError as exc:
            return _("it answers nothing that can be read ({name})").format(name=type(exc).__name__)
        if (answer.status_code, said.strip()) != (200, b"ok"):
            return _("it answers {status_code}, and not as the web part does").format(status_code=answer.status_code)
        return ""

    def ping(self, *, well: bool) -> None:
        """Call the address that watches over us, where one is set. Trouble with that is for the watcher to notice."""
        url = self.settings.alerts.ping_url
        if url:
            requests.get(url if well else f"{url}/fail", timeout=PING_TIMEOUT_S, allow_redirects=False)

    @property
    def resends(self) -> bool:
        """Whether a message in doubt goes once more."""
        return self.settings.mail.in_doubt == "resend"

    @property
    def mail_limit(self) -> MailLimit:
        """What mail is limited to: the settings' caps, else what the mail host is known to take."""
        smtp = self.settings.smtp
        usual = usual_limit(smtp.host, smtp.username or "")
        is_set = Caps(smtp.max_per_minute, smtp.max_per_hour, smtp.max_per_day).windows()
        return MailLimit(is_set or (usual.windows() if usual else ()), usual, bool(is_set))

    def deliverer(self, events: Mapping[int, Event]) -> Deliverer[OutgoingMessage]:
        """A delivery of these events' mail; keys are the store's ids."""
        smtp = self.settings.smtp
        return Deliverer(
            database=self.database,
            transport=self.transport(),
            render=self.writer(events),
            clock=self.clock,
            lease_clock=self.lease_clock,
            rate_clock=system_clock,
            connections=smtp.connections,
            caps=Caps(smtp.max_per_minute, smtp.max_per_hour, smtp.max_per_day),
            resend=self.resends,
            sleep=self.sleep,
        )

    def writer(self, events: Mapping[int, Event]) -> Callable[[ClaimedMessage], OutgoingMessage]:
        """Writes a claimed message by the event's file as it is now, for whom the claim found."""
        installation, link_key = self.database.write(
            lambda db: (stored_events.installation_id(db), stored_events.link_key(db))
        )
        events, one_click = self._as_in_force(events), self.settings.one_click_url
        announced = cache(self._announced)  # the same for everybody

        def write(claimed: ClaimedMessage) -> OutgoingMessage:
            event, key, person = events[claimed.event_id], claimed.key, claimed.registrant
            return self.renderer.render(
                MessageRequest(
                    event=event,
                    registrant=person,
                    kind=key.kind,
                    now=self.clock(),
                    message_id=claimed.message_id
                    or message_id(
                        installation,
                        person.meeting_id,
                        f"{person.occurrence_id}/{person.registrant_id}",
                        key.session_key,
                        key.kind,
                        key.occasion,
                        self.renderer.sender_of(event).domain,
                    ),
                    sessions=sessions_ahead(person, claimed.sessions, self.clock())
                    if key.kind == RESEND
                    else sessions_told(key.kind, claimed.session, claimed.sessions, event.timezone),
                    announcement=announced(claimed.event_id, key.occasion) if key.kind == ANNOUNCE else None,
                    attachments=self._certificate(event, key.occasion) if key.kind == CERTIFICATE else (),
                    unsubscribe_url=one_click and f"{one_click}/u/{unsubscribe_token(link_key, key.registrant_row)}",
                )
            )

        return write

    def render_test(self, event: Event, subject: str, text: str) -> OutgoingMessage:
        """An announcement as the organiser gets it, marked as a test. text: Markdown. Raises DeliveryRefused,
        TemplateBroken."""
        organizer, now = event.organizer, self.clock()
        person = Registrant("", "", "", organizer.email.strip().lower(), "", "", RegistrantStatus.APPROVED)
        return self.renderer.render(
            MessageRequest(
                event=event,
                registrant=person,
                kind=ANNOUNCE,
                now=now,
                message_id=message_id(
                    f"test {now:%Y%m%d%H%M%S}", event.slug, "", "", ANNOUNCE, "", self.renderer.sender_of(event).domain
                ),
                announcement=announcement(subject, text),
                test=True,
            )
        )

    def _announced(self, event_id: int, occasion: str) -> Announcement:
        """An announcement's words, made ready. Raises DeliveryRefused."""
        with self.database.read() as db:
            words = announcement_text(db, event_id, occasion)
        if words is None:
            raise DeliveryRefused(_("the announcement's text is no longer there"))
        return announcement(words.subject, words.text)

    @cached_property
    def printer(self) -> CertificatePrinter:
        return CertificatePrinter(self.settings.templates_dir, self.settings.web.public_url)

    def _certificate(self, event: Event, code: str) -> tuple[Attachment, ...]:
        """A certificate as its mail brings it. Raises DeliveryRefused, TemplateBroken."""
        with self.database.read() as db:
            found = find_certificate(db, code)
        if found is None or not found.name:
            raise DeliveryRefused(_("the certificate is no longer there"))
        name = f"{CERTIFICATE_WORD[event.language]}-{found.code}.pdf"
        return (Attachment(name, "application/pdf", self.printer.pdf(found, event)),)

    def _as_in_force(self, events: Mapping[int, Event]) -> dict[int, Event]:
        """The events with the deadline that a person's order has put in the place of their file's."""
        with self.database.read() as db:
            deadlines = {
                event_id: deadline_of(db, event_id, event.registration_deadline).closes_at
                for event_id, event in events.items()
            }
        return {
            event_id: replace(event, registration_deadline=deadlines[event_id] or event.registration_deadline)
            for event_id, event in events.items()
        }

    # -------------------------------------------------------------------------------------------------- the events

    def choose_events(self, names: Sequence[str]) -> ChosenEvents:
        """The events of these names (slugs, or paths of their files), or all there are.

        Raises EventFileError for a broken file that was named, or where every file is broken; SettingsError for a
        name that is none, or where there is no event file at all.
        """
        folder = self.settings.resolved_events_dir
        found = read_event_files(folder)
        if not names:
            if not found.events:
                if found.errors:
                    raise EventFileErrors(found.errors)
                raise SettingsError(
                    _("There is no event file in {folder}: zoomsync init writes a first one.").format(folder=folder)
                )
            return ChosenEvents(found.events, found.errors)
        good = {event.slug: event for event in found.events}
        broken = {Path(error.file).stem: error for error in found.errors}
        chosen = []
        for name in names:
            slug = Path(name).stem if name.endswith(".toml") else name
            if slug in good:
                chosen.append(good[slug])
            elif slug in broken:
                raise broken[slug]
            elif name.endswith(".toml") and Path(name).is_file():
                chosen.append(read_event_file(Path(name)))
            else:
                near = get_close_matches(slug, [*good, *broken], n=1)
                hint = _("Do you mean {name}?").format(name=near[0]) if near else ""
                if good and not near:
                    hint = _("There are: {names}.").format(names=", ".join(sorted(good)))
                raise SettingsError(
                    _("There is no event {name} in {folder}. {hint}")
                    .format(name=name, folder=folder, hint=hint)
                    .strip()
                )
        return ChosenEvents(tuple(chosen))

    def stored_file(self, event: StoredEvent) -> Event | None:
        """An event's file as the database keeps it; None where that can no longer be read."""
        try:
            return parse_event(event.file_text.encode(), Path(f"{event.slug}.toml"))
        except EventFileError:
            return None

    def file_in_force(self, event: StoredEvent) -> Event | None:
        """An event's file as it is now, else as the database keeps it; None where neither can be read."""
        try:
            return read_event_file(self.settings.resolved_events_dir / f"{event.slug}.toml")
        except EventFileError:
            return self.stored_file(event)

    def retention(self, *, by_hand: bool = False, dry_run: bool = False) -> RetentionReport:
        """Warn of what is to be removed, and remove what is due: see `jobs.retention`."""
        return sweep_retention(
            database=self.database,
            file_of=self.file_in_force,
            retention_days=self.settings.privacy.retention_days,
            now=self.clock(),
            warn=self.tell_removal,
            by_hand=by_hand,
            dry_run=dry_run,
        )

    # ------------------------------------------------------------------------------------------------- rehearsals

    def refuse_rehearsing_for_real(self, *, zoom: bool, mail: bool, yes: bool) -> None:
        """Raise SettingsError where `--now` would write to a Zoom or a mail server that is not on this machine."""
        if self.rehearsed_at is None or yes:
            return
        real = []
        if zoom and not _is_loopback(urlsplit(self.settings.zoom.api_url).hostname or ""):
            real.append("Zoom")
        if mail and not _is_loopback(self.settings.smtp.host):
            real.append(_("the mail server {host}").format(host=self.settings.smtp.host))
        if real:
            raise SettingsError(
                _(
                    "With --now this would act on {real} as if it were another time: say --yes if that "
                    "is meant, or look first with --dry-run."
                ).format(real=words.listed(real))
            )


def slugs_in(folder: Path) -> frozenset[str]:
    """The slugs of all event files of a folder, broken ones too."""
    return frozenset(path.stem for path in folder.glob("*.toml"))


class EventFileErrors(SettingsError):
    """Every event file is broken; one line each."""

    def __init__(self, errors: Sequence[EventFileError]) -> None:
        super().__init__("\n".join(map(str, errors)))


def open_app(
    *,
    config: Path | None,
    cwd: Path,
    environ: Mapping[str, str],
    now: str | None = None,
    language: str | None = None,
    writes: bool = True,
    running: bool = False,
) -> App:
    """Read the settings and wire them. now: the text of `--now`; the clock stands still there, or runs on from there
    where `running`. writes: see `App`. Raises SettingsError.
    """
    overrides = {} if language is None else {"language": language}
    settings = load_settings(config_file=config, cwd=cwd, environ=environ, overrides=overrides)
    if now is None:
        return App(settings, clock=system_clock, writes=writes)
    moment = read_moment(now, settings.timezone)
    clock = running_clock(moment) if running else fixed_clock(moment)
    return App(settings, clock=clock, rehearsed_at=moment, writes=writes)


def read_moment(text: str, zone: str, *, option: str = "--now") -> datetime:
    """A moment as people type it: ISO 8601, in `zone` where it names none. Raises SettingsError, naming the option."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            _("{option} {text} is no time: write for instance 2023-03-06T17:00 ({zone}) or 2023-03-06T23:00Z.").format(
                option=option, text=text, zone=zone
            )
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def spare_the_collector() -> None:
    """Have Python look for reference cycles less often.

    A pull makes hundreds of thousands of small values and no cycles; looking through them again and again costs a
    fifth of its time. What was imported is left out of every look.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
