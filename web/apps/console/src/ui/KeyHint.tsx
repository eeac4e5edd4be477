import { Kbd } from "@mantine/core";

const NAMES: Readonly<Record<string, string>> = {
  mod: /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "") ? "⌘" : "Ctrl",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  " ": "Space",
};

/** Keys as they stand on a keyboard. */
export function KeyHint({ keys }: { keys: string }) {
  const names = keys === " " ? [keys] : keys.split(" ");
  return (
    <span style={{ display: "inline-flex", gap: 3, whiteSpace: "nowrap" }}>
      {names.map((name, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a sequence may have the same key twice
        <Kbd key={index} size="xs">
          {NAMES[name] ?? name}
        </Kbd>
      ))}
    </span>
  );
}
