import { describe, expect, test } from "vitest";
import { exitCode, findingKinds, Simulator } from "../src/index.ts";
import type { FindingKind, SimulatorRequest, TruthEvent, TruthSetting } from "../src/index.ts";
import {
  acknowledge,
  change,
  get,
  routingKey,
  otherRoutingKey,
  post,
  resolve,
  TestClock,
  trigger,
} from "./requests.ts";

const start = new TestClock().nowMs;

/** A step at a second: a request arrives, or the test changes the simulator. */
type Step = readonly [second: number, what: SimulatorRequest | ((simulator: Simulator) => unknown)];

const run = (steps: readonly Step[], truth: Partial<TruthSetting> & Pick<TruthSetting, "events">) => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock });
  for (const [second, what] of steps) {
    clock.nowMs = start + second * 1000;
    if (typeof what === "function") what(simulator);
    else simulator.handle(what);
  }
  simulator.setTruth({ targets: [{ receiver: "pagerduty", key: routingKey }], ...truth });
  return simulator.report();
};

const kindsOf = (report: { readonly findings: readonly { readonly kind: FindingKind }[] }): FindingKind[] =>
  report.findings.map((finding) => finding.kind);

const at = (second: number): number => start + second * 1000;
const fires = (second: number, name = "a", severity = "critical"): TruthEvent => ({
  at: at(second),
  status: "firing",
  dedup_key: name,
  severity,
});
const ends = (second: number, name = "a"): TruthEvent => ({ at: at(second), status: "resolved", dedup_key: name });

/** Two alerts, sent correctly: one still fires, one has ended. Each defect below changes one step. */
const truth = [fires(0), ends(60), fires(100), fires(0, "b", "warning"), ends(90, "b")];
const told: readonly Step[] = [
  [1, trigger("a")],
  [2, trigger("b", { severity: "warning" })],
  [61, resolve("a")],
  [91, resolve("b")],
  [101, trigger("a")],
];
const without = (...index: number[]): Step[] => told.filter((_, place) => !index.includes(place));
const plus = (...steps: Step[]): Step[] => [...told, ...steps].toSorted((a, b) => a[0] - b[0]);

