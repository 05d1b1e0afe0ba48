"""The model event's account: Encuentro de Justicia Abierta 2023, as it was announced. For the demo and for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zoomsync.simulate import people

if TYPE_CHECKING:
    from zoomsync.simulate.world import World

MODEL_MEETING_ID = 81234567890
MODEL_LINK_TOKEN = "tZMlc-qhpjMtGtYqxhx96FZRs4cZqE_cBme8"  # noqa: S105 - in the public announcement


def furnish_model_event(world: World) -> None:
    """The model event: Encuentro de Justicia Abierta 2023, as announced."""
    host = world.add_user("anfitriona@redciudadana.org.gt", "Red", "Ciudadana")
    starts = [datetime(2023, 3, 7, 14, tzinfo=UTC), datetime(2023, 3, 8, 14, tzinfo=UTC)]
    meeting = world.add_meeting(
        MODEL_MEETING_ID,
        "Encuentro de Justicia Abierta 2023",
        type=8,
        host=host,
        occurrences=[(start, 300) for start in starts],
        registration_token=MODEL_LINK_TOKEN,
        created_at=datetime(2023, 2, 23, 17, 17, 21, tzinfo=UTC),
    )
    meeting.agenda = "Principios de justicia abierta y su desarrollo en Guatemala."
    meeting.questions = [
        {"field_name": "last_name", "required": True},
        {"field_name": "phone", "required": False},
        {"field_name": "city", "required": False},
        {"field_name": "org", "required": False},
    ]
    meeting.custom_questions = [
        {"title": title, "type": "single", "required": False, "answers": list(answers)}
        for title, answers in (
            ("Departamento", people.DEPARTMENTS),
            ("Sexo", people.SEXES),
            ("Edad", people.AGES),
        )
    ]
