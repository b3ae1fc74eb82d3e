import type { Alert, IncidentView } from "@tocsin/core";
import { memoryLedger } from "@tocsin/engine";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { runProgram } from "../../cli/program.ts";
import { notifications } from "../../delivery/notification.ts";
import { routingKey, startService, type TestService } from "../../service.fixture.ts";
import { CredentialVault } from "../../ledger/credential-vault.ts";
import type { ResolvedTarget } from "../resolved-target.ts";
import { testAlert, testedTarget } from "./test-alert.ts";
import { TargetTests } from "./target-tests.ts";

const pager = (url: string, name: string, more: object = {}) => ({
  name,
  type: "pagerduty",
  url,
  routing_key: `${name.toUpperCase()}${routingKey}`.slice(0, 32),
  ...more,
});
const start = (...targets: (readonly [name: string, more?: object])[]) =>
  startService((url) => ({ targets: targets.map(([name, more]) => pager(url, name, more)) }));
const tryOut = (service: TestService, name: string, query = "") =>
  service.ask("POST", `/api/v1/targets/${name}/test${query}`);

test("a working target receives a marked incident and its resolve, whatever its filters; no other target does", async () => {
  await using service = await start(["one", { filters: { severity: "critical" } }], ["other"]);
  const { status, body } = await tryOut(service, "one");
  expect([status, body]).toEqual([
    200,
    {
      target: "one",
      ok: true,
      dedupKey: expect.stringMatching(/^tocsin-test-/),
      incident: expect.any(Number),
      attempts: [
        {
          action: "trigger",
          outcome: "accepted",
          status: 202,
          answer: "Event processed",
          durationMs: expect.any(Number),
          sent: expect.objectContaining({
            event_action: "trigger",
            dedup_key: body.dedupKey,
            payload: expect.objectContaining({
              severity: "info",
              summary: expect.stringMatching(/^TEST of the target one/),
            }),
          }),
        },
        expect.objectContaining({ action: "resolve", outcome: "accepted", status: 202 }),
      ],
    },
  ]);
  expect(JSON.stringify(body)).not.toContain(routingKey.slice(0, 20));
  expect(service.simulator.incidents()).toMatchObject([{ dedup_key: body.dedupKey, status: "resolved" }]);
  const { body: targets } = await service.ask("GET", "/api/v1/targets");
  expect(targets.targets.map(({ limiter }: { limiter: { used: number } }) => limiter.used)).toEqual([2, 0]);
});

test("a refusal is reported with the receiver's answer, and no incident stays open", async () => {
  await using service = await start(["one"]);
  service.simulator.setFaults([{ kind: "answer", status: 403 }]);
  const { body } = await tryOut(service, "one");
  expect(body).toMatchObject({ ok: false, attempts: [{ action: "trigger", outcome: "blocked", status: 403 }] });
  service.simulator.setFaults([]);
  const { body: incident } = await service.ask("GET", `/api/v1/incidents/${body.incident}`);
  expect(incident).toMatchObject({ state: "not_told", reason: "resolved_before_told" });
  expect(service.simulator.incidents()).toEqual([]);
});

test("a reroute does not send a test alert to other targets", async () => {
  await using service = await start(["one"], ["other"]);
  // A late response keeps the test open while the targets change.
  service.simulator.setFaults([{ kind: "slow_headers", by: "500ms" }]);
  const trying = tryOut(service, "one");
  await service.until("it is in flight", async () => {
    const { body } = await service.ask("GET", "/api/v1/incidents?target=one");
    return body.incidents.length > 0 || undefined;
  });
  service.next = {
    ...(service.next as object),
    targets: ["one", "other", "third"].map((name) => pager(service.simulatorUrl, name)),
  };
  expect((await service.ask("POST", "/-/reload")).status).toBe(200);
  const { body } = await trying;
  expect(body.ok).toBe(true);
  expect(service.simulator.incidents()).toHaveLength(1);
  const { body: explained } = await service.ask("GET", `/api/v1/explain?fingerprint=${body.dedupKey}`);
  expect(
    explained.targets.map(({ target, reason, detail }: Record<string, string>) => [target, reason, detail]),
  ).toEqual([
    ["one", expect.any(String), undefined],
    ["other", "filtered", "tests the target one"],
    ["third", "filtered", "tests the target one"],
  ]);
});

