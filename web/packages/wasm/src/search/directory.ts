import { checkWhole, invalid, LocalError } from "../errors.js";
import { ID_LENGTH_MAX, VECTORS_MAX } from "./limits.js";

/** Which id is at which place. Places are dense: the last moves into the gap that a removed one leaves. */
export class Directory {
  readonly #ids: string[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#ids.length;
  }

  get ids(): readonly string[] {
    return this.#ids;
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  idAt(place: number): string {
    const id = this.#ids[place];
    if (id === undefined) throw new LocalError("FAILED", `There is no id at ${place}.`);
    return id;
  }

  /** Where vectors of these ids go: their own places, or the next. */
  placesFor(ids: readonly string[]): Uint32Array {
    const places = new Uint32Array(ids.length);
    const seen = new Set<string>();
    let next = this.size;
    ids.forEach((id, index) => {
      if (typeof id !== "string") throw invalid(`ids[${index}]`, "must be a string");
      checkWhole(`ids[${index}].length`, id.length, { min: 1, max: ID_LENGTH_MAX });
      if (seen.has(id)) throw invalid(`ids[${index}]`, `is there twice: ${id}`);
      seen.add(id);
      places[index] = this.#places.get(id) ?? next++;
    });
    if (next > VECTORS_MAX) {
      throw new LocalError(
        "LIMIT_EXCEEDED",
        `An index holds ${VECTORS_MAX} vectors; this would make ${next}.`,
      );
    }
    return places;
  }

  put(ids: readonly string[], places: Uint32Array): void {
    ids.forEach((id, index) => {
      const place = places[index] as number;
      this.#ids[place] = id;
      this.#places.set(id, place);
    });
  }

  /** Forgets ids, those that are not there aside, and tells which places move: from, to, from, to. */
  remove(ids: readonly string[]): Uint32Array {
    const moves: number[] = [];
    for (const id of ids) {
      const place = this.#places.get(id);
      if (place === undefined) continue;
      this.#places.delete(id);
      const last = this.#ids.pop() as string;
      const from = this.#ids.length;
      if (from === place) continue;
      this.#ids[place] = last;
      this.#places.set(last, place);
      moves.push(from, place);
    }
    return Uint32Array.from(moves);
  }
}
