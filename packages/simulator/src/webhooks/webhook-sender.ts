import type { IncidentChange, Incident } from "../state/incident-store.ts";
import { pagerdutyFormat } from "./pagerduty-format.ts";
import { rootlyFormat } from "./rootly-format.ts";
import type { Subscription, Subscriptions } from "./subscriptions.ts";
import type { Announced, WebhookFormat } from "./webhook-format.ts";

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

/** Sends one webhook and returns the status. It rejects if no answer came. */
export type PostWebhook = (request: WebhookRequest) => Promise<number>;

/** One webhook and its result. */
export interface WebhookRecord {
  readonly id: string;
  readonly subscription: string;
  readonly event: string;
  readonly incident: string;
  readonly atMs: number;
  attempts: number;
  /** Status of the last attempt; 0 = no answer. */
  status: number;
  state: "waiting" | "delivered" | "dropped";
}

interface Pending {
  readonly record: WebhookRecord;
  readonly subscription: Subscription;
  readonly body: string;
  dueAtMs: number;
}

const formats: Readonly<Record<Subscription["receiver"], WebhookFormat>> = {
  pagerduty: pagerdutyFormat,
  rootly: rootlyFormat,
};

/** Success is a 2xx within five seconds. */
const answerTimeoutMs = 5_000;
const giveUpMs = 48 * 3_600_000;
const disabledMs = 24 * 3_600_000;
const maxDroppedInARow = 3;
/** PagerDuty does not say how it spaces its attempts: 1 s, doubling up to 5 min. */
const firstWaitMs = 1_000;
const maxWaitMs = 300_000;
const maxRecords = 10_000;
/** More than this is dropped, so that a silent subscriber does not fill the memory. */
const maxWaiting = 100_000;
const maxAtOnce = 32;

/**
 * Sends changes to subscribers as PagerDuty V3 does: signed, one event per request, in order for each subscription and
 * incident. It retries for 48 hours. A 4xx drops the webhook, and three drops in a row disable the subscription. Rootly documents
 * no such rules, so its webhooks follow the same ones.
 */
export class WebhookSender {
  readonly #subscriptions: Subscriptions;
  readonly #clock: { now(): number };
  readonly #post: PostWebhook;
  readonly #makeId: () => string;
  /** Queues in order, by subscription and incident. */
  readonly #queues = new Map<string, Pending[]>();
  readonly #busy = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  #records: WebhookRecord[] = [];
  #waiting = 0;
  /** Called when a webhook is due earlier than reported before. */
  onDue: (() => void) | undefined;

  constructor(options: {
    readonly subscriptions: Subscriptions;
    readonly clock: { now(): number };
    readonly post: PostWebhook;
    readonly makeId: () => string;
  }) {
    this.#subscriptions = options.subscriptions;
    this.#clock = options.clock;
    this.#post = options.post;
    this.#makeId = options.makeId;
  }

  get records(): readonly WebhookRecord[] {
    return this.#records;
  }