test("a test respects the rate limit, and reports why nothing was sent", async () => {
  await using service = await start(["one", { rate_limit: { limit: 1, per: "1h" } }]);
  const alert = { status: "firing", labels: { alertname: "A", severity: "critical" }, fingerprint: "a" };
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alert] });
  await service.until("it is told", () => service.simulator.incidents()[0]);
  const key = await tryOut(service, "one", "?only=key");
  expect([key.status, key.body.error.message]).toEqual([
    409,
    expect.stringMatching(/^one has no room for an attempt now: its limit is used up, or it is paused/),
  ]);
  expect(service.simulator.incidents()).toHaveLength(1);
});

test("the key alone can be tested: no one is paged, and the request counts against the limit", async () => {
  await using service = await start(["one"]);
  const good = await tryOut(service, "one", "?only=key");
  expect(good.body).toMatchObject({ ok: true, attempts: [{ action: "check", outcome: "accepted" }] });
  service.simulator.setFaults([{ kind: "answer", status: 400 }]);
  const bad = await tryOut(service, "one", "?only=key");
  expect(bad.body).toMatchObject({ ok: false, attempts: [{ action: "check", outcome: "refused", status: 400 }] });
  expect(service.simulator.incidents()).toEqual([]);
  const metrics = (await service.ask("GET", "/metrics")).text;
  expect(metrics).toMatch(/^pagerduty_api_calls_total\{method="POST"\} 2$/m);
  const { body } = await service.ask("GET", "/api/v1/targets/one");
  expect([body.state, body.limiter.used]).toEqual(["ready", 2]);
});

test.each(["", "?only=key"])("a blocked target gets what waits for it as soon as a test%s passes", async (query) => {
  await using service = await start(["one"]);
  service.simulator.setFaults([{ kind: "answer", status: 403 }]);
  for (const fingerprint of ["a", "b"]) {
    const alert = { status: "firing", labels: { alertname: "A", severity: "critical" }, fingerprint };
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alert] });
  }
  const state = async () => (await service.ask("GET", "/api/v1/targets/one")).body.state;
  await service.until("it is blocked", async () => (await state()) === "unauthorized" || undefined);
  service.simulator.setFaults([]);
  expect((await tryOut(service, "one", query)).body.ok).toBe(true);
  await service.until("both are sent", () => {
    const sent = service.simulator.incidents().map(({ dedup_key }) => dedup_key);
    return (sent.includes("a") && sent.includes("b")) || undefined;
  });
  expect(await state()).toBe("ready");
});

test.each([
  ["off", 409, "off is disabled"],
  ["shadow", 409, "shadow is a shadow: nothing would be sent"],
  ["broken", 409, "broken is invalid, and no version of it is in use"],
  ["unknown", 404, "no such target"],
])("a target that is %s is not tested", async (name, status, message) => {
  await using service = await start(["off", { enabled: false }], ["shadow", { mode: "shadow" }], ["broken", { a: 1 }]);
  const answer = await tryOut(service, name);
  expect([answer.status, answer.body.error.message]).toEqual([status, message]);
  expect((await tryOut(service, name, "?only=all")).status).toBe(400);
});

test("the command shows the responses, and fails if the target fails", async () => {
  await using service = await start(["one"]);
  const command = async (...args: string[]) => {
    const out: string[] = [];
    const { host, port } = service.tocsin.address;
    const code = await runProgram(["targets", "test", "one", "--url", `http://${host}:${port}`, ...args], {
      out: (text) => out.push(text),
      err: (text) => out.push(text),
      input: () => Promise.resolve(""),
      cwd: service.dir,
      env: {},
      watched: false,
      onSignal: () => () => {},
      onCrash: () => {},
    });
    return { code, text: out.join("") };
  };
  const good = await command();
  expect(good.code).toBe(0);
  expect(good.text).toMatch(
    /^EVENT +OUTCOME +STATUS +TOOK +ANSWER\ntrigger +accepted +202 +\d+ ms +Event processed\nresolve/,
  );
  service.simulator.setFaults([{ kind: "answer", status: 400 }]);
  const bad = await command("--key-only");
  expect([bad.code, bad.text]).toEqual([1, expect.stringContaining("check  refused  400")]);
  expect(bad.text).toContain("one did not accept it");
});

