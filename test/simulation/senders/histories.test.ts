import { describe, expect, test } from "vitest";
import { playHistory } from "./histories.ts";
import { allSenderKinds, type SenderKind } from "./kinds.ts";

const seeds = Array.from({ length: 40 }, (_, n) => n + 1);

describe("the rule for claims, over histories of senders", () => {
  test.each(allSenderKinds)("holds for %s", (kind) => {
    for (const seed of seeds) {
      const { violations, lines } = playHistory(kind, seed);
      expect(violations.length === 0 ? "" : `seed ${seed}\n${lines.join("\n")}`).toBe("");
    }
  });

  test("is judged on histories with many events", () => {
    const ends = (kind: SenderKind) => seeds.reduce((sum, seed) => sum + playHistory(kind, seed).ends, 0);
    expect(Math.min(...allSenderKinds.map(ends))).toBeGreaterThan(seeds.length);
  });
});
