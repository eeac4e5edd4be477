"""The blocking client."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any, Self

from timeloom._blocking import Facade, Method, Portal, blocking, iterating, paging, plain
from timeloom._migrations import Migrations
from timeloom._observability import Alerts, Observability, Scores
from timeloom._sync import Sync
from timeloom._workspace import AgentSessions, Environments, Preferences, Tasks
from timeloom.aio import (
    TIMEOUT_SECONDS_DEFAULT,
    AsyncApiKeys,
    AsyncExecutions,
    AsyncMemories,
    AsyncPlayback,
    AsyncRecordedExecution,
    AsyncRecording,
    AsyncReplay,
    AsyncReplaying,
    AsyncRetention,
    AsyncSnapshots,
    AsyncStep,
    AsyncTimeloom,
    AsyncWorkflowExecutions,
    AsyncWorkflows,
)
from timeloom.configuration import Configuration
from timeloom.replay.divergence import ReplayResult
from timeloom.replay.player import Player
from timeloom.replay.recording import Recording as ExecutionRecording
from timeloom.replay.tape import Activation, Tape
from timeloom.time_travel import Frame, PlaybackStatus


class Executions(Facade[AsyncExecutions]):
    """The project's executions, each one run of an agent."""

    create = blocking(AsyncExecutions.create)
    get = blocking(AsyncExecutions.get)
    list = paging(AsyncExecutions.list)
    update = blocking(AsyncExecutions.update)
    complete = blocking(AsyncExecutions.complete)
    delete = blocking(AsyncExecutions.delete)
    fork = blocking(AsyncExecutions.fork)
    rollback = blocking(AsyncExecutions.rollback)
    modify_tags = blocking(AsyncExecutions.modify_tags)
    prune = blocking(AsyncExecutions.prune)
    history = paging(AsyncExecutions.history)
    timeline = paging(AsyncExecutions.timeline)
    compare = blocking(AsyncExecutions.compare)
    verify = blocking(AsyncExecutions.verify)
    bisect = blocking(AsyncExecutions.bisect)
    export = blocking(AsyncExecutions.export)
    export_stream = iterating(AsyncExecutions.export_stream)
    import_ = blocking(AsyncExecutions.import_)


class Snapshots(Facade[AsyncSnapshots]):
    """The snapshots of executions: the states of an agent after its steps."""

    record = blocking(AsyncSnapshots.record)
    record_effects = blocking(AsyncSnapshots.record_effects)
    update = blocking(AsyncSnapshots.update)
    delete = blocking(AsyncSnapshots.delete)
    get = blocking(AsyncSnapshots.get)
    list = paging(AsyncSnapshots.list)
    diff = blocking(AsyncSnapshots.diff)
    tail = iterating(AsyncSnapshots.tail)


class RetentionPolicies(Facade[AsyncRetention]):
    """The policy by which the project's snapshots are pruned by themselves, once an hour."""

    get = blocking(AsyncRetention.get)
    set = blocking(AsyncRetention.set)
    clear = blocking(AsyncRetention.clear)


class ApiKeys(Facade[AsyncApiKeys]):
    """The keys that open the project. Looking after them takes the key of an administrator."""

    create = blocking(AsyncApiKeys.create)
    list = paging(AsyncApiKeys.list)
    revoke = blocking(AsyncApiKeys.revoke)


