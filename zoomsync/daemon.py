"""The daemon: sweeps on a clock, signals, event files that change, and other daemons beside it.

The scheduler remembers nothing. Each sweep asks the database, the event files and the clock what is due now, so that a
missed tick, a restart, a suspended machine, a clock that jumps or a second daemon does no harm. What is done is in
`jobs`; when it is due is decided in `domain.due`.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from types import FrameType

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor as SchedulerThreads
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.orm import Session as DbSession

from zoomsync import __version__, words
from zoomsync.about import about, as_here
from zoomsync.app import App
from zoomsync.clock import system_clock
from zoomsync.domain.alarms import Alarm, AlarmKey
from zoomsync.domain.records import Event, OutboxState, RunState
from zoomsync.errors import EventFileError, SchemaTooNew, SettingsError, StoreError, ZoomsyncError
from zoomsync.events.watching import EventFolder
from zoomsync.jobs.alarms import sweep_alarms
from zoomsync.jobs.attendance import sessions_due
from zoomsync.jobs.deliver import DeliveryReport
from zoomsync.jobs.due import events_due
from zoomsync.jobs.leasing import held, new_owner
from zoomsync.jobs.remind import SIDE_BY_SIDE, remind
from zoomsync.jobs.retention import UNWARNED
from zoomsync.language import _
from zoomsync.store import daemons, leases
from zoomsync.store import events as stored_events
from zoomsync.store.daemons import LiveDaemon
from zoomsync.ticks import ClockWatch, Tick, tick_now
from zoomsync.web.admin.site import Admin
from zoomsync.web.app import web_application
from zoomsync.web.server import WebServer

log = logging.getLogger(__name__)

BEAT_EVERY_S = 10
SWEEP_EVERY_S = 10
ALARMS_EVERY_S = 60
ATTENDANCE_EVERY_S = 60
RETENTION_EVERY_S = 3600  # what is removed for its age has lain there for months
MAIL_PATIENCE_S = 20.0  # for the look at Zoom right before a batch; one event's trouble does not hold the others' mail
SYNC_PATIENCE = timedelta(seconds=5)  # for a sync of the same event that is just going on
GRACE_S = 9.0  # for the messages in hand, whose own grace is eight seconds


class Daemon:
    """One process's daemon. `run()` returns its exit code once it was told to stop, or could not go on."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._owner = new_owner()
        self._folder = EventFolder(app.settings.resolved_events_dir)
        self._events: tuple[Event, ...] = ()
        self._stop = threading.Event()
        self._look_now = threading.Event()
        self._failure = ""
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._told: frozenset[str] = frozenset()
        self._mail_trouble = ""
        self._at_work = 0
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="sync")
        self._web = self._web_server()
        self._web_told = ""

    def run(self) -> int:
        """Work until SIGTERM or SIGINT. Raises StoreError, SettingsError where it cannot begin."""
        app = self._app
        app.database.ping()
        app.zoom  # noqa: B018 - credentials that are missing are told at once
        with daemons.only_daemon(app.database):
            self._watch_signals()
            self._beat()
            scheduler = self._scheduler()
            scheduler.start()
            log.info("the daemon is at work", extra={"events": len(self._events), "version": __version__})
            if not_set := app.settings.not_set():
                log.info("not set, which is fine if you do not want it: %s", ", ".join(not_set))
            clock = ClockWatch()
            try:
                while not self._stop.wait(0.5):
                    if clock.was_set_back():
                        log.warning("the clock of this machine was set back")
                        tick_now(scheduler)
                    if self._look_now.is_set():
                        self._look_now.clear()
                        self._guarded("beat", self._beat)()
            finally:
                self._end(scheduler)
        if self._failure:
            log.error("the daemon stops: %s", self._failure)
        return 1 if self._failure else 0

    def stop(self, reason: str = "") -> None:
        """Have the daemon end soon. reason: why it cannot go on, "" where it was asked to stop."""
        self._failure = self._failure or reason
        self._stop.set()

    # --------------------------------------------------------------------------------------------- begin and end

    def _scheduler(self) -> BackgroundScheduler:
        schedule = self._app.settings.schedule
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": SchedulerThreads(6)},
            # A tick that comes late still counts, several that were missed count once, none overtakes itself.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        # A long delivery lets ticks pass by: that is meant, and not worth a warning every time.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler.add_listener(_tell_error, EVENT_JOB_ERROR)
        soon = system_clock()  # ticks go by the machine's clock, whatever `--now` says
        sync_every_s = min(SWEEP_EVERY_S, schedule.sync_every.total_seconds())
        # Alarms come last: what a start can still set right is none.
        at_first = {
            "alarms": soon + timedelta(seconds=ALARMS_EVERY_S),
            "retention": soon + timedelta(seconds=ALARMS_EVERY_S),
        }
        for name, sweep, every_s in (
            ("beat", self._beat, BEAT_EVERY_S),
            ("sync", self.sweep_sync, sync_every_s),
            ("deliver", self.sweep_mail, schedule.deliver_every.total_seconds()),
            ("alarms", self.sweep_alarms, ALARMS_EVERY_S),
            ("attendance", self.sweep_attendance, ATTENDANCE_EVERY_S),
            ("retention", self.sweep_retention, RETENTION_EVERY_S),
            ("web", self.sweep_web, BEAT_EVERY_S),
        ):
            scheduler.add_job(
                self._guarded(name, sweep),
                Tick(timedelta(seconds=every_s)),
                id=name,
                name=name,
                next_run_time=at_first.get(name, soon),
            )
        return scheduler

    def _watch_signals(self) -> None:
        def end(number: int, frame: FrameType | None) -> None:
            self.stop()

        def look(number: int, frame: FrameType | None) -> None:
            self._look_now.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGHUP, look)

    def _end(self, scheduler: BackgroundScheduler) -> None:
        """Let the messages in hand be finished, give everything back, and go. What is not done by then did not happen:
        a sync writes in one transaction, and what was handed over is in doubt."""
        self._stop.set()
        log.info("the daemon ends")
        if self._web:
            self._web.stop()
        scheduler.shutdown(wait=False)
        self._threads.shutdown(wait=False, cancel_futures=True)
        give_up_at = time.monotonic() + GRACE_S
        while (self._at_work or self._busy or (self._web and self._web.listens)) and time.monotonic() < give_up_at:
            time.sleep(0.05)
        process = self._owner.rpartition("/")[0] + "/"

        def leave(db: DbSession) -> None:
            daemons.leave(db, self._owner)
            leases.give_back_all(db, process)

        try:
            self._app.database.write(leave)
        except StoreError as error:
            log.warning("could not give everything back: %s", error)

    def _guarded(self, name: str, sweep: Callable[[], None]) -> Callable[[], None]:
        """A sweep whose trouble is told and does not end it, counted while it is at work."""

        def guarded() -> None:
            if self._stop.is_set():
                return
            with self._lock:
                self._at_work += 1
            try:
                with about(job=name):
                    sweep()
            except SchemaTooNew as error:
                self.stop(str(error))
            except ZoomsyncError as error:
                log.warning("%s", error, extra={"job": name})
            finally:
                with self._lock:
                    self._at_work -= 1

        return guarded

    # ------------------------------------------------------------------------------------------------- the files

    def _beat(self) -> None:
        """Look at the event files, say that we are alive, and see who else is."""
        app = self._app
        if not app.database.is_current():  # raises SchemaTooNew
            raise StoreError(_("The database's schema is older than this zoomsync: it was put back from a copy."))
        look = self._folder.look()
        for error in look.news:
            log.error("%s", error)
        for slug in look.changed:
            log.info("the event file is read", extra={"event": slug})
        lost = {_slug(error) for error in look.errors} - {event.slug for event in look.events}
        events = [*look.events, *(one for one in map(self._taken_up, sorted(lost)) if one)]
        files = {event.slug: event.file_hash for event in events}

        def beat(db: DbSession) -> list[LiveDaemon]:
            daemons.beat(db, self._owner, files, version=__version__, now=app.lease_clock())
            return daemons.live(db, app.lease_clock())

        alive = app.database.write(beat)
        app.zoom.set_share(1 / max(len(alive), 1))
        self._events = tuple(self._in_force(events, [one for one in alive if one.owner != self._owner]))

    def _taken_up(self, slug: str) -> Event | None:
        """After a restart the last good version of a broken file is the one in the database."""
        event = self._folder.take_up(slug, self._stored_text(slug))
        if event is not None:
            log.warning("the event file is broken; its last good version stays in force", extra={"event": slug})
        return event

    def _stored_text(self, slug: str) -> str:
        with self._app.database.read() as db:
            known = stored_events.load_stored(db, slug)
        return known.file_text if known else ""

    def _in_force(self, events: Sequence[Event], others: Sequence[LiveDaemon]) -> list[Event]:
        """The events to act on. While live daemons read different files, nothing in a file that changed is acted on:
        the event stays as the database has it."""
        in_force = []
        for event in events:
            differ = [one.owner for one in others if one.files.get(event.slug, event.file_hash) != event.file_hash]
            if not differ:
                in_force.append(event)
                continue
            log.error(
                "another daemon reads a different file of this event: nothing in it is acted on until they agree",
                extra={"event": event.slug, "other": differ[0]},
            )
            as_it_was = self._folder.as_it_was(event.slug, self._stored_text(event.slug))
            if as_it_was is not None:
                in_force.append(as_it_was)
        return in_force

    # ------------------------------------------------------------------------------------------------ the sweeps

    def sweep_sync(self) -> None:
        """Pull every event that is due, side by side, and do what its deadline asks for."""
        app, every = self._app, self._app.settings.schedule.sync_every
        for event in events_due(self._events, database=app.database, every=every, now=app.clock()):
            with self._lock:
                if event.slug in self._busy or self._stop.is_set():
                    continue
                self._busy.add(event.slug)
            self._threads.submit(as_here(self._sync), event)

    def _sync(self, event: Event) -> None:
        with about(event=event.slug):
            self._sync_and_close(event)

    def _sync_and_close(self, event: Event) -> None:
        app = self._app
        try:
            run = replace(app.syncer(), wait_for_another=timedelta(0)).sync(event).run
            if run.state is RunState.SKIPPED:
                return
            if run.error:
                log.warning("sync: %s", run.error)
            report = app.keeper().keep(event, pulled=run.state is RunState.OK)
            for act in report.acts:
                log.info("%s", act)
            for problem in (*report.problems, *([report.error] if report.error else [])):
                log.error("registration: %s", problem)
            app.publish(event)
        except (StoreError, SettingsError) as error:
            log.warning("sync: %s", error)
        except Exception:
            log.exception("sync")
        finally:
            with self._lock:
                self._busy.discard(event.slug)

    def sweep_mail(self) -> None:
        """Plan, and deliver what is due: of those events alone that have something to send."""
        app = self._app
        report = remind(
            self._events,
            database=app.database,
            sync=lambda event: replace(app.syncer(), wait_for_another=SYNC_PATIENCE).sync(event),
            deliver=self._deliver,
            clock=app.clock,
            resend=app.resends,
            first_pulls=False,
            patience_s=MAIL_PATIENCE_S,
        )
        for problem in report.problems:
            if problem not in self._told:  # not at every sweep anew
                log.error("mail: %s", problem)
        self._told = frozenset(report.problems)
        if report.messages:
            counts = {state.value: count for state in OutboxState if (count := report.count(state))}
            log.info("mail", extra=counts)

    def _deliver(self, ready: Mapping[int, Event]) -> DeliveryReport:
        delivery = self._app.deliverer(ready).deliver(event_ids=list(ready), stop=self._stop)
        self._mail_trouble = "; ".join(delivery.alarms)
        return delivery

    def sweep_attendance(self) -> None:
        """Ask Zoom who was in the sessions that are over, when a look is due."""
        app = self._app
        for event in self._events:
            due = sessions_due(event, database=app.database, now=app.clock())
            if not due or self._stop.is_set():
                continue
            for one in app.attendance().take(event, [session.key for session in due]):
                about = {"event": event.slug, "session": one.session_key, "state": one.state.value}
                if one.error:
                    log.warning("attendance: %s", one.error, extra=about)
                else:
                    log.info("attendance", extra=about)

    def sweep_alarms(self) -> None:
        """Tell a person of what is new and of what is over, and call the address that watches over us."""
        app = self._app
        try:
            with held(app.database, "alarms", self._owner, app.lease_clock, wait=timedelta(0), sleep=app.sleep) as ours:
                if not ours:
                    return  # another daemon tells
                trouble = {AlarmKey("", Alarm.MAIL.value): self._mail_trouble} if self._mail_trouble else {}
                any_stands = sweep_alarms(
                    self._events,
                    database=app.database,
                    now=app.clock(),
                    others=trouble,
                    recipient_of=self._who_hears_of,
                    tell=self._tell,
                )
        except ZoomsyncError:
            self._ping(well=False)
            raise
        self._ping(well=not any_stands)

    def sweep_retention(self) -> None:
        """Warn of personal data that is to be removed, and remove what is due."""
        app = self._app
        with held(app.database, "retention", self._owner, app.lease_clock, wait=timedelta(0), sleep=app.sleep) as ours:
            if ours:
                for slug in app.retention().unwarned:
                    log.warning("retention: %s", UNWARNED.format(event=slug))

    def _tell(self, to: str, raised: Sequence[str], over: Sequence[str]) -> bool:
        return bool(self._events) and self._app.tell_alarm(self._events[0], to, raised, over)

    def _who_hears_of(self, slug: str) -> str | None:
        """The address that is set for alarms, else the organizer of the event, or of the first one."""
        organizers = [event.organizer.email for event in self._events if slug in ("", event.slug)]
        return self._app.settings.alerts.email or next(iter(organizers), None)

    def _ping(self, *, well: bool) -> None:
        try:
            self._app.ping(well=well)
        except OSError as error:  # what requests raises is one
            log.warning("the address that watches over us could not be called (%s)", type(error).__name__)

    # --------------------------------------------------------------------------------------------------- the web part

    def _web_server(self) -> WebServer | None:
        """None where the settings want no web part."""
        app, web = self._app, self._app.settings.web
        if not web.enabled:
            return None
        secret = app.settings.zoom.webhook_secret
        application = web_application(
            database=app.database,
            clock=app.clock,
            lease_clock=app.lease_clock,
            owner=self._owner,
            public_url=web.public_url,
            webhook_secret=secret.get_secret_value() if secret else None,
            admin=self._admin(),
        )
        return WebServer(application, host=web.host, port=web.port)

    def _admin(self) -> Admin | None:
        """What the pages for an organiser stand on; None where no token is set."""
        app, token = self._app, self._app.settings.web.admin_token
        if token is None:
            return None
        return Admin(
            token=token.get_secret_value(),
            files=lambda: self._events,
            decide=lambda event, email, action, actor: app.decide_by_hand(event, [(email, action)], actor=actor),
            stored_file=app.stored_file,
            retention_days=app.settings.privacy.retention_days,
        )

    def sweep_web(self) -> None:
        """Have the web part listen. Where it cannot, reminders and deadlines go on without it, and it is tried again:
        after a restart the old process may hold the port a little longer."""
        if self._web is None or self._web.listens:
            return
        web = self._app.settings.web
        try:
            address = self._web.start()
        except OSError as error:
            told = _("the web part cannot listen on {host}, port {port}: {reason}").format(
                host=web.host, port=web.port, reason=words.trouble(error)
            )
            if told != self._web_told:  # not at every sweep anew
                log.error("%s; everything else goes on, and it is tried again", told)
            self._web_told = told
        else:
            self._web_told = ""
            log.info("the web part listens", extra={"address": address})


def _tell_error(event: JobExecutionEvent) -> None:
    """What no sweep has foreseen: it is told, and the next tick tries again."""
    log.error("something unforeseen happened", exc_info=event.exception, extra={"job": event.job_id})


def _slug(error: EventFileError) -> str:
    return Path(error.file).stem
