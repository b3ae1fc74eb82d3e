import { epochMs as t0, incidentOf } from "@tocsin/test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttemptAction } from "../incidents/event.ts";
import type { Flight } from "../incidents/incident.ts";
import type { Outcome } from "../incidents/outcome.ts";
import { resolveGiveUpAfterMs, throttledWaitMs } from "../incidents/delivery-settings.ts";
import type { Severity } from "../alerts/severity.ts";
import { backoffMs } from "./backoff.ts";
import { markUncertain, settle, type SettleTerms } from "./settle.ts";

const retry = { initial: 1_000, max: 300_000, giveUpAfter: 24 * 3_600_000 };
const terms: SettleTerms = { nowMs: t0, retry, random: 1, keyWasDoubtful: false };
const detail = "detail of the test";
const event = { token: 1, atMs: t0 };

function settled(
  given: Parameters<typeof incidentOf>[0],
  outcome: Outcome,
  action: AttemptAction = "trigger",
  severity: Severity = "error",
) {
  const flight: Flight = { token: 1, owner: "w", action, severity, event, sinceMs: t0, leaseUntilMs: t0 + 30_000 };
  return settle(
    incidentOf({ ...given, flight, state: "in_flight" }),
    { action, severity, event, sinceMs: t0 },
    outcome,
    terms,
  );
}