class Memories(Facade[AsyncMemories]):
    """The memories of a project, or what one of its agents may see of them."""

    def as_agent(self, agent_id: str) -> Memories:
        """Return the same memories as an agent sees them: it writes to its own, and reads what it may."""
        return Memories(self.portal, self.twin.as_agent(agent_id))

    add = blocking(AsyncMemories.add)
    add_many = blocking(AsyncMemories.add_many)
    update = blocking(AsyncMemories.update)
    supersede = blocking(AsyncMemories.supersede)
    delete = blocking(AsyncMemories.delete)
    restore = blocking(AsyncMemories.restore)
    get = blocking(AsyncMemories.get)
    list = paging(AsyncMemories.list)
    history = paging(AsyncMemories.history)
    search = blocking(AsyncMemories.search)
    search_many = blocking(AsyncMemories.search_many)
    context = blocking(AsyncMemories.context)

    create_namespace = blocking(AsyncMemories.create_namespace)
    namespace = blocking(AsyncMemories.namespace)
    namespaces = paging(AsyncMemories.namespaces)
    update_namespace = blocking(AsyncMemories.update_namespace)
    delete_namespace = blocking(AsyncMemories.delete_namespace)
    share = blocking(AsyncMemories.share)
    grants = paging(AsyncMemories.grants)
    revoke = blocking(AsyncMemories.revoke)
    set_team = blocking(AsyncMemories.set_team)
    teams = paging(AsyncMemories.teams)
    delete_team = blocking(AsyncMemories.delete_team)
    subscribe = blocking(AsyncMemories.subscribe)
    subscriptions = paging(AsyncMemories.subscriptions)
    news = blocking(AsyncMemories.news)
    acknowledge = blocking(AsyncMemories.acknowledge)
    unsubscribe = blocking(AsyncMemories.unsubscribe)
    sync = blocking(AsyncMemories.sync)
    confirm = blocking(AsyncMemories.confirm)
    contradict = blocking(AsyncMemories.contradict)
    evidence = paging(AsyncMemories.evidence)

    archive = blocking(AsyncMemories.archive)
    unarchive = blocking(AsyncMemories.unarchive)
    summarize = blocking(AsyncMemories.summarize)
    merge = blocking(AsyncMemories.merge)
    undo_merge = blocking(AsyncMemories.undo_merge)
    proposals = paging(AsyncMemories.proposals)
    apply_proposal = blocking(AsyncMemories.apply_proposal)
    reject_proposal = blocking(AsyncMemories.reject_proposal)
    cluster = blocking(AsyncMemories.cluster)
    clusters = paging(AsyncMemories.clusters)
    optimize = blocking(AsyncMemories.optimize)
    reembed = blocking(AsyncMemories.reembed)
    job = blocking(AsyncMemories.job)
    jobs = paging(AsyncMemories.jobs)
    watch = iterating(AsyncMemories.watch)
    wait = blocking(AsyncMemories.wait)
    cancel_job = blocking(AsyncMemories.cancel_job)
    stats = blocking(AsyncMemories.stats)
    policy = blocking(AsyncMemories.policy)
    set_policy = blocking(AsyncMemories.set_policy)


class WorkflowExecutions(Facade[AsyncWorkflowExecutions]):
    """The executions of the project's workflows."""

    get = blocking(AsyncWorkflowExecutions.get)
    wait = blocking(AsyncWorkflowExecutions.wait)
    list = paging(AsyncWorkflowExecutions.list)
    steps = paging(AsyncWorkflowExecutions.steps)
    step = blocking(AsyncWorkflowExecutions.step)
    history = paging(AsyncWorkflowExecutions.history)
    watch = iterating(AsyncWorkflowExecutions.watch)
    pause = blocking(AsyncWorkflowExecutions.pause)
    resume = blocking(AsyncWorkflowExecutions.resume)
    cancel = blocking(AsyncWorkflowExecutions.cancel)
    retry = blocking(AsyncWorkflowExecutions.retry)
    fork = blocking(AsyncWorkflowExecutions.fork)
    signal = blocking(AsyncWorkflowExecutions.signal)
    approve = blocking(AsyncWorkflowExecutions.approve)
    reject = blocking(AsyncWorkflowExecutions.reject)
    control = blocking(AsyncWorkflowExecutions.control)
    delete = blocking(AsyncWorkflowExecutions.delete)


class Workflows(Facade[AsyncWorkflows]):
    """The project's workflows: what is to be done, whatever stops in between.

    Attributes:
        executions: Runs of workflows, and the hand on them.
    """

    def __init__(self, portal: Portal, twin: AsyncWorkflows) -> None:
        super().__init__(portal, twin)
        self.executions = WorkflowExecutions(portal, twin.executions)

    apply = blocking(AsyncWorkflows.apply)
    create = blocking(AsyncWorkflows.create)
    get = blocking(AsyncWorkflows.get)
    list = paging(AsyncWorkflows.list)
    versions = paging(AsyncWorkflows.versions)
    delete = blocking(AsyncWorkflows.delete)
    enable = blocking(AsyncWorkflows.enable)
    disable = blocking(AsyncWorkflows.disable)
    validate = blocking(AsyncWorkflows.validate)
    schema = blocking(AsyncWorkflows.schema)
    templates = blocking(AsyncWorkflows.templates)
    template = blocking(AsyncWorkflows.template)
    execute = blocking(AsyncWorkflows.execute)
    execute_many = blocking(AsyncWorkflows.execute_many)
    stats = blocking(AsyncWorkflows.stats)

    publish = blocking(AsyncWorkflows.publish)
    publish_many = blocking(AsyncWorkflows.publish_many)
    events = paging(AsyncWorkflows.events)
    triggers = paging(AsyncWorkflows.triggers)
    webhook_secret = blocking(AsyncWorkflows.webhook_secret)
    rotate_webhook_secret = blocking(AsyncWorkflows.rotate_webhook_secret)
    dead_letters = paging(AsyncWorkflows.dead_letters)
    redrive = blocking(AsyncWorkflows.redrive)
    delete_dead_letter = blocking(AsyncWorkflows.delete_dead_letter)


