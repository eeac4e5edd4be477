"""Exports as browsers of real people make them: mostly sound, some of it old, doubled, foreign or damaged."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from timeloom.exports import Export, ExportSource

BEGIN = datetime(2025, 3, 1, 9, tzinfo=UTC)
_TEXT = (
    "deploy the service to staging and check the logs before anyone looks at the dashboard because tests of "
    "the parser fail when a name has an ümlaut or an emoji 🚀 and the retry waits 30 seconds for the queue "
    "Grüße aus Köln 東京で会議 пожалуйста проверь сборку merge rebase branch main fix typo add index "
    "drop cache"
)
WORDS = _TEXT.split()
MEMORY_TYPES = (
    *("conversation", "task_execution", "user_preference", "learned_pattern"),
    *("error_resolution", "context_summary", "knowledge_base", "skill_acquisition"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserExport:
    """An export, and what has to come of it in an empty project.

    Attributes:
        secrets: What lies in it in clear and must not be seen anywhere afterwards.
        created: How many resources of each table it makes.
    """

    export: Export = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    created: dict[str, int]


def browser_export(
    *,
    task_count: int = 200,
    message_count: int = 10_000,
    environment_count: int = 20,
    memory_count: int = 5_000,
    dimension: int = 256,
    queue_time: datetime = BEGIN + timedelta(days=60),
    seed: int = 7,
) -> BrowserExport:
    """Makes an export; with the defaults it takes about 20 MB. The same arguments make the same export.

    Args:
        task_count: How many tasks lie in the newest store.
        message_count: How many messages all of them have together.
        environment_count: How many environments.
        memory_count: How many memories, most of them in IndexedDB.
        dimension: Of their vectors.
        queue_time: When the offline queue was filled; servers refuse what is much older than they are.
        seed: Of everything that chance decides.
    """
    maker = _Maker(random.Random(seed))
    records = [
        *maker.task_records(task_count, message_count),
        *maker.environment_records(environment_count),
        *maker.preference_records(),
        *maker.session_records(),
        *maker.queue_records(queue_time),
        *maker.secret_records(),
        *maker.odd_records(),
        *maker.memory_records(memory_count, dimension),
    ]
    source = ExportSource(
        origin="https://desk.example.com",
        app="desk",
        app_version="2.4.1",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        user_id="ann",
    )
    return BrowserExport(
        export=Export.of(records, source=source), secrets=tuple(maker.secrets), created=dict(maker.created)
    )


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.secrets: list[str] = []
        self.created: dict[str, int] = {}

    def task_records(self, count: int, message_count: int) -> Iterator[tuple[str, str, Any]]:
        tasks = [self._task(place, message_count // count) for place in range(count)]
        tasks[0]["messages"][0]["data"]["text"] = f"Use {self._token()} to push."
        old_store = json.dumps({"state": {"tasks": tasks[: count // 10]}, "version": 2})
        # The same id twice: the newer one counts. And what is no task at all.
        older = {**tasks[1], "title": "An older version", "updatedAt": BEGIN.isoformat()}
        state = {"tasks": [*tasks, older, None], "selectedTaskId": tasks[0]["id"], "filter": "all"}
        yield _local("task-store", json.dumps({"state": state, "version": 3}, ensure_ascii=False))
        yield _local("task-store-backup", old_store)
        yield _local(
            "tasks",
            json.dumps(
                [
                    {"id": 17, "name": "From the first version", "repo": "desk/app", "archived": True},
                    {"description": "Nobody gave it a title\nor an id.", "status": "open"},
                    tasks[2],
                ]
            ),
        )
        self._create("tasks", count + 2)

    def _task(self, place: int, message_count: int) -> dict[str, Any]:
        chance = self._chance
        created = BEGIN + timedelta(hours=3 * place, seconds=chance.randrange(3600))
        task: dict[str, Any] = {
            "id": self._uuid() if place % 3 else f"task-{place}",
            "title": self._text(6),
            "description": self._text(30),
            "messages": [self._message(turn) for turn in range(message_count)],
            "status": chance.choice(["IN_PROGRESS", "DONE", "MERGED", "PAUSED", "CANCELLED", "REVIEW"]),
            "branch": f"feature/{place}",
            "sessionId": self._uuid(),
            "repository": "desk/app",
            "createdAt": created.isoformat().replace("+00:00", "Z"),
            "updatedAt": (created + timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
            "isArchived": place % 7 == 0,
            "mode": chance.choice(["code", "ask"]),
            "hasChanges": place % 4 == 0,
        }
        if place % 5 == 0:
            task["pullRequest"] = {"number": place, "url": f"https://git.example.com/desk/app/pull/{place}"}
        if place % 11 == 5:
            del task["title"]
        if place % 13 == 5:
            task["statusMessage"], task["reviewers"] = "Waits for a review", ["bob", "chloë"]
        return task

    def _message(self, turn: int) -> dict[str, Any]:
        role = "assistant" if turn % 2 else "user"
        return {"role": role, "type": "message", "data": {"text": self._text(self._chance.randint(20, 110))}}

    def environment_records(self, count: int) -> Iterator[tuple[str, str, Any]]:
        environments = [
            {
                "id": self._uuid(),
                # Two of one name, as apps allow.
                "name": f"env {place if place != 1 else 0}",
                "description": self._text(8),
                "githubOrganization": "desk",
                "githubToken": self._token(),
                "githubRepository": f"desk/app-{place}",
                "createdAt": BEGIN.isoformat(),
                "updatedAt": (BEGIN + timedelta(days=place)).isoformat(),
            }
            for place in range(count)
        ]
        whole = json.dumps({"state": {"environments": environments}, "version": 1})
        # The tab was closed in the middle of a write, and the backup is whole.
        yield _local("environments", whole[: len(whole) * 2 // 3])
        yield _local("environments-backup", json.dumps(environments))
        self._create("environments", count)

    def preference_records(self) -> Iterator[tuple[str, str, Any]]:
        choices = {
            "theme": "dark",
            "fontSize": 14,
            "editor": {"tabs": False, "rulers": [80, 110]},
            "名前": "アン",
        }
        yield _local("user-preferences", json.dumps({"state": choices, "version": 0}, ensure_ascii=False))
        yield _local("settings", json.dumps({"notifications": True, "apiKey": self._token()}))
        yield _local("theme", "dark")
        yield _local("form_new-task", json.dumps({"title": "Half a ti", "mode": "ask"}))
        yield _local("form-feedback", "only words")
        # The key is a secret, and becomes no preference.
        self._create("preferences", len(choices) + 1 + 2)

    def session_records(self) -> Iterator[tuple[str, str, Any]]:
        sessions: dict[str, Any] = {
            f"session-{place}": {
                "sessionType": self._chance.choice(["chat", "voice", "brainstorm", "multi-agent"]),
                "sessionData": {"messages": [self._message(turn) for turn in range(20)]},
                "currentStage": "draft",
                "totalStages": 4,
                "isActive": place == 0,
                "startedAt": int((BEGIN + timedelta(days=place)).timestamp() * 1000),
                "lastInteractionAt": (BEGIN + timedelta(days=place, hours=1)).isoformat(),
            }
            for place in range(12)
        }
        yield _local("agent-sessions", json.dumps({"state": {"sessions": sessions}, "version": 1}))
        yield _local("agent-session-solo", json.dumps({"id": "solo", "type": "chat", "messages": []}))
        self._create("agent_sessions", len(sessions) + 1)

    def queue_records(self, time: datetime) -> Iterator[tuple[str, str, Any]]:
        stamp = int(time.timestamp() * 1000)
        task_id = self._uuid()
        queue = [
            _queued("q1", "tasks", "insert", {"id": task_id, "title": "Made in a tunnel"}, stamp),
            _queued("q2", "tasks", "update", {"id": task_id, "status": "DONE"}, stamp + 5),
            _queued(
                "q3", "user_preferences", "insert", {"id": self._uuid(), "key": "zoom", "value": 2}, stamp
            ),
            _queued("q4", "workflows", "insert", {"id": self._uuid(), "name": "not here"}, stamp),
        ]
        yield _local("electric-offline-queue", json.dumps(queue))
        pairs = [["k1", _queued("k1", "tasks", "update", {"id": task_id, "is_archived": True}, stamp + 9)]]
        yield _local("electric:offline-queue", json.dumps(pairs))
        self._create("mutations", 4)

    def secret_records(self) -> Iterator[tuple[str, str, Any]]:
        secret = {
            "value": self._token(),
            "encrypted": False,
            "createdAt": 1740819600000,
            "metadata": {"of": "ann"},
        }
        yield _local("secure_github", json.dumps(secret))
        password = f"pass-{self._uuid()}"
        self.secrets.append(password)
        yield _local("auth_token", password)
        yield _local("last-login", json.dumps({"user": "ann", "password": password, "at": 1740819600000}))

    def odd_records(self) -> Iterator[tuple[str, str, Any]]:
        yield _local("cache_models", json.dumps([self._text(40) for _ in range(200)]))
        yield _local("analytics-consent", "yes")
        yield _local("ключ 🔑", '{"nested": {"quote": "\\"", "line": "\\u2028"}}')
        yield _local("empty", "")
        yield _local("broken", '{"a": [1, 2')
        yield ("indexedDB:keyval-store/keyval", "draft", {"text": self._text(12), "n": 1e21, "small": 5e-324})

    def memory_records(self, count: int, dimension: int) -> Iterator[tuple[str, str, Any]]:
        documents = [self._memory(place, dimension) for place in range(count)]
        fifth = count // 5
        index = {
            "documents": documents[:fifth],
            "lastUpdate": 1740819600000,
            "config": {"dimensions": dimension, "embeddingModel": "text-embedding-mini"},
        }
        yield _local("vector-index-agent-memory", json.dumps(index, ensure_ascii=False))
        for document in documents[fifth:]:
            yield "indexedDB:agent-memory/documents", document["id"], document
        self._create("memories", count)

    def _memory(self, place: int, dimension: int) -> dict[str, Any]:
        chance = self._chance
        moment = BEGIN + timedelta(minutes=17 * place)
        return {
            "id": self._uuid() if place % 2 else f"mem_{place}",
            "content": f"{place}: {self._text(18)}",
            "embedding": [round(chance.gauss(0, 0.1), 6) for _ in range(dimension)],
            "metadata": {
                "agentType": chance.choice(["coder", "reviewer", "planner"]),
                "type": MEMORY_TYPES[place % len(MEMORY_TYPES)],
                "importance": chance.randint(1, 10),
                "contextKey": f"context/{place}",
                "createdAt": moment.isoformat(),
                "accessCount": chance.randrange(30),
            },
        }

    def _create(self, table: str, count: int) -> None:
        self.created[table] = self.created.get(table, 0) + count

    def _token(self) -> str:
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
        token = "ghp_" + "".join(self._chance.choices(letters, k=36))
        self.secrets.append(token)
        return token

    def _text(self, count: int) -> str:
        return " ".join(self._chance.choices(WORDS, k=count))

    def _uuid(self) -> str:
        digits = f"{self._chance.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _local(key: str, value: str) -> tuple[str, str, str]:
    return "localStorage", key, value


def _queued(name: str, table: str, operation: str, data: dict[str, Any], stamp: int) -> dict[str, Any]:
    return {
        "id": name,
        "table": table,
        "operation": operation,
        "data": data,
        "timestamp": stamp,
        "retryCount": 0,
    }