const accepted: Outcome = { kind: "accepted", receipt: "1" };
const serverError: Outcome = { kind: "retry", reason: "server", detail };
const timeout: Outcome = { kind: "ambiguous", reason: "timeout", detail };
const tooMany = (retryAfterMs?: number): Outcome => ({
  kind: "retry",
  reason: "rate_limited",
  detail,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** The text that the target has afterwards. */
const wordsAfter = (action: AttemptAction, outcome: Outcome) =>
  settle(
    incidentOf({ told: { content: "before", severity: "info" } }),
    { action, severity: "error", content: "now", event, sinceMs: t0 },
    outcome,
    terms,
  ).told?.content;

describe("accepted", () => {
  test("becomes the delivered state and resets the failures", () => {
    expect(settled({ failures: 4, retriedForMs: 9, repeat: true }, accepted)).toMatchObject({
      told: { event: "trigger", certain: true, severity: "error", atMs: t0 },
      opened: true,
      flight: null,
      failures: 0,
      retriedForMs: 0,
      lastFailure: null,
      repeat: false,
      attempts: 1,
    });
  });

  test("does not open the incident if it is an acknowledge or a resolve", () => {
    expect(settled({}, accepted, "resolve").opened).toBe(false);
    expect(settled({ told: {}, repeat: true }, accepted, "acknowledge").repeat, "the incident may be closed").toBe(
      true,
    );
    expect(settled({ told: {}, repeat: true }, accepted, "resolve").repeat).toBe(false);
    expect(settled({ told: {} }, accepted, "acknowledge")).toMatchObject({
      opened: true,
      told: { event: "acknowledge" },
    });
  });

  test("a trigger sends its own text; later events send none, so that text stays", () => {
    expect(wordsAfter("trigger", accepted)).toBe("now");
    expect(wordsAfter("trigger", timeout), "perhaps").toBe("now");
    expect(wordsAfter("acknowledge", accepted)).toBe("before");
    expect(settled({}, accepted).told).not.toHaveProperty("content");
  });

  test("a trigger about changed members keeps the acknowledgement; a repairing trigger does not", () => {
    const acknowledged = { told: { event: "acknowledge", severity: "critical", content: "before" } } as const;
    const update = { action: "trigger", severity: "error", content: "now", event, sinceMs: t0 - 5 } as const;
    const toldAfter = (repeat: boolean) =>
      settle(incidentOf({ ...acknowledged, repeat }), update, accepted, terms).told;
    expect(toldAfter(false)).toMatchObject({
      event: "acknowledge",
      severity: "error",
      content: "now",
      sinceMs: t0 - 5,
    });
    expect(toldAfter(true)).toMatchObject({ event: "trigger" });
    const { content: _, ...wordless } = update;
    expect(settle(incidentOf(acknowledged), wordless, accepted, terms).told).not.toHaveProperty("content");
    const doubtful = incidentOf({ told: { event: "acknowledge", certain: false } });
    expect(settle(doubtful, update, accepted, terms).told).toMatchObject({ event: "trigger" });
  });

  test("a trigger sends its own severity; later events keep the highest severity that the target received", () => {
    expect(settled({ told: { severity: "critical" } }, accepted, "trigger", "error").told?.severity).toBe("error");
    expect(settled({ told: { severity: "critical" } }, accepted, "resolve", "info").told?.severity).toBe("critical");
  });
});

describe("a retry", () => {
  test("changes no delivered state and waits for its backoff", () => {
    expect(settled({ failures: 2 }, serverError)).toMatchObject({
      told: null,
      failures: 3,
      attempts: 1,
      dueAtMs: t0 + 4_000,
      retriedForMs: 4_000,
      lastFailure: { reason: "server", detail, atMs: t0 },
    });
  });

  test("with Retry-After waits exactly that long", () => {
    expect(settled({}, { kind: "retry", reason: "server", detail, retryAfterMs: 77_000 }).dueAtMs).toBe(t0 + 77_000);
  });

  test("gives up after 24 hours of backoff, not earlier", () => {
    const almost = { failures: 20, retriedForMs: retry.giveUpAfter - retry.max };
    expect(settled(almost, serverError).state).toBe("in_flight");
    expect(settled({ ...almost, retriedForMs: almost.retriedForMs + 1 }, serverError)).toMatchObject({
      state: "dead",
      reason: "dead_expired",
      dueAtMs: null,
    });
  });

  test("gives up a delivered incident's resolve only after 30 days", () => {
    const tired = { told: {}, failures: 20, retriedForMs: retry.giveUpAfter };
    expect(settled(tired, serverError, "resolve").state).not.toBe("dead");
    expect(settled({ ...tired, retriedForMs: resolveGiveUpAfterMs }, serverError, "resolve").state).toBe("dead");
    expect(settled({ ...tired, told: null, adopted: true }, serverError, "resolve").state).toBe("dead");
  });
});

describe("a 429", () => {
  test("without Retry-After waits 30 s", () => {
    expect(settled({}, tooMany()).dueAtMs).toBe(t0 + throttledWaitMs);
    expect(settled({}, tooMany(5_000)).dueAtMs).toBe(t0 + 5_000);
  });

  test("counts for neither backoff nor giving up", () => {
    const tired = { failures: 3, retriedForMs: retry.giveUpAfter };
    expect(settled(tired, tooMany())).toMatchObject({ ...tired, attempts: 1, state: "in_flight" });
  });
});

describe("an attempt of unknown effect", () => {
  test("makes the delivered state a maybe, and waits", () => {
    expect(settled({}, timeout)).toMatchObject({
      told: { event: "trigger", certain: false, severity: "error" },
      opened: false,
      failures: 1,
      dueAtMs: t0 + 1_000,
    });
    expect(settled({ told: {} }, timeout, "resolve").told).toMatchObject({ event: "resolve", certain: false });
  });

  test("changes nothing if the target certainly has that event", () => {
    const { told } = incidentOf({ told: { atMs: t0 - 5 } });
    expect(settled({ told: { atMs: t0 - 5 } }, timeout).told).toEqual(told);
  });

  test("changes nothing if the target certainly shows the acknowledgement, whatever the severity", () => {
    const acknowledged = { told: { event: "acknowledge", severity: "critical" } } as const;
    expect(settled(acknowledged, timeout, "acknowledge").told).toEqual(incidentOf(acknowledged).told);
  });

  test("makes the delivered state `maybe` after an ambiguous trigger with a higher severity, although an earlier trigger was delivered", () => {
    expect(settled({ told: {} }, timeout, "trigger", "critical").told).toMatchObject({
      certain: false,
      severity: "critical",
    });
  });

  test("keeps the delivered state if the attempt only checked the key", () => {
    const incident = incidentOf({ told: {} });
    expect(markUncertain(incident, { action: "check", severity: "error", event, sinceMs: t0 }, t0)).toBe(incident);
  });
});

describe("refused", () => {
  test("is dead, since the same request would fail every time", () => {
    expect(settled({}, { kind: "refused", reason: "invalid", detail })).toMatchObject({
      state: "dead",
      reason: "dead_invalid",
      dueAtMs: null,
      lastFailure: { reason: "invalid" },
    });
  });

  const suspect: Outcome = { kind: "refused", reason: "invalid", detail, suspectKey: true };

  test("checks the key first, at once, if the key may be the cause", () => {
    expect(settled({}, suspect)).toMatchObject({ checkKey: true, dueAtMs: t0, state: "in_flight", told: null });
  });

  test("is dead if the key is good", () => {
    expect(settled({ checkKey: true }, accepted, "check")).toMatchObject({
      state: "dead",
      reason: "dead_invalid",
      checkKey: false,
      told: null,
    });
  });

  test("is retried if the key is good, but was bad in between", () => {
    const asked = incidentOf({ checkKey: true });
    const attempted = { action: "check", severity: "error", event, sinceMs: t0 } as const;
    const after = settle(asked, attempted, accepted, { ...terms, keyWasDoubtful: true });
    expect(after).toMatchObject({ state: "due", checkKey: false, dueAtMs: t0 + 1_000, failures: 1, told: null });
  });

  test("keeps its own refusal as the last failure if the check fails", () => {
    const lastFailure = { reason: "invalid", detail: "HTTP 400", atMs: t0 - 5 } as const;
    for (const outcome of [serverError, timeout, tooMany()])
      expect(settled({ checkKey: true, lastFailure }, outcome, "check")).toMatchObject({ checkKey: true, lastFailure });
  });

  test("waits if the key is refused too, since the event may be good", () => {
    expect(settled({ checkKey: true }, suspect, "check")).toMatchObject({
      state: "in_flight",
      checkKey: false,
      dueAtMs: t0,
    });
  });
});

describe("a blocked target", () => {
  test.each(["unauthorized", "misconfigured"] as const)(
    "%s: its event is due as soon as the block ends, and the wait does not count for giving up",
    (state) => {
      const blocked: Outcome = { kind: "blocked", state, reason: "auth", detail };
      expect(settled({ retriedForMs: retry.giveUpAfter, failures: 2 }, blocked)).toMatchObject({
        state: "in_flight",
        told: null,
        failures: 2,
        retriedForMs: 0,
        dueAtMs: t0,
      });
    },
  );
});

describe("an attempt that we interrupted", () => {
  test("does not count and is due at once", () => {
    const given = { failures: 2, retriedForMs: 5, attempts: 3 };
    expect(settled(given, { kind: "interrupted", left: false, detail })).toMatchObject({
      ...given,
      told: null,
      dueAtMs: t0,
    });
  });

  test("is a maybe after the request left", () => {
    expect(settled({}, { kind: "interrupted", left: true, detail }).told).toMatchObject({ certain: false });
  });
});

describe("backoff", () => {
  test("doubles from 1 s to 5 min with full jitter, and is never zero", () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const waitMs = backoffMs(failures, retry, random);
        const step = Math.min(retry.max, retry.initial * 2 ** failures);
        expect(waitMs).toBeGreaterThanOrEqual(step / 10 - 1);
        expect(waitMs).toBeLessThanOrEqual(step);
      }),
    );
    expect([0, 1, 2, 8, 9].map((failures) => backoffMs(failures, retry, 1))).toEqual([
      1_000, 2_000, 4_000, 256_000, 300_000,
    ]);
    expect(backoffMs(3, retry, 0)).toBe(800);
  });
});

const anyOutcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome>(
  accepted,
  serverError,
  timeout,
  tooMany(),
  tooMany(1_000),
  { kind: "refused", reason: "invalid", detail },
  { kind: "refused", reason: "invalid", detail, suspectKey: true },
  { kind: "blocked", state: "unauthorized", reason: "auth", detail },
  { kind: "interrupted", left: true, detail },
  { kind: "interrupted", left: false, detail },
);

test("after any outcome the attempt is over, and the delivered state is never lost", () => {
  const actions = fc.constantFrom<AttemptAction>("trigger", "acknowledge", "resolve", "check");
  const tolds = fc.constantFrom(null, {}, { certain: false }, { event: "acknowledge" as const });
  fc.assert(
    fc.property(tolds, actions, anyOutcome, (told, action, outcome) => {
      const after = settled({ told }, outcome, action);
      expect(after.flight).toBeNull();
      expect(after.told === null && told !== null).toBe(false);
      const mayDoubt = outcome.kind === "ambiguous" || outcome.kind === "interrupted" || told?.certain === false;
      expect(after.told?.certain === false && !mayDoubt).toBe(false);
      expect(after.state === "dead").toBe(after.reason === "dead_invalid" || after.reason === "dead_expired");
    }),
  );
});

describe("the identity of the delivered event", () => {
  const late = { token: 3, action: "trigger", untilMs: t0 + 1 } as const;
  test.each([
    ["is kept if its effect is unknown", {}, timeout, event],
    ["is kept if an earlier request may still arrive", { lateAttempts: [late] }, accepted, event],
    ["is not kept if the event cannot have to be repeated", {}, accepted, undefined],
  ])("%s", (_says, given, outcome, mark) => {
    expect(settled(given, outcome).told?.mark).toEqual(mark);
  });
});
