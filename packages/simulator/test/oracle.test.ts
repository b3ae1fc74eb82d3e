import { describe, expect, it } from "vitest";

import { exitCode, FINDING_KINDS, Simulator } from "../src/index.ts";
import type { FindingKind, SimulatorRequest, TruthEvent, TruthSetting } from "../src/index.ts";
import { acknowledge, change, get, KEY, OTHER_KEY, post, resolve, TestClock, trigger } from "./requests.ts";

const START = new TestClock().nowMs;

/** What happens at which second: a request arrives, or something is done to the simulator. */
type Step = readonly [second: number, what: SimulatorRequest | ((simulator: Simulator) => unknown)];

const run = (steps: readonly Step[], truth: Partial<TruthSetting> & Pick<TruthSetting, "events">) => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock });
  for (const [second, what] of steps) {
    clock.nowMs = START + second * 1000;
    if (typeof what === "function") what(simulator);
    else simulator.handle(what);
  }
  simulator.setTruth({ targets: [{ receiver: "pagerduty", key: KEY }], ...truth });
  return simulator.report();
};

const kindsOf = (report: { readonly findings: readonly { readonly kind: FindingKind }[] }): FindingKind[] =>
  report.findings.map((finding) => finding.kind);

const at = (second: number): number => START + second * 1000;
const fires = (second: number, name = "a", severity = "critical"): TruthEvent => ({
  at: at(second),
  status: "firing",
  dedup_key: name,
  severity,
});
const ends = (second: number, name = "a"): TruthEvent => ({ at: at(second), status: "resolved", dedup_key: name });

/** Two alerts, told well: one fires still, one has ended. Each defect below is one thing done otherwise. */
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
  it("in a clean run", () => {
    const report = run(told, { events: truth });
    expect(report).toMatchObject({ clean: true, judged: true, findings: [] });
    expect(exitCode(report)).toBe(0);
  });

  it.each<[string, readonly Step[], readonly TruthEvent[]]>([
    ["when a flap was never told", [[9, trigger("a")]], [fires(0), ends(1), fires(2), ends(3), fires(4)]],
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
      "when a severity rose and was told again",
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
      "when a person resolved, and it was told again",
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

  it("when flaps are faster than clocks agree", () => {
    const steps: readonly Step[] = [0.1, 0.9, 1.9].flatMap((second): Step[] => [
      [second, trigger("a")],
      [second + 0.4, resolve("a")],
    ]);
    const events = [0, 0.8, 1.8].flatMap((second) => [fires(second), ends(second + 0.3)]);
    expect(kindsOf(run(steps, { events }))).toEqual([]);
  });

  it("in what no truth was given for", () => {
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
    name: "a double incident: the same problem under two keys",
    steps: plus([102, trigger("a", { key: OTHER_KEY })]),
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
    steps: [...without(4), [101, trigger("a", { key: OTHER_KEY })]],
    found: ["lost", "wrong_key"],
  },
  {
    name: "a severity that no source gave",
    steps: [...without(4), [101, trigger("a", { severity: "info" })]],
    found: ["wrong_severity"],
  },
  {
    name: "a severity that rose and was not told",
    steps: [[1, trigger("a", { severity: "warning" })]],
    truth: { events: [fires(0, "a", "warning"), fires(10)] },
    found: ["wrong_severity"],
  },
  {
    name: "a refused event",
    steps: plus([30, post("/v2/enqueue", { routing_key: KEY, event_action: "trigger" })]),
    found: ["refused"],
  },
  {
    name: "more calls than the window takes",
    steps: [[0, (simulator) => simulator.setLimit({ limit: 4, per: "5m" })], ...told, [400, trigger("a")]],
    found: ["over_limit"],
  },
  { name: "an acknowledge before its trigger", steps: plus([0.5, acknowledge("a")]), found: ["out_of_order"] },
  {
    name: "one of two targets never told",
    steps: told,
    truth: {
      targets: [
        { receiver: "pagerduty", key: KEY },
        { receiver: "pagerduty", key: OTHER_KEY },
      ],
    },
    found: ["lost"],
  },
  {
    name: "the other region told",
    steps: told,
    truth: { targets: [{ receiver: "pagerduty", region: "eu" }] },
    found: ["lost", "wrong_key", "wrong_key", "wrong_key"],
  },
  {
    name: "told too late",
    steps: [...without(0), [40, trigger("a")] as const].toSorted((one, other) => one[0] - other[0]),
    truth: { within: "30s" },
    found: ["late"],
  },
  { name: "a lost change event", steps: told, truth: { events: [...truth, deploy] }, found: ["lost"] },
  {
    name: "a change event told twice",
    steps: plus([4, change("deploy 7")], [5, change("deploy 7")]),
    truth: { events: [...truth, deploy] },
    found: ["repeated"],
  },
  { name: "a change event that nobody made", steps: plus([4, change("deploy 8")]), found: ["stray"] },
];

describe("the oracle finds the planted defect", () => {
  it.each(defects)("$name", ({ steps, found, truth: setting }) => {
    const report = run(steps, { events: truth, ...setting });
    expect(kindsOf(report).toSorted()).toEqual(found);
    expect(exitCode(report)).toBe(1);
  });

  it("of every kind that it has a name for", () => {
    expect(new Set(defects.flatMap((defect) => defect.found))).toEqual(new Set(FINDING_KINDS));
  });
});

describe("the report", () => {
  it("says it in words and in JSON, over HTTP, and shows no credential", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    const events = [fires(0), fires(0, "b")];
    expect(
      simulator.handle(post("/_sim/truth", { events, targets: [{ receiver: "pagerduty", key: KEY }] })).status,
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
    expect(body).not.toContain(KEY);
  });

  it("refuses a truth that it cannot read, with every issue", () => {
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
