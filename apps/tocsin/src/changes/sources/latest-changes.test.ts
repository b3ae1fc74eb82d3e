import type { Change } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { LatestChanges } from "./latest-changes.ts";

const change = (state: string, timestampMs: number): Change => ({
  id: `${state}@${timestampMs}`,
  origin: "flux",
  summary: state,
  source: "Kustomization/apps/web",
  timestampMs,
  labels: {},
  links: [],
});

/** A ledger that several replicas share. `fails`: the next write fails, as if the process had ended before it. */
function ledger() {
  const values = new Map<string, string>();
  return {
    fails: false,
    getValue: async (name: string) => values.get(name),
    async putValue(this: { fails: boolean }, name: string, text: string) {
      if (this.fails) throw new Error("the process ended");
      values.set(name, text);
    },
  };
}

function senderTo(shared: ReturnType<typeof ledger>) {
  const latest = new LatestChanges(shared);
  return (state: string, timestampMs: number, object = "uid") =>
    latest.record(change(state, timestampMs), { object, state }, async ({ id }) => id);
}

describe("the changes of one object", () => {
  test.each([
    [
      "A, A is one",
      [
        ["A", 1],
        ["A", 2],
        ["A", 3],
      ],
      1,
    ],
    [
      "A, B, A are three",
      [
        ["A", 1],
        ["B", 2],
        ["A", 3],
      ],
      3,
    ],
    [
      "A, B, A in one second are three",
      [
        ["A", 1],
        ["B", 1],
        ["A", 1],
      ],
      3,
    ],
    [
      "A, A, B, B, A, A are three",
      [
        ["A", 1],
        ["A", 2],
        ["B", 3],
        ["B", 4],
        ["A", 5],
        ["A", 6],
      ],
      3,
    ],
    [
      "A, B and the redelivered A are two",
      [
        ["A", 1],
        ["B", 2],
        ["A", 1],
      ],
      2,
    ],
  ] as const)("%s", async (_, events, count) => {
    const send = senderTo(ledger());
    const ids: string[] = [];
    for (const [state, at] of events) ids.push(await send(state, at));
    expect(new Set(ids).size).toBe(count);
  });

  test("are recognized by another replica and after a restart", async () => {
    const shared = ledger();
    const first = await senderTo(shared)("A", 1);
    expect(await senderTo(shared)("A", 2)).toBe(first);
    expect(await senderTo(shared)("B", 3)).not.toBe(first);
  });

  test("keep their id if the process ends after the change was recorded and the sender repeats the event", async () => {
    const shared = ledger();
    const send = senderTo(shared);
    await send("A", 1);
    shared.fails = true;
    await expect(send("B", 2)).rejects.toThrow("the process ended");
    shared.fails = false;
    expect(await send("B", 2)).toBe("B@2");
    expect(await send("B", 5)).toBe("B@2");
  });

  test("are one if two repeats arrive at the same time", async () => {
    const send = senderTo(ledger());
    const ids = await Promise.all([send("A", 1), send("A", 2), send("A", 3), send("B", 4), send("A", 5)]);
    expect(ids).toEqual(["A@1", "A@1", "A@1", "B@4", "A@5"]);
  });

  test("are apart from those of other objects", async () => {
    const send = senderTo(ledger());
    expect([await send("A", 1, "x"), await send("A", 2, "y")]).toEqual(["A@1", "A@2"]);
  });
});