const firing = (alert: Alert) => ({ claim: { alert, status: "firing" as const, source: "tocsin-test" }, routes: [] });

test("the next process resolves the tests that a killed process left open, and nothing else", async () => {
  const clock = new VirtualClock();
  const vault = new CredentialVault([Buffer.alloc(32, 1)]);
  await using ledger = memoryLedger({ clock });
  const abandoned = testAlert("one", { nonce: "00", vault, nowMs: clock.now() });
  const forged = { ...abandoned, fingerprint: "tocsin-test-00-forged" };
  await ledger.record([firing(abandoned), firing(forged)]);
  await clock.advance(5 * 60_000);
  const young = testAlert("one", { nonce: "01", vault, nowMs: clock.now() });
  await ledger.record([firing(young)]);
  const targetTests = new TargetTests({
    ledger,
    vault,
    clock,
    wake: () => {},
    publisherTo: () => undefined,
    notify: notifications(() => undefined),
    attempted: () => {},
  });
  await targetTests.endAbandoned();
  const stillFire = async () => (await ledger.firing({ limit: 10 })).map(({ fingerprint }) => fingerprint);
  expect(await stillFire()).toEqual([young.fingerprint, forged.fingerprint].toSorted());
  await clock.advance(5 * 60_000);
  expect(await stillFire()).toEqual([forged.fingerprint]);
  targetTests.stop();
  expect(clock.nextAtMs()).toBeNull();
});

test.each([
  ["ends within the wait", 5_000, 10_000],
  ["is longer than the wait", 11_000, 0],
])("a test that sends nothing reports the open breaker, at once if its time %s", async (_, openForMs, waitsMs) => {
  const clock = new VirtualClock();
  const untilMs = clock.now() + openForMs;
  const breaker = { state: "open", untilMs, lastFailure: "HTTP 500" } as const;
  const limiter = { limit: 120, used: 0, pausedUntilMs: null };
  const incident = { incident: { id: 1 }, reason: "waiting_breaker" } as unknown as IncidentView;
  const targetTests = new TargetTests({
    ledger: {
      record: async () => [],
      incidents: async () => ({ incidents: [incident] }),
      firing: async () => [],
      charge: async () => true,
      unblock: async () => {},
      targetStatus: async () => [{ target: "one", breaker, limiter, blocked: null }],
    },
    vault: new CredentialVault([Buffer.alloc(32, 1)]),
    clock,
    wake: () => {},
    publisherTo: () => undefined,
    notify: notifications(() => undefined),
    attempted: () => {},
  });
  const startMs = clock.monotonic();
  const entry = { name: "one", target: { enabled: true, mode: "live" } } as unknown as ResolvedTarget;
  const running = targetTests.run(entry).then((report) => ({ report, tookMs: clock.monotonic() - startMs }));
  await clock.advance(waitsMs);
  const heldBack = { reason: "waiting_breaker", detail: "HTTP 500", untilMs };
  expect(await running).toMatchObject({
    tookMs: waitsMs,
    report: { ok: false, attempts: [], waiting: "waiting_breaker", heldBack },
  });
});

test("no sender can forge a test alert, nor its target", () => {
  const vault = new CredentialVault([Buffer.alloc(32, 1)]);
  const nowMs = Date.UTC(2026, 10, 23);
  const alert = testAlert("shop/pager", { nonce: "00ff", vault, nowMs });
  expect(testedTarget(alert, vault)).toBe("shop/pager");
  expect(testedTarget({ ...alert, labels: { ...alert.labels, target: "other" } }, vault)).toBeUndefined();
  expect(testedTarget({ ...alert, fingerprint: "tocsin-test-00ff-forged" }, vault)).toBeUndefined();
  expect(testedTarget({ ...alert, fingerprint: "tocsin-test-" }, vault)).toBeUndefined();
  expect(testedTarget(alert, new CredentialVault([Buffer.alloc(32, 2)]))).toBeUndefined();
});