describe("the oracle finds nothing", () => {
  test("in a clean run", () => {
    const report = run(told, { events: truth });
    expect(report).toMatchObject({ clean: true, judged: true, findings: [] });
    expect(exitCode(report)).toBe(0);
  });

  test.each<[string, readonly Step[], readonly TruthEvent[]]>([
    ["when a flap was never sent", [[9, trigger("a")]], [fires(0), ends(1), fires(2), ends(3), fires(4)]],
    ["when an alert ended before its turn came", [], [fires(0), ends(1)]],
    [
      "when a trigger was under way as its source ended",
      [
        [5, trigger("a")],
        [6, resolve("a")],
      ],
      [fires(0), ends(4)],
    ],
    [
      "when a resolve was under way as its source fired again",
      [
        [1, trigger("a")],
        [10, resolve("a")],
        [11, trigger("a")],
      ],
      [fires(0), ends(8), fires(9)],
    ],
    ["when a resolve of something unknown was adopted", [[5, resolve("a")]], [ends(4)]],
    [
      "when a severity rose and was sent again",
      [
        [1, trigger("a", { severity: "warning" })],
        [5, trigger("a")],
      ],
      [fires(0, "a", "warning"), fires(4)],
    ],
    [
      "when a reminder was sent four hours later",
      [
        [1, trigger("a")],
        [14_401, trigger("a")],
      ],
      [fires(0)],
    ],
    [
      "when a person resolved what still fires",
      [
        [1, trigger("a")],
        [5, (s) => s.resolve(s.incidents()[0]?.id ?? "")],
      ],
      [fires(0)],
    ],
    [
      "when a person resolved, and it was sent again",
      [
        [1, trigger("a")],
        [5, (s) => s.resolve(s.incidents()[0]?.id ?? "")],
        [3700, trigger("a")],
      ],
      [fires(0)],
    ],
    [
      "when a trigger was repeated after an answer that never came",
      [
        [0, (s) => s.setFaults("times 1 hang")],
        [1, trigger("a")],
        [12, trigger("a")],
      ],
      [fires(0)],
    ],
  ])("%s", (_, steps, events) => {
    expect(kindsOf(run(steps, { events }))).toEqual([]);
  });

  test("when flaps are faster than clocks agree", () => {
    const steps: readonly Step[] = [0.1, 0.9, 1.9].flatMap((second): Step[] => [
      [second, trigger("a")],
      [second + 0.4, resolve("a")],
    ]);
    const events = [0, 0.8, 1.8].flatMap((second) => [fires(second), ends(second + 0.3)]);
    expect(kindsOf(run(steps, { events }))).toEqual([]);
  });

  test.each<[string, readonly Step[], readonly TruthEvent[]]>([
    [
      "when a trigger that never arrived was followed by its resolve, and the next episode was sent",
      [
        [6, resolve("a")],
        [8, trigger("a")],
      ],
      [fires(0), ends(5), fires(7)],
    ],
    [
      "when such a resolve was under way as the source fired again",
      [
        [8, resolve("a")],
        [9, trigger("a")],
      ],
      [fires(0), ends(5), fires(7)],
    ],
    [
      "when only the summary was new",
      [
        [1, trigger("a")],
        [9, trigger("a", { summary: "another disk" })],
      ],
      [fires(0)],
    ],
    [
      "when a person resolved after several events, and it was sent again",
      [
        [1, trigger("a")],
        [2, acknowledge("a")],
        [3, (simulator) => simulator.resolve(simulator.incidents()[0]?.id ?? "")],
        [3700, trigger("a")],
      ],
      [fires(0)],
    ],
    [
      "when the truth's clock is half a second behind",
      [
        [0, trigger("a")],
        [60, resolve("a")],
        [100, trigger("a")],
      ],
      [fires(0.5), ends(60.5), fires(100.5)],
    ],
    [
      "when a severity rose step by step, and each step was sent",
      ["info", "warning", "error", "critical"].map(
        (severity, index) => [index + 1, trigger("a", { severity })] as const,
      ),
      ["info", "warning", "error", "critical"].map((severity, index) => fires(index, "a", severity)),
    ],
    [
      "when a severity fell, and was not sent",
      [[1, trigger("a")]],
      [fires(0), fires(5, "a", "error"), fires(6, "a", "warning"), fires(7, "a", "info")],
    ],
    [
      "when two episodes had two severities",
      [
        [1, trigger("a")],
        [3, resolve("a")],
        [5, trigger("a", { severity: "warning" })],
      ],
      [fires(0), ends(2), fires(4, "a", "warning")],
    ],
  ])("%s, however it came", (_, steps, events) => {
    expect(kindsOf(run(steps, { events }))).toEqual([]);
  });

  test.each<[string, "never" | "critical" | "always", string, FindingKind[]]>([
    ["a critical sent after its end", "never", "critical", ["stray"]],
    ["a critical sent after its end", "critical", "critical", []],
    ["a warning sent after its end", "critical", "warning", ["stray"]],
    ["a warning sent after its end", "always", "warning", []],
  ])("in %s, when page_resolved is %s and it was %s: %j", (_, page_resolved, severity, found) => {
    const steps: readonly Step[] = [
      [60, trigger("a", { severity })],
      [61, resolve("a")],
    ];
    const events = [fires(0, "a", severity), ends(5)];
    expect(kindsOf(run(steps, { events, page_resolved }))).toEqual(found);
  });

  test.each<[string, string, FindingKind[]]>([
    ["within the time allowed for it", "30s", []],
    ["later", "20s", ["stray"]],
  ])("in a stray that was closed again %s", (_, repaired, found) => {
    const steps: readonly Step[] = [
      [100, trigger("a")],
      [125, resolve("a")],
    ];
    expect(kindsOf(run(steps, { events: [fires(0), ends(5)], repaired }))).toEqual(found);
  });

  test.each<[number, FindingKind[]]>([
    [15, []],
    [16, ["stray"]],
  ])("in a trigger that was under way for %i s when its source ended: %j", (second, found) => {
    const steps: readonly Step[] = [
      [second, trigger("a")],
      [second + 1, resolve("a")],
    ];
    expect(kindsOf(run(steps, { events: [fires(-10), ends(0)] }))).toEqual(found);
  });

  test.each<[number, FindingKind[]]>([
    [3599, ["repeated"]],
    [3600, []],
  ])("in a reminder after %i s: %j", (second, found) => {
    const steps: readonly Step[] = [
      [0, trigger("a")],
      [second, trigger("a")],
    ];
    expect(kindsOf(run(steps, { events: [fires(0)] }))).toEqual(found);
    expect(kindsOf(run(steps, { events: [fires(0)], reminders: "30m" }))).toEqual([]);
  });

  test("in what came in time, when that is asked for", () => {
    const steps: readonly Step[] = [
      [29, trigger("a")],
      [101, resolve("a")],
    ];
    const events = [fires(0), ends(100), fires(200), ends(210)];
    expect(kindsOf(run(steps, { events, within: "30s" }))).toEqual([]);
  });

  test("for any order of the events in the truth", () => {
    expect(kindsOf(run(told, { events: truth.toReversed() }))).toEqual([]);
  });

  test("when a source repeats what it said", () => {
    const events = [fires(0), fires(30), fires(45), ends(60), ends(75), ...truth.slice(2)];
    expect(kindsOf(run(told, { events }))).toEqual([]);
  });

  test("in what no truth was given for", () => {
    const simulator = new Simulator();
    simulator.handle(trigger("a"));
    expect(simulator.report()).toMatchObject({ clean: true, judged: false });
  });
});

