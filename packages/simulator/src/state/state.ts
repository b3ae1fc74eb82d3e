import { BoundedList } from "./bounded-list.ts";
import { KeyHasher, KnownKeys } from "./credentials.ts";
import type { Region } from "./region.ts";
import { IncidentStore } from "./incident-store.ts";
import { Messages } from "../receivers/slack/messages.ts";
import type { Random } from "../faults/random.ts";
import { Subscriptions } from "../webhooks/subscriptions.ts";

/** A change event: it notifies nobody and has no lifecycle. */
export interface Change {
  readonly atMs: number;
  readonly receiver: string;
  readonly region: Region;
  readonly key: string;
  readonly summary: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** What arrived at `/webhook/{name}`. */
export interface Delivery {
  readonly atMs: number;
  readonly name: string;
  /** The sender's `webhook-id`. */
  readonly id?: string | undefined;
  /** A delivery of the same id came before. */
  readonly repeat: boolean;
  /** The signature was verified. */
  readonly signed: boolean;
  /** As JSON where it is, else as text. */
  readonly body: unknown;
}

/** What all receivers of one simulator stand on: their state, and how they name things. */
export class SimulatorState {
  readonly incidents = new IncidentStore({ most: 200_000 });
  readonly changes = new BoundedList<Change>(100_000);
  readonly deliveries = new BoundedList<Delivery>(10_000);
  /** By the name in the path. The one kind of credential that must be kept: without it nothing can be verified. */
  readonly webhookSecrets = new Map<string, readonly string[]>();
  readonly subscriptions = new Subscriptions();
  readonly messages = new Messages(10_000);
  readonly hasher = new KeyHasher();
  readonly random: Random;
  /** Keep what the oracle needs and no payloads. */
  readonly lean: boolean;
  readonly #keys = new Map<string, KnownKeys>();

  constructor(options: { random: Random; lean: boolean }) {
    this.random = options.random;
    this.lean = options.lean;
  }

  keysOf(receiver: string): KnownKeys {
    let keys = this.#keys.get(receiver);
    if (keys === undefined) {
      keys = new KnownKeys();
      this.#keys.set(receiver, keys);
    }
    return keys;
  }

  /** Version 4 in form, but from the seed: the same run makes the same keys. */
  makeUuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16)).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  reset(): void {
    this.incidents.reset();
    this.changes.clear();
    this.messages.clear();
    this.deliveries.clear();
    this.webhookSecrets.clear();
    this.subscriptions.clear();
    this.#keys.clear();
  }
}
