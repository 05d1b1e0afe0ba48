"""From a lead ("1h", "1d 17:00") and a session to the moment a reminder is due, through every change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from zoomsync.domain.records import Lead


def moment(lead: Lead, starts_at: datetime, zone: ZoneInfo) -> datetime:
    """When a reminder before `starts_at` is due, in UTC.

    Hours and minutes are exact; days keep the clock time in `zone`, or take the lead's own. A clock time that does
    not exist that day gives the first moment after the gap; one that exists twice, the first.
    """
    if lead.exact is not None:
        return starts_at - lead.exact
    return _on_another_day(lead, starts_at, -(lead.days or 0), zone)


def after_moment(lead: Lead, ends_at: datetime, zone: ZoneInfo) -> datetime:
    """When a message after `ends_at` is due, in UTC; by the rules of `moment`."""
    if lead.exact is not None:
        return ends_at + lead.exact
    return _on_another_day(lead, ends_at, lead.days or 0, zone)


def day_begins_at(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC. Some zones change their clocks at midnight: it need not be 00:00."""
    return _local_to_utc(day, time.min, zone)


def _on_another_day(lead: Lead, at: datetime, days: int, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    return _local_to_utc(local.date() + timedelta(days=days), lead.at or local.time(), zone)


def _local_to_utc(day: date, clock: time, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, clock, tzinfo=zone)
    while not _exists(local):  # gaps begin and end on whole minutes
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return local.astimezone(UTC)


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)