interface Defect {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly truth?: Partial<TruthSetting>;
  /** Exactly these, in alphabetical order. */
  readonly found: readonly FindingKind[];
}

const deploy: TruthEvent = { at: at(3), change: true, summary: "deploy 7" };

const defects: readonly Defect[] = [
  { name: "a lost trigger", steps: without(4), found: ["lost"] },
  {
    name: "an incident closed while its source fires",
    steps: plus([150, resolve("a")]),
    found: ["lost", "out_of_order"],
  },
  {
    name: "a resolve before its trigger",
    steps: [
      [61, resolve("a")],
      [62, trigger("a")],
    ],
    truth: { events: [fires(0), ends(60)] },
    found: ["orphaned", "out_of_order"],
  },
  {
    name: "a resolve that came while its source still fired",
    steps: plus([30, resolve("a")], [31, trigger("a")]),
    found: ["out_of_order", "repeated"],
  },
  {
    name: "a resolve soon after the first firing",
    steps: [
      [1, trigger("a")],
      [5, resolve("a")],
    ],
    truth: { events: [fires(0)] },
    found: ["lost", "out_of_order"],
  },
  {
    name: "a trigger repeated long after an attempt that left doubt, or before one",
    steps: [
      [0, (simulator) => simulator.setFaults("times 1 hang")],
      [1, trigger("a")],
      [12, trigger("a")],
      [24, trigger("a")],
      [25, (simulator) => simulator.setFaults("times 1 hang")],
      [26, trigger("a")],
    ],
    truth: { events: [fires(0)] },
    found: ["repeated"],
  },
  ...(["info", "warning", "error"] as const).map((severity, rank): Defect => {
    const higher = ["warning", "error", "critical"][rank] ?? "";
    return {
      name: `${higher} shown as ${severity}`,
      steps: [[1, trigger("a", { severity })]],
      truth: { events: [fires(0, "a", severity), fires(5, "a", higher)] },
      found: ["wrong_severity"],
    };
  }),
  {
    name: "a late one although another of its episodes came in time",
    steps: [
      [1, trigger("a")],
      [101, resolve("a")],
      [240, trigger("a")],
      [301, resolve("a")],
    ],
    truth: { events: [fires(0), ends(100), fires(200), ends(300)], within: "30s" },
    found: ["late"],
  },
  {
    name: "an alert that ended unheard, although it lasted",
    steps: [],
    truth: { events: [fires(0), ends(100)], within: "30s" },
    found: ["late"],
  },
  {
    name: "a rise of severity in a later episode of an incident that stayed open",
    steps: [[1, trigger("a", { severity: "warning" })]],
    truth: { events: [fires(0, "a", "warning"), ends(2), fires(3)] },
    found: ["wrong_severity"],
  },
  {
    name: "a double incident: the same problem under two keys",
    steps: plus([102, trigger("a", { key: otherRoutingKey })]),
    truth: { targets: [{ receiver: "pagerduty" }] },
    found: ["repeated"],
  },
  { name: "a trigger repeated for no reason", steps: plus([30, trigger("a")]), found: ["repeated"] },
  { name: "a stray that no source knows", steps: plus([30, trigger("zzz")]), found: ["stray"] },
  {
    name: "a stray opened after its end",
    steps: plus([200, trigger("b", { severity: "warning" })]),
    found: ["stray"],
  },
  {
    name: "a stray opened before its source fired",
    steps: [[1, trigger("a")]],
    truth: { events: [fires(60)] },
    found: ["stray"],
  },
  { name: "an orphan", steps: without(3), found: ["orphaned"] },
  {
    name: "a wrong key",
    steps: [...without(4), [101, trigger("a", { key: otherRoutingKey })]],
    found: ["lost", "wrong_key"],
  },
  {
    name: "a severity that no source gave",
    steps: [...without(4), [101, trigger("a", { severity: "info" })]],
    found: ["wrong_severity"],
  },
  {
    name: "a severity that rose and was not sent",
    steps: [[1, trigger("a", { severity: "warning" })]],
    truth: { events: [fires(0, "a", "warning"), fires(10)] },
    found: ["wrong_severity"],
  },
  {
    name: "a refused event",
    steps: plus([30, post("/v2/enqueue", { routing_key: routingKey, event_action: "trigger" })]),
    found: ["refused"],
  },
  {
    name: "more calls than the window takes",
    steps: [[0, (simulator) => simulator.setLimit({ limit: 4, per: "5m" })], ...told, [400, trigger("a")]],
    found: ["over_limit"],
  },
  { name: "an acknowledge before its trigger", steps: plus([0.5, acknowledge("a")]), found: ["out_of_order"] },
  {
    name: "one of two targets never notified",
    steps: told,
    truth: {
      targets: [
        { receiver: "pagerduty", key: routingKey },
        { receiver: "pagerduty", key: otherRoutingKey },
      ],
    },
    found: ["lost"],
  },
  {
    name: "sent to the other region",
    steps: told,
    truth: { targets: [{ receiver: "pagerduty", region: "eu" }] },
    found: ["lost", "wrong_key", "wrong_key", "wrong_key"],
  },
  {
    name: "sent too late",
    steps: [...without(0), [40, trigger("a")] as const].toSorted((one, other) => one[0] - other[0]),
    truth: { within: "30s" },
    found: ["late"],
  },
  { name: "a lost change event", steps: told, truth: { events: [...truth, deploy] }, found: ["lost"] },
  {
    name: "a change event sent twice",
    steps: plus([4, change("deploy 7")], [5, change("deploy 7")]),
    truth: { events: [...truth, deploy] },
    found: ["repeated"],
  },
  { name: "a change event without a source", steps: plus([4, change("deploy 8")]), found: ["stray"] },
];

