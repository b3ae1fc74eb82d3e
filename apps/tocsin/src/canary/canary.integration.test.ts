import { type Alert, type Incident, LedgerUnavailable, type Lease, type Outcome } from "@tocsin/core";
import { openSqliteLedger } from "@tocsin/engine";
import { targetTerms, VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { OwnAlerts } from "../own-alerts/own-alerts.ts";
import type { ResolvedTarget } from "../targets/resolved-target.ts";
import { createLogger } from "../telemetry/logger.ts";
import { Scrubber } from "../telemetry/scrubber.ts";
import type { CanaryProof } from "./canary-round.ts";
import { Canary } from "./canary.ts";

const second = 1_000;
const minute = 60 * second;
const every = 2 * minute;
const accepted: Outcome = { kind: "accepted", receipt: "" };
const unauthorized: Outcome = { kind: "blocked", state: "unauthorized", reason: "auth", detail: "HTTP 401" };
const cut: Outcome = { kind: "retry", reason: "network", detail: "connection refused" };
const vault = { identity: (_kind: string, text: string) => text.replaceAll(/[^\w]/g, "-") };

/** A ledger, a worker whose outcomes a test decides, and replicas of the canary. */
async function world({ proof = "delivery" }: { readonly proof?: CanaryProof } = {}) {
  const clock = new VirtualClock();
  const ledger = await openSqliteLedger({ path: ":memory:", thread: false, clock });
  await ledger.useTargets([targetTerms("canary"), targetTerms("team")]);
  const state = {
    trigger: accepted,
    resolve: accepted,
    isConfirming: true,
    isDown: false,
    isWorking: true,
    entry: { name: "canary", target: { enabled: true, mode: "live" } } as unknown as ResolvedTarget | undefined,
  };
  const sent: string[] = [];
  const logs: Record<string, unknown>[] = [];
  const log = createLogger({ level: "info", format: "json" }, new Scrubber(), (line) => logs.push(JSON.parse(line)));
  const work = async (): Promise<void> => {
    const request = { owner: "w", max: 9, concurrency: 9, leaseMarginMs: second, ahead: { targets: [], factor: 1 } };
    const leases: readonly Lease[] = state.isWorking ? (await ledger.leaseDue(request)).leases : [];
    for (const lease of leases) {
      const outcome = lease.action === "trigger" ? state.trigger : state.resolve;
      if (outcome.kind === "accepted") sent.push(`${lease.target} ${lease.action}`);
      await ledger.settle([{ lease, outcome }]);
    }
  };
  const success = new Map<string, boolean>();
  const withReceiver = (incident: Incident): Incident =>
    proof === "callback" && state.isConfirming && incident.opened
      ? { ...incident, receiver: { confirmedAtMs: clock.now() } }
      : incident;
  const start = () => {
    const life = { isDead: false };
    const own = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs: number, callback: () => void) => clock.after(delayMs, () => life.isDead || callback()),
    };
    const guarded = {
      ...ledger,
      getValue: async (name: string) => {
        if (state.isDown) throw new LedgerUnavailable("disk full");
        return ledger.getValue(name);
      },
      incidents: async (query: Parameters<typeof ledger.incidents>[0]) => {
        const page = await ledger.incidents(query);
        return {
          ...page,
          incidents: page.incidents.map((view) => ({ ...view, incident: withReceiver(view.incident) })),
        };
      },
    };
    const ownAlerts: OwnAlerts = new OwnAlerts({
      ledger,
      routesOf: (alert: Alert) =>
        (ownAlerts.addressingOf(alert)?.targets ?? []).map((target) => ({
          target,
          dedupKey: alert.fingerprint,
          severity: "critical" as const,
          summary: "",
        })),
      nameOf: (name) => name,
      canaryTarget: () => "canary",
      wake: () => {},
      log,
      clock: own,
    });
    const canary = new Canary(
      { every, target: "canary" },
      {
        ledger: guarded,
        ownAlerts,
        find: () => state.entry,
        proofAt: () => proof,
        lookUp: async () => state.isConfirming,
        vault,
        clock: own,
        log,
        metrics: {
          canarySuccess: (target, isSuccess) => void success.set(target, isSuccess),
          canaryEnded: (target) => void success.delete(target),
        },
      },
    );
    canary.start();
    return { canary, kill: () => void (life.isDead = true) };
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += second) {
      await clock.advance(second);
      await new Promise(setImmediate);
      await work();
    }
  };
  const firing = async () => (await ledger.firing({ prefix: "tocsin-canary-", limit: 100 })).length;
  return { clock, ledger, state, sent, logs, success, start, pass, firing };
}

