import { BoundedList } from "./bounded-list.ts";
import { KeyHasher, KnownCredentials } from "./credentials.ts";
import type { Region } from "./region.ts";
import { IncidentStore } from "./incident-store.ts";
import { Messages } from "../receivers/slack/messages.ts";
import { SlackApp } from "../receivers/slack/slack-app.ts";
import type { Random } from "../faults/random.ts";
import { Subscriptions } from "../webhooks/subscriptions.ts";

/** A change event: it pages no one and has no lifecycle. */
export interface Change {
  readonly atMs: number;
  readonly receiver: string;
  readonly region: Region;
  readonly key: string;
  readonly summary: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** An alert that PagerDuty accepted and suppressed: it has no incident. */
export interface SuppressedAlert {
  readonly atMs: number;
  readonly receiver: string;
  readonly region: Region;
  readonly key: string;
  readonly dedupKey: string;
  readonly summary: string;
  readonly severity: string;
}

/** A delivery to `/webhook/{name}`. */
export interface Delivery {
  readonly atMs: number;
  readonly name: string;
  /** The sender's `webhook-id`. */
  readonly id?: string | undefined;
  /** An earlier delivery had the same id. */
  readonly repeat: boolean;
  /** The signature was verified. */
  readonly signed: boolean;
  /** Parsed, if it is JSON, else the text. */
  readonly body: unknown;
}

/** The state that all receivers of one simulator share, and the generators of their ids. */
export class SimulatorState {
  readonly incidents = new IncidentStore({ most: 200_000 });
  readonly changes = new BoundedList<Change>(100_000);
  readonly suppressed = new BoundedList<SuppressedAlert>(10_000);
  readonly deliveries = new BoundedList<Delivery>(10_000);
  /** By the name in the path. The only credentials that are kept in clear: verification needs them. */
  readonly webhookSecrets = new Map<string, readonly string[]>();
  readonly subscriptions = new Subscriptions();
  readonly messages = new Messages(10_000);
  readonly hasher = new KeyHasher();
  readonly slackApp = new SlackApp(this.messages, this.hasher);
  readonly random: Random;
  /** Keep what the oracle needs and no payloads. */
  readonly lean: boolean;
  readonly #keys = new Map<string, KnownCredentials>();

  constructor(options: { random: Random; lean: boolean }) {
    this.random = options.random;
    this.lean = options.lean;
  }

  keysOf(receiver: string): KnownCredentials {
    let keys = this.#keys.get(receiver);
    if (keys === undefined) {
      keys = new KnownCredentials();
      this.#keys.set(receiver, keys);
    }
    return keys;
  }

  /** Looks like version 4, but comes from the seed: the same run makes the same keys. */
  makeUuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16)).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  reset(): void {
    this.incidents.reset();
    this.changes.clear();
    this.suppressed.clear();
    this.messages.clear();
    this.slackApp.clear();
    this.deliveries.clear();
    this.webhookSecrets.clear();
    this.subscriptions.clear();
    this.#keys.clear();
  }
}
