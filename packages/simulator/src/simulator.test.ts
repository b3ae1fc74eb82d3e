import { describe, expect, it } from "vitest";

import { Simulator } from "./index.ts";

const KEY = "e93facc04764012d7bfb002500d5d1a6";

const post = (
  path: string,
  body: unknown,
  headers: Record<string, string> = { "content-type": "application/json" },
) => ({
  method: "POST",
  path,
  headers,
  body: JSON.stringify(body),
});

const trigger = (dedupKey: string, summary = "disk full") =>
  post("/v2/enqueue", {
    routing_key: KEY,
    event_action: "trigger",
    dedup_key: dedupKey,
    payload: { summary, source: "web-1", severity: "critical" },
  });

const resolve = (dedupKey: string) =>
  post("/v2/enqueue", { routing_key: KEY, event_action: "resolve", dedup_key: dedupKey });

describe("simulator", () => {
  it("opens, repeats and resolves one incident, in process", () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const simulator = new Simulator({ clock: { now: () => now } });
    expect(simulator.handle(trigger("a")).status).toBe(202);
    now += 1000;
    expect(simulator.handle(trigger("a", "disk very full")).status).toBe(202);
    now += 1000;
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

  it("serves the same on a socket, control API included, and shows no credential", async () => {
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
    expect(shown).not.toContain(KEY);
    expect((await fetch(`${url}/v2/events`, request)).status).toBe(404);
  });
});