describe("the oracle finds the planted defect", () => {
  test.each(defects)("$name", ({ steps, found, truth: setting }) => {
    const report = run(steps, { events: truth, ...setting });
    expect(kindsOf(report).toSorted()).toEqual(found);
    expect(exitCode(report)).toBe(1);
    for (const { says: sentence } of report.findings) expect(sentence).not.toMatch(/undefined|Infinity|NaN/);
  });

  test("covers every kind of finding", () => {
    expect(new Set(defects.flatMap((defect) => defect.found))).toEqual(new Set(findingKinds));
  });
});

describe("a finding", () => {
  const sayings = (steps: readonly Step[], setting: Partial<TruthSetting> = {}): string[] =>
    run(steps, { events: truth, ...setting }).findings.map(({ says }) => says);

  test.each<[readonly Step[], Partial<TruthSetting>, string[]]>([
    [without(4), {}, ['"a" fires still, but was resolved at 2026-01-01T00:01:01.000Z']],
    [without(3), {}, ['"b" ended at 2026-01-01T00:01:30.000Z, and is open still']],
    [
      plus([200, trigger("b", { severity: "warning" })]),
      {},
      ['"b" was opened after it had ended at 2026-01-01T00:01:30.000Z'],
    ],
    [[[1, trigger("a")]], { events: [fires(60)] }, ['"a" was opened before its source fired']],
    [plus([30, trigger("zzz")]), {}, ['"zzz" was opened, and no source knows it']],
    [plus([30, trigger("a")]), {}, ['"a" was triggered again at 2026-01-01T00:00:30.000Z, with nothing new to say']],
    [plus([0.5, acknowledge("a")]), {}, ['"a" got its acknowledge before its trigger']],
    [
      [...without(4), [101, trigger("a", { severity: "info" })]],
      {},
      ['"a" is shown as info; its source says critical'],
    ],
    [
      plus([30, resolve("a")], [31, trigger("a")]),
      {},
      [
        '"a" was opened again: one episode has two incidents, Q0000000000001 and Q0000000000003',
        '"a" was resolved while its source still fired',
      ],
    ],
    [
      [[40, trigger("a")]],
      { events: [fires(0)], within: "30s" },
      ['"a" fired at 2026-01-01T00:00:00.000Z and was not open 30 s later'],
    ],
    [
      plus([30, post("/v2/enqueue", { routing_key: routingKey, event_action: "resolve" })]),
      {},
      ["answered 400: dedup_key: 'dedup_key' is missing or blank"],
    ],
    [plus([4, change("deploy 8")]), {}, ['change "deploy 8" was sent, but no source reported it']],
    [told, { events: [...truth, deploy] }, ['change "deploy 7" was sent 0 times, not 1']],
    [
      [[0, (simulator) => simulator.setLimit({ limit: 4, per: "5m" })], ...told, [400, trigger("a")]],
      {},
      ["1 calls beyond 4 in 5m from 2026-01-01T00:01:41.000Z to 2026-01-01T00:01:41.000Z"],
    ],
  ])("says what is wrong, and when (%#)", (steps, setting, says) => {
    expect(sayings(steps, setting)).toEqual(says);
  });

  test("names receiver, key, dedup key and time", () => {
    const [finding] = run(without(4), { events: truth }).findings;
    expect(finding).toMatchObject({
      kind: "lost",
      receiver: "pagerduty",
      dedup_key: "a",
      at: "2026-01-01T00:01:01.000Z",
    });
    expect(finding?.key).toMatch(/^[0-9a-f]{16}$/);
    const [unheard] = run([], { events: [fires(0)] }).findings;
    expect(unheard?.key).toBe(finding?.key);
  });
});

