import { useMemo, useState } from "react";
import { JsonEditor } from "../../../ui/JsonEditor";
import { isObject, type JsonObject } from "../../../ui/schema/schema";
import type { Design } from "./useDesign";
import type { Problems } from "./useProblems";

/** The definition as text. What can be read changes the graph at once; until then the graph stays as it is. */
export function JsonView({ design, problems }: { design: Design; problems: Problems }) {
  const [draft, setDraft] = useState<{ text: string; of: JsonObject; problem?: string }>();
  const { document } = design;
  const written = useMemo(() => JSON.stringify(document, null, 2), [document]);
  const isMine = draft !== undefined && draft.of === document;
  return (
    <JsonEditor
      label="Definition"
      isLabelHidden
      height="100%"
      value={isMine ? draft.text : written}
      error={isMine ? draft.problem : undefined}
      marks={problems.all}
      onChange={(text) => {
        if (text === (isMine ? draft.text : written)) return;
        const read = readDefinition(text);
        if (typeof read === "string") {
          setDraft({ text, of: document, problem: read });
          return;
        }
        setDraft({ text, of: read });
        design.set(read, "json");
      }}
    />
  );
}

/** A definition, or why the text is none. */
function readDefinition(text: string): JsonObject | string {
  try {
    const read: unknown = JSON.parse(text);
    return isObject(read) ? read : "A definition is a JSON object.";
  } catch (error) {
    return `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}`;
  }
}
