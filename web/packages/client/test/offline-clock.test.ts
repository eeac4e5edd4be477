import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COUNTER_MAX, formatClock, InvalidClockError, nextClock, parseClock } from "../src/offline/clock.js";

const clocks = fc.record({
  milliseconds: fc.integer({ min: 0, max: 999_999_999_999_999 - 1 }),
  counter: fc.integer({ min: 0, max: COUNTER_MAX }),
  node: fc.stringMatching(/^[A-Za-z0-9._:@~+-]{1,20}$/),
});

describe("hybrid logical clocks", () => {
  it("come back as they were written", () => {
    fc.assert(
      fc.property(clocks, (clock) => {
        expect(parseClock(formatClock(clock))).toEqual(clock);
      }),
    );
  });

  it("are later than everything that was seen, whatever the watch says", () => {
    fc.assert(
      fc.property(fc.array(clocks, { maxLength: 5 }), fc.nat({ max: 2 ** 48 }), (seen, nowMs) => {
        const texts = seen.map(formatClock);
        const next = nextClock("laptop", nowMs, [...texts, ""]);
        for (const text of texts) expect(next > text).toBe(true);
        expect(parseClock(next).milliseconds).toBeGreaterThanOrEqual(nowMs);
        expect(parseClock(next).node).toBe("laptop");
      }),
    );
  });

  it("go on with the time once it is later", () => {
    expect(nextClock("laptop", 1_795_456_378_360, ["000000000000007-000003-phone"])).toBe(
      "001795456378360-000000-laptop",
    );
  });

  it("count on within a millisecond, and into the next one", () => {
    expect(nextClock("laptop", 5, ["000000000000007-000003-phone"])).toBe("000000000000007-000004-laptop");
    expect(nextClock("laptop", 5, ["000000000000007-999999-phone"])).toBe("000000000000008-000000-laptop");
  });

  it.each(["", "1-2-laptop", "000000000000007-000003-", "000000000000007-000003-a b"])(
    "refuses %j",
    (text) => {
      expect(() => parseClock(text)).toThrow(InvalidClockError);
    },
  );

  it("refuses a node that no clock can have", () => {
    expect(() => nextClock("a b", 5, [])).toThrow(InvalidClockError);
  });
});
