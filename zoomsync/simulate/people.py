"""Believable registrants of a Guatemalan event, the same ones for the same seed.

Invented people: names and places are common ones, addresses lie in the domains that RFC 2606 keeps for examples.
What they fill in are the fields of Zoom's registration form. How they get into an account: `world`.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from typing import Any

DEPARTMENTS = (
    "Guatemala", "Quetzaltenango", "Alta Verapaz", "Baja Verapaz", "Chimaltenango", "Chiquimula", "El Progreso",
    "Escuintla", "Huehuetenango", "Izabal", "Jalapa", "Jutiapa", "Petén", "Quiché", "Retalhuleu", "Sacatepéquez",
    "San Marcos", "Santa Rosa", "Sololá", "Suchitepéquez", "Totonicapán", "Zacapa",
)  # fmt: skip
SEXES = ("Mujer", "Hombre", "Prefiero no decirlo")
AGES = ("18 a 25", "26 a 35", "36 a 45", "46 a 60", "Más de 60")

_WOMEN = (
    "María", "Ana Lucía", "Sofía", "Andrea", "Ixchel", "Gabriela", "Claudia", "Rosa", "Verónica", "Mónica", "Marta",
    "Ingrid", "Lesbia", "Nívea", "Concepción", "Ángela", "Inés", "Débora", "Yolanda", "Begoña",
)  # fmt: skip
_MEN = (
    "José", "Juan Carlos", "Luis", "Óscar", "Héctor", "Álvaro", "Sebastián", "Tomás", "Andrés", "Byron", "Wilmer",
    "Édgar", "Rubén", "Julián", "Iván", "Balam", "Mynor", "Raúl", "Jesús", "Nicolás",
)  # fmt: skip
_SURNAMES = (
    "López", "García", "Pérez", "Hernández", "González", "Ramírez", "Muñoz", "Chávez", "Xicará", "Tzoc", "Ajú",
    "Batz", "Cojtí", "Ordóñez", "Marroquín", "Güitz", "Estrada", "Monzón", "Ixcot", "De León", "Menchú", "Sicajaú",
    "Cifuentes", "Barrios", "Velásquez", "Coyoy", "Peláez", "Núñez", "Castañeda", "Toj",
)  # fmt: skip
_ORGANISATIONS = (
    "Universidad de San Carlos", "Organismo Judicial", "Red Ciudadana", "Colegio de Abogados", "Ministerio Público",
    "Municipalidad de Mixco", "Alianza por el Gobierno Abierto", "",
)  # fmt: skip
_JOBS = ("Abogada", "Periodista", "Estudiante", "Jueza de paz", "Docente", "Analista", "Consultor", "")
_DOMAINS = ("example.org", "example.com", "correo.example.org", "usac.example.net")


def believable_people(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Give `count` registrations as Zoom's form sends them; the first n are the same for any count.

    Each: email (unique within one seed), first_name, last_name, phone, city, country, org, job_title and
    custom_questions [{"title", "value"}] for Departamento, Sexo and Edad.
    """
    chance = random.Random(seed)  # noqa: S311 - play data; the seed is the point
    for number in range(1, count + 1):
        woman = chance.random() < 0.5
        first_name = chance.choice(_WOMEN if woman else _MEN)
        last_name = f"{chance.choice(_SURNAMES)} {chance.choice(_SURNAMES)}"
        department = chance.choice(DEPARTMENTS)
        sex = SEXES[2] if chance.random() < 0.03 else SEXES[0 if woman else 1]
        name = _plain(f"{first_name.split()[0]}.{last_name.split()[0]}")
        yield {
            "email": f"{name}{number}@{chance.choice(_DOMAINS)}",
            "first_name": first_name,
            "last_name": last_name,
            "phone": f"+502 {chance.randrange(3000, 6000)} {chance.randrange(10000):04d}",
            "city": department,
            "country": "GT",
            "org": chance.choice(_ORGANISATIONS),
            "job_title": chance.choice(_JOBS),
            "custom_questions": [
                {"title": "Departamento", "value": department},
                {"title": "Sexo", "value": sex},
                {"title": "Edad", "value": chance.choice(AGES)},
            ],
        }


def _plain(name: str) -> str:
    """The name as an address writes it: lower case, without accents."""
    return unicodedata.normalize("NFD", name.lower()).encode("ascii", "ignore").decode()
