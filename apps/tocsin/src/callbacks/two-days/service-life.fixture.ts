import type { Ledger, Lease, Outcome } from "@tocsin/core";
import { defaultSettings, openSqliteLedger, Worker } from "@tocsin/engine";
import type { Simulator } from "@tocsin/simulator";
import { type Random, targetTerms, type VirtualClock } from "@tocsin/test/makers";
import { Auth } from "../../http/auth.ts";
import { callbackEndpoints } from "../../http/endpoints/callbacks.ts";
import { createServer } from "../../http/server.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { Scrubber } from "../../telemetry/scrubber.ts";
import type { Callback } from "../callback.ts";
import { CallbackReceiver } from "../callback-receiver.ts";

const minute = 60_000;
/** To the receiver, and back. */
const wayMs = 40;
const routingKey = "0123456789abcdef0123456789abcdef";

export interface LifeOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** The file of the ledger. It outlives the service. */
  readonly path: string;
  readonly remindMs: number;
  readonly callbacks: readonly Callback[];
  /** By name of the target. */
  readonly receivers: ReadonlyMap<string, Simulator>;
  /** The network between us and the receivers loses nothing. */
  readonly isCalm: () => boolean;
  readonly note: (line: string) => void;
  /** Takes an error that is our own fault. */
  readonly bug: (error: unknown) => void;
}

/** The service from one start to the next stop: its ledger, its worker and its callbacks, in virtual time. */
export async function startLife(life: number, options: LifeOptions) {
  const { clock, random, path, remindMs, callbacks, receivers, note, bug } = options;
  const settings = { ...defaultSettings, expiryGrace: 0, remind: remindMs };
  const ledger: Ledger = await openSqliteLedger({ path, thread: false, clock, settings, random: random.next });
  await ledger.useTargets([...receivers.keys()].map((name) => targetTerms(name)));
  const worker = new Worker({
    ledger,
    clock,
    owner: `life ${life}`,
    concurrency: 8,
    observe: { failed: bug },
    publish: async (lease) => ({ outcome: await send(lease, options) }),
  });
  const log = createLogger({ level: "error", format: "json" }, new Scrubber(), bug);
  const receiver = new CallbackReceiver({
    ledger,
    clock,
    log,
    metrics: { callbackReceived: (callback, outcome) => note(`${callback} received: ${outcome}`) },
    readiness: { stopping: false },
    targets: {
      find: (name) => ({ name, target: { type: "pagerduty" } }) as never,
      restClientOf: () => undefined,
    },
    wake: () => worker.wake(),
  });
  await receiver.use(callbacks);
  await receiver.start();
  const auth = new Auth({
    listen: { host: "127.0.0.1", port: 0 },
    tokens: [],
    clients: [],
    publicUrl: undefined,
    allowedHosts: [],
  });
  const app = createServer({
    endpoints: callbackEndpoints({ callbacks: receiver, clock }),
    maxBodyBytes: 1_048_576,
    ledger: path,
    log,
    refusals: { refused: () => {}, refusedBytes: () => {} },
    auth: () => auth,
  });
  return {
    ledger,
    wake: () => worker.wake(),
    /** Sends a request to the callback, as over a connection, and returns the status. */
    async deliver(callback: string, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
      const request = { method: "POST", url: `/api/v1/callbacks/${callback}`, payload: body, headers } as const;
      return (await clock.hold(Promise.resolve(app.inject(request)))).statusCode;
    },
    async stop(): Promise<void> {
      const stopped = worker.stop({ graceMs: 0 });
      await clock.advance(minute);
      await stopped;
      await receiver.stop();
      await app.close();
      await ledger[Symbol.asyncDispose]();
    },
  };
}

export type ServiceLife = Awaited<ReturnType<typeof startLife>>;

/** Makes one attempt. Requests and answers may get lost. */
async function send(
  { action, target, dedupKey, severity, summary }: Lease,
  { clock, random, receivers, isCalm, note }: LifeOptions,
): Promise<Outcome> {
  const pass = () => new Promise<void>((resolve) => void clock.after(wayMs, resolve));
  const dice = isCalm() ? 1 : random.next();
  await pass();
  if (dice < 0.05) return { kind: "retry", reason: "server", detail: "HTTP 503" };
  const event = { routing_key: routingKey, event_action: action, dedup_key: dedupKey };
  const payload = { summary, severity, source: "two days" };
  const body = JSON.stringify(action === "trigger" ? { ...event, payload } : event);
  const headers = { "content-type": "application/json" };
  const { status } = receivers.get(target)!.handle({ method: "POST", path: "/v2/enqueue", headers, body });
  if (status !== 202) throw new Error(`the receiver answered ${status}`);
  await pass();
  note(`${action} ${dedupKey} at ${target}${dice < 0.1 ? ", and the answer gets lost" : ""}`);
  if (dice < 0.1) return { kind: "ambiguous", reason: "timeout", detail: "no answer", receiverClosed: true };
  return { kind: "accepted", receipt: "" };
}
