import { describe, expect, test } from "vitest";
import { SettingError, Simulator } from "../src/index.ts";
import type { FaultSetting } from "../src/index.ts";
import { readFaultScript } from "../src/faults/fault-script.ts";
import { routingKey, otherRoutingKey, post, resolve, TestClock, trigger } from "./requests.ts";

const withFaults = (faults: string | readonly FaultSetting[], seed?: number) => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock, limit: { limit: 0 } });
  simulator.setFaults(faults, seed === undefined ? {} : { seed });
  return { clock, simulator };
};

const statuses = (simulator: Simulator, count: number, clock?: TestClock): number[] =>
  Array.from({ length: count }, (_, index) => {
    const { status } = simulator.handle(trigger(`k${index}`));
    clock?.advance(1000);
    return status;
  });

const issuesOf = (read: () => unknown): string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof SettingError) return error.issues.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

describe("faults in virtual time", () => {
  test("last for their time span and no longer", () => {
    const { clock, simulator } = withFaults("at 2s for 3s answer 503");
    expect(statuses(simulator, 7, clock)).toEqual([202, 202, 503, 503, 503, 202, 202]);
  });

  test("hit the number of requests that they name", () => {
    const { simulator } = withFaults("times 2 hang");
    expect(statuses(simulator, 3)).toEqual([0, 0, 202]);
  });

  test("strike the receiver, region, key and action that they name", () => {
    const { simulator } = withFaults([
      { kind: "answer", status: 500, key: otherRoutingKey, action: "trigger" },
      { kind: "answer", status: 501, region: "eu" },
      { kind: "answer", status: 599, receiver: "slack" },
    ]);
    expect(simulator.handle(trigger("a")).status).toBe(202);
    expect(simulator.handle(trigger("a", { key: otherRoutingKey })).status).toBe(500);
    expect(simulator.handle(resolve("a", otherRoutingKey)).status).toBe(202);
    expect(simulator.handle(trigger("a"), "eu").status).toBe(501);
  });

  test("accept the hash of a key instead of the key", () => {
    const { simulator } = withFaults("times 0 hang");
    simulator.handle(trigger("a"));
    const hash = simulator.incidents()[0]?.key;
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    simulator.setFaults([{ kind: "hang", key: hash ?? "" }]);
    expect(simulator.handle(trigger("b")).status).toBe(0);
    expect(simulator.handle(trigger("b", { key: otherRoutingKey })).status).toBe(202);
  });

  test("are the same for the same seed and different for another", () => {
    const [first, again, other] = [7, 7, 8].map((seed) =>
      statuses(withFaults("share 30% answer 500", seed).simulator, 200),
    );
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const struck = (first ?? []).filter((status) => status === 500).length;
    expect(struck).toBeGreaterThan(30);
    expect(struck).toBeLessThan(90);
  });

  test.each<[string, FaultSetting, { status: number; applied: boolean; ambiguous: boolean; mishap?: unknown }]>([
    ["429", { kind: "answer", status: 429 }, { status: 429, applied: false, ambiguous: false }],
    ["500, taken in", { kind: "answer", status: 500, applied: true }, { status: 500, applied: true, ambiguous: true }],
    ["hang", { kind: "hang" }, { status: 0, applied: true, ambiguous: true, mishap: { kind: "hang" } }],
    [
      "hang, not taken in",
      { kind: "hang", applied: false },
      { status: 0, applied: false, ambiguous: false, mishap: { kind: "hang" } },
    ],
    [
      "reset before reading",
      { kind: "reset_before" },
      { status: 0, applied: false, ambiguous: false, mishap: { kind: "reset", when: "before_reading" } },
    ],
    [
      "reset after reading",
      { kind: "reset_after" },
      { status: 0, applied: true, ambiguous: true, mishap: { kind: "reset", when: "after_reading" } },
    ],
    ["refused", { kind: "refuse" }, { status: 0, applied: false, ambiguous: false, mishap: { kind: "refused" } }],
    [
      "half an answer",
      { kind: "half" },
      { status: 202, applied: true, ambiguous: true, mishap: { kind: "half", bytes: 64 } },
    ],
    [
      "slow headers",
      { kind: "slow_headers", by: "5s" },
      { status: 202, applied: true, ambiguous: false, mishap: { kind: "slow", headersMs: 5000, bodyMs: 0 } },
    ],
    [
      "slow body",
      { kind: "slow_body", by: 5 },
      { status: 202, applied: true, ambiguous: false, mishap: { kind: "slow", headersMs: 0, bodyMs: 5000 } },
    ],
    ["wrong type", { kind: "wrong_type" }, { status: 202, applied: true, ambiguous: false }],
    ["not JSON", { kind: "not_json" }, { status: 202, applied: true, ambiguous: true }],
  ])("say what became of the request: %s", (_, fault, expected) => {
    const { simulator } = withFaults([fault]);
    const answer = simulator.handle(trigger("a"));
    expect({ status: answer.status, mishap: answer.mishap }).toEqual({
      status: expected.status,
      mishap: expected.mishap,
    });
    const { status, applied, ambiguous } = expected;
    expect(simulator.requests()).toMatchObject([{ status, applied, ambiguous, fault: fault.kind }]);
    expect(simulator.incidents()).toHaveLength(applied ? 1 : 0);
  });

  test("leave it to the seed whether a request was taken in", () => {
    const { simulator } = withFaults("reset after maybe applied");
    statuses(simulator, 100);
    const applied = simulator.requests().filter((row) => row.applied).length;
    expect(applied).toBeGreaterThan(20);
    expect(applied).toBeLessThan(80);
    expect(simulator.incidents()).toHaveLength(applied);
  });

  test("answer 429 in the receiver's words, with Retry-After in seconds, as a date, or without", () => {
    const { simulator } = withFaults(
      "times 1 answer 429; times 1 answer 429 retry-after 5s; times 1 answer 429 retry-after 5s as date",
    );
    const answers = [0, 1, 2].map(() => simulator.handle(trigger("a")));
    expect(answers.map((answer) => answer.headers["retry-after"])).toEqual([
      undefined,
      "5",
      "Thu, 01 Jan 2026 00:00:05 GMT",
    ]);
    expect(JSON.parse(answers[0]?.body ?? "")).toMatchObject({ status: "throttle exceeded" });
  });

  test("set the receiver's clock wrong, where it says its time", () => {
    const { simulator } = withFaults("skew -5m; answer 429 retry-after 10s as date");
    const answer = simulator.handle(trigger("a"));
    expect(answer.headers["date"]).toBe("Wed, 31 Dec 2025 23:55:00 GMT");
    expect(answer.headers["retry-after"]).toBe("Wed, 31 Dec 2025 23:55:10 GMT");
  });

  test("use up the window of a key for what was read, and not for what was not", () => {
    const { simulator } = withFaults("times 2 answer 503; times 2 reset before");
    simulator.setLimit({ limit: 3, per: "60s" });
    expect(statuses(simulator, 6)).toEqual([0, 0, 503, 503, 202, 429]);
  });

  test("are replaced and cleared over HTTP, and show how many requests they met", () => {
    const simulator = new Simulator();
    const set = simulator.handle(post("/_sim/faults", { script: "answer 500", seed: 3 }));
    expect(set.status).toBe(200);
    simulator.handle(trigger("a"));
    expect(simulator.faults()).toMatchObject([{ kind: "answer", status: 500, met: 1 }]);
    expect(simulator.handle(post("/_sim/faults", [])).status).toBe(200);
    expect(simulator.handle(trigger("a")).status).toBe(202);
  });
});