describe("the report", () => {
  test("says it in words and in JSON, over HTTP, and shows no credential", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    const events = [fires(0), fires(0, "b")];
    expect(
      simulator.handle(post("/_sim/truth", { events, targets: [{ receiver: "pagerduty", key: routingKey }] })).status,
    ).toBe(200);
    simulator.handle(trigger("a"));
    const words = simulator.handle(get("/_sim/report?format=text")).body;
    expect(words).toBe(
      [
        "1 found: 1 lost.",
        '  lost (pagerduty): "b" fires, and was never opened',
        "Incidents: 1 triggered, 0 acknowledged, 0 resolved.",
        "Requests to pagerduty: 1, 1 applied.",
        "",
      ].join("\n"),
    );
    const { body } = simulator.handle(get("/_sim/report"));
    expect(JSON.parse(body)).toMatchObject({ clean: false, counts: { lost: 1, stray: 0 }, words });
    expect(body).not.toContain(routingKey);
  });

  test("refuses a truth that it cannot read, with every issue", () => {
    const simulator = new Simulator();
    const answer = simulator.handle(
      post("/_sim/truth", { events: [{ at: "yesterday", status: "burning" }], grace: "soon", targets: "pagerduty" }),
    );
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error.issues.map((issue: { path: string }) => issue.path)).toEqual([
      "targets",
      "events[0].at",
      "events[0].status",
      "events[0].dedup_key",
      "grace",
    ]);
  });
});
