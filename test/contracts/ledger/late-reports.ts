import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  type LedgerSubject,
  minute,
  refused,
  second,
  serverError,
  LedgerHarness,
  unauthorized,
} from "./ledger-harness.ts";

/** Changes of state that are logged for operators. */
export function lateReports(subject: LedgerSubject): void {
  describe("a report of attempts", () => {
    test("logs a dead letter once", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(refused);
      await harness.fires("a");
      await harness.claim();
      const incident = (await harness.newest()).id;
      expect(harness.reported).toEqual([
        {
          kind: "dead_letter",
          fingerprint: "a",
          incident,
          target: "pagerduty",
          dedupKey: "a",
          action: "trigger",
          reason: "dead_invalid",
          answer: "HTTP 422",
        },
      ]);
    });

    test("logs nothing for events that are accepted or fail once", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(serverError);
      await harness.fires("b");
      await harness.attempt(accepted);
      expect(harness.reported).toEqual([]);
    });

    if (!subject.virtualTime) return;

    test("logs that targets are blocked, with all that share the endpoint, and that they work again", async () => {
      const shared = [targetTerms("one", { access: "shared" }), targetTerms("two", { access: "shared" })];
      await using harness = await LedgerHarness.open(subject, { targets: [...shared, targetTerms("other")] });
      await harness.fires("a", { at: ["one"] });
      for (let minutes = 0; minutes < 3; minutes++) {
        await harness.attempt(unauthorized);
        await harness.clock.advance(minute);
      }
      const targets = shared.map(({ name, endpoint }) => ({ name, endpoint }));
      const blocked = { kind: "blocked", targets, state: "unauthorized", detail: "HTTP 401" };
      expect(harness.reported).toEqual([blocked]);
      await harness.attempt(accepted);
      expect(harness.reported.slice(1)).toEqual([{ kind: "unblocked", targets }]);
    });

    test("logs the states of a breaker: open, half-open, open again, half-open, closed", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (let n = 0; n < 5; n++) await harness.fires(`a${n}`);
      for (const lease of await harness.claim()) await harness.settle(lease, serverError);
      await harness.clock.advance(10 * second);
      await harness.attempt(serverError);
      await harness.clock.advance(20 * second);
      await harness.attempt(accepted);
      const at = { kind: "breaker", target: "pagerduty" };
      expect(harness.reported).toMatchObject([
        { ...at, state: "open", untilMs: expect.any(Number) as number },
        { ...at, state: "half_open" },
        { ...at, state: "open" },
        { ...at, state: "half_open" },
        { ...at, state: "closed", untilMs: null },
      ]);
    });

    test.each([
      [true, [targetTerms("second")]],
      [false, [targetTerms("second", { enabled: false })]],
      [false, []],
    ])("says whether the fallback was notified: %s", async (notified, others) => {
      const fallback = { target: "second", afterMs: 2 * minute };
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("first", { fallback }), ...others],
      });
      await harness.fires("a", { at: ["first"], severity: "critical" });
      const { incident } = await harness.attempt(refused);
      await harness.clock.advance(2 * minute);
      await harness.claim();
      await harness.claim();
      expect(harness.reported.slice(1)).toEqual([
        {
          kind: "fallback",
          incident,
          fingerprint: "a",
          target: "first",
          fallback: "second",
          notified,
          why: "undelivered",
        },
      ]);
    });
  });
}
