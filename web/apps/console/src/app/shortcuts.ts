import { useEffect, useRef, useSyncExternalStore } from "react";

/** A key, or a sequence of keys, that does something on the screen that is shown. */
export interface Shortcut {
  /** As `KeyboardEvent.key` names it, such as `?` or `ArrowLeft`; two with a space between are pressed one after the other. */
  readonly keys: string;
  /** What it does, as the help shows it. */
  readonly label: string;
  /** Under which heading the help shows it. */
  readonly group: string;
}

interface Registered extends Shortcut {
  readonly run: (event: KeyboardEvent) => void;
}

const SEQUENCE_MS = 1_000;
const TYPING =
  "input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable='true'], [role='textbox']";
// A focused widget uses these itself; what is only pressed needs no arrows.
const OF_BUTTONS = /^(Enter| )$/;
const BUTTONS = "button, a";
const OF_WIDGETS = /^(Arrow\w+|Home|End|PageUp|PageDown|Enter| )$/;
const WIDGETS =
  "[role='slider'], [role='tab'], [role='option'], [role='menuitem'], [role='treeitem'], [role='radio'], [aria-haspopup]";

let registered: readonly Registered[] = [];
let first: { key: string; at: number } | undefined;
const listeners = new Set<() => void>();

function change(next: readonly Registered[]) {
  registered = next;
  for (const listener of listeners) listener();
}

/** Handles a key; the newest shortcut of those that fit wins. */
export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPING) || document.querySelector("[role='dialog'][aria-modal='true']")) return;
  if (OF_WIDGETS.test(event.key) && target?.closest(WIDGETS)) return;
  if (OF_BUTTONS.test(event.key) && target?.closest(BUTTONS)) return;
  const begun =
    first !== undefined && event.timeStamp - first.at < SEQUENCE_MS ? `${first.key} ${event.key}` : "";
  const found = findLast(begun) ?? findLast(event.key);
  first = { key: event.key, at: event.timeStamp };
  if (found === undefined) return;
  first = undefined;
  event.preventDefault();
  found.run(event);
}

function findLast(keys: string): Registered | undefined {
  return registered.findLast((each) => each.keys === keys);
}

/** Registers a shortcut while the component is shown. */
export function useShortcut(
  { keys, label, group }: Shortcut,
  run: (event: KeyboardEvent) => void,
  { enabled = true }: { enabled?: boolean } = {},
): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!enabled) return;
    const entry: Registered = { keys, label, group, run: (event) => latest.current(event) };
    change([...registered, entry]);
    return () => change(registered.filter((each) => each !== entry));
  }, [keys, label, group, enabled]);
}

/** All shortcuts that work now. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => registered,
  );
}
