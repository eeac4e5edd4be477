"""Conversations with questions about them, whose answers are known to lie in some of their turns.

LoCoMo's, from a file that `TIMELOOM_BENCH_LOCOMO` names (its licence allows no copy here), or generated ones.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "TIMELOOM_BENCH_LOCOMO"

# LoCoMo's fifth category asks for what was never said.
_ADVERSARIAL: Final = 5
_TIME: Final = "%I:%M %p on %d %B, %Y"
_TURN: Final = re.compile(r"D:?(\d+):0*(\d+)")

_PEOPLE: Final = ("Ada", "Ben", "Chloe", "David", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas")
# What is told, and how one asks for it in other words.
_FACTS: Final = (
    ("I adopted a {} last week, it sleeps all day.", "Which pet did {} get?", "puppy kitten parrot rabbit"),
    ("My new job is at a {}, I started on Monday.", "Where does {} work now?", "bakery hospital bank museum"),
    (
        "I'm learning to play the {} these days.",
        "Which instrument does {} practise?",
        "cello flute drums harp",
    ),
    ("We spent our holiday in {}, it was lovely.", "Where did {} travel to?", "Peru Norway Japan Kenya"),
    ("For dinner I cooked {} for everybody.", "What meal did {} prepare?", "lasagne curry paella dumplings"),
    ("I broke my {} when I fell off the bike.", "What did {} injure?", "wrist ankle elbow collarbone"),
    ("I finally sold the old {} to a neighbour.", "What did {} get rid of?", "van piano sofa caravan"),
    (
        "My sister is going to marry a {}.",
        "Who is the fiancé of {}'s sister?",
        "pilot dentist farmer painter",
    ),
)
_CHATTER: Final = (
    "How are you? It has been a while.",
    "That sounds great, tell me more!",
    "Yes, I think so, too.",
    "The weather was awful again today.",
    "I have to go, talk to you soon.",
    "Really? I would never have thought that.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something that was said."""

    id: str
    session: str
    time: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, and the turns that answer it."""

    text: str
    evidence: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What was said in some sessions, and what is asked about it."""

    id: str
    turns: Sequence[Turn]
    questions: Sequence[Question]


def is_locomo() -> bool:
    """Whether the conversations are LoCoMo's."""
    return bool(os.environ.get(VARIABLE))


def load() -> tuple[str, list[Conversation]]:
    """Returns what the conversations are, and the conversations."""
    path = os.environ.get(VARIABLE)
    if not path:
        return f"generated conversations (LoCoMo's if {VARIABLE} names its file)", list(_generated())
    documents = json.loads(Path(path).read_text(encoding="utf-8"))
    return "LoCoMo, categories 1 to 4", [_conversation(document) for document in documents]


def _conversation(document: Mapping[str, Any]) -> Conversation:
    said = document["conversation"]
    sessions = sorted(int(key[8:]) for key in said if re.fullmatch(r"session_\d+", key))
    turns = [
        _turn(
            turn, session, datetime.strptime(said[f"session_{session}_date_time"], _TIME).replace(tzinfo=UTC)
        )
        for session in sessions
        for turn in said[f"session_{session}"]
    ]
    known = {turn.id for turn in turns}
    questions = [
        Question(text=asked["question"], evidence=evidence)
        for asked in document["qa"]
        if asked["category"] != _ADVERSARIAL
        and (evidence := frozenset(_evidence(asked.get("evidence") or [])) & known)
    ]
    return Conversation(id=document["sample_id"], turns=turns, questions=questions)


def _turn(turn: Mapping[str, Any], session: int, time: datetime) -> Turn:
    image = f" [shared image: {turn['blip_caption']}]" if turn.get("blip_caption") else ""
    text = f"{turn['speaker']} ({time.day} {time:%B %Y}): {turn.get('text', '')}{image}"
    return Turn(id=turn["dia_id"], session=f"session-{session}", time=time, text=text)


def _evidence(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        for session, turn in _TURN.findall(text):
            yield f"D{session}:{turn}"


def _generated() -> Iterator[Conversation]:
    chance = random.Random(7)
    for number in range(3):
        turns: list[Turn] = []
        questions: list[Question] = []
        told = [(person, fact) for person in _PEOPLE for fact in _FACTS]
        chance.shuffle(told)
        for place, (person, (telling, asking, things)) in enumerate(told):
            session = place // 8
            time = datetime(2026, 1, 5, 18, tzinfo=UTC) + timedelta(days=4 * session)
            said = telling.format(chance.choice(things.split()))
            for speaker, text in (
                (chance.choice(_PEOPLE), chance.choice(_CHATTER)),
                (person, said),
                (chance.choice(_PEOPLE), chance.choice(_CHATTER)),
            ):
                name = f"turn-{len(turns)}"
                if text == said:
                    questions.append(Question(text=asking.format(person), evidence=frozenset({name})))
                turns.append(
                    Turn(
                        id=name,
                        session=f"session-{session}",
                        time=time,
                        text=f"{speaker} ({time.day} {time:%B %Y}): {text}",
                    )
                )
        yield Conversation(id=f"generated-{number}", turns=turns, questions=questions)
