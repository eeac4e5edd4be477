import { Textarea } from "@mantine/core";
import { useState } from "react";
import { anyOfText, textOfAny } from "./anyText";
import type { Json } from "./schema";

const ROWS_MAX = 16;

interface AnyFieldProps {
  readonly label: string;
  readonly description?: string | undefined;
  readonly value: Json | undefined;
  readonly onChange: (value: Json | undefined) => void;
  readonly error?: string | undefined;
  readonly isRequired?: boolean | undefined;
  readonly isReadOnly?: boolean | undefined;
  /** Whether plain text is a value; otherwise only JSON is. */
  readonly mayBeText?: boolean | undefined;
}

/** A field for any JSON. Text that is no JSON stands for itself; JSON that is not finished changes nothing yet. */
export function AnyField({ value, onChange, mayBeText = true, ...field }: AnyFieldProps) {
  const [draft, setDraft] = useState<{ text: string; of: Json | undefined }>();
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    if (draft !== undefined && JSON.stringify(draft.of) !== JSON.stringify(value)) setDraft(undefined);
  }
  const text = draft?.text ?? textOfAny(value);
  const { problem } = anyOfText(text, { mayBeText });
  return (
    <Textarea
      label={field.label}
      description={field.description}
      error={problem ?? field.error}
      required={field.isRequired ?? false}
      readOnly={field.isReadOnly ?? false}
      autosize
      minRows={1}
      maxRows={ROWS_MAX}
      spellCheck={false}
      styles={{ input: { fontFamily: "var(--tl-mono)", fontSize: "0.8125rem" } }}
      value={text}
      onChange={(event) => {
        const next = event.currentTarget.value;
        const read = anyOfText(next, { mayBeText });
        const of = read.problem === undefined ? read.value : value;
        setDraft({ text: next, of });
        if (read.problem === undefined) onChange(read.value);
      }}
    />
  );
}
