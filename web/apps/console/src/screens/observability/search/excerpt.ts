/** A piece of a text, and whether it is what was looked for. */
export interface Piece {
  readonly text: string;
  readonly isMarked: boolean;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&#x27;": "'",
};

/** The pieces of an excerpt, which the server escapes but for `<mark>`; nothing of it is ever read as HTML. */
export function piecesOf(excerpt: string): Piece[] {
  return excerpt
    .split(/(<mark>[\s\S]*?<\/mark>)/)
    .filter((each) => each !== "")
    .map((each) => {
      const isMarked = each.startsWith("<mark>") && each.endsWith("</mark>");
      const text = isMarked ? each.slice("<mark>".length, -"</mark>".length) : each;
      return {
        text: text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (entity) => ENTITIES[entity] ?? entity),
        isMarked,
      };
    });
}
