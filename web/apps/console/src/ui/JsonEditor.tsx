import { Input, Skeleton } from "@mantine/core";
import { lazy, Suspense, useId } from "react";

/** A place of the document that is wrong. */
export interface JsonMark {
  /** Such as `steps[2].retry.maxAttempts`; empty for the whole. */
  readonly place: string;
  readonly message: string;
}

export interface JsonEditorProps {
  readonly value: string;
  readonly onChange?: ((text: string) => void) | undefined;
  readonly label: string;
  readonly description?: string | undefined;
  /** Shown below, beside what the document itself shows at its lines. */
  readonly error?: string | undefined;
  /** What is wrong, shown at its lines. */
  readonly marks?: readonly JsonMark[] | undefined;
  /** Such as `240px` or `100%`. */
  readonly height?: string | undefined;
  readonly isReadOnly?: boolean | undefined;
  readonly isLabelHidden?: boolean | undefined;
}

const CodeEditor = lazy(() => import("./json/CodeEditor"));

/** An editor for JSON: lines with numbers, folding, search, and what is wrong at its place. Loaded when it is shown. */
export function JsonEditor(props: JsonEditorProps) {
  const { label, description, error, height = "220px", isLabelHidden = false } = props;
  const id = useId();
  return (
    <Input.Wrapper
      label={isLabelHidden ? undefined : label}
      labelElement="div"
      description={description}
      error={error}
      errorProps={{ id: `${id}-error` }}
      style={height === "100%" ? { height, display: "flex", flexDirection: "column" } : undefined}
    >
      <Suspense fallback={<Skeleton height={height} aria-label="Loading the editor" />}>
        <CodeEditor
          {...props}
          height={height}
          describedBy={error === undefined ? undefined : `${id}-error`}
        />
      </Suspense>
    </Input.Wrapper>
  );
}
