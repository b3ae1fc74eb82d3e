import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  type LedgerSubject,
  minute,
  refused,
  second,
  serverError,
  Stage,
  unauthorized,
} from "./ledger-harness.ts";

/** Changes of state that operators are told of. */
export function reporting(subject: LedgerSubject): void {
  describe("a report", () => {
    test("says that an event is a dead letter, once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(refused);
      await stage.fires("a");
      await stage.claim();
      const incident = (await stage.newest()).id;
      expect(stage.reported).toEqual([
        {
          kind: "dead_letter",
          incident,
          target: "pagerduty",
          dedupKey: "a",
          action: "trigger",
          reason: "dead_invalid",
          answer: "HTTP 422",
        },
      ]);
    });

    test("says nothing of events that are accepted, or fail once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(serverError);
      await stage.fires("b");
      await stage.attempt(accepted);
      expect(stage.reported).toEqual([]);
    });

    if (!subject.virtualTime) return;

    test("says that targets are blocked, with all that share the endpoint, and that they are not any more", async () => {
      const shared = [targetTerms("one", { access: "shared" }), targetTerms("two", { access: "shared" })];
      await using stage = await Stage.open(subject, { targets: [...shared, targetTerms("other")] });
      await stage.fires("a", { at: ["one"] });
      for (let minutes = 0; minutes < 3; minutes++) {
        await stage.attempt(unauthorized);
        await stage.clock.advance(minute);
      }
      const targets = shared.map(({ name, endpoint }) => ({ name, endpoint }));
      const blocked = { kind: "blocked", targets, state: "unauthorized", detail: "HTTP 401" };
      expect(stage.reported).toEqual([blocked]);
      await stage.attempt(accepted);
      expect(stage.reported.slice(1)).toEqual([{ kind: "unblocked", targets }]);
    });

    test("follows a breaker: open, half-open, open again, half-open, closed", async () => {
      await using stage = await Stage.open(subject);
      for (let n = 0; n < 5; n++) await stage.fires(`a${n}`);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      await stage.clock.advance(10 * second);
      await stage.attempt(serverError);
      await stage.clock.advance(20 * second);
      await stage.attempt(accepted);
      const at = { kind: "breaker", target: "pagerduty" };
      expect(stage.reported).toMatchObject([
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
      await using stage = await Stage.open(subject, { targets: [targetTerms("first", { fallback }), ...others] });
      await stage.fires("a", { at: ["first"], severity: "critical" });
      const { incident } = await stage.attempt(refused);
      await stage.clock.advance(2 * minute);
      await stage.claim();
      await stage.claim();
      expect(stage.reported.slice(1)).toEqual([
        { kind: "fallback", incident, target: "first", fallback: "second", notified },
      ]);
    });
  });
}
