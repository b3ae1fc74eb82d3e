import type { Target, TargetStatus } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { startService } from "../service.fixture.ts";
import type { ResolvedTarget } from "./resolved-target.ts";
import {
  deadWarnings,
  deliveryWarnings,
  discoveryWarnings,
  noTargetCanReceive,
  targetWarnings,
} from "./target-warnings.ts";

const issue = { path: "", message: "wrong" };
const entry = (target: Partial<Target> | undefined, errors: ResolvedTarget["errors"] = []): ResolvedTarget => ({
  name: "a",
  source: "config",
  place: "targets[0]",
  ownsName: true,
  definition: { place: "targets[0]", input: {} },
  errors,
  warnings: [],
  target: target && ({ enabled: true, mode: "live", degraded: false, ...target } as unknown as Target),
  inForce: "as_written",
});
const good = entry({});
const invalid = entry(undefined, [issue]);
const lastValid = entry({}, [issue]);
const off = entry({ enabled: false });
const shadow = entry({ mode: "shadow" });

describe("targets", () => {
  test.each<[string, ResolvedTarget[], string | undefined, string[]]>([
    ["none", [], "none is configured", [expect.stringContaining("none is configured")]],
    ["one that is valid", [good], undefined, []],
    ["all invalid", [invalid, invalid], "2 invalid", [expect.stringContaining("not sent")]],
    ["one invalid of two", [good, invalid], undefined, ["1 of 2 targets is invalid"]],
    ["two invalid of three", [good, invalid, invalid], undefined, ["2 of 3 targets are invalid"]],
    ["an invalid one whose last version is used", [lastValid], undefined, ["1 of 1 target is invalid"]],
    ["all disabled", [off], "1 disabled", [expect.stringContaining("1 disabled")]],
    ["all shadows", [shadow], "1 shadow", [expect.stringContaining("1 shadow")]],
    ["none that sends", [off, shadow, invalid], "1 disabled, 1 invalid, 1 shadow", [expect.any(String)]],
  ])("%s", (_, entries, why, warnings) => {
    expect(noTargetCanReceive(entries)).toBe(why && `no target can receive alerts (${why})`);
    expect(targetWarnings(entries)).toEqual(warnings);
  });
});

test("counts targets that accept nothing now, and places that cannot be read", () => {
  const paused = {
    target: "a",
    blocked: null,
    limiter: { limit: 120, used: 0, pausedUntilMs: 5 },
    breaker: { state: "closed", untilMs: null },
  } as const satisfies TargetStatus;
  const unpaused: TargetStatus = { ...paused, limiter: { ...paused.limiter, pausedUntilMs: null } };
  const blocked: TargetStatus = { ...unpaused, blocked: { state: "unauthorized", detail: "secret detail" } };
  const failing: TargetStatus = { ...unpaused, breaker: { state: "open", untilMs: 5 } };
  expect(deliveryWarnings([], 1)).toEqual([]);
  expect(deliveryWarnings([blocked, failing, failing, paused], 5)).toEqual([
    "1 of 5 targets is refusing our credential or address",
    "2 of 5 targets are failing: the breaker is open",
    "1 of 5 targets is paused after HTTP 429",
  ]);
  expect(discoveryWarnings([{ error: null }])).toEqual([]);
  expect(discoveryWarnings([{ error: "no such directory" }, { error: null }])).toEqual([
    "1 of 2 places of targets is unreadable: changes there are not seen",
  ]);
});

test("counts incidents that will not be delivered", () => {
  const told = { target: "a", state: "told", count: 5 } as const;
  const dead = { target: "a", state: "dead", count: 1 } as const;
  expect(deadWarnings([told])).toEqual([]);
  expect(deadWarnings([told, dead])).toEqual([
    "1 incident is a dead letter: not delivered, and sent again only after a change of the alert or the target, or a replay",
  ]);
  expect(deadWarnings([dead, { ...dead, target: "b", count: 2 }])[0]).toMatch(/^3 incidents are dead letters: /);
});

test("a dead letter shows the refused event, and the readiness probe counts its incident", async () => {
  await using service = await startService();
  service.simulator.setFaults([{ kind: "answer", status: 400, action: "trigger" }]);
  const alerts = [{ status: "firing", fingerprint: "f", labels: { alertname: "A" } }];
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
  const [letter] = await service.until("it is a dead letter", async () => {
    const { deadletters } = (await service.ask("GET", "/api/v1/deadletters")).body;
    return deadletters.length > 0 ? deadletters : undefined;
  });
  const { body } = await service.ask("GET", `/api/v1/deadletters/${letter.id}`);
  expect(body).toMatchObject({ action: "trigger", rendered: { event_action: "trigger", dedup_key: "f" } });
  expect((await service.ask("GET", "/readyz")).body.warnings).toEqual([
    expect.stringContaining("1 incident is a dead letter"),
  ]);
});

const logged = (logs: readonly string[], event: string) =>
  logs.map((line) => JSON.parse(line) as { event?: string; level: string }).filter((line) => line.event === event);

test("a service whose target refuses the key is ready, and warns in the readiness probe", async () => {
  await using service = await startService((url) => ({
    targets: [{ name: "pager", type: "pagerduty", url, routing_key: "A".repeat(32) }],
  }));
  service.simulator.setKeys(["B".repeat(32)]);
  const alerts = [{ status: "firing", labels: { alertname: "A" } }];
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
  const warnings = await service.until("the probe warns", async () => {
    const { status, body } = await service.ask("GET", "/readyz");
    return status === 200 && body.warnings ? body.warnings : undefined;
  });
  expect(warnings).toEqual(["1 of 1 target is refusing our credential or address"]);
});

describe("a service whose targets are all invalid", () => {
  test("accepts alerts, and warns in the readiness probe and in the log", async () => {
    await using service = await startService((url) => ({
      targets: [{ name: "pager", type: "pagerduty", url, routing_key: "short" }],
    }));
    const ready = await service.until("it is ready", async () => {
      const answer = await service.ask("GET", "/readyz");
      return answer.status === 200 ? answer : undefined;
    });
    expect(ready.body).toEqual({
      status: "ready",
      warnings: ["no target can receive alerts (1 invalid): alerts are recorded but not sent"],
    });
    const alerts = [{ status: "firing", labels: { alertname: "A" }, startsAt: "2026-11-23T10:00:00Z" }];
    const { status } = await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
    expect(status).toBe(200);
    expect(logged(service.logs, "no_target")).toMatchObject([{ level: "error" }]);

    const written = service.next as { targets: readonly object[] };
    service.next = {
      ...written,
      targets: [{ ...written.targets[0], routing_key: "R0UT1NGKEY0123456789abcdefABCDEF" }],
    };
    expect((await service.ask("POST", "/-/reload")).status).toBe(200);
    expect((await service.ask("GET", "/readyz")).body).toEqual({ status: "ready" });
    expect(logged(service.logs, "target_available")).toHaveLength(1);
    await service.until("the alert is sent", () => service.simulator.incidents()[0]);
  });

  test("logs it once, and as a warning if all targets are disabled on purpose", async () => {
    await using service = await startService((url) => ({
      targets: [
        { name: "pager", type: "pagerduty", url, routing_key: "R0UT1NGKEY0123456789abcdefABCDEF", enabled: false },
      ],
    }));
    await service.until("it is ready", async () => (await service.ask("GET", "/readyz")).status === 200 || undefined);
    for (let n = 0; n < 3; n++) await service.ask("POST", "/-/reload");
    expect(logged(service.logs, "no_target")).toMatchObject([{ level: "warn" }]);
  });
});
