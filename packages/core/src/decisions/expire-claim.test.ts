import { epochMs as t0, firing, resolved } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import type { ClaimState } from "../alerts/claim.ts";
import { endClaim, expireClaim, type ExpiryTerms, nextExpiryAtMs } from "./expire-claim.ts";
import { mergeClaim } from "./merge-claim.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const expiresAtMs = t0 + 4 * minute;
const terms = { reorderWindow: 10_000, doubtfulEnd: 30 * minute };

const direct = mergeClaim(undefined, firing("a", { sender: "s", endsAtMs: expiresAtMs }), t0, terms).state;
const webhook = mergeClaim(undefined, firing("a"), t0, terms).state;
const doubted = mergeClaim(webhook, resolved("a", { endsAtMs: 0 }), t0, terms).state;
const held: ClaimState = { ...direct, status: "resolved", ended: "explicit", heldUntilMs: t0 + 10_000 };

const at = (nowMs: number, expiry: Partial<ExpiryTerms> = {}): ExpiryTerms => ({
  nowMs,
  lastRequestAtMs: expiresAtMs + 1,
  graceUntilMs: t0,
  staleAfter: day,
  ...expiry,
});

describe("a direct claim that is not repeated", () => {
  test("ends at its endsAt once a request of its source arrived after that", () => {
    expect(expireClaim(direct, at(expiresAtMs - 1)).status).toBe("firing");
    expect(expireClaim(direct, at(expiresAtMs))).toMatchObject({ status: "resolved", ended: "inferred" });
  });

  test("keeps firing while its source is silent, or sent requests only before its endsAt", () => {
    expect(expireClaim(direct, at(expiresAtMs + day - 1, { lastRequestAtMs: undefined })).status).toBe("firing");
    expect(expireClaim(direct, at(expiresAtMs + day - 1, { lastRequestAtMs: expiresAtMs })).status).toBe("firing");
  });

  test("ends staleAfter after its endsAt if its source is silent", () => {
    expect(expireClaim(direct, at(expiresAtMs + day, { lastRequestAtMs: undefined })).status).toBe("resolved");
  });

  test("does not end in the first minutes after the process started", () => {
    const graceUntilMs = expiresAtMs + 5 * minute;
    expect(expireClaim(direct, at(graceUntilMs - 1, { graceUntilMs })).status).toBe("firing");
    expect(expireClaim(direct, at(graceUntilMs, { graceUntilMs })).status).toBe("resolved");
  });
});

describe("a webhook claim", () => {
  test("never ends by time alone", () => {
    expect(expireClaim(webhook, at(t0 + 400 * day, { lastRequestAtMs: undefined }))).toBe(webhook);
    expect(nextExpiryAtMs(webhook, at(t0))).toBeNull();
  });

  test("ends doubtfulEnd after a doubtful resolve, not earlier", () => {
    expect(expireClaim(doubted, at(t0 + 30 * minute - 1))).toBe(doubted);
    const over = expireClaim(doubted, at(t0 + 30 * minute));
    expect(over).toMatchObject({ status: "resolved", ended: "doubtful" });
    expect(over).not.toHaveProperty("doubtfulEndAtMs");
  });
});

describe("a held firing", () => {
  test("counts when the hold ends, not earlier", () => {
    expect(expireClaim(held, at(t0 + 9_999))).toBe(held);
    const believed = expireClaim(held, at(t0 + 10_000));
    expect(believed).toMatchObject({ status: "firing", expiresAtMs });
    expect(believed).not.toHaveProperty("heldUntilMs");
    expect(believed).not.toHaveProperty("ended");
  });

  test("then ends like any other firing", () => {
    expect(expireClaim(expireClaim(held, at(t0 + 10_000)), at(expiresAtMs)).status).toBe("resolved");
  });
});

test("nextExpiryAtMs returns the time of the next change, and nothing changes earlier", () => {
  const cases: [ClaimState, ExpiryTerms][] = [
    [direct, at(t0)],
    [direct, at(t0, { lastRequestAtMs: undefined })],
    [direct, at(t0, { graceUntilMs: t0 + day })],
    [held, at(t0)],
    [doubted, at(t0)],
  ];
  for (const [state, expiry] of cases) {
    const nextMs = nextExpiryAtMs(state, expiry);
    if (nextMs === null) throw new Error("time changes each of these");
    expect(expireClaim(state, { ...expiry, nowMs: nextMs - 1 })).toBe(state);
    expect(expireClaim(state, { ...expiry, nowMs: nextMs })).not.toBe(state);
  }
});

test("a resolved claim that is not held stays unchanged", () => {
  const over = expireClaim(direct, at(expiresAtMs));
  expect(nextExpiryAtMs(over, at(expiresAtMs))).toBeNull();
  expect(expireClaim(over, at(t0 + 400 * day))).toBe(over);
});

test("an end by a reading removes pending ends and holds, and keeps the last end", () => {
  const over = endClaim({ ...doubted, expiresAtMs, heldUntilMs: t0 }, "read");
  expect(over).toMatchObject({ status: "resolved", ended: "read", lastEndMs: 0 });
  for (const gone of ["expiresAtMs", "heldUntilMs", "doubtfulEndAtMs"]) expect(over).not.toHaveProperty(gone);
});
