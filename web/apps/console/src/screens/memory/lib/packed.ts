import type { Memory } from "@timeloom/client";

/** The vectors of a page of a list, each with its memory; those without one, or whose vector is being made, left out. */
export function unpackVectors(memories: readonly Memory[], packed: string): Map<string, Float32Array> {
  const bytes = bytesOf(packed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Float32Array>();
  let offset = 0;
  for (const { id, dimension } of memories) {
    if (dimension === 0) continue;
    const vector = new Float32Array(dimension);
    let isThere = false;
    for (let index = 0; index < dimension; index += 1) {
      const number = view.getFloat32(offset + 4 * index, true);
      vector[index] = number;
      isThere ||= number !== 0;
    }
    offset += 4 * dimension;
    if (isThere) found.set(id, vector);
  }
  return found;
}

function bytesOf(packed: string): Uint8Array {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}
