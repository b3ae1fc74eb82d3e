import { epochMs as t0, firing, MergedAlert, resolved, type Saying } from "@tocsin/test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
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

/** Merges the claims of one claimant. Returns the result of the last one. */
function merge(...words: readonly Spoken[]): MergedClaim {
  let merged: MergedClaim | undefined;
  for (const [atMs, claim] of words) {
    const claims: Record<string, ClaimState> = merged ? { own: merged.state } : {};
    merged = mergeClaim(merged?.state, claim, atMs, terms, claims);
  }
  if (!merged) throw new Error("expected at least one claim");
  return merged;
}

/** Seconds since the start of the test: `at`: arrival, `s`: start, `e`: end. */
const firedAt = (at: number, s: number, how: Saying = {}): Spoken => [
  t0 + at * second,
  firing("a", { startsAtMs: t0 + s * second, ...how }),
];
const endedAt = (at: number, s: number, e?: number, how: Saying = {}): Spoken => [
  t0 + at * second,
  resolved("a", { startsAtMs: t0 + s * second, ...(e === undefined ? {} : { endsAtMs: t0 + e * second }), ...how }),
];
/** A firing of a direct sender, with an end in the future. */
const directFiredAt = (at: number, s: number, e: number, sender = "10.0.0.1"): Spoken =>
  firedAt(at, s, { sender, endsAtMs: t0 + e * second });
/** Its resolve. */
const directEndedAt = (at: number, s: number, e: number, sender = "10.0.0.1"): Spoken => endedAt(at, s, e, { sender });

const year = 365 * day;

/** A firing of a direct sender whose clock is a year ahead. */
const yearAhead = (at: number, s: number, e: number): Spoken => [
  t0 + at * second,
  firing("a", { sender: "p", startsAtMs: t0 + year + s * second, endsAtMs: t0 + year + e * second }),
];

/** How the alert changes during a history, as `second change`. */
function changes(untilSecond: number, ...words: readonly Spoken[]): string[] {
  const alert = new MergedAlert();
  for (const [atMs, claim] of words) alert.receive(claim, atMs);
  alert.passTo(t0 + untilSecond * second);
  return alert.changes.map(({ atMs, what }) => `${(atMs - t0) / second} ${what}`);
}

