import { useEffect, useRef } from "react";
import { useShortcut } from "../../../app/shortcuts";
import type { Design } from "./useDesign";

const GROUP = "Designer";
const TYPING = "input, textarea, select, [contenteditable='true'], [role='dialog']";

/** The keys of the designer, those included that go with Ctrl or Cmd. */
export function useDesignerKeys(design: Design, save: () => void): void {
  const latest = useRef({ design, save });
  useEffect(() => {
    latest.current = { design, save };
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!event.defaultPrevented && handle(event, latest.current.design, latest.current.save))
        event.preventDefault();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
  useShortcut({ keys: "Delete", label: "Remove the step", group: GROUP }, design.remove);
  useShortcut({ keys: "Escape", label: "Choose nothing", group: GROUP }, () => design.select(undefined));
  // These are handled above, and stand here for the help.
  useShortcut({ keys: "mod Z", label: "Undo", group: GROUP }, design.undo);
  useShortcut({ keys: "mod Y", label: "Redo", group: GROUP }, design.redo);
  useShortcut({ keys: "mod C", label: "Copy the step", group: GROUP }, design.copy);
  useShortcut({ keys: "mod X", label: "Cut the step", group: GROUP }, design.cut);
  useShortcut({ keys: "mod V", label: "Paste a step", group: GROUP }, design.paste);
  useShortcut({ keys: "mod D", label: "Duplicate the step", group: GROUP }, design.duplicate);
  useShortcut({ keys: "mod S", label: "Save", group: GROUP }, save);
  useShortcut({ keys: "Alt ArrowUp", label: "Move the step up", group: GROUP }, () => design.shift(-1));
  useShortcut({ keys: "Alt ArrowDown", label: "Move the step down", group: GROUP }, () => design.shift(1));
}

/** Does what a key stands for, and says whether it stood for something. */
function handle(event: KeyboardEvent, design: Design, save: () => void): boolean {
  const isModified = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (isModified && key === "s") {
    save();
    return true;
  }
  const isTyping = event.target instanceof Element && event.target.closest(TYPING) !== null;
  if (isTyping) return false;
  if (event.altKey && (key === "arrowup" || key === "arrowdown")) {
    design.shift(key === "arrowup" ? -1 : 1);
    return true;
  }
  if (!isModified || event.altKey || String(globalThis.getSelection()) !== "") return false;
  const actions: Readonly<Record<string, () => void>> = {
    z: event.shiftKey ? design.redo : design.undo,
    y: design.redo,
    c: design.copy,
    x: design.cut,
    v: design.paste,
    d: design.duplicate,
  };
  const action = actions[key];
  action?.();
  return action !== undefined;
}
