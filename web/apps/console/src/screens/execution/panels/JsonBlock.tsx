import { Text } from "@mantine/core";
import { CopyButton } from "../../../ui/CopyButton";
import classes from "./Panels.module.css";

/** Of a long document so much is shown; all of it can be copied. */
const CHARACTERS_MAX = 20_000;

/** A document as it was recorded; a text without the quotes. */
export function JsonBlock({ label, value }: { label: string; value: unknown }) {
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
  const isCut = text.length > CHARACTERS_MAX;
  return (
    <section aria-label={label} style={{ marginTop: 8 }}>
      <div style={{ display: "flex", alignItems: "center", justifyContent: "space-between" }}>
        <Text size="xs" fw={600} c="dimmed">
          {label}
        </Text>
        <CopyButton value={text} label={`Copy: ${label.toLowerCase()}`} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <pre className={classes.block} tabIndex={0}>
        {isCut ? `${text.slice(0, CHARACTERS_MAX)}…` : text}
      </pre>
      {isCut && (
        <Text size="xs" c="dimmed">
          The first {CHARACTERS_MAX} of {text.length} characters; copying takes all.
        </Text>
      )}
    </section>
  );
}