class Playback(Facade[AsyncPlayback]):
    """A playback: `with client.playback(execution_id) as playback: …`; iterate over it while it plays."""

    play = blocking(AsyncPlayback.play)
    pause = blocking(AsyncPlayback.pause)
    step = blocking(AsyncPlayback.step)
    back = blocking(AsyncPlayback.back)
    jump = blocking(AsyncPlayback.jump)
    set_breakpoints = blocking(AsyncPlayback.set_breakpoints)
    close = blocking(AsyncPlayback.close)

    @property
    def frame(self) -> Frame:
        """The frame that it stands on."""
        return self.twin.frame

    @property
    def status(self) -> PlaybackStatus:
        """How it stands."""
        return self.twin.status

    @property
    def is_playing(self) -> bool:
        """Whether frames come by themselves."""
        return self.twin.is_playing

    def __iter__(self) -> Iterator[Frame]:
        return self.portal.iterate(self.twin.frames())

    def __enter__(self) -> Self:
        self.portal.run(self.twin.open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.close()


class Step(Facade[AsyncStep]):
    """A step that was recorded, or is about to be."""

    wait = blocking(AsyncStep.wait)

    @classmethod
    def recorded(cls, portal: Portal, step: Coroutine[Any, Any, AsyncStep]) -> Self:
        """Wait until a step is recorded and return it."""
        return cls(portal, portal.run(step))

    @property
    def name(self) -> str:
        """The step's name."""
        return self.twin.name

    @property
    def key(self) -> str:
        """The key of its snapshot, unique in the execution."""
        return self.twin.key

    @property
    def sequence(self) -> int | None:
        """The number of its snapshot; None until that is committed."""
        return self.twin.sequence

    def __repr__(self) -> str:
        return f"Step(name={self.name!r}, sequence={self.sequence})"


class RecordedExecution(Facade[AsyncRecordedExecution]):
    """An execution that is being recorded; `Timeloom.record` makes it. Threads may share it."""

    effect = plain(AsyncRecordedExecution.effect)
    now = plain(AsyncRecordedExecution.now)
    time = plain(AsyncRecordedExecution.time)
    random = plain(AsyncRecordedExecution.random)
    generator = plain(AsyncRecordedExecution.generator)
    uuid = plain(AsyncRecordedExecution.uuid)
    step = Method(AsyncRecordedExecution.step, Step.recorded)
    flush = blocking(AsyncRecordedExecution.flush)
    complete = blocking(AsyncRecordedExecution.complete)

    @property
    def id(self) -> str:
        """The execution's identifier."""
        return self.twin.id

    @property
    def tape(self) -> Tape:
        """Where its effects are kept, or answered from."""
        return self.twin.tape

    @property
    def input(self) -> Any:
        """What the agent was given."""
        return self.twin.input

    @property
    def state(self) -> Any:
        """The state that it began from: of the head when it was resumed, else None."""
        return self.twin.state

    @property
    def output(self) -> Any:
        """What the agent answers: set it before the block ends."""
        return self.twin.output

    @output.setter
    def output(self, value: Any) -> None:
        self.twin.output = value


class Recording(Facade[AsyncRecording]):
    """Begins when the block begins and ends the execution when the block ends, as the block ended."""

    _activation: Activation | None = None

    def __enter__(self) -> RecordedExecution:
        execution = RecordedExecution(self.portal, self.portal.run(self.twin.begin()))
        self._activation = Activation(execution.twin.tape)
        return execution

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        if self._activation is not None:
            self._activation.end()
        self.portal.run(self.twin.end(error))


class Replay(Facade[AsyncReplay]):
    """An execution that is being replayed; `Timeloom.replay` makes it."""

    @property
    def recording(self) -> ExecutionRecording:
        """What is replayed."""
        return self.twin.recording

    @property
    def player(self) -> Player:
        """Answers the effects and judges the steps."""
        return self.twin.player

    @property
    def result(self) -> ReplayResult:
        """How it went so far, or in the end: identical, or diverged and where."""
        return self.twin.result

    @property
    def execution(self) -> RecordedExecution:
        """What the code records its steps with, as when it was recorded."""
        return RecordedExecution(self.portal, self.twin.execution)


class Replaying(Facade[AsyncReplaying]):
    """Reads the recording when the block begins, and compares the end when the block ends."""

    _replay: Replay | None = None

    def __enter__(self) -> Replay:
        self._replay = Replay(self.portal, self.portal.run(self.twin.begin()))
        self.twin.activate()
        return self._replay

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.twin.deactivate()
        assert self._replay is not None
        self._replay.twin.end(error)


class Timeloom(Facade[AsyncTimeloom]):
    """A client of Timeloom. Any number of threads may use it at once; what they record travels together.

    It connects at its first call. Settings come from the arguments, else from `TIMELOOM_API_KEY`,
    `TIMELOOM_GRPC_ADDRESS` and `TIMELOOM_URL`, else from the nearest `.timeloom/credentials.json` upwards
    from the working directory.

    Attributes:
        executions: Create, read, list and change executions, fork them, and ask what a debugger asks.
        snapshots: Read, list, compare, mark and follow snapshots.
        retention: What is kept when snapshots are pruned.
        memory: What agents remember.
        workflows: What is to be done, whatever stops in between; `workflows.executions` are its runs.
        tasks: What people want agents to do.
        environments: Where agents work.
        preferences: What users have chosen.
        agent_sessions: Conversations between people and agents, as apps keep them.
        sync: Takes what clients changed while nobody heard them.
        migrations: What browser apps kept by themselves, brought over.
        observability: What agents did, as telemetry tells it: events, traces, sessions, metrics, prices.
        scores: How good agents' work was.
        alerts: Rules over metrics of events, and what they found.
        api_keys: The keys that open the project, and as whom.
    """

    record = Method(AsyncTimeloom.record, Recording)
    resume = Method(AsyncTimeloom.resume, Recording)
    replay = Method(AsyncTimeloom.replay, Replaying)
    recording = blocking(AsyncTimeloom.recording)
    playback = Method(AsyncTimeloom.playback, Playback)
    frames = iterating(AsyncTimeloom.frames)

    def __init__(
        self,
        *,
        api_key: str | None = None,
        grpc_address: str | None = None,
        url: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS_DEFAULT,
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            api_key: The key of the project to work in.
            grpc_address: `host:port`, or `https://host:port` for TLS.
            url: The address of the REST front and the console, for people to open.
            timeout_seconds: How long a call, or the commit of a step, may take.

        Raises:
            ConfigurationError: No API key was found; the message says where one may be put.
        """
        twin = AsyncTimeloom(
            api_key=api_key, grpc_address=grpc_address, url=url, timeout_seconds=timeout_seconds
        )
        super().__init__(Portal(), twin)
        self.executions = Executions(self.portal, twin.executions)
        self.snapshots = Snapshots(self.portal, twin.snapshots)
        self.retention = RetentionPolicies(self.portal, twin.retention)
        self.memory = Memories(self.portal, twin.memory)
        self.workflows = Workflows(self.portal, twin.workflows)
        self.tasks = Tasks(self.portal, twin.tasks)
        self.environments = Environments(self.portal, twin.environments)
        self.preferences = Preferences(self.portal, twin.preferences)
        self.agent_sessions = AgentSessions(self.portal, twin.agent_sessions)
        self.sync = Sync(self.portal, twin.sync)
        self.migrations = Migrations(self.portal, twin.migrations)
        self.observability = Observability(self.portal, twin.observability)
        self.scores = Scores(self.portal, twin.scores)
        self.alerts = Alerts(self.portal, twin.alerts)
        self.api_keys = ApiKeys(self.portal, twin.api_keys)

    @property
    def configuration(self) -> Configuration:
        """Where the client connects to."""
        return self.twin.configuration

    def close(self) -> None:
        """Disconnect. Steps that nobody waited for and that are not committed yet are given up."""
        if not self.portal.closed:
            self.portal.run(self.twin.close())
            self.portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.close()
