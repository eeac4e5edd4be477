import { describe, expect, it } from "vitest";
import { applyDelta, type Operation } from "./delta";
import { Player, STEP_MS_MAX, STEP_MS_MIN } from "./player";
import { Reel } from "./reel";
import { leftBehind, type Step, wayTo } from "./steps";

function stepAt(sequence: number, more: Partial<Step> = {}): Step {
  return {
    executionId: "e",
    sequence,
    parentSequence: sequence - 1,
    kind: "STEP_END",
    stepName: `step ${sequence}`,
    label: "",
    tags: [],
    key: "",
    stateHash: "",
    chainHash: "",
    stateBytes: 10,
    storedBytes: 10,
    effects: [],
    effectCount: 0,
    createTime: new Date(sequence * 100).toISOString(),
    ...more,
  };
}

const ten = Array.from({ length: 10 }, (_, index) => stepAt(index + 1));

describe("applyDelta", () => {
  it("sets, removes and splices, and shares what it does not touch", () => {
    const before = { kept: { deep: 1 }, list: [1, 2, 3], gone: true, text: "a😀c" };
    const delta: Operation[] = [
      ["set", ["list", 0], 9],
      ["splice", ["list"], 1, 1, [7, 8]],
      ["remove", ["gone"]],
      ["splice", ["text"], 1, 1, "b"],
    ];
    const { state } = applyDelta(before, delta);
    expect(state).toEqual({ kept: { deep: 1 }, list: [9, 7, 8, 3], text: "abc" });
    expect((state as typeof before).kept).toBe(before.kept);
    expect(before).toEqual({ kept: { deep: 1 }, list: [1, 2, 3], gone: true, text: "a😀c" });
  });

  it("replaces the root, and keeps a member called __proto__ a member", () => {
    expect(applyDelta(1, [["set", [], { a: 1 }]]).state).toEqual({ a: 1 });
    const { state } = applyDelta({}, [["set", ["__proto__"], 1]]);
    expect(Object.keys(state as object)).toEqual(["__proto__"]);
  });
});

describe("ways", () => {
  // 4 and 5 were left behind: 6 was made from 3.
  const steps = [...ten.slice(0, 5), stepAt(6, { parentSequence: 3 }), stepAt(7)];

  it("lead from parent to parent", () => {
    expect([...wayTo(steps, 7)]).toEqual([7, 6, 3, 2, 1]);
  });

  it("tell what a rollback leaves behind", () => {
    expect(leftBehind(steps, 7, 2)).toEqual([3, 6, 7]);
    expect(leftBehind(steps, 7, 5)).toEqual([6, 7]);
  });

  it("go on before a snapshot that was deleted", () => {
    expect([...wayTo([stepAt(1), stepAt(2), stepAt(4)], 4)]).toEqual([4, 2, 1]);
  });
});

describe("Player", () => {
  function playerOf(isReady = (_: number) => true): Player {
    const player = new Player(isReady);
    player.setSteps(ten);
    player.toStart();
    return player;
  }

  it("plays at the pace of the recording, up to a stop and then to the end", () => {
    const player = playerOf();
    player.setStops(new Set([4]));
    player.play();
    player.advance(250);
    expect(player.playback).toMatchObject({ sequence: 3, isPlaying: true });
    player.advance(10_000);
    expect(player.playback).toMatchObject({ sequence: 4, isPlaying: false, isAtStop: true });
    player.play();
    player.advance(10_000);
    expect(player.playback).toMatchObject({ sequence: 10, isPlaying: false, isAtStop: false });
  });

  it("plays faster, and never so fast that nothing is seen or so slow that nothing happens", () => {
    const player = new Player(() => true);
    const at = [0, 1, 3_600_000].map((ms, index) =>
      stepAt(index + 1, { createTime: new Date(ms).toISOString() }),
    );
    player.setSteps(at);
    player.toStart();
    player.setSpeed(2);
    player.play();
    player.advance(STEP_MS_MIN / 2);
    expect(player.playback.sequence).toBe(2);
    player.advance(STEP_MS_MAX / 2);
    expect(player.playback.sequence).toBe(3);
  });

  it("waits for a state that is not there yet, and catches nothing up", () => {
    let ready = 2;
    const player = playerOf((sequence) => sequence <= ready);
    player.play();
    player.advance(10_000);
    expect(player.playback).toMatchObject({ sequence: 2, isPlaying: true });
    ready = 10;
    player.advance(0);
    expect(player.playback.sequence).toBe(3);
  });

  it("stays on the newest step while it follows, until it is moved", () => {
    const player = playerOf();
    player.setFollowing(true);
    player.setSteps([...ten, stepAt(11)]);
    expect(player.playback.sequence).toBe(11);
    player.step(-1);
    player.setSteps([...ten, stepAt(11), stepAt(12)]);
    expect(player.playback).toMatchObject({ sequence: 10, isFollowing: false });
  });

  it("goes to the nearest of some steps, and nowhere else than steps", () => {
    const player = playerOf();
    expect(player.seekAmong([3, 7], 1)).toBe(true);
    expect(player.seekAmong([3], 1)).toBe(false);
    player.seek(99);
    expect(player.playback.sequence).toBe(10);
  });
});

describe("Reel", () => {
  /** Frames of states that count; each asked range is noted. */
  function reelOf(asked: string[]): Reel {
    return new Reel(async (first, last) => {
      asked.push(`${first}-${last}`);
      const lines = Array.from({ length: last - first + 1 }, (_, index) => {
        const sequence = first + index;
        const snapshot = { sequence, ...(index === 0 && { state: { count: sequence } }) };
        return JSON.stringify({
          frame: { snapshot, ...(index > 0 && { delta: [["set", ["count"], sequence]] }) },
        });
      });
      return new Blob([lines.join("\n")]).stream();
    });
  }

  async function until(reel: Reel, condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => reel.subscribe(resolve));
  }

  it("makes states of deltas, and loads the next ones before they are wanted", async () => {
    const asked: string[] = [];
    const reel = reelOf(asked);
    const steps = Array.from({ length: 600 }, (_, index) => stepAt(index + 1));
    reel.want(300, steps);
    await until(reel, () => reel.peek(300) !== undefined);
    expect(reel.peek(300)?.state).toEqual({ count: 300 });
    expect(asked).toEqual(["257-512"]);
    reel.want(500, steps);
    await until(reel, () => reel.peek(600) !== undefined);
    expect([asked[1], reel.peek(600)?.state]).toEqual(["513-600", { count: 600 }]);
  });

  it("does not load what lies before if that is large", async () => {
    const asked: string[] = [];
    const reel = reelOf(asked);
    const steps = ten.map((step) => ({ ...step, storedBytes: 5_000_000 }));
    reel.want(9, steps);
    await until(reel, () => reel.peek(9) !== undefined);
    expect(asked).toEqual(["8-10"]);
  });

  it("tells of an error once, until something else is wanted or it is tried again", async () => {
    let tries = 0;
    const reel = new Reel(async () => {
      tries += 1;
      throw new Error("no");
    });
    reel.want(1, ten);
    await until(reel, () => reel.error !== undefined);
    reel.want(1, ten);
    expect(tries).toBe(1);
    reel.retry();
    expect(tries).toBe(2);
  });
});
