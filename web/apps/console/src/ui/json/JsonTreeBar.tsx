import { ActionIcon, Group, Text, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { ChevronDown, ChevronsDownUp, ChevronsUpDown, ChevronUp, Search } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useShortcut } from "../../app/shortcuts";
import classes from "./JsonTree.module.css";
import { type OpenRows, type OutlineRow, ROWS_MAX } from "./outline";
import { isContainer } from "./pointer";
import { type Found, MATCHES_MAX, searchJson } from "./search";

const TYPING_MS = 150;
/** Opening everything opens so many rows at most. */
const OPENED_MAX = 2_000;

interface JsonTreeBarProps {
  readonly value: unknown;
  readonly rows: readonly OutlineRow[];
  readonly open: OpenRows;
  readonly onOpen: (open: OpenRows) => void;
  readonly onReveal: (pointer: string) => void;
  readonly tools: ReactNode;
}

/** Search in the tree, and what opens and closes all of it. */
export function JsonTreeBar({ value, rows, open, onOpen, onReveal, tools }: JsonTreeBarProps) {
  const [text, setText] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const search = useSearch(value, text, onReveal);
  useShortcut({ keys: "/", label: "Search in the state", group: "State" }, () => input.current?.focus());
  const openAll = () => {
    const after = new Map(open);
    for (const row of rows.slice(0, OPENED_MAX)) if (row.size) after.set(row.id, true);
    onOpen(after);
  };
  const closeAll = () => {
    const after = new Map(open);
    for (const row of rows) if (row.isOpen) after.set(row.id, false);
    onOpen(after);
  };
  return (
    <Group gap={4} wrap="nowrap" className={classes.bar ?? ""}>
      <TextInput
        ref={input}
        size="xs"
        variant="unstyled"
        className={classes.search ?? ""}
        leftSection={<Search size={13} aria-hidden />}
        placeholder="Search names and values"
        aria-label="Search names and values"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") search.go(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") setText("");
        }}
      />
      {text !== "" && <Matches search={search} />}
      <Tooltip label="Open one level more">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label="Open one level more"
          onClick={openAll}
          disabled={rows.length >= ROWS_MAX || !isContainer(value)}
        >
          <ChevronsUpDown size={14} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Close all">
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Close all" onClick={closeAll}>
          <ChevronsDownUp size={14} />
        </ActionIcon>
      </Tooltip>
      {tools}
    </Group>
  );
}

interface Searching {
  readonly found: Found;
  readonly at: number;
  readonly go: (by: number) => void;
}

const NOTHING: Found = { pointers: [], isComplete: true };

function useSearch(value: unknown, text: string, onReveal: (pointer: string) => void): Searching {
  const [wanted] = useDebouncedValue(text.trim(), TYPING_MS);
  const [found, setFound] = useState(NOTHING);
  const [at, setAt] = useState(-1);
  useEffect(() => {
    setAt(-1);
    if (wanted === "") {
      setFound(NOTHING);
      return;
    }
    const abort = new AbortController();
    void searchJson(value, wanted, abort.signal, setFound);
    return () => abort.abort();
  }, [value, wanted]);
  const go = (by: number) => {
    const count = found.pointers.length;
    if (count === 0) return;
    const next = at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count;
    setAt(next);
    onReveal(found.pointers[next] ?? "");
  };
  return { found, at, go };
}

function Matches({ search }: { search: Searching }) {
  const { found, at, go } = search;
  const count = found.pointers.length;
  const total = `${count}${count >= MATCHES_MAX ? "+" : ""}`;
  return (
    <>
      <Text size="xs" c="dimmed" role="status" className={classes.matches ?? ""}>
        {count === 0
          ? found.isComplete
            ? "Not found"
            : "Searching"
          : at < 0
            ? `${total} found`
            : `${at + 1} of ${total}`}
      </Text>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label="Previous place"
        onClick={() => go(-1)}
        disabled={count === 0}
      >
        <ChevronUp size={14} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label="Next place"
        onClick={() => go(1)}
        disabled={count === 0}
      >
        <ChevronDown size={14} />
      </ActionIcon>
    </>
  );
}
