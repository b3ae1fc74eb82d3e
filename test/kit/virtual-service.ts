import type { Claim, Severity } from "@tocsin/core";
import { openSqliteLedger, Worker } from "@tocsin/engine";
import { Simulator } from "@tocsin/simulator";
import { wanted } from "./claims.ts";
import { pagerdutyLimit, targetTerms } from "./target-terms.ts";
import { settled, VirtualClock } from "./virtual-clock.ts";

const second = 1_000;
const minute = 60 * second;
const key = "0123456789abcdef0123456789abcdef";
/** To the receiver, and back. */
const wayMs = 40;

/** Storms at the real limit of 120 calls in 60 s: the engine, a ledger and a strict receiver in virtual time. */
export async function startVirtualService() {
  const clock = new VirtualClock();
  const receiver = new Simulator({ clock: { now: () => clock.monotonic() } });
  const ledger = await openSqliteLedger({ path: ":memory:", thread: false, clock, random: () => 0.5 });
  await ledger.useTargets([targetTerms("pagerduty", { rateLimit: pagerdutyLimit })]);
  const toldAfterMs: { severity: Severity; ms: number }[] = [];
  const after = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const worker = new Worker({
    ledger,
    clock,
    owner: "worker",
    concurrency: 64,
    observe: { told: ({ severity }, ms) => void toldAfterMs.push({ severity, ms }) },
    publish: async ({ action, dedupKey, severity, summary }) => {
      await after(wayMs);
      const event = { routing_key: key, event_action: action, dedup_key: dedupKey };
      const payload = { summary, severity, source: "virtual time" };
      const body = JSON.stringify(action === "trigger" ? { ...event, payload } : event);
      const headers = { "content-type": "application/json" };
      const { status } = receiver.handle({ method: "POST", path: "/v2/enqueue", headers, body });
      await after(wayMs);
      if (status !== 202) throw new Error(`the receiver answered ${status}`);
      return { outcome: { kind: "accepted", receipt: "" } };
    },
  });
  return {
    clock,
    receiver,
    toldAfterMs,
    async say(claims: readonly Claim[], severity: Severity) {
      await ledger.record(claims.map((claim) => wanted(claim, { severity })));
      worker.wake();
      await settled();
    },
    /** Ms until nothing is due any more. */
    async drained(): Promise<number> {
      const fromMs = clock.monotonic();
      while ((await ledger.stats()).due.length > 0) await clock.advance(second);
      return clock.monotonic() - fromMs;
    },
    requests: () => receiver.requests(Number.POSITIVE_INFINITY).length,
    [Symbol.asyncDispose]: async () => {
      const stopped = worker.stop({ graceMs: 0 });
      await clock.advance(minute);
      await stopped;
      await ledger[Symbol.asyncDispose]();
    },
  };
}
