import type { TruthEvent } from "@tocsin/simulator";
import { Random } from "@tocsin/test";
import { setTimeout as sleep } from "node:timers/promises";
import { webhookAlert, type WebhookAlert } from "./alerts.ts";
import type { Service } from "./tocsin.ts";

/** The wait of a sender before it repeats a failed request, ms. */
const repeatMs = 50;

/** The sender's timeout, ms, as in Alertmanager for a group that it looks at every ten seconds. */
const patienceMs = 10_000;

/**
 * A sender like Alertmanager: repeats a batch until it is answered 2xx, and never after that. So the service must remember
 * everything that it answered 2xx.
 */
export class Sender {
  readonly #service: Pick<Service, "ask">;
  /** The truth for the oracle: each change at the time of its first request. */
  readonly truth: TruthEvent[] = [];
  /** Alerts answered 2xx. */
  accepted = 0;
  /** How long it took at most until a post was answered 2xx, repeats included. */
  maxMs = 0;
  /** Posts that failed, or were refused for now. */
  repeated = 0;

  constructor(service: Pick<Service, "ask">) {
    this.#service = service;
  }

  async send(alerts: readonly WebhookAlert[]): Promise<void> {
    const at = Date.now();
    for (const { status, fingerprint, labels } of alerts)
      this.truth.push({ at, status, dedup_key: fingerprint, severity: labels["severity"] ?? "" });
    while (!(await this.#isTaken(alerts))) {
      this.repeated++;
      await sleep(repeatMs);
    }
    this.accepted += alerts.length;
    this.maxMs = Math.max(this.maxMs, Date.now() - at);
  }

  async #isTaken(alerts: readonly WebhookAlert[]): Promise<boolean> {
    const asked = this.#service
      .ask("POST", "/api/v1/webhook/alertmanager", { version: "4", alerts })
      // The service does not run, or died before it answered.
      .catch(() => undefined);
    const answer = await Promise.race([asked, sleep(patienceMs, undefined, { ref: false })]);
    if (answer === undefined || answer.status === 503) return false;
    if (answer.status !== 200) throw new Error(`the webhook answered ${answer.status}: ${answer.text}`);
    return true;
  }
}

export interface StormOptions {
  readonly service: Service;
  readonly alerts: number;
  readonly batchSize: number;
  /** How many times it is killed. */
  readonly kills: number;
  /** The maximum length of a life after it was ready, ms. */
  readonly maxLifeMs: number;
  readonly random: Random;
  /** @default "SIGKILL" */
  readonly signal?: "SIGKILL" | "SIGTERM";
  /** The service's disk: has no room left from the middle of each life until its end. Every second batch comes then. */
  readonly disk?: { fill(): void; free(): void };
}

export interface Storm {
  readonly sender: Sender;
  /** How long each life lasted from ready to SIGKILL, ms. */
  readonly livesMs: readonly number[];
  /** Wall clock. */
  readonly killedAtMs: readonly number[];
}

const severities = ["critical", "error", "warning", "info"];

/**
 * Sends alerts, ends every second one, and kills the service at random instants meanwhile. Each life gets its
 * share of the alerts, so that none is killed idle, and their resolves come in the next one, when most of them are delivered. Ends
 * when the last life has answered everything with 2xx.
 */
export async function stormWithKills(o: StormOptions): Promise<Storm> {
  const sender = new Sender(o.service);
  const livesMs = Array.from({ length: o.kills }, () => o.random.between(0, o.maxLifeMs));
  const lives = o.kills + 1;
  const killedAtMs: number[] = [];
  const sending: Promise<void>[] = [];
  for (let life = 0; life < lives; life++) {
    const over = Promise.withResolvers<void>();
    const full = Promise.withResolvers<void>();
    const from = Math.floor((o.alerts * life) / lives);
    const to = Math.floor((o.alerts * (life + 1)) / lives);
    for (let first = from; first < to; first += o.batchSize)
      sending.push(
        episode(sender, first, Math.min(first + o.batchSize, to), {
          from: o.disk && ((first - from) / o.batchSize) % 2 === 1 ? full.promise : undefined,
          over: over.promise,
        }),
      );
    const lifeMs = livesMs[life];
    if (lifeMs !== undefined) {
      await sleep(lifeMs / 2);
      o.disk?.fill();
      full.resolve();
      await sleep(lifeMs / 2);
      await o.service.stop(o.signal ?? "SIGKILL");
      killedAtMs.push(Date.now());
      o.disk?.free();
      await o.service.start();
    }
    full.resolve();
    over.resolve();
  }
  await Promise.all(sending);
  return { sender, livesMs, killedAtMs };
}

/** A batch fires; once the life that it fired in is over, the odd ones end. */
async function episode(
  sender: Sender,
  from: number,
  to: number,
  when: { readonly from: Promise<void> | undefined; readonly over: Promise<void> },
): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  const facts = { startsAt: new Date(Date.now() - 1_000).toISOString() };
  const say = (n: number, status: "firing" | "resolved"): WebhookAlert =>
    webhookAlert(n.toString(16).padStart(16, "0"), status, { ...facts, severity: severities[n % 4] as string });
  await when.from;
  await sender.send(numbers.map((n) => say(n, "firing")));
  await when.over;
  await sender.send(numbers.filter((n) => n % 2 === 1).map((n) => say(n, "resolved")));
}
