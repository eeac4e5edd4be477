import { errorOf, problemError } from "./problem.js";

/** How long one line may be, in characters: a frame with a large state, and no endless one. */
export const LINE_CHARACTERS_MAX = 80_000_000;

/** The lines of a stream of JSON, as they come. An error within the stream is thrown as the gateway words it. */
export async function* readLines<T>(response: Response): AsyncGenerator<T> {
  if (!response.ok) throw await errorOf(response);
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_CHARACTERS_MAX) throw new RangeError("A line of the stream is too long.");
      for (const line of lines) if (line !== "") yield parsed<T>(line);
    }
    if (rest !== "") yield parsed<T>(rest);
  } finally {
    await reader.cancel();
  }
}

function parsed<T>(line: string): T {
  const found: unknown = JSON.parse(line);
  if (typeof found === "object" && found !== null && "error" in found)
    throw problemError(found.error as object);
  return found as T;
}
