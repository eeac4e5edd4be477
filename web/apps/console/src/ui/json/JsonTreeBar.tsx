import { ActionIcon, Group, Text, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { ChevronDown, ChevronsDownUp, ChevronsUpDown, ChevronUp, Search } from "lucide-react";
import { memo, type ReactNode, useEffect, useRef, useState } from "react";
import { useShortcut } from "../../app/shortcuts";
import classes from "./JsonTree.module.css";
import { type Found, MATCHES_MAX, searchJson } from "./search";

const TYPING_MS = 150;

interface JsonTreeBarProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Enter goes on to the next place, with Shift to the one before. */
  readonly onGo: (by: number) => void;
  readonly onAll: (isOpen: boolean) => void;
  readonly tools: ReactNode;
  /** What was found. */
  readonly children: ReactNode;
}

/** Search in the tree, and what opens and closes all of it. */
export const JsonTreeBar = memo(function JsonTreeBar(props: JsonTreeBarProps) {
  const { text, onText, onGo, onAll, tools, children } = props;
  const input = useRef<HTMLInputElement>(null);
  useShortcut({ keys: "/", label: "Search in the state", group: "State" }, () => input.current?.focus());
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
        onChange={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onGo(event.shiftKey ? -1 : 1);
          if (event.key === "Escape" && text === "") event.currentTarget.blur();
          else if (event.key === "Escape") onText("");
        }}
      />
      {children}
      <Tooltip label="Open one level more">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label="Open one level more"
          onClick={() => onAll(true)}
        >
          <ChevronsUpDown size={14} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Close all">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label="Close all"
          onClick={() => onAll(false)}
        >
          <ChevronsDownUp size={14} />
        </ActionIcon>
      </Tooltip>
      {tools}
    </Group>
  );
});

interface Searching {
  readonly found: Found;
  readonly at: number;
  readonly go: (by: number) => void;
}

const NOTHING: Found = { pointers: [], isComplete: true };

/** Searches a value for a text as soon as typing pauses; `onReveal` is called with the place that is gone to. */
export function useJsonSearch(value: unknown, text: string, onReveal: (pointer: string) => void): Searching {
  const [wanted] = useDebouncedValue(text.trim(), TYPING_MS);
  const [found, setFound] = useState(NOTHING);
  const [at, setAt] = useState(-1);
  const searched = wanted === "" ? undefined : value;
  useEffect(() => {
    setAt(-1);
    if (wanted === "") {
      setFound(NOTHING);
      return;
    }
    const abort = new AbortController();
    void searchJson(searched, wanted, abort.signal, setFound);
    return () => abort.abort();
  }, [searched, wanted]);
  const go = (by: number) => {
    const count = found.pointers.length;
    if (count === 0) return;
    const next = at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count;
    setAt(next);
    onReveal(found.pointers[next] ?? "");
  };
  return { found, at, go };
}

/** How much was found, and the way through it. */
export function JsonMatches({ search }: { search: Searching }) {
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
