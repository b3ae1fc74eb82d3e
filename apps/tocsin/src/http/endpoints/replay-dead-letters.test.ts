import { type DeadLetter, type IncidentState, type IncidentView, type Ledger, parseMatchers } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { maxReplay, type ReplayFilter, replayDeadLetters, type ReplayParts } from "./replay-dead-letters.ts";

/** Dead letters 1 to `count`: incident n has the letters n and n + 1,000, and its alert the label `n`. */
function ledgerWith(count: number, { state = "dead" }: { readonly state?: IncidentState } = {}) {
  const letters = Array.from({ length: count }, (_, n): DeadLetter => {
    const id = count - n;
    return { id, incident: id % 1_000, target: "pager", atMs: id, replayedAtMs: null } as DeadLetter;
  });
  const replayed: number[] = [];
  const ledger: ReplayParts["ledger"] = {
    deadLetters: async ({ limit, cursor }) => {
      const page = letters.filter(({ id }) => id < Number(cursor ?? Infinity)).slice(0, limit);
      const last = page.at(-1)?.id ?? 1;
      return { deadLetters: page, ...(last > 1 && { nextCursor: String(last) }) };
    },
    incidentsOf: async (ids) =>
      ids.map((id) => ({ incident: { id }, state, labels: { n: String(id) } }) as unknown as IncidentView),
    replay: async (id) => (replayed.push(id), id === 7 ? "already_replayed" : "replayed"),
  };
  return { ledger, replayed };
}

async function replay(
  { ledger, replayed }: { ledger: Pick<Ledger, "deadLetters" | "incidentsOf" | "replay">; replayed: number[] },
  filter: Partial<ReplayFilter> = {},
  target: object | undefined = { name: "pager", target: { enabled: true } },
) {
  const targetNamed = () => target as ReturnType<ReplayParts["targetNamed"]>;
  const parts = { ledger, targetNamed, clock: new VirtualClock() };
  return { ...(await replayDeadLetters({ matchers: [], dryRun: false, ...filter }, parts)), sent: replayed };
}

describe("a replay of dead letters", () => {
  test("replays all that match, and counts those that another replica replayed as not replayed", async () => {
    expect(await replay(ledgerWith(9))).toEqual({
      matching: 9,
      replayable: 9,
      replayed: 8,
      refused: [],
      sent: [9, 8, 7, 6, 5, 4, 3, 2, 1],
    });
  });

  test("selects by the labels of the leading alert", async () => {
    const matchers = parseMatchers('n=~"3|4"');
    expect(await replay(ledgerWith(9), { matchers })).toMatchObject({ matching: 2, replayed: 2, sent: [4, 3] });
  });

  test("only counts in a dry run", async () => {
    const counted = await replay(ledgerWith(9), { dryRun: true });
    expect(counted).toMatchObject({ matching: 9, replayable: 9, replayed: 0, sent: [] });
  });

  test("replays the newest dead letter of an incident", async () => {
    const { replayable, refused, sent } = await replay(ledgerWith(1_003));
    expect(replayable).toBe(1_000);
    expect(sent).not.toContain(3);
    expect(refused.map(({ id, reason }) => `${id} ${reason}`)).toEqual([
      "3 superseded",
      "2 superseded",
      "1 superseded",
    ]);
  });

  test.each([
    ["superseded", "told", { target: { enabled: true } }],
    ["target_disabled", "dead", { target: { enabled: false } }],
    ["target_invalid", "dead", { target: undefined }],
  ] as const)("refuses a dead letter as %s", async (reason, state, target) => {
    const { refused, replayable, sent } = await replay(ledgerWith(1, { state }), {}, target);
    expect({ refused, replayable, sent }).toEqual({
      refused: [{ id: 1, target: "pager", reason }],
      replayable: 0,
      sent: [],
    });
  });

  test("refuses the dead letters of a removed target", async () => {
    const { ledger } = ledgerWith(2);
    const parts = { ledger, targetNamed: () => undefined, clock: new VirtualClock() };
    const { refused } = await replayDeadLetters({ matchers: [], dryRun: false }, parts);
    expect(refused.map(({ reason }) => reason)).toEqual(["no_target", "no_target"]);
  });

  test("stops at its limit and says where", async () => {
    const matchers = parseMatchers("n=none");
    const { matching, nextCursor } = await replay(ledgerWith(maxReplay.letters + 1), { matchers });
    expect({ matching, nextCursor }).toEqual({ matching: 0, nextCursor: "2" });
  });

  test("continues after its limit, so that refused dead letters do not hide older ones", async () => {
    const { ledger, replayed } = ledgerWith(9);
    const parts: ReplayParts = {
      // The newest 6 are refused, for ever.
      ledger: {
        ...ledger,
        incidentsOf: async (ids) =>
          (await ledger.incidentsOf(ids)).map((view) => ({ ...view, state: view.incident.id > 3 ? "told" : "dead" })),
      },
      targetNamed: () => ({ name: "pager", target: { enabled: true } }) as ReturnType<ReplayParts["targetNamed"]>,
      clock: new VirtualClock(),
      limits: { ...maxReplay, letters: 4, atOnce: 2 },
    };
    const counts: number[][] = [];
    for (let cursor: string | undefined; counts.length === 0 || (cursor !== undefined && counts.length < 9);) {
      const found = await replayDeadLetters(
        { matchers: [], dryRun: false, ...(cursor !== undefined && { cursor }) },
        parts,
      );
      counts.push([found.matching, found.replayed]);
      cursor = found.nextCursor;
    }
    expect(counts).toEqual([
      [4, 0],
      [4, 2],
      [1, 1],
    ]);
    expect(replayed).toEqual([3, 2, 1]);
  });
});
