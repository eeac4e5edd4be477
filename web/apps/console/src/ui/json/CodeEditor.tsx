import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { JsonEditorProps, JsonMark } from "../JsonEditor";
import { highlight, look } from "./look";
import { rangeOf } from "./places";

const LINT_DELAY_MS = 200;

/** CodeMirror for JSON. Tab leaves it, as it leaves every other field. */
export default function CodeEditor(props: JsonEditorProps & { describedBy?: string | undefined }) {
  const { value, marks, isReadOnly = false, height = "220px", label, describedBy } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  const attributes = useRef(new Compartment());
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (host.current === null) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          extensions(latest, isReadOnly),
          attributes.current.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [isReadOnly]);
  useEffect(() => {
    const spoken = {
      tabindex: "0",
      "aria-label": label,
      ...(describedBy && { "aria-describedby": describedBy }),
    };
    view.current?.dispatch({
      effects: attributes.current.reconfigure(EditorView.contentAttributes.of(spoken)),
    });
  }, [label, describedBy]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || marks === undefined) return;
    editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor, marks)));
  }, [marks]);
  return <div ref={host} style={{ height, minHeight: 0, flex: height === "100%" ? 1 : undefined }} />;
}

function extensions(latest: { readonly current: JsonEditorProps }, isReadOnly: boolean) {
  return [
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    history(),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    json(),
    syntaxHighlighting(highlight),
    look,
    EditorView.lineWrapping,
    EditorState.readOnly.of(isReadOnly),
    keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap]),
    linter((editor) => problemsIn(editor, latest.current.marks ?? []), { delay: LINT_DELAY_MS }),
  ];
}

const parse = jsonParseLinter();

/** What is wrong: the syntax first, and only in what can be read its meaning. */
function problemsIn(editor: EditorView, marks: readonly JsonMark[]): Diagnostic[] {
  if (editor.state.doc.toString().trim() === "") return [];
  const broken = parse(editor);
  return broken.length > 0 ? broken : diagnosticsOf(editor, marks);
}

function diagnosticsOf(editor: EditorView, marks: readonly JsonMark[]): Diagnostic[] {
  return marks
    .map((mark) => ({
      ...rangeOf(editor.state, mark.place),
      severity: "error" as const,
      message: mark.message,
    }))
    .sort((left, right) => left.from - right.from);
}