describe("a round", () => {
  test.each<CanaryProof>(["delivery", "callback", "look_up"])(
    "is delivered, proven and resolved: %s",
    async (proof) => {
      const { start, pass, sent, success, logs, firing } = await world({ proof });
      const { canary } = start();
      await pass(10 * second);
      expect(sent).toEqual(["canary trigger", "canary resolve"]);
      expect(success).toEqual(new Map([["canary", true]]));
      expect(canary.failure).toBeUndefined();
      expect(logs).toMatchObject([{ event: "canary_succeeded", target: "canary", proof }]);
      await pass(2 * every + 20 * second);
      expect(sent).toHaveLength(6);
      expect(await firing()).toBe(0);
      await canary.stop();
      expect(success.size).toBe(0);
    },
  );

  test.each<[string, Partial<Awaited<ReturnType<typeof world>>["state"]>, CanaryProof, string, string]>([
    ["the key is revoked", { trigger: unauthorized }, "delivery", "not delivered (unauthorized)", "HTTP 401"],
    ["the network is cut", { trigger: cut }, "delivery", "not delivered (network)", "connection refused"],
    [
      "the service is disabled",
      { isConfirming: false },
      "callback",
      "delivered but not confirmed",
      "the receiver accepted",
    ],
    [
      "the receiver's API shows nothing",
      { isConfirming: false },
      "look_up",
      "delivered but not confirmed",
      "the receiver accepted",
    ],
    [
      "the resolve is refused",
      { resolve: cut },
      "delivery",
      "delivered but not resolved (network)",
      "connection refused",
    ],
    ["the target is gone", { entry: undefined }, "delivery", "not recorded (there is no such target)", ""],
  ])("is found failed within two intervals, and recovers: %s", async (_says, fault, proof, failure, detail) => {
    const { start, pass, state, success, firing } = await world({ proof });
    const { canary } = start();
    const { entry } = state;
    await pass(every);
    Object.assign(state, fault);
    await pass(2 * every);
    expect(canary.failure).toMatchObject({ target: "canary", failure });
    expect(canary.failure?.detail).toContain(detail);
    expect(success.get("canary")).toBe(false);
    Object.assign(state, { trigger: accepted, resolve: accepted, isConfirming: true, entry });
    await pass(3 * every);
    expect(canary.failure).toBeUndefined();
    expect(success.get("canary")).toBe(true);
    expect(await firing()).toBe(0);
  });

  test("is not played at a target with a fallback, which would be paged", async () => {
    const { start, pass, state, sent } = await world();
    state.entry = { ...state.entry, fallback: "team" } as ResolvedTarget;
    const { canary } = start();
    await pass(10 * second);
    expect(canary.failure?.failure).toBe("not recorded (the target has a fallback, which would be paged)");
    expect(sent).toEqual([]);
  });

  test("that fails again keeps the time of its first failure", async () => {
    const { start, pass, state, clock } = await world();
    state.trigger = cut;
    const { canary } = start();
    await pass(every);
    const first = canary.failure?.sinceMs;
    expect(first).toBeLessThanOrEqual(clock.now());
    await pass(3 * every);
    expect(canary.failure?.sinceMs).toBe(first);
  });
});

test("a ledger that does not commit fails the canary within two intervals", async () => {
  const { start, pass, state, success } = await world();
  const { canary } = start();
  await pass(every);
  state.isDown = true;
  await pass(2 * every);
  expect(canary.failure).toMatchObject({ failure: "not recorded", detail: "the ledger does not commit" });
  expect(success.get("canary")).toBe(false);
  state.isDown = false;
  await pass(2 * every);
  expect(canary.failure).toBeUndefined();
});

test("replicas play one round together, and one goes on after the other was killed", async () => {
  const { start, pass, sent, state } = await world();
  const [one, two] = [start(), start()];
  await pass(10 * second);
  expect(sent).toEqual(["canary trigger", "canary resolve"]);
  await pass(every - 10 * second);
  sent.length = 0;
  state.trigger = cut;
  await pass(5 * second);
  one.kill();
  await pass(every);
  expect(two.canary.failure?.failure).toBe("not delivered (network)");
});

test("a round that a restart interrupted is resolved, has no result, and the next one follows", async () => {
  const { start, pass, sent, state, firing, clock, logs } = await world({ proof: "callback" });
  state.isConfirming = false;
  const { kill } = start();
  await pass(5 * second);
  expect(sent).toEqual(["canary trigger"]);
  kill();
  state.isWorking = false;
  await clock.advance(10 * minute);
  state.isWorking = true;
  state.isConfirming = true;
  expect(await firing()).toBe(1);
  const { canary } = start();
  await pass(20 * second);
  expect(sent).toEqual(["canary trigger", "canary resolve", "canary trigger", "canary resolve"]);
  expect(canary.failure).toBeUndefined();
  expect(logs.map(({ event }) => event)).toEqual(["canary_succeeded"]);
});
