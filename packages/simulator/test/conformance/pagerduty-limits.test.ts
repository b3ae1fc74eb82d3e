import { describe, expect, test } from "vitest";
import { SettingError, Simulator } from "../../src/index.ts";
import type { LimitSetting } from "../../src/index.ts";
import { change, get, routingKey, otherRoutingKey, post, resolve, TestClock, trigger } from "../requests.ts";

/** The statuses of triggers that arrive at these seconds. */
const statusesAt = (seconds: readonly number[], limit?: LimitSetting): number[] => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock, ...(limit === undefined ? {} : { limit }) });
  const startMs = clock.nowMs;
  return seconds.map((second, index) => {
    clock.nowMs = startMs + second * 1000;
    return simulator.handle(trigger(`k${index}`)).status;
  });
};

const count = (statuses: readonly number[], status: number): number => statuses.filter((one) => one === status).length;

describe("the limit", () => {
  test("is 120 calls in any 60 seconds and key, from the start", () => {
    const statuses = statusesAt(Array.from({ length: 130 }, () => 0));
    expect([count(statuses, 202), count(statuses, 429)]).toEqual([120, 10]);
    expect(statuses.slice(0, 120)).not.toContain(429);
  });

  test("slides: a call leaves the window 60 seconds after it came", () => {
    expect(
      statusesAt([...Array.from({ length: 120 }, (_, index) => index / 10), 59.9, 60, 60, 60.1]).slice(120),
    ).toEqual([429, 202, 429, 202]);
  });

  test("does not charge a call that it refused: the event was not ingested", () => {
    const limit = { limit: 1, per: "10s" };
    expect(statusesAt([0, 5, 9.9, 10], limit)).toEqual([202, 429, 429, 202]);
  });

  test("charges what breaks a rule, if its key is good", () => {
    const simulator = new Simulator({ clock: new TestClock(), limit: { limit: 1 } });
    expect(simulator.handle(post("/v2/enqueue", { routing_key: routingKey })).status).toBe(400);
    expect(simulator.handle(trigger("a")).status).toBe(429);
  });

  test("does not charge what carries no key that could be real", () => {
    const simulator = new Simulator({ clock: new TestClock(), limit: { limit: 1 } });
    for (const key of ["short", `${routingKey.slice(0, 31)}-`]) simulator.handle(trigger("a", { key }));
    expect(simulator.handle(trigger("a")).status).toBe(202);
    expect(simulator.overLimit()).toEqual([]);
  });

  test("holds over many windows", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock, limit: { limit: 1000, per: "1s" } });
    const accepted = Array.from({ length: 5 }, () => {
      const statuses = Array.from({ length: 1010 }, () => simulator.handle(trigger("a")).status);
      clock.advance(1000);
      return count(statuses, 202);
    });
    expect(accepted).toEqual([1000, 1000, 1000, 1000, 1000]);
  });

  test("counts what came one after the other beyond it as one excess, what came later as another", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock, limit: { limit: 1, per: "10s" } });
    for (const waitMs of [0, 1000, 1000, 28_000, 1000]) {
      clock.advance(waitMs);
      simulator.handle(trigger("a"));
    }
    expect(simulator.overLimit()).toMatchObject([
      { from: "2026-01-01T00:00:01.000Z", to: "2026-01-01T00:00:02.000Z", refused: 2, allowed: 1, per: "10s" },
      { from: "2026-01-01T00:00:31.000Z", to: "2026-01-01T00:00:31.000Z", refused: 1 },
    ]);
  });

  test("is exceeded too by what a fault answered", () => {
    const simulator = new Simulator({ clock: new TestClock(), limit: { limit: 1 } });
    simulator.setFaults("answer 503");
    for (const key of ["a", "b", "c"]) simulator.handle(trigger(key));
    expect(simulator.overLimit()).toMatchObject([{ refused: 2 }]);
  });

  test("is shared by alert and change events, and by all actions", () => {
    const simulator = new Simulator({ clock: new TestClock(), limit: { limit: 3 } });
    const statuses = [trigger("a"), resolve("a"), change("deploy"), trigger("b")].map(
      (one) => simulator.handle(one).status,
    );
    expect(statuses).toEqual([202, 202, 202, 429]);
  });

  test("is of one key: another has its own", () => {
    const simulator = new Simulator({ clock: new TestClock(), limit: { limit: 1 } });
    const statuses = [trigger("a"), trigger("a", { key: otherRoutingKey }), trigger("a")].map(
      (one) => simulator.handle(one).status,
    );
    expect(statuses).toEqual([202, 202, 429]);
  });

  test("answers 429 with the documented phrase, and without Retry-After", () => {
    const simulator = new Simulator({ limit: { limit: 1 } });
    simulator.handle(trigger("a"));
    const answer = simulator.handle(trigger("b"));
    expect(answer.body).toContain("Request Limit Exceeded");
    expect(answer.headers).not.toHaveProperty("retry-after");
    expect(simulator.refused()).toMatchObject([{ status: 429, field: "rate_limit" }]);
    expect(simulator.overLimit()).toMatchObject([{ receiver: "pagerduty", allowed: 1, per: "60s", refused: 1 }]);
  });

  test.each<["seconds" | "date", string]>([
    ["seconds", "7"],
    ["date", "Thu, 01 Jan 2026 00:00:10 GMT"],
  ])("says when to retry in %s, if set", (retry_after, expected) => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock, limit: { limit: 1, per: "10s", retry_after } });
    simulator.handle(trigger("a"));
    clock.advance(3000);
    expect(simulator.handle(trigger("b")).headers["retry-after"]).toBe(expected);
  });
});

