import { LedgerUnavailable } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { createLogger } from "../../telemetry/logger.ts";
import { Scrubber } from "../../telemetry/scrubber.ts";
import type { TargetDefinition } from "../target-definition.ts";
import { Discoveries } from "./discoveries.ts";
import type { OpenDiscovery } from "./open-discovery.ts";
import type { Discovery, DiscoveryObserver } from "./discovery.ts";

const target = (place: string): TargetDefinition => ({ place, input: {} });

/** A discovery whose reads the test performs. */
class Scripted implements Discovery {
  readonly source = "files";
  readonly where: string;
  readonly readSecret = String;
  targets: readonly TargetDefinition[] | undefined;
  syncState = { syncedAtMs: null, staleSinceMs: null, error: null as string | null };
  observer: DiscoveryObserver | undefined;
  stopped = false;

  constructor(where: string) {
    this.where = where;
  }

  start(observer: DiscoveryObserver): void {
    this.observer = observer;
  }

  find(...places: string[]): void {
    this.targets = places.map(target);
    this.observer?.changed();
  }

  async refresh(): Promise<void> {
    this.find("refreshed");
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }
}

const placeOf = (discovery: Scripted, ...lastKnown: string[]): OpenDiscovery => ({
  discovery,
  lastKnown: lastKnown.map(target),
  settings: undefined,
});

async function stage(places: readonly Scripted[], lastKnown: readonly string[] = []) {
  const clock = new VirtualClock();
  const logs: string[] = [];
  const counted: string[] = [];
  const gauges = new Map<string, boolean>();
  const kept: string[] = [];
  const applied: { readonly atMs: number; readonly places: string[] }[] = [];
  const startMs = clock.monotonic();
  const state = { fails: 0, places: places.map((one, at) => placeOf(one, ...lastKnown.slice(at, at + 1))) };
  const placesOf = () => discoveries.sets().flatMap(({ targets }) => targets.map(({ place }) => place));
  const discoveries: Discoveries = new Discoveries({
    open: async () => state.places,
    clock,
    log: createLogger({ level: "info", format: "json" }, new Scrubber(), (line) => logs.push(line)),
    metrics: {
      discovered: (_, where) => counted.push(`${where} synced`),
      discoveryStale: (_, where, stale) => gauges.set(where, stale),
      discoveryEnded: (_, where) => gauges.delete(where),
      discoveryFailed: (source, operation, reason) => counted.push(`${source} ${operation} ${reason}`),
      discoveryLag: (_, lagMs) => counted.push(`lag ${lagMs}`),
    },
    lastKnown: { save: async ({ where }, set) => void kept.push(`${where}: ${set.map(({ place }) => place).join()}`) },
    definitionsInUse: () =>
      discoveries
        .sets()
        .flatMap(({ source, targets }) => targets.map((definition) => ({ source, ...definition, definition }))),
  });
  const apply = async () => {
    if (state.fails-- > 0) throw new LedgerUnavailable("no space");
    applied.push({ atMs: clock.monotonic() - startMs, places: placesOf() });
  };
  const configure = () => discoveries.configure({ files: [], kubernetes: undefined, policy: undefined });
  await (await configure()).keep();
  counted.length = 0;
  return { apply, clock, discoveries, applied, counted, gauges, kept, logs, state, configure };
}

test("each place uses its last known targets until it is read", async () => {
  const [first, second] = [new Scripted("a"), new Scripted("b")];
  const { apply, discoveries, applied, clock } = await stage([first, second], ["a/old", "b/old"]);
  const placesOf = () => discoveries.sets().map(({ targets }) => targets.map(({ place }) => place));
  expect(placesOf()).toEqual([["a/old"], ["b/old"]]);
  const started = discoveries.start(apply);
  first.find("a/new");
  second.observer?.failed("list", "network");
  await clock.advance(0);
  await started;
  expect(applied).toEqual([{ atMs: 0, places: ["a/new", "b/old"] }]);
  expect(discoveries.views.map(({ where, state }) => [where, state])).toEqual([
    ["a", "synced"],
    ["b", "unread"],
  ]);
});

test("a place that does not answer delays the start by at most ten seconds", async () => {
  const [quick, slow] = [new Scripted("a"), new Scripted("b")];
  const { apply, discoveries, applied, clock } = await stage([quick, slow]);
  let started = false;
  void discoveries.start(apply).then(() => (started = true));
  quick.find("a/1");
  await clock.advance(9_999);
  // The targets of the other place are in use nevertheless.
  expect([started, applied.length]).toEqual([false, 1]);
  await clock.advance(1);
  expect(started).toBe(true);
});

test("changes that come together are applied once, and many changes at most twice a second", async () => {
  const place = new Scripted("a");
  const { apply, discoveries, applied, counted, clock } = await stage([place]);
  const started = discoveries.start(apply);
  place.find();
  await clock.advance(0);
  await started;
  await clock.advance(10_000);
  applied.length = 0;
  for (let n = 0; n < 100; n++) {
    place.find(`a/${n}`);
    await clock.advance(20);
  }
  await clock.advance(1_000);
  expect(applied.length).toBeGreaterThan(3);
  expect(applied.length).toBeLessThanOrEqual(6);
  expect(applied[0]?.places).toEqual(["a/2"]);
  expect(applied.at(-1)?.places).toEqual(["a/99"]);
  expect(counted).toContain("lag 50");
});

