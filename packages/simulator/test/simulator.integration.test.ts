import { describe, expect, test } from "vitest";
import { Simulator } from "../src/index.ts";
import { routingKey, resolve, TestClock, trigger } from "./requests.ts";

describe("simulator", () => {
  test("opens, repeats and resolves one incident, in process", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    expect(simulator.handle(trigger("a")).status).toBe(202);
    clock.advance(1000);
    expect(simulator.handle(trigger("a", { summary: "disk very full" })).status).toBe(202);
    clock.advance(1000);
    expect(simulator.handle(resolve("a")).status).toBe(202);
    expect(simulator.handle(resolve("a")).status).toBe(202);
    expect(simulator.incidents()).toMatchObject([
      {
        receiver: "pagerduty",
        dedup_key: "a",
        status: "resolved",
        summary: "disk very full",
        title: "disk full",
        severity: "critical",
        opened_at: "2026-01-01T00:00:00.000Z",
        resolved_at: "2026-01-01T00:00:02.000Z",
        events: [{ action: "trigger" }, { action: "trigger" }, { action: "resolve" }],
      },
    ]);
    expect(simulator.requests().map((row) => row.effect)).toEqual(["opened", "logged", "resolved", "dropped"]);
  });

  test("serves the same on a socket, control API included, and shows no credential", async () => {
    await using simulator = new Simulator();
    const { url } = await simulator.listen();
    const request = trigger("a");
    const answer = await fetch(url + request.path, request);
    expect([answer.status, await answer.json()]).toEqual([
      202,
      { status: "success", message: "Event processed", dedup_key: "a" },
    ]);
    const shown = await (await fetch(`${url}/_sim/incidents`)).text();
    expect(JSON.parse(shown)).toMatchObject([{ dedup_key: "a", status: "triggered" }]);
    expect(shown).not.toContain(routingKey);
    expect((await fetch(`${url}/v2/events`, request)).status).toBe(404);
  });
});
