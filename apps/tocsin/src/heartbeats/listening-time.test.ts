import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addListening, isSilent, laterHeard, type ListeningTime } from "./listening-time.ts";

const at = (atMs: number, totalMs: number, by = "a"): ListeningTime => ({ atMs, totalMs, by });

describe("listening time", () => {
  test.each([
    ["the first process begins at its own time", undefined, { nowMs: 100, addedMs: 4 }, 4],
    ["a process adds its own time", at(100, 50), { nowMs: 104, addedMs: 4 }, 54],
    ["a pause of the process does not count", at(100, 50), { nowMs: 700, addedMs: 4 }, 54],
    ["a clock that was set back changes nothing", at(100, 50), { nowMs: 20, addedMs: 4 }, 54],
    ["the time between two processes does not count", at(100, 50, "b"), { nowMs: 700, addedMs: 4 }, 54],
    ["the time that another replica counted does not count twice", at(102, 52, "b"), { nowMs: 104, addedMs: 4 }, 54],
    ["a replica that read an older time adds nothing", at(110, 52, "b"), { nowMs: 104, addedMs: 4 }, 52],
  ] as const)("%s", (_, stored, own, totalMs) => {
    expect(addListening(stored, { by: "a", ...own }).totalMs).toBe(totalMs);
  });

  test("is never more than the time in which any replica listened, whenever they listen and write", () => {
    const step = fc.record({
      /** How long nothing is written. */
      passMs: fc.integer({ min: 1, max: 10 }),
      writer: fc.constantFrom("a", "b", "c"),
    });
    const replica = fc.array(fc.boolean(), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.tuple(replica, replica, replica), (steps, lives) => {
        const names = ["a", "b", "c"];
        let stored: ListeningTime | undefined;
        let nowMs = 0;
        let anyMs = 0;
        const unwritten = new Map(names.map((name) => [name, 0]));
        for (const { passMs, writer } of steps) {
          for (let tick = 0; tick < passMs; tick++, nowMs++) {
            const listening = names.filter((_, index) => lives[index]?.[nowMs % 60]);
            if (listening.length > 0) anyMs++;
            // A process that did not listen forgets what it had not written.
            for (const name of names)
              unwritten.set(name, listening.includes(name) ? (unwritten.get(name) ?? 0) + 1 : 0);
          }
          stored = addListening(stored, { by: writer, nowMs, addedMs: unwritten.get(writer) ?? 0 });
          unwritten.set(writer, 0);
        }
        // Never more: our own outage makes no source silent.
        expect(stored?.totalMs ?? 0).toBeLessThanOrEqual(anyMs);
      }),
      { numRuns: 50 },
    );
  });
});

test("a source is silent when more than `every` of listening time passed", () => {
  const heard = { totalMs: 1_000, atMs: 5 };
  expect(isSilent(heard, 3_000, 2_000)).toBe(false);
  expect(isSilent(heard, 3_001, 2_000)).toBe(true);
});

test("the later beat counts, whichever replica heard it", () => {
  const [early, late] = [
    { totalMs: 1, atMs: 1 },
    { totalMs: 2, atMs: 2 },
  ];
  expect(laterHeard(early, late)).toBe(late);
  expect(laterHeard(late, early)).toBe(late);
  expect(laterHeard(undefined, early)).toBe(early);
  expect(laterHeard(early, undefined)).toBe(early);
});