test("retries until the ledger stores the targets", async () => {
  const place = new Scripted("a");
  const { apply, discoveries, applied, state, clock } = await stage([place]);
  state.fails = 2;
  void discoveries.start(apply);
  place.find("a/1");
  await clock.advance(1_500);
  expect(applied).toEqual([]);
  await clock.advance(1_000);
  expect(applied.map(({ places }) => places)).toEqual([["a/1"]]);
});

test("saves the targets in use at once, then at most once a second, and at the stop", async () => {
  const place = new Scripted("a");
  const { apply, discoveries, kept, clock } = await stage([place]);
  const started = discoveries.start(apply);
  place.find("a/1");
  await clock.advance(0);
  await started;
  expect(kept).toEqual(["a: a/1"]);
  place.find("a/2");
  await clock.advance(600);
  expect(kept).toHaveLength(1);
  await clock.advance(400);
  expect(kept).toEqual(["a: a/1", "a: a/2"]);
  place.find("a/3");
  await clock.advance(600);
  await discoveries.stop();
  expect([kept.at(-1), place.stopped, clock.nextAtMs()]).toEqual(["a: a/3", true, null]);
});

test("a refresh ends when the targets it found are in use", async () => {
  const place = new Scripted("a");
  const { apply, discoveries, applied, clock } = await stage([place]);
  const started = discoveries.start(apply);
  place.find();
  await clock.advance(0);
  await started;
  await discoveries.refresh();
  expect(applied.at(-1)?.places).toEqual(["refreshed"]);
});

test("failures are counted, and logged when the state changes", async () => {
  const place = new Scripted("a");
  const { apply, discoveries, counted, logs, clock } = await stage([place]);
  const started = discoveries.start(apply);
  place.observer?.synced();
  await clock.advance(0);
  await started;
  place.observer?.failed("watch", "forbidden");
  place.syncState = { ...place.syncState, error: "no rights" };
  place.observer?.turned();
  place.syncState = { ...place.syncState, error: null };
  place.observer?.turned();
  expect(counted).toEqual(["a synced", "files watch forbidden"]);
  expect(logs.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    "Changes of targets are not seen: keeping the targets that were found last",
    "Changes of targets are followed again",
  ]);
});

test("a place is stale until it is read, and while its changes are not seen", async () => {
  const place = new Scripted("a");
  const { apply, discoveries, gauges, clock } = await stage([place]);
  expect(gauges.get("a")).toBe(true);
  const started = discoveries.start(apply);
  place.observer?.failed("list", "network");
  expect(gauges.get("a")).toBe(true);
  place.targets = [];
  place.observer?.synced();
  await clock.advance(0);
  await started;
  expect(gauges.get("a")).toBe(false);
  place.syncState = { ...place.syncState, error: "no rights" };
  place.observer?.turned();
  expect(gauges.get("a")).toBe(true);
  // Everything was read, but changes are not seen yet.
  place.observer?.synced();
  expect(gauges.get("a")).toBe(true);
  place.syncState = { ...place.syncState, error: null };
  place.observer?.turned();
  expect(gauges.get("a")).toBe(false);
});

test("places are added and removed while the others keep running", async () => {
  const [a, b, c] = [new Scripted("a"), new Scripted("b"), new Scripted("c")];
  const { apply, discoveries, applied, counted, gauges, state, configure, clock } = await stage([a, b]);
  const started = discoveries.start(apply);
  a.find("a/1");
  b.find("b/1");
  await clock.advance(0);
  await started;
  state.places = [...state.places.slice(0, 1), placeOf(c, "c/old")];
  await (await configure()).keep();
  expect([a.stopped, b.stopped, c.observer === undefined]).toEqual([false, true, false]);
  expect(discoveries.sets().map(({ targets }) => targets[0]?.place)).toEqual(["a/1", "c/old"]);
  expect(counted.at(-1)).toBe("c synced");
  expect([...gauges.keys()]).toEqual(["a", "c"]);
  c.find("c/1");
  await clock.advance(1_000);
  expect(applied.at(-1)?.places).toEqual(["a/1", "c/1"]);
  await discoveries.stop();
  expect([a.stopped, c.stopped]).toEqual([true, true]);
});

test("a rejected configuration leaves the places unchanged", async () => {
  const [a, b] = [new Scripted("a"), new Scripted("b")];
  const { apply, discoveries, gauges, state, configure, clock } = await stage([a]);
  const started = discoveries.start(apply);
  a.find("a/1");
  await clock.advance(0);
  await started;
  const { observer } = a;
  state.places = [placeOf(b)];
  const rediscovery = await configure();
  expect(discoveries.views.map(({ where }) => where)).toEqual(["b"]);
  await rediscovery.undo();
  expect([a.stopped, a.observer === observer, b.stopped]).toEqual([false, true, true]);
  expect([discoveries.views.map(({ where }) => where), [...gauges.keys()]]).toEqual([["a"], ["a"]]);
});
