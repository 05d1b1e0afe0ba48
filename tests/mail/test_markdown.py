"""The organiser's Markdown: readable as text, harmless as HTML."""

from __future__ import annotations

from zoomsync.mail.markdown import announcement

WRITTEN = """\
# Cambio de ponente

La Dra. **Ruiz** no
vendrá; habla [Juan](https://example.org/juan).\\
Dudas: <mailto:info@example.org>

- uno
- dos
    - tres

2. b
3. c

> cita
"""


def test_text_keeps_lists_and_shows_where_links_lead() -> None:
    assert announcement("Cambio", WRITTEN.replace("\n", "\r\n")).text == (
        "Cambio de ponente\n\n"
        "La Dra. Ruiz no vendrá; habla Juan (https://example.org/juan).\n"
        "Dudas: mailto:info@example.org\n\n"
        "- uno\n- dos\n  - tres\n\n"
        "2. b\n3. c\n\n"
        "> cita"
    )


def test_html_has_the_look_of_the_event_s_mail() -> None:
    html = announcement("Cambio", WRITTEN).html
    assert '<p class="plain" style=' in html
    assert '<a href="https://example.org/juan" class="link"' in html
    assert '<ol start="2" class="plain"' in html


def test_raw_html_scripts_and_pictures_stay_words() -> None:
    html = announcement(
        "x", '<script>alert(1)</script> [a](javascript:alert(1)) ![p](https://example.org/p.png) <b onload="x">'
    ).html
    assert "<script" not in html
    assert "<b " not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_control_characters_are_left_out_and_the_subject_is_one_line() -> None:
    words = announcement("Uno\r\nBcc: x", "a\x1b[31mb")
    assert words.subject == "Uno Bcc: x"
    assert words.text == "a[31mb"
