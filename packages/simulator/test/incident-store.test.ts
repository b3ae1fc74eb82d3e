import { describe, expect, test } from "vitest";
import { IncidentStore } from "../src/state/incident-store.ts";
import type { IncidentChange, Identity } from "../src/state/incident-store.ts";

const identity = (dedupKey: string): Identity => ({ receiver: "pagerduty", region: "us", key: "k", dedupKey });
const trigger = (atMs: number) => ({ atMs, action: "trigger", severity: "critical", summary: "disk full" });

const names = (store: IncidentStore): string[] => Array.from(store.all(), (incident) => incident.dedupKey);

describe("the incident store", () => {
  test("forgets the oldest resolved ones to stay within its bound, and never an open one", () => {
    const store = new IncidentStore({ most: 3 });
    const [a, b] = ["a", "b", "c"].map((name, index) => store.open(identity(name), trigger(index)));
    if (a === undefined || b === undefined) throw new Error("not opened");
    store.append(b, { atMs: 3, action: "resolve" }, "resolved");
    store.append(a, { atMs: 4, action: "resolve" }, "resolved");
    expect([names(store), store.forgotten]).toEqual([["a", "b", "c"], 0]);
    store.open(identity("d"), trigger(5));
    store.open(identity("e"), trigger(6));
    expect([names(store), store.forgotten, store.size]).toEqual([["c", "d", "e"], 2, 3]);
    store.open(identity("f"), trigger(7));
    expect([names(store), store.forgotten]).toEqual([["c", "d", "e", "f"], 2]);
  });

  test("keeps the first of a log and its latest thousand, and counts the rest", () => {
    const store = new IncidentStore({ most: 10 });
    const incident = store.open(identity("a"), trigger(0));
    for (let atMs = 1; atMs <= 1000; atMs += 1) store.append(incident, trigger(atMs));
    expect([incident.log.length, incident.log[0]?.atMs, incident.log[1]?.atMs, incident.log.at(-1)?.atMs]).toEqual([
      1000, 0, 2, 1000,
    ]);
    expect(incident.logDropped).toBe(1);
  });

  test("replays its changes and continues the numbering", () => {
    const told: IncidentChange[] = [];
    const store = new IncidentStore({ most: 10 });
    store.onChange.push((change) => told.push(structuredClone(change)));
    const incident = store.open(identity("a"), trigger(0));
    store.append(incident, { atMs: 1, action: "acknowledge" }, "acknowledged");
    store.append(incident, { atMs: 2, action: "resolve" }, "resolved");
    const again = new IncidentStore({ most: 10 });
    for (const change of told) again.replay(change);
    again.replay({ kind: "logged", id: "Q0", entry: trigger(3), status: "resolved" });
    expect([...again.all()]).toEqual([...store.all()]);
    expect(again.findOpen(identity("a"))).toBeUndefined();
    expect(again.open(identity("b"), trigger(4)).id).toBe("Q0000000000002");
  });

  test("lets a resolved one that was put back be forgotten too", () => {
    const store = new IncidentStore({ most: 1 });
    const resolved = { ...new IncidentStore({ most: 1 }).open(identity("a"), trigger(0)), status: "resolved" as const };
    store.restore(resolved);
    store.open(identity("b"), trigger(1));
    expect(names(store)).toEqual(["b"]);
  });

  test("puts a reopened incident back in its place in the list and removes its end time", () => {
    const store = new IncidentStore({ most: 1 });
    const incident = store.open(identity("a"), trigger(0));
    store.append(incident, { atMs: 1, action: "resolve" }, "resolved");
    store.append(incident, { atMs: 2, action: "reopen" }, "triggered");
    expect(store.findOpen(identity("a"))).toBe(incident);
    expect([incident.status, incident.resolvedAtMs, incident.acknowledgedAtMs]).toEqual([
      "triggered",
      undefined,
      undefined,
    ]);
    store.open(identity("b"), trigger(3));
    expect(names(store)).toEqual(["a", "b"]);
  });

  test("begins at one again after a reset, with nothing open", () => {
    const store = new IncidentStore({ most: 10 });
    const incident = store.open(identity("a"), trigger(0));
    store.append(incident, { atMs: 1, action: "resolve" }, "resolved");
    store.open(identity("b"), trigger(2));
    store.reset();
    expect([store.size, store.findOpen(identity("b"))]).toEqual([0, undefined]);
    expect(store.open(identity("b"), trigger(3)).id).toBe("Q0000000000001");
  });
});
