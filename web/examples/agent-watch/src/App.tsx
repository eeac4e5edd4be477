import { useExecutionReplay, useExecutions, useLiveStatus } from "@timeloom/client/react";
import { useState } from "react";

/** Executions on the left, the one that was chosen on the right. */
export function App() {
  const [chosen, choose] = useState("");
  return (
    <>
      <header>
        <h1>Agent watch</h1>
        <p>Live stream: {useLiveStatus()}</p>
      </header>
      <main>
        <Executions chosen={chosen} choose={choose} />
        {chosen === "" ? <p>Choose an execution.</p> : <Replay key={chosen} executionId={chosen} />}
      </main>
    </>
  );
}

function Executions({ chosen, choose }: { readonly chosen: string; readonly choose: (id: string) => void }) {
  const { data = [], error, isPending, hasNextPage, fetchNextPage } = useExecutions({ pageSize: 20 });
  if (isPending) return <p>Loading…</p>;
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <nav aria-label="Executions">
      {data.length === 0 && <p>No agent has run yet.</p>}
      {data.map(({ id, name, agentId, status, headSequence }) => (
        <button key={id} type="button" aria-current={id === chosen} onClick={() => choose(id)}>
          <strong>{name || agentId}</strong>
          <span>
            {status.toLowerCase()}, {headSequence} snapshots
          </span>
        </button>
      ))}
      {hasNextPage && (
        <button type="button" onClick={() => void fetchNextPage()}>
          More
        </button>
      )}
    </nav>
  );
}

function Replay({ executionId }: { readonly executionId: string }) {
  const replay = useExecutionReplay(executionId);
  const { status, sequence, snapshots, snapshot, current, error } = replay;
  if (error) return <p role="alert">{error.message}</p>;
  if (status === "loading" || status === "idle") return <p>Loading…</p>;
  if (snapshot === undefined) return <p>No snapshot was recorded yet.</p>;
  return (
    <section aria-label="Replay">
      <h2>
        {snapshot.stepName || snapshot.kind} ({replay.index + 1} of {snapshots.length})
      </h2>
      <input
        type="range"
        aria-label="Snapshot"
        min={1}
        max={snapshots.length}
        value={replay.index + 1}
        onChange={(event) => replay.jumpTo(snapshots[Number(event.target.value) - 1]?.sequence ?? sequence)}
      />
      <p>
        <button type="button" onClick={replay.stepBackward}>
          Back
        </button>
        <button type="button" onClick={() => (status === "playing" ? replay.pause() : replay.play())}>
          {status === "playing" ? "Pause" : "Play"}
        </button>
        <button type="button" onClick={replay.stepForward}>
          On
        </button>
      </p>
      <pre>{JSON.stringify(current.data?.state, undefined, 2)}</pre>
    </section>
  );
}
