"""Every e-mail of the model event in both languages, judged by SpamAssassin where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta

import pytest

from tests.builders import make_event, make_lead, make_session, utc
from zoomsync.domain.records import Reminders
from zoomsync.mail.render import Renderer
from zoomsync.mail.samples import sample_requests

MOST_POINTS = 1.0
LARGEST = 30_000  # bytes
EVENT = make_event(
    reminders=Reminders(
        before=(make_lead("1d 17:00"), make_lead("1h")),
        after=(make_lead("2h"),),
        survey_url="https://forms.example.org/encuesta",
    )
)
SESSIONS = [make_session(), make_session(key="s2", title="Sesión 2", starts_at=make_session().starts_at + timedelta(1))]


@pytest.mark.skipif(shutil.which("spamassassin") is None, reason="spamassassin is not installed")
@pytest.mark.parametrize("language", ["es", "en"])
def test_no_mail_of_ours_looks_like_spam(language: str) -> None:
    event = make_event(reminders=EVENT.reminders, language=language)
    requests = sample_requests(event, SESSIONS, utc(2023, 3, 1), to=None, domain="redciudadana.org.gt")
    points = {}
    for request in requests:
        data = Renderer().render(request).data
        assert len(data) < LARGEST
        judged = subprocess.run(["spamassassin", "-L", "-t"], input=data, capture_output=True, check=True, timeout=60)
        found = re.search(rb"Content analysis details:\s+\(?(-?[\d.]+) points", judged.stdout)
        assert found is not None
        points[request.kind] = float(found[1])
    print(language, points)
    assert len(points) >= 7
    assert max(points.values()) <= MOST_POINTS, points
