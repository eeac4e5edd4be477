import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The colours of JSON in both schemes. */
export const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--tl-accent)" },
  { tag: tags.string, color: "var(--tl-good)" },
  { tag: tags.number, color: "var(--tl-info)" },
  { tag: [tags.bool, tags.null], color: "var(--tl-warn)" },
  { tag: tags.punctuation, color: "var(--tl-muted)" },
]);

/** The editor as the console's other fields look. */
export const look = EditorView.theme({
  "&": {
    height: "100%",
    fontSize: "0.8125rem",
    background: "var(--tl-raised)",
    border: "1px solid var(--tl-line)",
    borderRadius: "8px",
    overflow: "hidden",
  },
  "&.cm-focused": { outline: "2px solid var(--tl-accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--tl-mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--tl-accent)" },
  ".cm-cursor": { borderLeftColor: "var(--tl-accent)" },
  ".cm-gutters": {
    background: "var(--tl-ground)",
    color: "var(--tl-muted)",
    borderRight: "1px solid var(--tl-line)",
  },
  ".cm-activeLine, .cm-activeLineGutter": {
    background: "color-mix(in srgb, var(--tl-accent-ground) 55%, transparent)",
  },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--tl-accent-ground)",
  },
  ".cm-content ::selection": { background: "var(--tl-accent-ground)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { background: "var(--tl-accent-ground)" },
  ".cm-foldPlaceholder": { background: "var(--tl-sunken)", border: "none", color: "var(--tl-muted)" },
  ".cm-panels, .cm-tooltip": {
    background: "var(--tl-raised)",
    color: "inherit",
    border: "1px solid var(--tl-line)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--tl-bad)" },
  ".cm-textfield": {
    background: "var(--tl-ground)",
    border: "1px solid var(--tl-line)",
    borderRadius: "4px",
  },
  ".cm-button": { background: "var(--tl-sunken)", border: "1px solid var(--tl-line)" },
});
