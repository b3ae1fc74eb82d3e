import { epochMs as t0, firing, MergedAlert, resolved, type Saying } from "@tocsin/test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim, ClaimState } from "../alerts/claim.ts";
import { endClaim } from "./expire-claim.ts";
import { mergeClaim, type MergedClaim, resolveTimeoutMs, skewToleranceMs } from "./merge-claim.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const reorderWindow = 10 * second;
const doubtfulEnd = 30 * minute;
const terms = { reorderWindow, doubtfulEnd };

type Spoken = readonly [atMs: number, claim: Claim];

/** Merges the words of one claimant; returns what the last one did. */
function merge(...words: readonly Spoken[]): MergedClaim {
  let merged: MergedClaim | undefined;
  for (const [atMs, claim] of words) {
    const claims: Record<string, ClaimState> = merged ? { own: merged.state } : {};
    merged = mergeClaim(merged?.state, claim, atMs, terms, claims);
  }
  if (!merged) throw new Error("expected at least one word");
  return merged;
}

/** Seconds since the start of the test: `at`: arrival, `s`: start, `e`: end. */
const F = (at: number, s: number, how: Saying = {}): Spoken => [
  t0 + at * second,
  firing("a", { startsAtMs: t0 + s * second, ...how }),
];
const R = (at: number, s: number, e?: number, how: Saying = {}): Spoken => [
  t0 + at * second,
  resolved("a", { startsAtMs: t0 + s * second, ...(e === undefined ? {} : { endsAtMs: t0 + e * second }), ...how }),
];
/** A firing of a direct sender, which names an end in the future. */
const D = (at: number, s: number, e: number, sender = "10.0.0.1"): Spoken =>
  F(at, s, { sender, endsAtMs: t0 + e * second });
/** Its resolve. */
const DR = (at: number, s: number, e: number, sender = "10.0.0.1"): Spoken => R(at, s, e, { sender });

const year = 365 * day;

/** A firing of a direct sender whose clock is a year ahead. */
const yearAhead = (at: number, s: number, e: number): Spoken => [
  t0 + at * second,
  firing("a", { sender: "p", startsAtMs: t0 + year + s * second, endsAtMs: t0 + year + e * second }),
];

/** How the alert changes over a history, as `second what`. */
function changes(untilSecond: number, ...words: readonly Spoken[]): string[] {
  const alert = new MergedAlert();
  for (const [atMs, claim] of words) alert.hear(claim, atMs);
  alert.passTo(t0 + untilSecond * second);
  return alert.changes.map(({ atMs, what }) => `${(atMs - t0) / second} ${what}`);
}

