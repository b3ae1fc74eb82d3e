import { describe, expect, test } from "vitest";
import { nowMs, openCallbacks, readAs, signed, targets } from "./callback.fixture.ts";
import { eventOf } from "./pagerduty/pagerduty-events.fixture.ts";

describe("an event", () => {
  const resolved = eventOf("incident.resolved");

  test("may be about each target of the callback, under its full name", () => {
    const known = { ...targets, find: () => ({ name: "shop/pager", type: "pagerduty" }) };
    expect(readAs("pagerduty", resolved, {}, known)).toHaveProperty("event.targets", ["shop/pager"]);
    expect(readAs("pagerduty", resolved, { targets: ["pager", "backup"] })).toHaveProperty("event.targets", [
      "pager",
      "backup",
    ]);
  });

  test("is about one target if the callback names it with and without its namespace", () => {
    const known = { ...targets, find: () => ({ name: "shop/pager", type: "pagerduty" }) };
    const reading = readAs("pagerduty", resolved, { targets: ["pager", "shop/pager"] }, known);
    expect(reading).toHaveProperty("event.targets", ["shop/pager"]);
  });

  test("may be about a target that does not exist any more, and not about one of another type", () => {
    expect(readAs("pagerduty", resolved, { targets: ["removed", "chat"] })).toHaveProperty("event.targets", [
      "removed",
    ]);
  });

  test("is looked up if a target has a token for the receiver's API", () => {
    const known = { ...targets, hasRestToken: (name: string) => name === "backup" };
    expect(readAs("pagerduty", resolved, { targets: ["pager"] }, known)).toHaveProperty("event.lookUp", false);
    expect(readAs("pagerduty", resolved, { targets: ["pager", "backup"] }, known)).toHaveProperty("event.lookUp", true);
  });

  test("has the policy of the callback", () => {
    expect(readAs("pagerduty", resolved, { onResolve: "stay" })).toHaveProperty("event.onResolve", "stay");
  });
});

describe("a request", () => {
  const body = Buffer.alloc(262_144, " ");
  const known = openCallbacks([{ secrets: ["a", "b", "c"] }, { type: "slack" }]);

  /** The least time of a refusal, ms: other work on the machine only adds to it. */
  function costOf(name: string, headers: Record<string, string>): number {
    const costs = Array.from({ length: 8 }, () => {
      const sinceMs = performance.now();
      const verified = known.verify(name, { headers, body, nowMs });
      const tookMs = performance.now() - sinceMs;
      expect(verified).toHaveProperty("refused");
      return tookMs;
    });
    return Math.min(...costs);
  }

  const text = body.toString();
  const wrong = costOf("pagerduty", signed.pagerduty(text, "z"));

  test.each([
    ["no signature", "pagerduty", {}],
    ["a callback with fewer secrets", "slack", signed.slack(text, "z")],
    ["an old request", "slack", signed.slack(text, undefined, 1)],
    ["an unknown name", "nobody", signed.pagerduty(text, "a")],
    ["the signature of another callback", "slack", signed.pagerduty(text, "a")],
  ])("costs as much as a wrong secret: %s", (_, name, headers) => {
    const cost = costOf(name, headers);
    expect(cost).toBeGreaterThan(wrong * 0.6);
    expect(cost).toBeLessThan(wrong * 1.6);
  });
});