describe("the first statement of a claimant", () => {
  test("counts, whether it fires or resolves", () => {
    expect(merge(firedAt(0, 0))).toMatchObject({ effect: "changed", begins: true, state: { status: "firing" } });
    expect(merge(endedAt(0, 0, 0))).toMatchObject({
      effect: "changed",
      state: { status: "resolved", ended: "explicit" },
    });
  });

  test("is held if it starts no later than the end of another claim", () => {
    const other = merge(directFiredAt(0, 0, 240), directEndedAt(60, 0, 60)).state;
    const first = (startS: number) => {
      const [atMs, claim] = firedAt(61, startS);
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

  test("is held even if that end was long ago", () => {
    const other = merge(directFiredAt(0, 0, 240), directEndedAt(60, 0, 60)).state;
    const [atMs, claim] = firedAt(9_000, 0);
    expect(mergeClaim(undefined, claim, atMs, terms, { other }).effect).toBe("held");
  });

  test("is not held if another claim ended only by silence, because no source sent an end", () => {
    const other = endClaim(merge(directFiredAt(0, 0, 240)).state, "inferred");
    const [atMs, claim] = firedAt(300, 0);
    expect(mergeClaim(undefined, claim, atMs, terms, { other }).effect).toBe("changed");
  });

  test("can have its hold cancelled by a resolve, or ended early by a start after the other claim's end", () => {
    const other = merge(directFiredAt(0, 0, 240), directEndedAt(60, 0, 60)).state;
    const [heldAtMs, claim] = firedAt(61, 0);
    const own = mergeClaim(undefined, claim, heldAtMs, terms, { other }).state;
    const next = ([atMs, word]: Spoken) => mergeClaim(own, word, atMs, terms, { other, own });
    expect(next(endedAt(62, 0, 60)).state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(next(endedAt(62, 0, 60)).state).not.toHaveProperty("heldUntilMs");
    expect(next(firedAt(62, 61))).toMatchObject({ effect: "changed", begins: true, state: { status: "firing" } });
    expect(next(firedAt(62, 0)).state).toMatchObject({ heldUntilMs: t0 + 71 * second });
  });
});

describe("a resolve", () => {
  test("ends the episode if its end is not before the newest start, whatever its own start is", () => {
    expect(merge(firedAt(0, 0), endedAt(60, -1, 60))).toMatchObject({
      effect: "changed",
      state: { status: "resolved" },
    });
    expect(merge(firedAt(0, 0), endedAt(60, -1, 0))).toMatchObject({
      effect: "changed",
      state: { status: "resolved" },
    });
    expect(merge(firedAt(0, 0), firedAt(30, 20), endedAt(60, 0, 20))).toMatchObject({ state: { status: "resolved" } });
    expect(merge(firedAt(0, 0), endedAt(60, 30, 45)), "with an unknown start").toMatchObject({
      state: { status: "resolved" },
    });
  });

  test("is doubtful if its end is before the newest start, or not after the last end", () => {
    expect(merge(firedAt(0, 0), firedAt(30, 20), endedAt(60, 0, 19.999))).toMatchObject({
      effect: "doubted",
      state: { status: "firing", doubtfulEndAtMs: t0 + 60 * second + doubtfulEnd },
    });
    const again = [firedAt(0, 0), endedAt(60, 0, 58), firedAt(61, 59), endedAt(62, 0, 58)] as const;
    expect(merge(...again)).toMatchObject({ effect: "doubted", state: { status: "firing" } });
  });

  test("without an end counts as a resolve at the newest start", () => {
    expect(merge(firedAt(0, 0), endedAt(60, 0)).state).toMatchObject({ status: "resolved", lastEndMs: t0 });
    expect(merge(firedAt(0, 0), firedAt(30, 20), endedAt(60, 0)).state).toMatchObject({ lastEndMs: t0 + 20 * second });
    expect(
      merge(firedAt(0, 0), endedAt(60, 0), firedAt(61, 0), firedAt(72, 0), endedAt(80, 0)).effect,
      "after the claim was re-opened",
    ).toBe("doubted");
  });

  test("that repeats an end confirms it, and a later end is kept", () => {
    expect(merge(firedAt(0, 0), endedAt(60, 0, 58), endedAt(120, 0, 58))).toMatchObject({
      effect: "ignored",
      state: { status: "resolved", lastEndMs: t0 + 58 * second, heardAtMs: t0 + 120 * second },
    });
    expect(merge(firedAt(0, 0), endedAt(60, 0, 58), endedAt(120, 0, 90))).toMatchObject({
      effect: "confirmed",
      state: { status: "resolved", lastEndMs: t0 + 90 * second },
    });
    expect(merge(firedAt(0, 0), endedAt(60, 0, 58), endedAt(120, 0, 30)).state).toMatchObject({
      lastEndMs: t0 + 58 * second,
    });
  });

  test("keeps the greatest end across later episodes", () => {
    expect(merge(firedAt(0, 0), endedAt(60, 0, 58), firedAt(90, 80), firedAt(100, 80)).state).toMatchObject({
      lastEndMs: t0 + 58 * second,
    });
  });
});

describe("a doubtful resolve of a webhook", () => {
  const doubted = [firedAt(0, 0), endedAt(60, 0, 58), firedAt(100, 90), endedAt(120, 0, 58)] as const;

  test("ends the alert doubtfulEnd later, and repeats do not delay that", () => {
    expect(changes(1_919, ...doubted)).toEqual(["0 fires", "60 ends", "100 fires"]);
    expect(changes(1_920, ...doubted, endedAt(700, 0, 58))).toEqual(["0 fires", "60 ends", "100 fires", "1920 ends"]);
  });

  test("is cancelled by any firing, also by an older one", () => {
    expect(merge(...doubted, firedAt(180, 0)).state).not.toHaveProperty("doubtfulEndAtMs");
    expect(changes(9_000, ...doubted, firedAt(180, 90))).toEqual(["0 fires", "60 ends", "100 fires"]);
  });

  test("is replaced by a normal resolve", () => {
    expect(merge(...doubted, endedAt(200, 90, 190)).state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(merge(...doubted, endedAt(200, 90, 190)).state).not.toHaveProperty("doubtfulEndAtMs");
  });

  test("cancels a held firing", () => {
    const state = merge(firedAt(0, 0), endedAt(60, 0, 58), firedAt(62, 0), endedAt(64, 0, 58)).state;
    expect(state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(state).not.toHaveProperty("heldUntilMs");
  });
});

describe("a doubtful resolve of a direct sender", () => {
  test("has no effect", () => {
    expect(
      merge(directFiredAt(0, 0, 240), directEndedAt(60, 0, 58), directFiredAt(62, 0, 300), directEndedAt(64, 0, 58)),
    ).toMatchObject({
      effect: "ignored",
      state: { status: "resolved", heldUntilMs: t0 + 72 * second },
    });
    const over = merge(
      directFiredAt(0, 0, 240),
      directEndedAt(60, 0, 58),
      directFiredAt(90, 80, 330),
      directEndedAt(120, 0, 58),
    );
    expect(over).toMatchObject({ effect: "ignored", state: { status: "firing", expiresAtMs: t0 + 330 * second } });
    expect(over.state).not.toHaveProperty("doubtfulEndAtMs");
  });
});

describe("a firing while the alert fires", () => {
  test("confirms it, whatever its start is, and widens the range of starts", () => {
    expect(merge(firedAt(0, 0), firedAt(30, 0))).toMatchObject({ effect: "confirmed", begins: false, endLost: false });
    expect(merge(firedAt(0, 0), firedAt(30, 0)).state).not.toHaveProperty("startMs");
    expect(merge(firedAt(0, 0), firedAt(30, -60))).toMatchObject({
      effect: "confirmed",
      state: { startMs: t0 - minute, newestStartMs: t0, heardAtMs: t0 + 30 * second },
    });
    expect(merge(firedAt(0, 0), firedAt(30, -60), firedAt(50, 45), firedAt(55, 10))).toMatchObject({
      effect: "confirmed",
      endLost: false,
      state: { startMs: t0 - minute, newestStartMs: t0 + 45 * second, effectiveStartsAtMs: t0 + 10 * second },
    });
  });

  test("means that a resolve was lost, if its start is newer and it arrives more than a minute after the last statement", () => {
    expect(merge(firedAt(0, 0), firedAt(60.001, 50))).toMatchObject({
      effect: "changed",
      begins: true,
      endLost: true,
      state: { status: "firing", effectiveStartsAtMs: t0 + 50 * second },
    });
    expect(merge(firedAt(0, 0), firedAt(60.001, 50)).state, "the episode is a new one").not.toHaveProperty("startMs");
    expect(merge(firedAt(0, 0), firedAt(60, 50)), "exactly a minute").toMatchObject({
      effect: "confirmed",
      endLost: false,
    });
    expect(merge(firedAt(0, 0), firedAt(500, 0)).endLost, "the same start").toBe(false);
    expect(merge(firedAt(0, 0), firedAt(500, -10)).endLost, "an older start").toBe(false);
    expect(merge(firedAt(0, 0), firedAt(500, 400), firedAt(900, 0)).endLost, "the previous start").toBe(false);
  });

  test("means no lost resolve while another claim fires, or at a direct claim", () => {
    const other = merge(directFiredAt(0, 0, 900)).state;
    const own = merge(firedAt(0, 0)).state;
    const [atMs, claim] = firedAt(300, 200);
    expect(mergeClaim(own, claim, atMs, terms, { own, other }).endLost).toBe(false);
    const over = endClaim(other, "explicit");
    expect(mergeClaim(own, claim, atMs, terms, { own, other: over }).endLost).toBe(true);
    expect(merge(directFiredAt(0, 0, 240), directFiredAt(300, 200, 540)).endLost).toBe(false);
  });
});

describe("a firing after an end", () => {
  test("with a start after the last end begins a new episode at once", () => {
    expect(merge(firedAt(0, 0), endedAt(60, 0, 58), firedAt(61, 58.001))).toMatchObject({
      effect: "changed",
      begins: true,
      endLost: false,
      state: { status: "firing", lastEndMs: t0 + 58 * second },
    });
  });

  test("with any other start is held from its arrival, and repeats do not extend the hold", () => {
    const held = [firedAt(0, 0), endedAt(60, 0, 58), firedAt(75, 58)] as const;
    expect(merge(...held)).toMatchObject({
      effect: "held",
      begins: false,
      state: { status: "resolved", heldUntilMs: t0 + 85 * second },
    });
    expect(merge(...held, firedAt(84, -20)).state).toMatchObject({
      heldUntilMs: t0 + 85 * second,
      startMs: t0 - 20 * second,
      newestStartMs: t0 + 58 * second,
    });
    expect(merge(...held, firedAt(85, 58)), "the hold is over").toMatchObject({ effect: "changed", begins: false });
    expect(changes(85, ...held)).toEqual(["0 fires", "60 ends", "85 fires"]);
  });

  test("that is held is cancelled by a normal resolve, also from a direct sender", () => {
    expect(merge(firedAt(0, 0), endedAt(60, 0, 58), firedAt(62, 0), endedAt(64, 0, 63)).state).not.toHaveProperty(
      "heldUntilMs",
    );
    const direct = [
      directFiredAt(0, 0, 240),
      directEndedAt(60, 0, 58),
      directFiredAt(62, 0, 300),
      directEndedAt(64, 0, 63),
    ] as const;
    expect(merge(...direct).state).toMatchObject({ status: "resolved", ended: "explicit" });
    expect(merge(...direct).state).not.toHaveProperty("heldUntilMs");
  });

  test("keeps the end of a held direct claim, so that it expires after the hold", () => {
    expect(merge(directFiredAt(0, 0, 240), directEndedAt(60, 0, 60), directFiredAt(61, 0, 300)).state).toMatchObject({
      heldUntilMs: t0 + 71 * second,
      expiresAtMs: t0 + 300 * second,
    });
  });

  test.each(["inferred", "doubtful", "read"] as const)("re-opens the claim at once after the end %s", (ended) => {
    const over = { ...endClaim(merge(firedAt(0, 0), endedAt(60, 0, 58), firedAt(100, 90)).state, ended) };
    const next = ([atMs, claim]: Spoken) => mergeClaim(over, claim, atMs, terms, { over });
    expect(next(firedAt(200, 0))).toMatchObject({ effect: "changed", begins: false, state: { status: "firing" } });
    expect(next(firedAt(200, 90))).toMatchObject({ effect: "changed", begins: false });
    expect(next(firedAt(200, 91)), "a newer start").toMatchObject({ effect: "changed", begins: true });
  });

  test.each(["inferred", "doubtful", "read"] as const)(
    "is held once an explicit resolve replaced the end %s",
    (ended) => {
      const over = endClaim(merge(firedAt(0, 0)).state, ended);
      const [atMs, claim] = endedAt(100, 0, 90);
      const firm = mergeClaim(over, claim, atMs, terms, { over });
      expect(firm).toMatchObject({ effect: "confirmed", state: { status: "resolved", ended: "explicit" } });
      const [laterMs, late] = firedAt(120, 0);
      expect(mergeClaim(firm.state, late, laterMs, terms).effect).toBe("held");
    },
  );

  test("leaves a weak end weak after a doubtful resolve", () => {
    const over = endClaim(merge(firedAt(0, 0), endedAt(60, 0, 58), firedAt(100, 90)).state, "doubtful");
    const [atMs, claim] = endedAt(200, 0, 58);
    expect(mergeClaim(over, claim, atMs, terms)).toMatchObject({ effect: "ignored", state: { ended: "doubtful" } });
  });
});

describe("histories of real senders", () => {
  const aheadD = (at: number, e: number): Spoken => [
    t0 + at * second,
    firing("a", { sender: "p", startsAtMs: t0 + day, endsAtMs: t0 + day + e * second }),
  ];

  test.each<[what: string, words: readonly Spoken[], untilSecond: number, expected: readonly string[]]>([
    [
      "a resolve with an earlier start than the known one",
      [firedAt(0, 0), endedAt(60, -1, 60)],
      9_000,
      ["0 fires", "60 ends"],
    ],
    [
      "peers of a cluster lag behind each other",
      [firedAt(0, 0), endedAt(60, 0, 58), firedAt(75, 0), endedAt(120, 0, 58)],
      9_000,
      ["0 fires", "60 ends", "85 fires", "1920 ends"],
    ],
    [
      "the older replica of an HA pair repeats its resolve to Alertmanager",
      [firedAt(10, 10), endedAt(190, 10, 190), firedAt(399, 399), endedAt(420, 10, 190)],
      9_000,
      ["10 fires", "190 ends", "399 fires", "2220 ends"],
    ],
    [
      "the older replica of an HA pair repeats its resolve directly, from the same address",
      [
        directFiredAt(10, 10, 250),
        directEndedAt(190, 10, 190),
        directFiredAt(399, 399, 639),
        ...[1, 2, 3, 4, 5].map((n) => directEndedAt(399 + n * 60, 10, 190)),
      ],
      9_000,
      ["10 fires", "190 ends", "399 fires", "699 ends"],
    ],
    [
      "an HA pair behind one address at the same time: A resolves, B keeps firing, and A repeats its resolve",
      [
        directFiredAt(0, 0, 240),
        directFiredAt(0.2, 0, 240),
        directEndedAt(60, 0, 60),
        ...Array.from({ length: 15 }, (_, n) => [
          directFiredAt(60.2 + n * 60, 0, 300 + n * 60),
          directEndedAt(120 + n * 60, 0, 60),
        ]).flat(),
        directEndedAt(1_020.2, 0, 1_020),
      ],
      9_000,
      ["0 fires", "60 ends", "70.2 fires", "1020.2 ends"],
    ],
    [
      "a sender whose clock is one day ahead",
      [aheadD(0, 240), aheadD(60, 300), aheadD(100, 100), ...[160, 220, 280].map((at) => aheadD(at, 100))],
      9_000,
      ["0 fires", "100 ends"],
    ],
    [
      "a sender whose clock is ahead by less than the duration of its alert",
      [
        ...Array.from({ length: 10 }, (_, n): Spoken => {
          const at = n * 60;
          return firedAt(at, 120, { sender: "p", endsAtMs: t0 + (at + 120 + 240) * second });
        }),
        firedAt(600, 120, { sender: "p", endsAtMs: t0 + (600 + 120) * second }),
      ],
      9_000,
      ["0 fires", "600 ends"],
    ],
    [
      "a sender two minutes behind, with an alert shorter than that",
      [firedAt(0, 0), endedAt(60, -120, -60)],
      9_000,
      ["0 fires", "1860 ends"],
    ],
    [
      "the same for direct input",
      [directFiredAt(0, 0, 240), directEndedAt(60, -120, -60), directEndedAt(241, -120, -60)],
      9_000,
      ["0 fires", "241 ends"],
    ],
    [
      "an end that was silenced, then a new episode",
      [firedAt(0, 0), firedAt(3_600, 3_500)],
      3_600,
      ["0 fires", "3600 again"],
    ],
  ])("%s", (_what, words, untilSecond, expected) => {
    expect(changes(untilSecond, ...words)).toEqual(expected);
  });

  test("the next episode of a sender a year ahead counts at once", () => {
    const words = [yearAhead(0, 0, 240), yearAhead(60, 0, 30), yearAhead(180, 180, 420)];
    expect(changes(200, ...words)).toEqual(["0 fires", "60 ends", "180 fires"]);
  });
});

describe("direct claims", () => {
  const sender = "10.0.0.1";

  test("end at endsAt, which each repeat moves, or without endsAt five minutes after receipt", () => {
    expect(merge(directFiredAt(0, 0, 240)).state.expiresAtMs).toBe(t0 + 4 * minute);
    expect(merge(directFiredAt(0, 0, 60), directFiredAt(1, 0, 120)).state.expiresAtMs).toBe(t0 + 2 * minute);
    expect(merge(firedAt(1, 0, { sender })).state.expiresAtMs).toBe(t0 + second + resolveTimeoutMs);
  });

  test("keep their sender and the end that it sent", () => {
    const { state } = merge(firedAt(0, 0, { sender, origin: "http://prometheus:9090", endsAtMs: t0 + minute }));
    expect(state).toMatchObject({ sender, origin: "http://prometheus:9090", saidEndsAtMs: t0 + minute });
    expect(merge(firedAt(0, 0, { sender })).state).not.toHaveProperty("saidEndsAtMs");
    expect(merge(firedAt(0, 0, { sender })).state).not.toHaveProperty("origin");
  });

  test("with an endsAt equal to the last end are resolves, even if it lies in our future", () => {
    const ahead = { sender, endsAtMs: t0 + 100 * second };
    const words = [directFiredAt(0, 0, 240), endedAt(60, 0, 100, { sender }), firedAt(62, 0, ahead)] as const;
    expect(merge(...words)).toMatchObject({ effect: "ignored", fires: false, state: { status: "resolved" } });
    expect(merge(directFiredAt(0, 0, 240), endedAt(60, 0, 100, { sender }), directFiredAt(62, 0, 101)).effect).toBe(
      "held",
    );
  });

  test("webhook claims never expire, whatever end they contain", () => {
    const past = { endsAtMs: t0 - 1 };
    expect(merge(firedAt(0, 0, past)).state.expiresAtMs).toBeUndefined();
    expect(merge(firedAt(0, 0, past), firedAt(60, 0, past))).toMatchObject({
      effect: "confirmed",
      state: { status: "firing" },
    });
  });
});

describe("clocks that differ from ours", () => {
  const sender = "a";
  const ahead = (at: number, e: number): Spoken =>
    firedAt(at, day / second, { sender, endsAtMs: t0 + day + e * second });

  test("turn a future start into the time of receipt, also when it is repeated", () => {
    expect(merge(firedAt(0, 3_600)).state.effectiveStartsAtMs).toBe(t0);
    expect(merge(firedAt(0, 3_600), firedAt(60, 3_600)).state.effectiveStartsAtMs).toBe(t0);
    expect(merge(firedAt(0, 100), firedAt(200, 100)), "after that start has passed").toMatchObject({
      endLost: false,
      state: { effectiveStartsAtMs: t0 },
    });
  });

  test("count as skew when more than a minute ahead", () => {
    expect(merge(firedAt(0, skewToleranceMs / second)).skewed).toBe(false);
    expect(merge(firedAt(0, skewToleranceMs / second + 0.001)).skewed).toBe(true);
    expect(merge(endedAt(0, 0, skewToleranceMs / second + 0.001)).skewed).toBe(true);
    expect(merge(endedAt(0, 0, skewToleranceMs / second)).skewed).toBe(false);
    expect(merge(endedAt(0, 0)).skewed, "no end at all").toBe(false);
    expect(merge(directFiredAt(0, 0, 3_600)).skewed, "the end of a firing alert").toBe(false);
  });

  test("replace the end from a sender a day ahead by the default end", () => {
    expect(merge(ahead(0, 240)).state.expiresAtMs).toBe(t0 + resolveTimeoutMs);
  });

  test("an endsAt that moves back is an end, and stays one when it is repeated", () => {
    expect(merge(ahead(0, 240), ahead(60, 30))).toMatchObject({ fires: false, effect: "changed" });
    expect(merge(ahead(0, 240), ahead(60, 30), ahead(61, 30), ahead(120, 30))).toMatchObject({
      effect: "ignored",
      state: { status: "resolved", ended: "explicit" },
    });
  });

  test("a repeat with an unchanged endsAt ends the alert, unless the same request arrived twice", () => {
    expect(merge(ahead(0, 30), ahead(30, 30))).toMatchObject({ effect: "changed", state: { status: "resolved" } });
    expect(merge(ahead(0, 30), ahead(29.999, 30))).toMatchObject({ effect: "confirmed", state: { status: "firing" } });
  });

  test("an alert that lasts longer than its sender's clock is ahead still ends when its endsAt moves back", () => {
    const words = (
      [
        [0, 540],
        [600, 1_140],
        [660, 950],
      ] as const
    ).map(([at, e]) => firedAt(at, 300, { sender, endsAtMs: t0 + e * second }));
    expect(merge(...words).state).toMatchObject({ status: "resolved" });
  });

  test("an end that is past only by our clock, because the sender's clock was set back, is ignored", () => {
    const behind = (at: number, e: number): Spoken => firedAt(at, -3_600, { sender, endsAtMs: t0 - hour + e * second });
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
    expect(merge(firedAt(0, 0, { sender, endsAtMs: t0 + 1 })).state.expiresAtMs, "ours").toBe(t0 + 1);
    expect(merge(firedAt(0, 0, { sender, endsAtMs: t0 })).state.expiresAtMs, "past").toBe(t0 + resolveTimeoutMs);
  });

  test("without an earlier end, the assumed end is compared", () => {
    const unsaid = firedAt(0, -3_600, { sender });
    expect(merge(unsaid, firedAt(60, -3_600, { sender, endsAtMs: t0 + minute - 1 }))).toMatchObject({
      effect: "changed",
      state: { ended: "explicit" },
    });
  });

  test("an unknown start changes nothing in a known episode", () => {
    const unknown = (at: number): Spoken => {
      const [atMs, claim] = firedAt(at, at);
      return [atMs, { ...claim, startUnknown: true }];
    };
    expect(merge(firedAt(0, 0), unknown(500))).toMatchObject({
      effect: "confirmed",
      endLost: false,
      state: { effectiveStartsAtMs: t0 },
    });
    expect(merge(firedAt(0, 0), endedAt(60, 0, 58), unknown(61))).toMatchObject({ effect: "changed", begins: true });
    const [atMs, direct] = directFiredAt(500, 500, 740);
    expect(
      merge(directFiredAt(0, 0, 240), [atMs, { ...direct, startUnknown: true }]).state.expiresAtMs,
      "its end is on our clock",
    ).toBe(t0 + 740 * second);
  });
});

describe("rows of earlier versions", () => {
  const row = { source: "default", startsAtMs: t0, effectiveStartsAtMs: t0, heardAtMs: t0 } as const;

  test("that fire end with a resolve with an earlier start", () => {
    const [atMs, claim] = endedAt(60, -1, 60);
    expect(mergeClaim({ ...row, status: "firing" }, claim, atMs, terms).effect).toBe("changed");
  });

  test("that ended keep their end", () => {
    const over: ClaimState = { ...row, status: "resolved", ended: "explicit", saidEndsAtMs: t0 + 58 * second };
    const [heldAtMs, old] = firedAt(75, 58);
    expect(mergeClaim(over, old, heldAtMs, terms).effect).toBe("held");
    const [atMs, newer] = firedAt(75, 59);
    expect(mergeClaim(over, newer, atMs, terms)).toMatchObject({ effect: "changed", begins: true });
    const { saidEndsAtMs: _, ...unsaid } = over;
    const [startMs, same] = firedAt(75, 0);
    expect(mergeClaim(unsaid, same, startMs, terms).effect).toBe("held");
  });
});

test("after any history, a start that is newer than every start and end counts at once", () => {
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