  /** The next due time; undefined if nothing waits. */
  get nextDueAtMs(): number | undefined {
    const dues = [...this.#queues].flatMap(([name, [first]]) =>
      first === undefined || this.#busy.has(name) ? [] : [first.dueAtMs],
    );
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  follow(change: IncidentChange, incident: Incident, before: Incident["status"] | undefined): void {
    const { receiver } = incident;
    if (receiver !== "pagerduty" && receiver !== "rootly") return;
    const format = formats[receiver];
    const kind = format.kindOf(change, incident, before);
    if (kind === undefined) return;
    const entry = change.kind === "logged" ? change.entry : change.kind === "opened" ? incident.log[0] : undefined;
    const atMs = entry?.atMs ?? this.#clock.now();
    for (const subscription of this.#subscriptions.list()) {
      if (subscription.receiver !== receiver) continue;
      if (subscription.events.length > 0 && !subscription.events.includes(kind)) continue;
      if (subscription.disabledUntilMs > atMs) continue;
      const announced = { id: this.#makeId(), kind, incident, atMs, isPerson: entry?.by === "person" };
      this.#enqueue(subscription, announced, JSON.stringify(format.bodyOf(announced)));
    }
    this.onDue?.();
  }

  /** Sends all webhooks that are due, and waits for the answers, also of attempts that were already running. */
  async deliver(): Promise<void> {
    const names = [...this.#queues.keys()].filter((name) => !this.#busy.has(name)).toReversed();
    const lane = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await this.#drain(name);
    };
    const lanes = Array.from({ length: Math.min(maxAtOnce, names.length) }, lane);
    const running: Promise<unknown> = Promise.all(lanes).finally(() => this.#running.delete(running));
    this.#running.add(running);
    await Promise.all(this.#running);
  }

  clear(): void {
    this.#queues.clear();
    this.#records = [];
    this.#waiting = 0;
  }

  #enqueue(subscription: Subscription, { id, kind, incident, atMs }: Announced, body: string): void {
    const record: WebhookRecord = {
      id,
      subscription: subscription.id,
      event: kind,
      incident: incident.id,
      atMs,
      attempts: 0,
      status: 0,
      state: "waiting",
    };
    if (this.#waiting >= maxWaiting) record.state = "dropped";
    this.#records.push(record);
    if (this.#records.length > maxRecords) this.#records.shift();
    if (record.state === "dropped") return;
    this.#waiting += 1;
    const name = `${subscription.id} ${incident.id}`;
    const queue = this.#queues.get(name);
    const pending: Pending = { record, subscription, body, dueAtMs: atMs };
    if (queue === undefined) this.#queues.set(name, [pending]);
    else queue.push(pending);
  }

  /** Sends the due webhooks of one subscription and incident, one after the other. */
  async #drain(name: string): Promise<void> {
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    try {
      for (;;) {
        const first = this.#queues.get(name)?.[0];
        if (first === undefined) break;
        if (first.dueAtMs > this.#clock.now()) return;
        if (!(await this.#attempt(first))) return;
        // Meanwhile the subscription may have been disabled, or the simulator reset.
        const queue = this.#queues.get(name);
        if (queue?.[0] === first && queue.shift() !== undefined) this.#waiting -= 1;
      }
      this.#queues.delete(name);
    } finally {
      this.#busy.delete(name);
    }
  }

  /** True if the webhook is finished: delivered or dropped. */
  async #attempt(pending: Pending): Promise<boolean> {
    const { record, subscription, body } = pending;
    record.attempts += 1;
    record.status = await this.#post({
      url: subscription.url,
      body,
      timeoutMs: answerTimeoutMs,
      headers: {
        "content-type": "application/json",
        "user-agent": formats[subscription.receiver].userAgent,
        "x-webhook-id": record.id,
        "x-webhook-subscription": subscription.id,
        ...(subscription.secrets.length === 0
          ? {}
          : formats[subscription.receiver].signatureOf(body, subscription.secrets, this.#clock.now())),
        ...subscription.headers,
      },
    }).catch(() => 0);
    if (record.status >= 200 && record.status <= 299) {
      record.state = "delivered";
      subscription.dropped = 0;
      return true;
    }
    const nowMs = this.#clock.now();
    const isTemporary = record.status === 0 || record.status === 429 || record.status >= 500;
    if (isTemporary && nowMs - record.atMs < giveUpMs) {
      pending.dueAtMs = nowMs + Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(20, record.attempts - 1));
      return false;
    }
    record.state = "dropped";
    subscription.dropped += 1;
    if (subscription.dropped >= maxDroppedInARow) this.#disable(subscription, nowMs);
    return true;
  }

  /** Disables the subscription for a day; waiting webhooks are lost. */
  #disable(subscription: Subscription, nowMs: number): void {
    subscription.disabledUntilMs = nowMs + disabledMs;
    subscription.dropped = 0;
    for (const [name, queue] of this.#queues) {
      if (!name.startsWith(`${subscription.id} `)) continue;
      for (const { record } of queue) if (record.state === "waiting") record.state = "dropped";
      this.#waiting -= queue.length;
      queue.length = 0;
    }
  }
}
