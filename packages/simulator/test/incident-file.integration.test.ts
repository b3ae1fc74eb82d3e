import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Simulator } from "../src/index.ts";
import { change, routingKey, resolve, trigger } from "./requests.ts";

describe("the file of incidents", () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "simulator-"));
    file = join(directory, "new", "incidents.jsonl");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test("keeps what happened over a restart, and goes on from there", async () => {
    const before = new Simulator({ file });
    before.handle(trigger("a"));
    before.handle(trigger("b"));
    before.handle(resolve("b"));
    before.handle(change("deploy 7"));
    before.acknowledge(before.incidents()[0]?.id ?? "");
    before.handle(trigger("lost"));
    before.loseIncident(before.incidents()[2]?.id ?? "");
    // No close: a process that is killed says no goodbye.
    await using after = new Simulator({ file });
    expect(after.incidents()).toEqual(before.incidents());
    expect(after.changes()).toEqual(before.changes());
    after.handle(trigger("a"));
    after.handle(trigger("b"));
    expect(after.incidents().map((row) => [row.dedup_key, row.status])).toEqual([
      ["a", "acknowledged"],
      ["b", "resolved"],
      ["b", "triggered"],
    ]);
    expect(new Set(after.incidents().map((row) => row.id)).size).toBe(3);
    await before.close();
  });

  test("holds no credential and is for its owner alone", async () => {
    await using simulator = new Simulator({ file });
    simulator.handle(trigger("a"));
    expect(readFileSync(file, "utf8")).toContain("disk full");
    expect(readFileSync(file, "utf8")).not.toContain(routingKey);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("forgives a last line that was never finished, and no other", async () => {
    const simulator = new Simulator({ file });
    simulator.handle(trigger("a"));
    await simulator.close();
    appendFileSync(file, '{"kind":"opened","inci');
    const again = new Simulator({ file });
    expect(again.incidents()).toHaveLength(1);
    await again.close();
    writeFileSync(file, `nonsense\n${readFileSync(file, "utf8")}`);
    expect(() => new Simulator({ file })).toThrow(/incidents.jsonl:1: /);
  });

  test("is emptied by a reset", async () => {
    await using simulator = new Simulator({ file });
    simulator.handle(trigger("a"));
    simulator.reset();
    await using again = new Simulator({ file });
    expect(again.incidents()).toEqual([]);
  });
});
