"""An operator's template that cannot be used: told with file and line, and nobody else's mail waits for it."""

from __future__ import annotations

from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Project, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID


def test_a_broken_template_is_told_with_file_and_line_while_the_other_event_is_reminded(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 30)
    project.add_other_event(people=3)
    project.write_event(OTHER_SLUG, meeting_id=OTHER_MEETING_ID, title="Workshop", top='language = "en"\n')
    template = project.folder / "config" / "templates" / "es" / "before.txt"
    template.parent.mkdir(parents=True)
    template.write_text(
        '{% extends "es/layout.txt" %}\n{% block subject %}{{ titulo }}{% endblock %}\n', encoding="utf-8"
    )
    assert project.sync().code == 0
    result = project.at(local("2023-03-06 17:00"), "remind", "--json")
    assert result.code == 1
    assert [complaint for complaint in result.complaints if f"{template}, line 2: 'titulo' is undefined" in complaint]
    assert (result.json["sent"], result.json["failed"]) == (3, 0)
    assert len(project.mails.messages) == 3
    waiting = project.rows(
        "SELECT o.state, count(*) AS n FROM outbox o JOIN event e ON e.id = o.event_id"
        " WHERE e.slug = :slug AND o.kind = 'before:1d 17:00' AND o.session_key = 's1' GROUP BY o.state",
        slug=SLUG,
    )
    assert waiting == [{"state": "pending", "n": 30}]
    template.unlink()
    assert project.at(local("2023-03-06 17:05"), "remind", "--json").json["sent"] == 30
