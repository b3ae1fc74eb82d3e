import { LedgerUnavailable } from "@tocsin/core";
import type { PagerDutyRest, RestFailure, RestPage, RestResult } from "@tocsin/publishers";
import { VirtualClock } from "@tocsin/test";
import { beforeAll, expect, test } from "vitest";
import { Reconciler, type ReconcilerOptions } from "./reconciler.ts";

// Loaded before time passes: the reconciler imports it when it compares.
beforeAll(() => import("./reconcile-target.ts"));

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const page = (more: Partial<RestPage> = {}): RestResult<RestPage> => ({
  ok: true,
  value: { incidents: [], nextOffset: null, truncated: false, ...more },
});
const failure = (reason: RestFailure["reason"], detail: string): { readonly ok: false; failure: RestFailure } => ({
  ok: false,
  failure: { reason, detail },
});
const unused = () => Promise.reject(new Error("not used"));

interface Given {
  /** Answers of each target's receiver to the list of open incidents. */
  readonly lists: Readonly<Record<string, () => RestResult<RestPage>>>;
  readonly alerts?: PagerDutyRest["incidentAlerts"];
  /** Runs at the start of each read of incidents in the ledger. */
  readonly onRead?: () => void;
  readonly onGet?: () => void;
  readonly kept?: string;
}

/** A reconciler after an outage, with a ledger that has no incidents. */
function start({ lists, alerts = unused, onRead, onGet, ...given }: Given) {
  const clock = new VirtualClock();
  let kept: string | undefined = given.kept ?? JSON.stringify({ aliveAtMs: clock.now() - hourMs, pending: false });
  const startMs = clock.now();
  const asked: Record<string, number[]> = {};
  const lines: { readonly event: string; readonly message: string }[] = [];
  const write = ({ event }: { readonly event: string }, message: string) => void lines.push({ event, message });
  const rests = new Map(
    Object.entries(lists).map(([name, answer]) => {
      const openIncidents = () => {
        (asked[name] ??= []).push(clock.now() - startMs);
        return Promise.resolve(answer());
      };
      return [name, { openIncidents, incidentAlerts: alerts, incidentAlertKeys: unused, findIncident: unused }];
    }),
  );
  const target = { restToken: {}, enabled: true, mode: "live" };
  const reconciler = new Reconciler({
    clock,
    wake: () => {},
    callbacks: () => [],
    log: { info: write, warn: write, error: write },
    targets: {
      entries: [...rests.keys()].map((name) => ({ name, target })),
      find: () => undefined,
      restClientOf: (name: string) => rests.get(name),
    },
    ledger: {
      getValue: () => {
        onGet?.();
        return Promise.resolve(kept);
      },
      putValue: (_: string, text: string) => {
        kept = text;
        return Promise.resolve();
      },
      newestIncidents: () => Promise.resolve([]),
      incidents: () => {
        onRead?.();
        return Promise.resolve({ incidents: [] });
      },
    },
  } as unknown as ReconcilerOptions);
  const pass = async (ms: number) => {
    for (const untilMs = clock.now() + ms; clock.now() < untilMs;)
      await clock.advance(Math.min(minuteMs, untilMs - clock.now()));
    // The last comparison ends.
    await clock.advance(0);
  };
  reconciler.start();
  const keep = (pending: boolean) => void (kept = JSON.stringify({ aliveAtMs: clock.now(), pending }));
  return {
    reconciler,
    pass,
    keep,
    asked,
    lines,
    pending: () => (JSON.parse(kept ?? "{}") as { pending?: boolean }).pending,
  };
}

const count = (lines: readonly { readonly event: string }[], event: string) =>
  lines.filter((line) => line.event === event).length;

test("a comparison that a bug ended is not finished: it is made again, and reports each target that it did not finish", async () => {
  let bugs = 1;
  const onRead = () => {
    if (bugs-- > 0) throw new Error("a bug");
  };
  const one = start({ lists: { a: () => page(), b: () => page() }, onRead });
  await one.pass(1_000);
  expect(one.lines.map(({ event }) => event)).toEqual(["reconcile_failed"]);
  expect(one.reconciler.last?.reports.map(({ target }) => target)).toEqual(["a", "b"]);
  expect(one.reconciler.last?.reports[1]).toMatchObject({
    incomplete: expect.stringContaining("stopped before the end") as unknown,
  });
  expect(one.pending()).toBe(true);
  await one.pass(5 * minuteMs);
  expect(count(one.lines, "reconciled")).toBe(2);
  expect(one.pending()).toBe(false);
});