describe("the first word of a claim", () => {
  it("counts, whatever it says", () => {
    expect(merge(F(0, 0))).toMatchObject({ effect: "changed", begins: true, state: { status: "firing" } });
    expect(merge(R(0, 0, 0))).toMatchObject({ effect: "changed", state: { status: "resolved", ended: "explicit" } });
  });

  it("is held if it starts no later than the end of another claim", () => {
    const other = merge(D(0, 0, 240), DR(60, 0, 60)).state;
    const first = (startS: number) => {
      const [atMs, claim] = F(61, startS);
      return mergeClaim(undefined, claim, atMs, terms, { other });
    };
    expect(first(60)).toMatchObject({
      effect: "held",
      begins: false,
      state: { status: "resolved", heldUntilMs: t0 + 71 * second },
    });
    expect(first(60).state).not.toHaveProperty("ended");
    expect(first(60).state).not.toHaveProperty("sender");
    expect(first(60.001)).toMatchObject({ effect: "changed", begins: true });
  });

  it("is held however long ago that end was", () => {
    const other = merge(D(0, 0, 240), DR(60, 0, 60)).state;
    const [atMs, claim] = F(9_000, 0);
    expect(mergeClaim(undefined, claim, atMs, terms, { other }).effect).toBe("held");
  });

  it("is not held if another claim ended by silence only: no source named an end", () => {
    const other = endClaim(merge(D(0, 0, 240)).state, "inferred");
    const [atMs, claim] = F(300, 0);
    expect(mergeClaim(undefined, claim, atMs, terms, { other }).effect).toBe("changed");
  });

  it("and its hold can be cancelled by a resolve, or cut short by a start after the other claim's end", () => {
    const other = merge(D(0, 0, 240), DR(60, 0, 60)).state;
    const [heldAtMs, claim] = F(61, 0);
    const own = mergeClaim(undefined, claim, heldAtMs, terms, { other }).state;
    const next = ([atMs, word]: Spoken) => mergeClaim(own, word, atMs, terms, { other, own });
    expect(next(R(62, 0, 60)).state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(next(R(62, 0, 60)).state).not.toHaveProperty("heldUntilMs");
    expect(next(F(62, 61))).toMatchObject({ effect: "changed", begins: true, state: { status: "firing" } });
    expect(next(F(62, 0)).state).toMatchObject({ heldUntilMs: t0 + 71 * second });
  });
});

describe("a resolve", () => {
  it("ends the episode if its end is not before the newest start, whatever its own start", () => {
    expect(merge(F(0, 0), R(60, -1, 60))).toMatchObject({ effect: "changed", state: { status: "resolved" } });
    expect(merge(F(0, 0), R(60, -1, 0))).toMatchObject({ effect: "changed", state: { status: "resolved" } });
    expect(merge(F(0, 0), F(30, 20), R(60, 0, 20))).toMatchObject({ state: { status: "resolved" } });
    expect(merge(F(0, 0), R(60, 30, 45)), "of a start that was never heard").toMatchObject({
      state: { status: "resolved" },
    });
  });

  it("is doubtful if its end is before the newest start, or not after the last end", () => {
    expect(merge(F(0, 0), F(30, 20), R(60, 0, 19.999))).toMatchObject({
      effect: "doubted",
      state: { status: "firing", doubtfulEndAtMs: t0 + 60 * second + doubtfulEnd },
    });
    const again = [F(0, 0), R(60, 0, 58), F(61, 59), R(62, 0, 58)] as const;
    expect(merge(...again)).toMatchObject({ effect: "doubted", state: { status: "firing" } });
  });

  it("without an end counts as one at the newest start", () => {
    expect(merge(F(0, 0), R(60, 0)).state).toMatchObject({ status: "resolved", lastEndMs: t0 });
    expect(merge(F(0, 0), F(30, 20), R(60, 0)).state).toMatchObject({ lastEndMs: t0 + 20 * second });
    expect(merge(F(0, 0), R(60, 0), F(61, 0), F(72, 0), R(80, 0)).effect, "of what was re-opened").toBe("doubted");
  });

  it("that repeats an end confirms it, and a later end is remembered", () => {
    expect(merge(F(0, 0), R(60, 0, 58), R(120, 0, 58))).toMatchObject({
      effect: "ignored",
      state: { status: "resolved", lastEndMs: t0 + 58 * second, heardAtMs: t0 + 120 * second },
    });
    expect(merge(F(0, 0), R(60, 0, 58), R(120, 0, 90))).toMatchObject({
      effect: "confirmed",
      state: { status: "resolved", lastEndMs: t0 + 90 * second },
    });
    expect(merge(F(0, 0), R(60, 0, 58), R(120, 0, 30)).state).toMatchObject({ lastEndMs: t0 + 58 * second });
  });

  it("keeps the greatest end over later episodes", () => {
    expect(merge(F(0, 0), R(60, 0, 58), F(90, 80), F(100, 80)).state).toMatchObject({ lastEndMs: t0 + 58 * second });
  });
});

describe("a doubtful resolve of a webhook", () => {
  const doubted = [F(0, 0), R(60, 0, 58), F(100, 90), R(120, 0, 58)] as const;

  it("ends the alert doubtfulEnd later, and repeats do not put that off", () => {
    expect(changes(1_919, ...doubted)).toEqual(["0 fires", "60 ends", "100 fires"]);
    expect(changes(1_920, ...doubted, R(700, 0, 58))).toEqual(["0 fires", "60 ends", "100 fires", "1920 ends"]);
  });

  it("is cancelled by any firing, also an older one", () => {
    expect(merge(...doubted, F(180, 0)).state).not.toHaveProperty("doubtfulEndAtMs");
    expect(changes(9_000, ...doubted, F(180, 90))).toEqual(["0 fires", "60 ends", "100 fires"]);
  });

  it("is overtaken by a normal resolve", () => {
    expect(merge(...doubted, R(200, 90, 190)).state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(merge(...doubted, R(200, 90, 190)).state).not.toHaveProperty("doubtfulEndAtMs");
  });

  it("cancels a held firing", () => {
    const state = merge(F(0, 0), R(60, 0, 58), F(62, 0), R(64, 0, 58)).state;
    expect(state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(state).not.toHaveProperty("heldUntilMs");
  });
});

describe("a doubtful resolve of a direct sender", () => {
  it("does nothing", () => {
    expect(merge(D(0, 0, 240), DR(60, 0, 58), D(62, 0, 300), DR(64, 0, 58))).toMatchObject({
      effect: "ignored",
      state: { status: "resolved", heldUntilMs: t0 + 72 * second },
    });
    const over = merge(D(0, 0, 240), DR(60, 0, 58), D(90, 80, 330), DR(120, 0, 58));
    expect(over).toMatchObject({ effect: "ignored", state: { status: "firing", expiresAtMs: t0 + 330 * second } });
    expect(over.state).not.toHaveProperty("doubtfulEndAtMs");
  });
});

describe("a firing while the alert fires", () => {
  it("confirms it, whatever its start, and widens the span of starts", () => {
    expect(merge(F(0, 0), F(30, 0))).toMatchObject({ effect: "confirmed", begins: false, endLost: false });
    expect(merge(F(0, 0), F(30, 0)).state).not.toHaveProperty("startMs");
    expect(merge(F(0, 0), F(30, -60))).toMatchObject({
      effect: "confirmed",
      state: { startMs: t0 - minute, newestStartMs: t0, heardAtMs: t0 + 30 * second },
    });
    expect(merge(F(0, 0), F(30, -60), F(50, 45), F(55, 10))).toMatchObject({
      effect: "confirmed",
      endLost: false,
      state: { startMs: t0 - minute, newestStartMs: t0 + 45 * second, effectiveStartsAtMs: t0 + 10 * second },
    });
  });

  it("with a newer start more than a minute after the last word means that an end was lost", () => {
    expect(merge(F(0, 0), F(60.001, 50))).toMatchObject({
      effect: "changed",
      begins: true,
      endLost: true,
      state: { status: "firing", effectiveStartsAtMs: t0 + 50 * second },
    });
    expect(merge(F(0, 0), F(60.001, 50)).state, "the episode is a new one").not.toHaveProperty("startMs");
    expect(merge(F(0, 0), F(60, 50)), "a minute exactly").toMatchObject({ effect: "confirmed", endLost: false });
    expect(merge(F(0, 0), F(500, 0)).endLost, "the same start").toBe(false);
    expect(merge(F(0, 0), F(500, -10)).endLost, "an older start").toBe(false);
    expect(merge(F(0, 0), F(500, 400), F(900, 0)).endLost, "the start before").toBe(false);
  });

  it("loses no end while another claim fires, or at a direct claim", () => {
    const other = merge(D(0, 0, 900)).state;
    const own = merge(F(0, 0)).state;
    const [atMs, claim] = F(300, 200);
    expect(mergeClaim(own, claim, atMs, terms, { own, other }).endLost).toBe(false);
    const over = endClaim(other, "explicit");
    expect(mergeClaim(own, claim, atMs, terms, { own, other: over }).endLost).toBe(true);
    expect(merge(D(0, 0, 240), D(300, 200, 540)).endLost).toBe(false);
  });
});

describe("a firing after an end", () => {
  it("with a start after the last end begins a new episode at once", () => {
    expect(merge(F(0, 0), R(60, 0, 58), F(61, 58.001))).toMatchObject({
      effect: "changed",
      begins: true,
      endLost: false,
      state: { status: "firing", lastEndMs: t0 + 58 * second },
    });
  });

  it("with any other start is held from its arrival, and repeats do not lengthen the hold", () => {
    const held = [F(0, 0), R(60, 0, 58), F(75, 58)] as const;
    expect(merge(...held)).toMatchObject({
      effect: "held",
      begins: false,
      state: { status: "resolved", heldUntilMs: t0 + 85 * second },
    });
    expect(merge(...held, F(84, -20)).state).toMatchObject({
      heldUntilMs: t0 + 85 * second,
      startMs: t0 - 20 * second,
      newestStartMs: t0 + 58 * second,
    });
    expect(merge(...held, F(85, 58)), "the hold is over").toMatchObject({ effect: "changed", begins: false });
    expect(changes(85, ...held)).toEqual(["0 fires", "60 ends", "85 fires"]);
  });

  it("that is held is cancelled by a normal resolve, also of a direct sender", () => {
    expect(merge(F(0, 0), R(60, 0, 58), F(62, 0), R(64, 0, 63)).state).not.toHaveProperty("heldUntilMs");
    const direct = [D(0, 0, 240), DR(60, 0, 58), D(62, 0, 300), DR(64, 0, 63)] as const;
    expect(merge(...direct).state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(merge(...direct).state).not.toHaveProperty("heldUntilMs");
  });

  it("keeps the end of a held direct claim, so that it expires once believed", () => {
    expect(merge(D(0, 0, 240), DR(60, 0, 60), D(61, 0, 300)).state).toMatchObject({
      heldUntilMs: t0 + 71 * second,
      expiresAtMs: t0 + 300 * second,
    });
  });

  it.each(["inferred", "doubtful", "read"] as const)("re-opens at once after an end that is %s", (ended) => {
    const over = { ...endClaim(merge(F(0, 0), R(60, 0, 58), F(100, 90)).state, ended) };
    const next = ([atMs, claim]: Spoken) => mergeClaim(over, claim, atMs, terms, { over });
    expect(next(F(200, 0))).toMatchObject({ effect: "changed", begins: false, state: { status: "firing" } });
    expect(next(F(200, 90))).toMatchObject({ effect: "changed", begins: false });
    expect(next(F(200, 91)), "a newer start").toMatchObject({ effect: "changed", begins: true });
  });

  it.each(["inferred", "doubtful", "read"] as const)("is held once a resolve made an end firm that was %s", (ended) => {
    const over = endClaim(merge(F(0, 0)).state, ended);
    const [atMs, claim] = R(100, 0, 90);
    const firm = mergeClaim(over, claim, atMs, terms, { over });
    expect(firm).toMatchObject({ effect: "confirmed", state: { status: "resolved", ended: "explicit" } });
    const [laterMs, late] = F(120, 0);
    expect(mergeClaim(firm.state, late, laterMs, terms).effect).toBe("held");
  });

  it("stays weakly ended after a doubtful resolve", () => {
    const over = endClaim(merge(F(0, 0), R(60, 0, 58), F(100, 90)).state, "doubtful");
    const [atMs, claim] = R(200, 0, 58);
    expect(mergeClaim(over, claim, atMs, terms)).toMatchObject({ effect: "ignored", state: { ended: "doubtful" } });
  });
});

describe("histories of real senders", () => {
  const aheadD = (at: number, e: number): Spoken => [
    t0 + at * second,
    firing("a", { sender: "p", startsAtMs: t0 + day, endsAtMs: t0 + day + e * second }),
  ];

  it.each<[what: string, words: readonly Spoken[], untilSecond: number, expected: readonly string[]]>([
    ["a resolve with an earlier start than was known", [F(0, 0), R(60, -1, 60)], 9_000, ["0 fires", "60 ends"]],
    [
      "the peers of a cluster lag",
      [F(0, 0), R(60, 0, 58), F(75, 0), R(120, 0, 58)],
      9_000,
      ["0 fires", "60 ends", "85 fires", "1920 ends"],
    ],
    [
      "the older replica of an HA pair repeats its resolve to Alertmanager",
      [F(10, 10), R(190, 10, 190), F(399, 399), R(420, 10, 190)],
      9_000,
      ["10 fires", "190 ends", "399 fires", "2220 ends"],
    ],
    [
      "the older replica of an HA pair repeats its resolve directly, from the same address",
      [D(10, 10, 250), DR(190, 10, 190), D(399, 399, 639), ...[1, 2, 3, 4, 5].map((n) => DR(399 + n * 60, 10, 190))],
      9_000,
      ["10 fires", "190 ends", "399 fires", "699 ends"],
    ],
    [
      "an HA pair behind one address at the same tick: A ends, B fires on, and A repeats its resolve",
      [
        D(0, 0, 240),
        D(0.2, 0, 240),
        DR(60, 0, 60),
        ...Array.from({ length: 15 }, (_, n) => [D(60.2 + n * 60, 0, 300 + n * 60), DR(120 + n * 60, 0, 60)]).flat(),
        DR(1_020.2, 0, 1_020),
      ],
      9_000,
      ["0 fires", "60 ends", "70.2 fires", "1020.2 ends"],
    ],
    [
      "a sender one day ahead",
      [aheadD(0, 240), aheadD(60, 300), aheadD(100, 100), ...[160, 220, 280].map((at) => aheadD(at, 100))],
      9_000,
      ["0 fires", "100 ends"],
    ],
    [
      "a sender that was ahead by less than its alert lasts",
      [
        ...Array.from({ length: 10 }, (_, n): Spoken => {
          const at = n * 60;
          return F(at, 120, { sender: "p", endsAtMs: t0 + (at + 120 + 240) * second });
        }),
        F(600, 120, { sender: "p", endsAtMs: t0 + (600 + 120) * second }),
      ],
      9_000,
      ["0 fires", "600 ends"],
    ],
    ["a sender two minutes behind with a shorter alert", [F(0, 0), R(60, -120, -60)], 9_000, ["0 fires", "1860 ends"]],
    ["the same, direct", [D(0, 0, 240), DR(60, -120, -60), DR(241, -120, -60)], 9_000, ["0 fires", "241 ends"]],
    ["a silenced end, then a new episode", [F(0, 0), F(3_600, 3_500)], 3_600, ["0 fires", "3600 again"]],
  ])("%s", (_what, words, untilSecond, expected) => {
    expect(changes(untilSecond, ...words)).toEqual(expected);
  });

  it("a sender a year ahead is believed again with its next episode", () => {
    const words = [yearAhead(0, 0, 240), yearAhead(60, 0, 30), yearAhead(180, 180, 420)];
    expect(changes(200, ...words)).toEqual(["0 fires", "60 ends", "180 fires"]);
  });
});

describe("direct claims", () => {
  const sender = "10.0.0.1";

  it("end at endsAt, which each repeat moves; without one, five minutes after receipt", () => {
    expect(merge(D(0, 0, 240)).state.expiresAtMs).toBe(t0 + 4 * minute);
    expect(merge(D(0, 0, 60), D(1, 0, 120)).state.expiresAtMs).toBe(t0 + 2 * minute);
    expect(merge(F(1, 0, { sender })).state.expiresAtMs).toBe(t0 + second + resolveTimeoutMs);
  });

  it("keep who said them, and the end that was said", () => {
    const { state } = merge(F(0, 0, { sender, origin: "http://prometheus:9090", endsAtMs: t0 + minute }));
    expect(state).toMatchObject({ sender, origin: "http://prometheus:9090", saidEndsAtMs: t0 + minute });
    expect(merge(F(0, 0, { sender })).state).not.toHaveProperty("saidEndsAtMs");
    expect(merge(F(0, 0, { sender })).state).not.toHaveProperty("origin");
  });

  it("an endsAt that equals the last end is a resolve, though it lies in our future", () => {
    const ahead = { sender, endsAtMs: t0 + 100 * second };
    const words = [D(0, 0, 240), R(60, 0, 100, { sender }), F(62, 0, ahead)] as const;
    expect(merge(...words)).toMatchObject({ effect: "ignored", fires: false, state: { status: "resolved" } });
    expect(merge(D(0, 0, 240), R(60, 0, 100, { sender }), D(62, 0, 101)).effect).toBe("held");
  });

  it("webhook claims have no end of their own, whatever end they name", () => {
    const past = { endsAtMs: t0 - 1 };
    expect(merge(F(0, 0, past)).state.expiresAtMs).toBeUndefined();
    expect(merge(F(0, 0, past), F(60, 0, past))).toMatchObject({ effect: "confirmed", state: { status: "firing" } });
  });
});

describe("clocks that differ from ours", () => {
  const sender = "a";
  const ahead = (at: number, e: number): Spoken => F(at, day / second, { sender, endsAtMs: t0 + day + e * second });

  it("a future start counts as the time of receipt, also when it is repeated", () => {
    expect(merge(F(0, 3_600)).state.effectiveStartsAtMs).toBe(t0);
    expect(merge(F(0, 3_600), F(60, 3_600)).state.effectiveStartsAtMs).toBe(t0);
    expect(merge(F(0, 100), F(200, 100)), "when it is past").toMatchObject({
      endLost: false,
      state: { effectiveStartsAtMs: t0 },
    });
  });

  it("count as skew when more than a minute ahead", () => {
    expect(merge(F(0, skewToleranceMs / second)).skewed).toBe(false);
    expect(merge(F(0, skewToleranceMs / second + 0.001)).skewed).toBe(true);
    expect(merge(R(0, 0, skewToleranceMs / second + 0.001)).skewed).toBe(true);
    expect(merge(R(0, 0, skewToleranceMs / second)).skewed).toBe(false);
    expect(merge(R(0, 0)).skewed, "no end at all").toBe(false);
    expect(merge(D(0, 0, 3_600)).skewed, "the end of a firing alert").toBe(false);
  });

  it("the end that a sender a day ahead names is not believed; the default is", () => {
    expect(merge(ahead(0, 240)).state.expiresAtMs).toBe(t0 + resolveTimeoutMs);
  });

  it("an endsAt that moves back is the end, and stays it when it is repeated", () => {
    expect(merge(ahead(0, 240), ahead(60, 30))).toMatchObject({ fires: false, effect: "changed" });
    expect(merge(ahead(0, 240), ahead(60, 30), ahead(61, 30), ahead(120, 30))).toMatchObject({
      effect: "ignored",
      state: { status: "resolved", ended: "explicit" },
    });
  });

  it("an endsAt that stands still is the end, except in a request that comes twice", () => {
    expect(merge(ahead(0, 30), ahead(30, 30))).toMatchObject({ effect: "changed", state: { status: "resolved" } });
    expect(merge(ahead(0, 30), ahead(29.999, 30))).toMatchObject({ effect: "confirmed", state: { status: "firing" } });
  });

  it("an alert that lasts longer than its sender is ahead still ends when its endsAt moves back", () => {
    const words = (
      [
        [0, 540],
        [600, 1_140],
        [660, 950],
      ] as const
    ).map(([at, e]) => F(at, 300, { sender, endsAtMs: t0 + e * second }));
    expect(merge(...words).state).toMatchObject({ status: "resolved" });
  });

  it("an end that is past only by our clock, which stays ahead of one that was set back, is not believed", () => {
    const behind = (at: number, e: number): Spoken => F(at, -3_600, { sender, endsAtMs: t0 - hour + e * second });
    expect(merge(behind(0, 240))).toMatchObject({
      effect: "changed",
      state: { status: "firing", expiresAtMs: t0 + resolveTimeoutMs },
    });
    expect(merge(behind(0, 240), behind(60, 300))).toMatchObject({
      effect: "confirmed",
      state: { status: "firing", expiresAtMs: t0 + minute + resolveTimeoutMs },
    });
    expect(merge(behind(0, 240), behind(60, 60))).toMatchObject({ effect: "changed", state: { ended: "explicit" } });
    expect(merge(behind(0, 240), behind(60, 60), behind(120, 60)).state.status).toBe("resolved");
    expect(merge(F(0, 0, { sender, endsAtMs: t0 + 1 })).state.expiresAtMs, "ours").toBe(t0 + 1);
    expect(merge(F(0, 0, { sender, endsAtMs: t0 })).state.expiresAtMs, "past").toBe(t0 + resolveTimeoutMs);
  });

  it("without an end said before, the one that was assumed is compared", () => {
    const unsaid = F(0, -3_600, { sender });
    expect(merge(unsaid, F(60, -3_600, { sender, endsAtMs: t0 + minute - 1 }))).toMatchObject({
      effect: "changed",
      state: { ended: "explicit" },
    });
  });

  it("an unknown start says nothing about an episode that is known", () => {
    const unknown = (at: number): Spoken => {
      const [atMs, claim] = F(at, at);
      return [atMs, { ...claim, startUnknown: true }];
    };
    expect(merge(F(0, 0), unknown(500))).toMatchObject({
      effect: "confirmed",
      endLost: false,
      state: { effectiveStartsAtMs: t0 },
    });
    expect(merge(F(0, 0), R(60, 0, 58), unknown(61))).toMatchObject({ effect: "changed", begins: true });
    const [atMs, direct] = D(500, 500, 740);
    expect(
      merge(D(0, 0, 240), [atMs, { ...direct, startUnknown: true }]).state.expiresAtMs,
      "its end is readable",
    ).toBe(t0 + 740 * second);
  });
});

describe("rows of earlier versions", () => {
  const row = { source: "default", startsAtMs: t0, effectiveStartsAtMs: t0, heardAtMs: t0 } as const;

  it("that fire are ended by a resolve with an earlier start", () => {
    const [atMs, claim] = R(60, -1, 60);
    expect(mergeClaim({ ...row, status: "firing" }, claim, atMs, terms).effect).toBe("changed");
  });

  it("that ended keep their end", () => {
    const over: ClaimState = { ...row, status: "resolved", ended: "explicit", saidEndsAtMs: t0 + 58 * second };
    const [heldAtMs, old] = F(75, 58);
    expect(mergeClaim(over, old, heldAtMs, terms).effect).toBe("held");
    const [atMs, newer] = F(75, 59);
    expect(mergeClaim(over, newer, atMs, terms)).toMatchObject({ effect: "changed", begins: true });
    const { saidEndsAtMs: _, ...unsaid } = over;
    const [startMs, same] = F(75, 0);
    expect(mergeClaim(unsaid, same, startMs, terms).effect).toBe("held");
  });
});

it("whatever was said, a start that is newer than every start and end is believed at once", () => {
  const word = fc.record({
    afterMs: fc.integer({ min: 0, max: 20 * second }),
    startsAtMs: fc.integer({ min: t0 - minute, max: t0 + 2 * minute }),
    endsAfterMs: fc.option(fc.integer({ min: 0, max: minute }), { nil: undefined }),
    fires: fc.boolean(),
    direct: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      let nowMs = t0;
      let state: ClaimState | undefined;
      for (const { afterMs, startsAtMs, endsAfterMs, fires: isFiring, direct } of words) {
        nowMs += afterMs;
        const before: ClaimState | undefined = state;
        const end = endsAfterMs === undefined ? {} : { endsAtMs: startsAtMs + endsAfterMs };
        const saying = { startsAtMs, ...(direct ? { sender: "s", endsAtMs: nowMs + minute } : isFiring ? {} : end) };
        const merged = mergeClaim(before, (isFiring ? firing : resolved)("a", saying), nowMs, terms);
        ({ state } = merged);
        expect(state.heardAtMs).toBe(nowMs);
        expect(state.effectiveStartsAtMs).toBeLessThanOrEqual(nowMs);
        const { effect } = merged;
        expect(effect !== "changed" && before !== undefined && state.status !== before.status).toBe(false);
        expect(effect === "held" && (state.heldUntilMs ?? 0) <= nowMs).toBe(false);
      }
      nowMs += 10 * minute;
      expect(mergeClaim(state, firing("a", { startsAtMs: nowMs }), nowMs, terms).state.status).toBe("firing");
    }),
  );
});