describe("a limit can be set", () => {
  test("to whole windows of the clock, which say when the next begins", () => {
    const clock = new TestClock();
    const limit: LimitSetting = { limit: 1, per: "10s", align: "clock", retry_after: "seconds" };
    const simulator = new Simulator({ clock, limit });
    clock.advance(4000);
    simulator.handle(trigger("a"));
    clock.advance(3000);
    expect(simulator.handle(trigger("a")).headers["retry-after"]).toBe("3");
  });

  test("to whole windows of the clock", () => {
    const limit: LimitSetting = { limit: 2, per: "10s", align: "clock" };
    expect(statusesAt([8, 9, 9.5, 10, 10, 10.1, 20], limit)).toEqual([202, 202, 429, 202, 202, 429, 202]);
  });

  test("to shrink with the incidents that are opened, down to a floor", () => {
    const limit: LimitSetting = { limit: 10, per: "60s", dynamic: { floor: 3 } };
    const statuses = statusesAt(
      Array.from({ length: 10 }, () => 0),
      limit,
    );
    expect(count(statuses, 202)).toBe(5);
    const simulator = new Simulator({ clock: new TestClock(), limit });
    const repeats = Array.from({ length: 12 }, () => simulator.handle(trigger("a")).status);
    expect(count(repeats, 202)).toBe(9);
  });

  test("to none, with 0", () => {
    expect(
      count(
        statusesAt(
          Array.from({ length: 500 }, () => 0),
          { limit: 0 },
        ),
        202,
      ),
    ).toBe(500);
  });

  test("over HTTP, in seconds or as a duration, and shown", () => {
    const simulator = new Simulator();
    for (const per of [6, "6s", "6000ms"]) {
      const answer = simulator.handle(post("/_sim/limits", { limit: 50, per }));
      expect(JSON.parse(answer.body)).toContainEqual({
        receiver: "pagerduty",
        limit: 50,
        per: "6s",
        align: "sliding",
        dynamic: null,
        retry_after: "none",
      });
    }
    expect(JSON.parse(simulator.handle(get("/_sim/limits")).body)).toHaveLength(6);
  });

  test("and returns to what it was with a reset", () => {
    const simulator = new Simulator({ limit: { limit: 1 } });
    simulator.setLimit({ limit: 0 });
    simulator.reset();
    expect([simulator.handle(trigger("a")).status, simulator.handle(trigger("b")).status]).toEqual([202, 429]);
  });

  test("not to nonsense: every issue is named", () => {
    const simulator = new Simulator();
    const setting = {
      receiver: "fax",
      limit: -1,
      per: "soon",
      align: "left",
      retry_after: "maybe",
      dynamic: 3,
      colour: 1,
    };
    expect(() => simulator.setLimit(setting as unknown as LimitSetting)).toThrow(SettingError);
    const answer = simulator.handle(post("/_sim/limits", setting));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error.issues.map((issue: { path: string }) => issue.path)).toEqual([
      "colour",
      "receiver",
      "limit",
      "per",
      "align",
      "retry_after",
      "dynamic",
    ]);
  });
});
