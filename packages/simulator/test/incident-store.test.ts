import { describe, expect, test } from "vitest";
import { IncidentStore } from "../src/state/incident-store.ts";
import type { IncidentChange, Identity } from "../src/state/incident-store.ts";

const identity = (dedupKey: string): Identity => ({ receiver: "pagerduty", region: "us", key: "k", dedupKey });
const trigger = (atMs: number) => ({ atMs, action: "trigger", severity: "critical", summary: "disk full" });

const names = (book: IncidentStore): string[] => Array.from(book.all(), (incident) => incident.dedupKey);

describe("the book of incidents", () => {
  test("forgets the oldest resolved ones to stay within its bound, and never an open one", () => {
    const book = new IncidentStore({ most: 3 });
    const [a, b] = ["a", "b", "c"].map((name, index) => book.open(identity(name), trigger(index)));
    if (a === undefined || b === undefined) throw new Error("not opened");
    book.append(b, { atMs: 3, action: "resolve" }, "resolved");
    book.append(a, { atMs: 4, action: "resolve" }, "resolved");
    expect([names(book), book.forgotten]).toEqual([["a", "b", "c"], 0]);
    book.open(identity("d"), trigger(5));
    book.open(identity("e"), trigger(6));
    expect([names(book), book.forgotten, book.size]).toEqual([["c", "d", "e"], 2, 3]);
    book.open(identity("f"), trigger(7));
    expect([names(book), book.forgotten]).toEqual([["c", "d", "e", "f"], 2]);
  });

  test("keeps the first of a log and its latest thousand, and counts the rest", () => {
    const book = new IncidentStore({ most: 10 });
    const incident = book.open(identity("a"), trigger(0));
    for (let atMs = 1; atMs <= 1000; atMs += 1) book.append(incident, trigger(atMs));
    expect([incident.log.length, incident.log[0]?.atMs, incident.log[1]?.atMs, incident.log.at(-1)?.atMs]).toEqual([
      1000, 0, 2, 1000,
    ]);
    expect(incident.logDropped).toBe(1);
  });

  test("does again what it has told, and numbers on from there", () => {
    const told: IncidentChange[] = [];
    const book = new IncidentStore({ most: 10 });
    book.onChange.push((change) => told.push(structuredClone(change)));
    const incident = book.open(identity("a"), trigger(0));
    book.append(incident, { atMs: 1, action: "acknowledge" }, "acknowledged");
    book.append(incident, { atMs: 2, action: "resolve" }, "resolved");
    const again = new IncidentStore({ most: 10 });
    for (const change of told) again.replay(change);
    again.replay({ kind: "logged", id: "Q0", entry: trigger(3), status: "resolved" });
    expect([...again.all()]).toEqual([...book.all()]);
    expect(again.findOpen(identity("a"))).toBeUndefined();
    expect(again.open(identity("b"), trigger(4)).id).toBe("Q0000000000002");
  });

  test("lets a resolved one that was put back be forgotten too", () => {
    const book = new IncidentStore({ most: 1 });
    const resolved = { ...new IncidentStore({ most: 1 }).open(identity("a"), trigger(0)), status: "resolved" as const };
    book.restore(resolved);
    book.open(identity("b"), trigger(1));
    expect(names(book)).toEqual(["b"]);
  });

  test("puts a reopened one back in its place, and forgets its end", () => {
    const book = new IncidentStore({ most: 1 });
    const incident = book.open(identity("a"), trigger(0));
    book.append(incident, { atMs: 1, action: "resolve" }, "resolved");
    book.append(incident, { atMs: 2, action: "reopen" }, "triggered");
    expect(book.findOpen(identity("a"))).toBe(incident);
    expect([incident.status, incident.resolvedAtMs, incident.acknowledgedAtMs]).toEqual([
      "triggered",
      undefined,
      undefined,
    ]);
    book.open(identity("b"), trigger(3));
    expect(names(book)).toEqual(["a", "b"]);
  });

  test("begins at one again after a reset, with nothing open", () => {
    const book = new IncidentStore({ most: 10 });
    const incident = book.open(identity("a"), trigger(0));
    book.append(incident, { atMs: 1, action: "resolve" }, "resolved");
    book.open(identity("b"), trigger(2));
    book.reset();
    expect([book.size, book.findOpen(identity("b"))]).toEqual([0, undefined]);
    expect(book.open(identity("b"), trigger(3)).id).toBe("Q0000000000001");
  });
});