test("a refused token of one target does not end the tries of another one that gave no answer", async () => {
  let b = failure("timeout", "no answer in time") as RestResult<RestPage>;
  const one = start({ lists: { a: () => failure("auth", "HTTP 401"), b: () => b } });
  await one.pass(minuteMs);
  expect(one.reconciler.last?.reports).toMatchObject([{ permanent: true }, { incomplete: "no answer in time" }]);
  expect(one.reconciler.last?.reports[1]).not.toHaveProperty("permanent");
  expect(one.pending()).toBe(true);
  b = page();
  await one.pass(10 * minuteMs);
  expect(one.pending()).toBe(false);
  const asked = one.asked["a"]!.length;
  await one.pass(hourMs);
  expect(one.asked["a"]).toHaveLength(asked);
});

test("tries an unfinished comparison again after waits that double up to an hour", async () => {
  const one = start({ lists: { a: () => failure("invalid", "HTTP 400") } });
  await one.pass(4 * hourMs);
  const minutes = one.asked["a"]!.map((ms) => Math.round(ms / minuteMs));
  expect(minutes.slice(1).map((at, n) => at - minutes[n]!)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

test("does not wait for an earlier failure, if another process has finished the comparison since", async () => {
  const one = start({ lists: { a: () => failure("server", "HTTP 500") } });
  await one.pass(40 * minuteMs);
  one.keep(false);
  await one.pass(2 * minuteMs);
  const before = one.asked["a"]!.length;
  one.keep(true);
  await one.pass(2 * minuteMs);
  expect(one.asked["a"]!.length).toBeGreaterThan(before);
});

/** The alerts of Q1 are too many. */
const alertsOf = (id: string) =>
  Promise.resolve(
    id === "Q1"
      ? failure("invalid", "the incident has more than 1000 alerts")
      : ({ ok: true, value: [{ key: "k", status: "triggered", suppressed: false }] } as const),
  );

test("an incident with unreadable alerts is skipped and reported, and the others are compared", async () => {
  const incidents = ["Q1", "Q2"].map((id) => ({ id, status: "triggered" as const }));
  let reads = 0;
  const one = start({ lists: { a: () => page({ incidents }) }, alerts: alertsOf, onRead: () => void reads++ });
  await one.pass(1_000);
  expect(reads).toBe(1);
  expect(one.reconciler.last?.reports).toEqual([
    {
      target: "a",
      openThere: 2,
      open: 0,
      differences: [],
      incomplete: "Tocsin skipped 1 of its open incidents, such as Q1: the incident has more than 1000 alerts",
    },
  ]);
  expect(one.pending()).toBe(true);
});

test("a list that the receiver cut off makes the comparison incomplete, and is not read again", async () => {
  const one = start({ lists: { a: () => page({ truncated: true }) } });
  await one.pass(hourMs);
  const [report] = one.reconciler.last!.reports;
  expect(report).toMatchObject({ permanent: true });
  expect(report?.incomplete).toContain("more open incidents than it lists");
  expect(one.asked["a"]).toHaveLength(1);
});

test("logs a bug in the watch once until a note succeeds, and none while the ledger cannot commit", async () => {
  let error: Error | undefined = new LedgerUnavailable("disk full");
  const onGet = () => {
    if (error) throw error;
  };
  const one = start({ lists: { a: () => page() }, onGet });
  await one.pass(5 * minuteMs);
  expect(one.lines).toEqual([]);
  error = new TypeError("a bug");
  await one.pass(5 * minuteMs);
  expect(count(one.lines, "reconcile_failed")).toBe(1);
  error = undefined;
  await one.pass(5 * minuteMs);
  expect(count(one.lines, "reconciled")).toBe(1);
  error = new TypeError("a bug");
  await one.pass(5 * minuteMs);
  expect(count(one.lines, "reconcile_failed")).toBe(2);
});

test.each(["no JSON", "null"])("a stored value that it cannot read counts as missing: %s", async (kept) => {
  const one = start({ lists: { a: () => page() }, kept });
  await one.pass(2 * minuteMs);
  expect(one.lines).toEqual([]);
  expect(one.pending()).toBe(false);
});