describe("invalid settings", () => {
  test("names every mistake in a setting", () => {
    const simulator = new Simulator();
    const bad = [
      { kind: "explode" },
      { kind: "answer", status: 42, share: 2, times: -1 },
      { kind: "slow_headers", by: "soon" },
      { kind: "reset_before", key: routingKey, applied: true },
      { kind: "hang", colour: "red", at: "x", region: "mars" },
    ] as unknown as FaultSetting[];
    expect(issuesOf(() => simulator.setFaults(bad)).map((issue) => issue.split(":", 1)[0])).toEqual([
      "faults[0].kind",
      "faults[1].share",
      "faults[1].times",
      "faults[1].status",
      "faults[2].by",
      "faults[3].key",
      "faults[3].applied",
      "faults[4].colour",
      "faults[4].region",
      "faults[4].at",
    ]);
    expect(simulator.faults()).toEqual([]);
  });

  test("names the line and the word of a script", () => {
    const script = "hang\nat 5s explode\nslow motion\nreset\nat 3s  # a comment\non x/mars hang; hang as poem";
    expect(issuesOf(() => readFaultScript(script))).toEqual([
      'script line 2: "explode" is not a word of the script',
      'script line 3: "slow motion" is not known',
      'script line 4: "reset" needs something after it',
      expect.stringContaining("script line 5: says no fault"),
      'script line 6: "on x/mars" is not known',
      'script line 6: "as poem" is not known',
    ]);
  });

  test("reads every form that the documentation shows", () => {
    expect(
      readFaultScript(`
        at 10s for 30s answer 429 retry-after 5s   # the vendor is busy
        at 1m on pagerduty/eu share 20% reset after maybe applied
        times 3 on slack slow headers by 2s; on * not json not applied
        key ${routingKey} action resolve skew -5m`),
    ).toEqual([
      { at: "10s", for: "30s", kind: "answer", status: 429, retry_after: "5s" },
      { at: "1m", receiver: "pagerduty", region: "eu", share: 0.2, kind: "reset_after", applied: "maybe" },
      { times: 3, receiver: "slack", kind: "slow_headers", by: "2s" },
      { kind: "not_json", applied: false },
      { key: routingKey, action: "resolve", kind: "skew", by: "-5m" },
    ]);
  });
});
