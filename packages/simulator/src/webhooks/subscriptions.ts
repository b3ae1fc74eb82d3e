import { SettingError } from "../setting-error.ts";

/** Webhook subscriptions: their subscribers get the changes of incidents. */
export interface Subscription {
  readonly id: string;
  /** Whose changes it gets. */
  readonly receiver: "pagerduty" | "rootly";
  readonly url: string;
  /** One signature per secret: several during a rotation. */
  readonly secrets: readonly string[];
  /** `incident.triggered`, …; empty: all. */
  readonly events: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Wall clock in ms; until then it is disabled. */
  disabledUntilMs: number;
  /** Webhooks that were dropped in a row. */
  dropped: number;
}

/** Most subscriptions; more than an account reasonably has. */
const maxSubscriptions = 100;

export class Subscriptions {
  readonly #subscriptions = new Map<string, Subscription>();
  #number = 0;

  get isFull(): boolean {
    return this.#subscriptions.size >= maxSubscriptions;
  }

  /** @throws SettingError when there are too many */
  add(
    wanted: Pick<Subscription, "url" | "secrets"> & Partial<Pick<Subscription, "events" | "headers" | "receiver">>,
  ): Subscription {
    if (this.isFull)
      throw new SettingError([{ path: "", message: `at most ${maxSubscriptions} webhook subscriptions` }]);
    this.#number += 1;
    const subscription: Subscription = {
      id: `PW${this.#number.toString(36).toUpperCase().padStart(5, "0")}`,
      receiver: "pagerduty",
      events: [],
      headers: {},
      ...wanted,
      disabledUntilMs: 0,
      dropped: 0,
    };
    this.#subscriptions.set(subscription.id, subscription);
    return subscription;
  }

  get(id: string): Subscription | undefined {
    return this.#subscriptions.get(id);
  }

  remove(id: string): boolean {
    return this.#subscriptions.delete(id);
  }

  list(): Subscription[] {
    return [...this.#subscriptions.values()];
  }

  clear(): void {
    this.#subscriptions.clear();
    this.#number = 0;
  }
}
