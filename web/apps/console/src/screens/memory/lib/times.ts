/** A time of the contract as an input of the type `datetime-local` has it, in the reader's zone. */
export function toLocalTime(time: string | undefined): string {
  if (time === undefined) return "";
  const at = new Date(time);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** What such an input holds, as the contract has times; undefined if it is empty or half-typed. */
export function fromLocalTime(text: string): string | undefined {
  const at = text === "" ? Number.NaN : new Date(text).getTime();
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
