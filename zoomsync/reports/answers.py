"""What people answered on Zoom's form: which columns there are, which questions offer a choice, how many chose what.

Zoom does not say of an answer whether it was chosen from a list or written freely, so it is judged by what was answered
(`Question.is_choice`). Pure: lines in, counts out; held in memory are the different answers, never the people.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from zoomsync.domain.report_lines import FormLine
from zoomsync.reports.values import AnswerCounts, Group
from zoomsync.reports.words import Words
from zoomsync.text import clean

SMALLEST_GROUP = 5  # what anonymous sums show; smaller ones are told together
CHOICES_AT_MOST = 60
LONGEST_CHOICE = 80
GROUPS_AT_MOST = 500
_DIFFERENT_AT_MOST = 2_000  # beyond that a question is free text, and its answers are not kept

# The standard fields that are never a choice: they lead to a person, or are written freely. The PIN opens the meeting
# and is no report's business at all.
PERSONAL_FIELDS = frozenset({"address", "zip", "phone", "comments"})
SECRET_FIELDS = frozenset({"participant_pin_code"})

_LEADS_TO_A_PERSON = re.compile(r"@|://|www\.|(?:\d[ ().-]?){7,}")


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """What spellings have in common: case, accents, blanks and a final stop make no other answer."""
    plain = unicodedata.normalize("NFKD", clean(text)).casefold()
    return "".join(one for one in plain if not unicodedata.combining(one)).rstrip(" .")


@dataclass(slots=True)
class _Answer:
    registered: int = 0
    approved: int = 0
    attended: int = 0
    spellings: Counter[str] = field(default_factory=Counter)


class Question:
    """One question of the form with the answers to it. title: a custom question's own, or a standard field's name.

    titles: every spelling of it. name: its column's machine name. is_field: one of Zoom's standard fields.
    """

    def __init__(self, title: str, *, is_field: bool) -> None:
        self.title, self.is_field, self.name = title, is_field, title
        self.titles = [title]
        self.answered = 0
        self.overflowed = False
        self._answers: dict[str, _Answer] = {}

    def add(self, value: str, *, approved: bool, attended: bool = False) -> None:
        key = fold(value)
        if not key:
            return
        self.answered += 1
        if self.overflowed:
            return
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= _DIFFERENT_AT_MOST:
                self.overflowed = True
                self._answers.clear()
                return
            found = self._answers[key] = _Answer()
        found.registered += 1
        found.approved += approved
        found.attended += attended
        if value in found.spellings or len(found.spellings) < 50:
            found.spellings[value] += 1

    def is_choice(self) -> bool:
        """Whether people chose from a list, as far as their answers tell: few different ones, none long, none that
        looks like an address, a link or a telephone number, and at least half of the people share theirs."""
        if (
            self.overflowed
            or not self._answers
            or self.title in PERSONAL_FIELDS
            or len(self._answers) > CHOICES_AT_MOST
        ):
            return False
        if any(len(key) > LONGEST_CHOICE or _LEADS_TO_A_PERSON.search(key) for key in self._answers):
            return False
        shared = sum(one.registered for one in self._answers.values() if one.registered > 1)
        return 2 * shared >= self.answered

    def different(self) -> int:
        """How many different answers there are, as far as they are kept."""
        return len(self._answers)

    def is_shared(self, value: str) -> bool:
        """Whether at least two people gave this answer."""
        found = self._answers.get(fold(value))
        return found is not None and found.registered > 1

    def label(self, value: str) -> str:
        """The spelling of this answer that most people chose."""
        found = self._answers.get(fold(value))
        return found.spellings.most_common(1)[0][0] if found else value

    def counts(self, words: Words, of: Group, *, smallest: int = 1, at_most: int = GROUPS_AT_MOST) -> AnswerCounts:
        """The answers by size. of: everybody. smallest: smaller groups are told together, and with them as many of the
        next ones as it takes for nobody to reckon how large a hidden one is."""
        known = of.attended is not None
        by_size = sorted(self._answers.values(), key=lambda one: (-one.registered, fold(_spelled(one))))
        called = words.country if self.is_field and self.title == "country" else clean
        groups = [_group(called(_spelled(one)), [one], known=known) for one in by_size[:at_most]]
        others, unseen = by_size[at_most:], 0
        while groups and (groups[-1].registered < smallest or 0 < unseen < smallest):
            unseen += groups.pop().registered
        others = by_size[len(groups) :]
        question = words.field(self.title) if self.is_field else clean(self.title)
        if self.overflowed:
            return AnswerCounts(self.name, question, ())
        hidden = smallest > 1 and bool(others)
        label = words.say("others_hidden" if hidden else "others")
        everybody = _group("", by_size, known=known)
        unanswered = Group(
            words.say("no_answer"),
            of.registered - everybody.registered,
            of.approved - everybody.approved,
            of.attended - (everybody.attended or 0) if of.attended is not None else None,
        )
        return AnswerCounts(
            self.name,
            question,
            tuple(groups),
            _group(label, others, known=known) if others else None,
            unanswered if unanswered.registered > 0 else None,
            hidden,
        )


def _group(label: str, answers: Sequence[_Answer], *, known: bool) -> Group:
    """Several answers together. known: whether it is known who attended."""
    return Group(
        label,
        sum(one.registered for one in answers),
        sum(one.approved for one in answers),
        sum(one.attended for one in answers) if known else None,
    )


def _spelled(one: _Answer) -> str:
    return one.spellings.most_common(1)[0][0]


class Form:
    """All questions that registrants answered, in the order they were first met: standard fields first.

    attended: the store's ids of those who did; None while it is not known.
    """

    def __init__(self, attended: Collection[int] | None = None) -> None:
        # By their title as it is spelled; several spellings may be one question.
        self._fields: dict[str, Question] = {}
        self._custom: dict[str, Question] = {}
        self._attended = attended
        self._registered = self._approved = self._came = 0

    def add(self, lines: Iterable[FormLine]) -> None:
        came = self._attended or ()
        for line in lines:
            approved, attended = line.status == "approved", line.row_id in came
            self._registered += 1
            self._approved += approved
            self._came += attended
            for name, value in line.details:
                if name not in SECRET_FIELDS:
                    self._of(self._fields, name, is_field=True).add(value, approved=approved, attended=attended)
            for title, value in line.answers:
                self._of(self._custom, title, is_field=False).add(value, approved=approved, attended=attended)

    def note(self, fields: Iterable[str], titles: Iterable[str]) -> None:
        """That these were asked, whatever was answered."""
        for name in fields:
            if name not in SECRET_FIELDS:
                self._of(self._fields, name, is_field=True)
        for title in titles:
            self._of(self._custom, title, is_field=False)

    def everybody(self) -> Group:
        return Group("", self._registered, self._approved, None if self._attended is None else self._came)

    def questions(self) -> list[Question]:
        """Standard fields by name, then the event's own questions; each with a machine name of its own."""
        found = [*(self._fields[name] for name in sorted(self._fields)), *self._custom.values()]
        found = list(dict.fromkeys(found))
        taken: set[str] = set()
        for one in found:
            stem = one.title if one.is_field else f"answer_{_slug(one.title)}"
            one.name = next(name for name in _numbered(stem) if name not in taken)
            taken.add(one.name)
        return found

    def find(self, question: str) -> Question | None:
        """The question with this title, field or machine name, however it is spelled."""
        wanted = fold(question)
        for one in reversed(self.questions()):
            if wanted in (fold(one.title), fold(one.name)):
                return one
        return None

    @staticmethod
    def _of(known: dict[str, Question], title: str, *, is_field: bool) -> Question:
        found = known.get(title)
        if found is None:
            key = fold(title)
            found = next((one for one in known.values() if fold(one.title) == key), None)
            if found is None:
                found = Question(title, is_field=is_field)
            else:
                found.titles.append(title)
            known[title] = found
        return found


def titles_of(form: Form) -> list[str]:
    """What `Form.find` may be asked for."""
    return [one.name if one.is_field else clean(one.title) for one in form.questions()]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", fold(title)).strip("_")[:40].rstrip("_") or "question"


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}_{number}"
        number += 1


def joined(pairs: Sequence[Sequence[str]]) -> dict[str, str]:
    """Answers by their titles; a second one to the same title stands beside the first."""
    found: dict[str, str] = dict(pairs)  # type: ignore[arg-type]
    if len(found) != len(pairs):
        found = {}
        for title, value in pairs:
            found[title] = f"{found[title]} / {value}" if title in found else value
    return found
