"""`zoomsync demo`: the life of the model event, told as it goes. The same code as for a real account; only Zoom and the
mail server are played, on this machine's own addresses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.options import Options
from zoomsync.cli.output import answer, answer_json

if TYPE_CHECKING:
    from zoomsync.app import App
    from zoomsync.clock import SteppedClock
    from zoomsync.domain.attendance import SessionAttendance
    from zoomsync.domain.records import Event
    from zoomsync.simulate.catcher import MailCatcher
    from zoomsync.simulate.world import World

SLUG = "encuentro-justicia-abierta-2023"
ANNOUNCED = datetime(2023, 2, 23, 17, 17, tzinfo=UTC)
DEADLINE = datetime(2023, 3, 6, 6, 0, tzinfo=UTC)  # the end of 5 March in Guatemala
PAUSE_S = 0.7


def add_to(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    ctx: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="No pauses between the steps.")] = False,
    keep: Annotated[
        Path, typer.Option(metavar="DIR", help="Where to leave the report, the database and the e-mails.")
    ] = Path("zoomsync-demo"),
) -> int:
    """Live through the model event in a minute; nothing to set up."""
    from zoomsync.cli.reports import write_page
    from zoomsync.errors import SettingsError

    options = ctx.find_object(Options) or Options()
    folder = _fresh_folder(keep)
    if folder is None:
        raise SettingsError(f"{keep} holds something that is not from a demo: name another folder with --keep.")
    with _stage(folder) as (app, world, mails, clock):
        story = Story(app, world, mails, clock, pause_s=0 if fast or options.json else PAUSE_S, told=not options.json)
        story.tell()
        write_page(app, SLUG, folder / "report.html")
        if options.json:
            answer_json({"folder": str(folder), "mails": len(mails.messages), **story.outcome()})
        else:
            story.sum_up(folder)
    return 0


class Story:
    """The model event, step by step. Each step moves the clock and does what cron would do then."""

    def __init__(
        self, app: App, world: World, mails: MailCatcher, clock: SteppedClock, *, pause_s: float, told: bool
    ) -> None:
        from zoomsync.simulate.model_event import MODEL_MEETING_ID
        from zoomsync.simulate.people import believable_people

        self._app, self._world, self._mails, self._clock = app, world, mails, clock
        self._pause_s, self._told = pause_s, told
        self._meeting_id = MODEL_MEETING_ID
        self._people = list(believable_people(40))
        self._registered: list[str] = []

    def tell(self) -> None:
        """From the announcement to who took part in the last session."""
        if self._told:
            answer("An event in Guatemala, played on this machine alone; times are those of America/Guatemala.")
        self._say("The event is announced, and registration opens on Zoom.")
        self._sync()
        for day, count in ((24, 9), (27, 13), (28, 6)):
            self._move(datetime(2023, 2, day, 15, tzinfo=UTC))
            self._register(count)
            self._sync()
        self._move(datetime(2023, 3, 3, 16, tzinfo=UTC))
        self._leave_and_deny()
        self._sync()
        self._sync(again=True)
        self._move(DEADLINE - timedelta(minutes=1))
        self._register(1)
        self._sync()
        self._move(DEADLINE)
        self._say("The deadline: 5 March is over in Guatemala.")
        self._sync()
        self._move(DEADLINE + timedelta(minutes=7))
        self._register(1, late=True)
        self._sync()
        for number, day in enumerate((7, 8)):
            for moment in (datetime(2023, 3, day - 1, 23, tzinfo=UTC), datetime(2023, 3, day, 13, tzinfo=UTC)):
                self._move(moment)
                self._remind()
            self._move(datetime(2023, 3, day, 19, 40, tzinfo=UTC))
            self._hold(number)

    def outcome(self) -> dict[str, object]:
        """How the event stands in the end, as `status` judges it."""
        from zoomsync.jobs.status import look_at_status

        (standing,) = look_at_status(self._app.database, self._clock()).events
        return {
            "registrants": standing.registrants,
            "registration": standing.registration.value,
            "closed_at": standing.closed_at,
            "sent": standing.sent,
            "failed": standing.failed,
            "waiting": standing.waiting,
        }

    def sum_up(self, folder: Path) -> None:
        """The overview, what to open, and what to type next."""
        ended = self.outcome()
        people = ended["registrants"]
        assert isinstance(people, dict)
        answer()
        answer("How it ended")
        answer(f"  registrants   {', '.join(f'{count} {status}' for status, count in people.items())}")
        closed_at = ended["closed_at"]
        assert isinstance(closed_at, datetime)
        answer(f"  registration  {ended['registration']}, read back from Zoom {_local(closed_at)}")
        answer(f"  reminders     {ended['sent']} sent, {ended['failed']} failed; {len(self._mails.messages)} arrived")
        for one in self._attendance():
            answer(f"  {one.session.title:<14}{_in_numbers(one)}; {one.present} for half of the time or more")
        answer()
        answer("To look at")
        answer(f"  {folder / 'report.html'}  the event's report, for a browser")
        answer(f"  {folder / 'mails'}  the e-mails as they arrived, one file each")
        answer(f"  {folder / 'zoomsync.db'}  the database")
        answer("To type next")
        config, command = folder / "config" / "zoomsync.toml", _command()
        answer(f"  {command} status --config {config} --now 2023-03-08T08:00")
        answer(f"  {command} timeline {SLUG} --config {config} --now 2023-03-07T00:00")
        at = " --now 2023-03-08T14:00"
        answer(f"  {command} attendance --config {config}" + at)
        answer(f"  {command} certificates {SLUG} --output {folder / 'certificates'} --config {config}" + at)
        answer(f"  {command} report registrants --config {config} --output {folder / 'registrants.xlsx'}")
        answer(f"  {command} outbox list --config {config}")
        answer(f"  {command} init  to begin with an event of your own")

    # ------------------------------------------------------------------------------------------- what happens

    def _register(self, count: int, *, late: bool = False) -> None:
        for _ in range(count):
            person = self._people[len(self._registered)]
            self._world.register(self._meeting_id, person)
            self._registered.append(person["email"])
        who = (
            "Somebody registers, seven minutes late."
            if late
            else f"{count} register."
            if count > 1
            else "One registers."
        )
        self._say(who)

    def _leave_and_deny(self) -> None:
        gone, unwelcome = self._registered[4], self._registered[11]
        self._world.cancel_by_self(self._meeting_id, gone)
        denied = self._world.find_registrant(self._meeting_id, unwelcome)
        self._world.change_status(self._meeting_id, denied, "denied")
        self._say("One cancels by the link in Zoom's mail; one is denied in the portal.")

    def _sync(self, *, again: bool = False) -> None:
        from zoomsync.domain.registration import RegistrationState
        from zoomsync.errors import PullIncomplete

        event = self._event()
        run = self._app.syncer().sync(event).run
        if run.error:
            raise PullIncomplete(run.error)
        counts = run.counts
        changed = [
            f"{getattr(counts, name)} {name}"
            for name in ("added", "updated", "cancelled", "reinstated")
            if getattr(counts, name)
        ]
        self._say(
            f"sync{' again' if again else ''}: {counts.pulled} pulled, {', '.join(changed) or 'nothing changes'}", 1
        )
        closing = self._app.keeper().keep(event)
        if closing.state is RegistrationState.CLOSED:
            late = f"; {closing.late} late, left waiting" if closing.late else ""
            self._say(f"registration is closed, read back from Zoom: whoever registers now waits{late}", 1)
        elif closing.state is RegistrationState.NOT_CLOSED:
            self._say(f"registration is NOT CLOSED: {closing.error}", 1)

    def _remind(self) -> None:
        from zoomsync.domain.records import OutboxState
        from zoomsync.jobs.remind import remind

        before = len(self._mails.messages)
        report = remind(
            [self._event()],
            database=self._app.database,
            sync=lambda event: self._app.syncer().sync(event),
            deliver=lambda ready: self._app.deliverer(ready).deliver(event_ids=list(ready)),
            clock=self._app.clock,
        )
        sent = [one for one in report.messages if one.state is OutboxState.SENT]
        told = f"{sent[0].kind} of {sent[0].session}" if sent else "nothing due"
        self._say(f"remind: {told}: {len(sent)} sent, {len(self._mails.messages) - before} arrived", 0)
        if sent:
            subject = str(self._mails.messages[-1].message["Subject"])
            self._say(f"“{subject}”", 1)

    def _hold(self, number: int) -> None:
        """A session has taken place, and Zoom has worked out who was there twenty minutes later."""
        from zoomsync.jobs.attendance import sessions_due

        self._world.hold_session(
            self._meeting_id, occurrence=number, share=0.8, seed=number + 1, ready_after=timedelta(minutes=20)
        )
        event, now = self._event(), self._clock()
        due = sessions_due(event, database=self._app.database, now=now)
        self._app.attendance().take(event, [one.key for one in due])
        newest = self._attendance()[-1]
        self._say(f"{newest.session.title} is over; {_in_numbers(newest)}")

    def _attendance(self) -> list[SessionAttendance]:
        from zoomsync.store.attendance import attendance_of_event
        from zoomsync.store.events import load_stored

        with self._app.database.read() as db:
            known = load_stored(db, SLUG)
            return attendance_of_event(db, known.id) if known else []

    # ------------------------------------------------------------------------------------------------- telling

    def _event(self) -> Event:
        return self._app.choose_events([SLUG]).events[0]

    def _move(self, moment: datetime) -> None:
        self._clock.move_to(moment)
        if self._told:
            time.sleep(self._pause_s)

    def _say(self, words: str, depth: int = 0) -> None:
        if self._told:
            answer(f"{_local(self._clock())}  {'    ' * depth}{words}")


def _in_numbers(one: SessionAttendance) -> str:
    return f"took part: {len(one.came)} identified and {len(one.unmatched)} not"


def _command() -> str:
    """What to type for zoomsync: its name where a shell finds it, else the path it was started by."""
    import shutil
    import sys

    started = Path(sys.argv[0])
    if shutil.which("zoomsync") or started.name != "zoomsync":
        return "zoomsync"
    here = Path.cwd()
    return str(started.relative_to(here) if started.is_relative_to(here) else started)


def _local(moment: datetime) -> str:
    from zoneinfo import ZoneInfo

    return f"{moment.astimezone(ZoneInfo('America/Guatemala')):%a %d %b %H:%M}"


@contextmanager
def _stage(folder: Path) -> Iterator[tuple[App, World, MailCatcher, SteppedClock]]:
    """A Zoom account and a mail server of our own, and everything wired to them. Nothing is left running."""
    from zoomsync.app import App
    from zoomsync.clock import SteppedClock
    from zoomsync.events.init import starter_text
    from zoomsync.settings import load_settings
    from zoomsync.simulate.catcher import MailCatcher
    from zoomsync.simulate.server import Simulator
    from zoomsync.simulate.world import World

    clock = SteppedClock(ANNOUNCED)
    world = World.model_account(clock)
    (folder / "config" / "events").mkdir(parents=True)
    (folder / "config" / "events" / f"{SLUG}.toml").write_text(starter_text("model-event.toml"), encoding="utf-8")
    with Simulator(world) as zoom, MailCatcher(folder / "mails") as mails:
        config = folder / "config" / "zoomsync.toml"
        config.write_text(
            "# Written by zoomsync demo. The Zoom account and the mail server it names ended with the demo.\n"
            f'[zoom]\naccount_id = "demo-account"\nclient_id = "demo-client"\nclient_secret = "demo-secret"\n'
            f'host_email = "anfitriona@redciudadana.org.gt"\napi_url = "{zoom.url}"\noauth_url = "{zoom.oauth_url}"\n'
            f'[smtp]\nhost = "{mails.host}"\nport = {mails.port}\nsecurity = "none"\n'
            '[log]\nlevel = "warning"\n',
            encoding="utf-8",
        )
        app = App(load_settings(config.absolute(), cwd=folder, environ={}), clock=clock, rehearsed_at=ANNOUNCED)
        try:
            yield app, world, mails, clock
        finally:
            app.close()


def _fresh_folder(folder: Path) -> Path | None:
    """The folder, empty; None where it holds anything that a demo did not leave."""
    import shutil

    if folder.exists():
        ours = folder / "config" / "zoomsync.toml"
        empty = folder.is_dir() and not any(folder.iterdir())
        if not (empty or (ours.is_file() and ours.read_text(encoding="utf-8").startswith(_WRITTEN_BY))):
            return None
        shutil.rmtree(folder)
    return folder


_WRITTEN_BY = "# Written by zoomsync demo."
