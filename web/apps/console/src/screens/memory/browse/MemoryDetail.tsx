import { ActionIcon, Tabs, Tooltip } from "@mantine/core";
import type { Memory, MemoryMatch } from "@timeloom/client";
import { useMemory } from "@timeloom/client/react";
import { X } from "lucide-react";
import { useEffect } from "react";
import { useShortcut } from "../../../app/shortcuts";
import { ErrorState, LoadingState } from "../../../ui/states";
import { partsOf } from "../lib/score";
import { useKeepOne } from "../local/useLocal";
import type { DetailTab } from "../search";
import { Kind } from "../ui/Kind";
import { MemoryState } from "../ui/MemoryState";
import { ScoreTable } from "../ui/ScoreBar";
import { MemoryActions } from "./MemoryActions";
import { MemoryContent } from "./MemoryContent";
import classes from "./MemoryDetail.module.css";
import { MemoryEvidence } from "./MemoryEvidence";
import { MemoryHistory } from "./MemoryHistory";
import { MemorySimilar } from "./MemorySimilar";

interface MemoryDetailProps {
  readonly memoryId: string;
  readonly tab: DetailTab;
  readonly onTab: (tab: DetailTab) => void;
  readonly onOpen: (memoryId: string) => void;
  readonly onClose: () => void;
  /** What the search that found it says about it. */
  readonly match?: MemoryMatch | undefined;
  /** As this browser keeps it: shown where the server cannot be asked. */
  readonly kept?: Memory | undefined;
  readonly isOffline: boolean;
}

const TABS = [
  { value: "content", label: "Content" },
  { value: "history", label: "History" },
  { value: "evidence", label: "Evidence" },
  { value: "similar", label: "Similar" },
] as const;

/** A memory: what it says, how it came to that, who confirms it, and what is like it. */
export function MemoryDetail(props: MemoryDetailProps) {
  const { memoryId, onClose, isOffline, kept } = props;
  const memory = useMemory(memoryId, { includeVector: true, enabled: !isOffline });
  const keepOne = useKeepOne();
  const known = memory.data?.id === memoryId ? memory.data : undefined;
  useEffect(() => {
    if (known !== undefined && known.deleteTime === undefined) keepOne(known);
  }, [known, keepOne]);
  useShortcut({ keys: "Escape", label: "Close the memory", group: "Memory" }, onClose);
  const shown = isOffline ? kept : (known ?? kept);
  return (
    <section className={classes.panel} aria-label="Memory">
      <div className={classes.head}>
        {shown && <Kind kind={shown.kind} />}
        {shown && <MemoryState memory={shown} />}
        <span style={{ flex: 1 }} />
        {shown && !isOffline && <MemoryActions memory={shown} onOpen={props.onOpen} onGone={onClose} />}
        <Tooltip label="Close (Esc)">
          <ActionIcon variant="subtle" color="gray" aria-label="Close the memory" onClick={onClose}>
            <X size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      {shown === undefined ? (
        <Missing
          error={isOffline ? new Error("This memory was not kept in this browser.") : memory.error}
          onRetry={() => void memory.refetch()}
        />
      ) : (
        <Parts {...props} memory={shown} />
      )}
    </section>
  );
}

function Missing({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return error ? <ErrorState error={error} onRetry={onRetry} /> : <LoadingState label="Loading the memory" />;
}

function Parts(props: MemoryDetailProps & { readonly memory: Memory }) {
  const { memory, tab, onTab, match, isOffline } = props;
  const parts = match && partsOf(match);
  const current = tab === "score" && parts === undefined ? "content" : tab;
  return (
    <Tabs
      value={current}
      onChange={(value) => onTab((value ?? "content") as DetailTab)}
      keepMounted={false}
      className={classes.panel ?? ""}
    >
      <Tabs.List aria-label="Parts of the memory">
        {TABS.map(({ value, label }) => (
          <Tabs.Tab
            key={value}
            value={value}
            disabled={isOffline && (value === "history" || value === "evidence")}
          >
            {label}
          </Tabs.Tab>
        ))}
        {parts && <Tabs.Tab value="score">Score</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value={current} className={classes.body ?? ""} tabIndex={0}>
        {current === "content" && <MemoryContent memory={memory} onOpen={props.onOpen} />}
        {current === "history" && <MemoryHistory memory={memory} />}
        {current === "evidence" && <MemoryEvidence memory={memory} />}
        {current === "similar" && (
          <MemorySimilar memory={memory} onOpen={props.onOpen} isOffline={isOffline} />
        )}
        {current === "score" && parts && <ScoreTable parts={parts} />}
      </Tabs.Panel>
    </Tabs>
  );
}
