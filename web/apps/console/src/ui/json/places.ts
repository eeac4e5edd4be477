import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import type { SyntaxNode } from "@lezer/common";

const PARSE_MS_MAX = 100;

/** `steps[2].retry` -> `["steps", 2, "retry"]`. */
export function keysOf(place: string): (string | number)[] {
  return [...place.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(
    ([, index, quoted, name]) => (index === undefined ? (quoted ?? name ?? "") : Number(index)),
  );
}

/** Where a place stands in the text: the member that it names, or the innermost one around it that is there. */
export function rangeOf(state: EditorState, place: string): { from: number; to: number } {
  const tree = ensureSyntaxTree(state, state.doc.length, PARSE_MS_MAX) ?? syntaxTree(state);
  let node = tree.topNode.firstChild;
  let shown = node;
  for (const key of keysOf(place)) {
    const found = node === null ? null : memberOf(state, node, key);
    if (found === null) break;
    shown = found.shown;
    node = found.value;
  }
  if (shown === null) return { from: 0, to: 0 };
  const line = state.doc.lineAt(shown.from);
  return { from: shown.from, to: Math.min(shown.to, line.to) };
}

function memberOf(
  state: EditorState,
  node: SyntaxNode,
  key: string | number,
): { shown: SyntaxNode; value: SyntaxNode | null } | null {
  if (typeof key === "number") {
    const item = valuesOf(node)[key];
    return item === undefined ? null : { shown: item, value: item };
  }
  for (const property of node.getChildren("Property")) {
    const name = property.getChild("PropertyName");
    if (name !== null && JSON.parse(state.sliceDoc(name.from, name.to)) === key) {
      return { shown: name, value: property.lastChild };
    }
  }
  return null;
}

function valuesOf(node: SyntaxNode): SyntaxNode[] {
  const values: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (!/^[[\],⚠]$/.test(child.name)) values.push(child);
  }
  return values;
}
