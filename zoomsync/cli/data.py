"""`zoomsync db`: the database by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zoomsync.cli.house import actor, confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, progress_bar
from zoomsync.language import _
from zoomsync.words import counted, moment

db_app = typer.Typer(no_args_is_help=True, help="The database by hand: its schema, a backup, a copy.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(db_app, name="db")


@db_app.command("upgrade")
def upgrade(ctx: typer.Context) -> int:
    """Bring the schema up to date. Every command does so by itself."""
    with opened(ctx) as app:
        database = app.database
        _say(ctx, {"database": database.shown_url, "schema": database.current()}, _("{database}: schema {schema}"))
        return 0


@db_app.command("current")
def current(ctx: typer.Context) -> int:
    """Say which schema the database has, and which this zoomsync wants; exit code 1 if they differ."""
    from zoomsync.store.schema import Database

    with opened(ctx) as app:
        database = Database(app.settings.resolved_database_url)
        try:
            found = {"database": database.shown_url, "schema": database.current(), "newest": database.newest()}
        finally:
            database.close()
        has = _("{database}: schema {schema}, newest {newest}")
        _say(ctx, found, has if found["schema"] else _("{database}: no schema yet: zoomsync db upgrade makes it"))
        return 0 if found["schema"] == found["newest"] else 1


@db_app.command("backup")
def backup(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not be there yet.")]
) -> int:
    """Write a copy of the whole database into a SQLite file, while work goes on."""
    from zoomsync.store import copying

    with opened(ctx) as app:
        copying.backup(app.database, file)
        _say(ctx, {"file": str(file)}, _("Written: {file}. Keep it safe: it holds personal data."))
        return 0


@db_app.command("copy")
def copy(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="Address of the database to read.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Address of an empty database.")],
) -> int:
    """Copy one database into another, as from SQLite to Postgres."""
    from zoomsync.errors import SettingsError, StoreError
    from zoomsync.store import copying
    from zoomsync.store.schema import Database

    options = options_of(ctx)
    with opened(ctx), progress_bar(_("Copying"), wanted=not (options.quiet or options.json)) as progress:
        try:
            old, new = Database(source), Database(target)
        except StoreError as error:
            raise SettingsError(str(error)) from error
        try:
            rows = copying.copy(old, new, (lambda __, done, total: progress(done, total)) if progress else None)
        finally:
            old.close()
            new.close()
        _say(ctx, {"rows": rows, "total": sum(rows.values())}, _("Copied {total} rows. The old database is as it was."))
        return 0


@db_app.command("restored")
def restored(
    ctx: typer.Context,
    release: Annotated[bool, typer.Option("--release", help="Let the held mail go out, as far as it holds.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Take the held mail for sent: it does not go out.")] = False,
) -> int:
    """Say that this database is a copy that was put back: mail that was due by now waits until a person releases it.

    Pulls, closing and what becomes due later go on as usual.
    """
    from zoomsync.errors import SettingsError
    from zoomsync.store import restoring

    if release and drop:
        raise SettingsError(_("--release and --drop exclude each other."))
    with opened(ctx) as app:
        database, now = app.database, app.clock()
        with database.read() as db:
            seen, found = restoring.last_sign_of_life(db), restoring.held(db)
        if not (release or drop):
            found = database.write(lambda db: restoring.hold(db, now=now, actor=actor()))
        waiting = sum(one.messages for one in found)
        if release or drop:
            asked = _("Let {messages} go out?") if release else _("Take {messages} for sent?")
            if found and not confirmed(ctx, asked.format(messages=counted(waiting, "message"))):
                return 1
            found = database.write(lambda db: restoring.release(db, drop=drop, now=now, actor=actor()))
        if options_of(ctx).json:
            answer_json({"last_seen_at": seen, "held": not (release or drop), "events": [asdict(one) for one in found]})
            return 0
        for one in found:
            answer(f"{one.event}: {counted(one.messages, 'message')}")
        if release or drop:
            gone = _("Released: zoomsync remind, or the daemon, sends what still holds.")
            answer((gone if release else _("Taken out.")) if found else _("No mail is held."))
            return 0
        zone = app.settings.timezone
        words = _("The copy's last sign of life is of {moment} ({zone}). Held: {messages} that were due by now.")
        answer(words.format(moment=moment(seen, zone) or "-", zone=zone, messages=counted(waiting, "message")))
        answer(_("See them: zoomsync outbox list. Send them: zoomsync db restored --release. Not: with --drop."))
        return 0


def _say(ctx: typer.Context, document: Mapping[str, object], words: str) -> None:
    if options_of(ctx).json:
        answer_json(document)
    else:
        answer(words.format(**document))
