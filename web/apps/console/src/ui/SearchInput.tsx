import { ActionIcon, TextInput, type TextInputProps } from "@mantine/core";
import { Search, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useShortcut } from "../app/shortcuts";
import { KeyHint } from "./KeyHint";

const DELAY_MS = 200;

interface SearchInputProps extends Pick<TextInputProps, "placeholder" | "size" | "w" | "maw" | "flex"> {
  readonly value: string;
  /** Called when typing has paused, and at once on Enter and when it is emptied. */
  readonly onChange: (value: string) => void;
  /** What is searched, for screen readers and the help: "Search executions". */
  readonly label: string;
  readonly error?: string | undefined;
  /** Whether `/` comes here; one field of a screen at most. */
  readonly hasShortcut?: boolean;
  readonly maxLength?: number;
}

/** The search of a screen: waits until typing pauses, `/` comes here, Escape empties it. */
export function SearchInput(props: SearchInputProps) {
  const { value, onChange, label, hasShortcut = true, maxLength = 200, ...input } = props;
  const { text, type, settle } = useSettled(value, onChange);
  const field = useRef<HTMLInputElement>(null);
  useShortcut({ keys: "/", label, group: "This screen" }, () => field.current?.select(), {
    enabled: hasShortcut,
  });
  return (
    <TextInput
      ref={field}
      type="search"
      size="xs"
      maxLength={maxLength}
      {...input}
      aria-label={label}
      placeholder={input.placeholder ?? label}
      value={text}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") settle(text);
        if (event.key === "Escape" && text === "") event.currentTarget.blur();
        else if (event.key === "Escape") settle("");
      }}
      leftSection={<Search size={14} aria-hidden />}
      rightSectionPointerEvents="all"
      rightSection={
        text === "" ? (
          hasShortcut && <KeyHint keys="/" />
        ) : (
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label="Empty the search"
            onClick={() => {
              settle("");
              field.current?.focus();
            }}
          >
            <X size={14} />
          </ActionIcon>
        )
      }
    />
  );
}

/** What is typed, and its owner who hears of it once typing pauses. */
function useSettled(value: string, onChange: (value: string) => void) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  if (value !== known) {
    // The owner has another value by now, as after a step back in the history.
    setKnown(value);
    if (value !== text.trim()) setText(value);
  }
  const settle = (next: string) => {
    clearTimeout(timer.current);
    setText(next);
    if (next.trim() !== value) onChange(next.trim());
  };
  const type = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    if (next === "") settle("");
    else timer.current = setTimeout(() => next.trim() !== value && onChange(next.trim()), DELAY_MS);
  };
  return { text, type, settle };
}
