import { epochMs as t0, firing } from "@tocsin/testkit";
import { describe, expect, it } from "vitest";
import type { ClaimState } from "../model/claim.ts";
import { hear, nextChangeAtMs, type Passing, passTime } from "./hear.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const expiresAtMs = t0 + 4 * minute;

const direct = hear(undefined, firing("a", { sender: "s", endsAtMs: expiresAtMs }), t0, { reorderWindow: 0 }).state;
const webhook = hear(undefined, firing("a"), t0, { reorderWindow: 0 }).state;
const held: ClaimState = {
  ...direct,
  status: "resolved",
  ended: "explicit",
  endedAtMs: t0,
  heldUntilMs: t0 + 10_000,
};

const at = (nowMs: number, passing: Partial<Passing> = {}): Passing => ({
  nowMs,
  sourceHeardAtMs: expiresAtMs + 1,
  graceUntilMs: t0,
  staleAfter: day,
  ...passing,
});

describe("a direct claim that is not repeated", () => {
  it("ends at its endsAt once its source was heard after it", () => {
    expect(passTime(direct, at(expiresAtMs - 1)).status).toBe("firing");
    expect(passTime(direct, at(expiresAtMs))).toMatchObject({ status: "resolved", ended: "inferred" });
  });

  it("stays open while its source is silent, or was heard only before", () => {
    expect(passTime(direct, at(expiresAtMs + day - 1, { sourceHeardAtMs: undefined })).status).toBe("firing");
    expect(passTime(direct, at(expiresAtMs + day - 1, { sourceHeardAtMs: expiresAtMs })).status).toBe("firing");
  });

  it("of a silent source ends staleAfter later", () => {
    expect(passTime(direct, at(expiresAtMs + day, { sourceHeardAtMs: undefined })).status).toBe("resolved");
  });

  it("does not end in the first minutes after a start", () => {
    const graceUntilMs = expiresAtMs + 5 * minute;
    expect(passTime(direct, at(graceUntilMs - 1, { graceUntilMs })).status).toBe("firing");
    expect(passTime(direct, at(graceUntilMs, { graceUntilMs })).status).toBe("resolved");
  });
});

it("a webhook claim never ends by time", () => {
  expect(passTime(webhook, at(t0 + 400 * day, { sourceHeardAtMs: undefined }))).toBe(webhook);
  expect(nextChangeAtMs(webhook, at(t0))).toBeNull();
});

describe("a held firing", () => {
  it("is believed when the window is over, not before", () => {
    expect(passTime(held, at(t0 + 9_999))).toBe(held);
    const believed = passTime(held, at(t0 + 10_000));
    expect(believed).toMatchObject({ status: "firing", expiresAtMs });
    expect(believed.heldUntilMs).toBeUndefined();
    expect(believed.ended).toBeUndefined();
    expect(believed.endedAtMs).toBeUndefined();
  });

  it("then ends as any other", () => {
    const believed = passTime(held, at(t0 + 10_000));
    expect(passTime(believed, at(expiresAtMs)).status).toBe("resolved");
  });
});

it("tells the instant of the next change, and nothing changes before it", () => {
  const cases: [ClaimState, Passing][] = [
    [direct, at(t0)],
    [direct, at(t0, { sourceHeardAtMs: undefined })],
    [direct, at(t0, { graceUntilMs: t0 + day })],
    [held, at(t0)],
  ];
  for (const [state, passing] of cases) {
    const nextMs = nextChangeAtMs(state, passing);
    if (nextMs === null) throw new Error("time changes each of these");
    expect(passTime(state, { ...passing, nowMs: nextMs - 1 })).toBe(state);
    expect(passTime(state, { ...passing, nowMs: nextMs })).not.toBe(state);
  }
});

it("a resolved claim that nothing holds stays as it is", () => {
  const over = passTime(direct, at(expiresAtMs));
  expect(nextChangeAtMs(over, at(expiresAtMs))).toBeNull();
  expect(passTime(over, at(t0 + 400 * day))).toBe(over);
});
