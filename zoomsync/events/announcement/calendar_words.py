"""The words that months, weekdays and days go by in Spanish and English, folded (see `tokens.fold`). No decisions."""

from __future__ import annotations

from zoomsync.events.announcement.tokens import word_list

MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "enero ene january jan",
            "febrero feb february",
            "marzo mar march",
            "abril abr april apr",
            "mayo may",
            "junio jun june",
            "julio jul july",
            "agosto ago august aug",
            "septiembre setiembre sep sept set september",
            "octubre oct october",
            "noviembre nov november",
            "diciembre dic december dec",
        ),
        start=1,
    )
    for word in words.split()
}
# Words of their own, too: "7 may attend", "el mar 7", "7 años ago". They count only in company.
MONTHS_THAT_ARE_WORDS = frozenset({"may", "mar", "set", "ago", "march"})

WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "lunes monday",
            "martes tuesday",
            "miercoles wednesday",
            "jueves thursday",
            "viernes friday",
            "sabado sabados saturday",
            "domingo domingos sunday",
        )
    )
    for word in words.split()
}
PLURAL_WEEKDAYS = {f"{word}s": number for word, number in WEEKDAYS.items() if word.endswith("day")}
# Only right before a day's number.
SHORT_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        ("lun mon", "mar tue tues", "mie wed", "jue thu thur thurs", "vie fri", "sab sat", "dom sun")
    )
    for word in words.split()
}

DAYS_IN_WORDS = {
    word: number
    for number, word in enumerate(
        word_list(
            "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis "
            "diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco "
            "veintiseis veintisiete veintiocho veintinueve treinta"
        ),
        start=1,
    )
} | {"primero": 1}

# "Sesión 1, 7 de marzo": the first number counts sessions.
COUNTED = frozenset(
    word_list(
        "sesion session modulo module dia day taller workshop parte part panel semana week grupo group clase "
        "class encuentro meetup charla talk bloque block edicion edition no nro num numero number"
    )
)
