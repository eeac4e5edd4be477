import { checkWhole, invalid, LocalError } from "../errors.js";
import type { Row } from "./backend.js";
import { DOCUMENT_BYTES_MAX, KEY_LENGTH_MAX, NAME_LENGTH_MAX } from "./limits.js";

/** A document to put. */
export interface NewDocument {
  readonly key: string;
  /** Anything that JSON can say. */
  readonly value: unknown;
  /** What lists are ordered by, in milliseconds since 1970; now if left out. */
  readonly time?: number | undefined;
  /** Bytes that belong to it, such as an embedding. */
  readonly blob?: Uint8Array | undefined;
}

/** A document of a collection. */
export interface LocalDocument<T = unknown> {
  readonly key: string;
  readonly value: T;
  readonly time: number;
  readonly blob: Uint8Array | undefined;
}

const encoder = new TextEncoder();

/** Refuses what cannot be kept, and tells how the rest is. */
export function rowOf(field: string, document: NewDocument, of: { version: number; now: number }): Row {
  const { key, value, time = of.now, blob } = document;
  checkKey(`${field}.key`, key);
  if (!Number.isFinite(time)) throw invalid(`${field}.time`, `must be a number of milliseconds, not ${time}`);
  if (blob !== undefined && !(blob instanceof Uint8Array))
    throw invalid(`${field}.blob`, "must be a Uint8Array");
  const json = jsonOf(`${field}.value`, value);
  const bytes = encoder.encode(json).length + encoder.encode(key).length + (blob?.length ?? 0);
  if (bytes > DOCUMENT_BYTES_MAX) {
    const problem = `A document has at most ${DOCUMENT_BYTES_MAX} bytes; ${key} has ${bytes}.`;
    throw new LocalError("LIMIT_EXCEEDED", problem, { field });
  }
  // A copy, so that of a part of a large buffer not all is kept.
  return { key, time, version: of.version, json, blob: blob?.slice(), bytes };
}

export function documentOf<T>({ key, time, json, blob }: Row): LocalDocument<T> {
  return { key, value: JSON.parse(json) as T, time, blob };
}

export function checkKey(field: string, key: string): void {
  if (typeof key !== "string") throw invalid(field, "must be a string");
  checkWhole(`${field}.length`, key.length, { min: 1, max: KEY_LENGTH_MAX });
}

export function checkName(field: string, name: string): void {
  if (typeof name !== "string" || !/^[a-z][a-z0-9-]*$/.test(name) || name.length > NAME_LENGTH_MAX) {
    const rule = `must be lower-case letters, digits and hyphens, at most ${NAME_LENGTH_MAX}, a letter first`;
    throw invalid(field, `${rule}; this is not: ${name}`);
  }
}

/** An embedding as the bytes of a document. */
export function blobOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength));
}

/** The embedding that a document carries. */
export function vectorOf(blob: Uint8Array): Float32Array {
  if (blob.length % 4 !== 0)
    throw invalid("blob", `must have 4 bytes for each component, not ${blob.length} in all`);
  return new Float32Array(blob.slice().buffer);
}

function jsonOf(field: string, value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw invalid(field, `cannot be written as JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (json === undefined) throw invalid(field, `cannot be written as JSON: it is ${typeof value}`);
  return json;
}
