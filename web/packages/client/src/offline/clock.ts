/** How often a clock's counter rises within one millisecond. */
export const COUNTER_MAX = 999_999;

/** How long the name of a node may be. */
export const NODE_CHARACTERS_MAX = 105;

const FORM = new RegExp(`^([0-9]{15})-([0-9]{6})-([A-Za-z0-9._:@~+-]{1,${NODE_CHARACTERS_MAX}})$`);

/** A hybrid logical clock, taken apart. Written down, clocks are ordered as their characters are. */
export interface Clock {
  readonly milliseconds: number;
  readonly counter: number;
  readonly node: string;
}

/** A text is no clock, or no node can have this name. */
export class InvalidClockError extends Error {
  override readonly name = "InvalidClockError";
}

/** Reads a clock: `<milliseconds since 1970, 15 digits>-<counter, 6 digits>-<node>`. */
export function parseClock(text: string): Clock {
  const match = FORM.exec(text);
  if (match === null) {
    throw new InvalidClockError(
      `${JSON.stringify(text)} must be <milliseconds, 15 digits>-<counter, 6 digits>-<node>, whose node has up to ` +
        `${NODE_CHARACTERS_MAX} letters, digits or . _ : @ ~ + -`,
    );
  }
  return { milliseconds: Number(match[1]), counter: Number(match[2]), node: match[3] ?? "" };
}

/** Writes a clock down. */
export function formatClock({ milliseconds, counter, node }: Clock): string {
  return `${String(milliseconds).padStart(15, "0")}-${String(counter).padStart(6, "0")}-${node}`;
}

/**
 * A node's next clock: later than each that was seen, and the time where that is later still.
 *
 * What was seen may have empty texts in it, which stand for none.
 */
export function nextClock(node: string, nowMs: number, seen: readonly string[]): string {
  const now = formatClock({ milliseconds: nowMs, counter: 0, node });
  parseClock(now);
  const latest = seen.reduce((one, other) => (other > one ? other : one), "");
  if (now > latest) return now;
  const { milliseconds, counter } = parseClock(latest);
  return counter === COUNTER_MAX
    ? formatClock({ milliseconds: milliseconds + 1, counter: 0, node })
    : formatClock({ milliseconds, counter: counter + 1, node });
}
