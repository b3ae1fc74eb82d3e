import type { Clock } from "@tocsin/core";
import type { DiscoveryObserver, DiscoveryOperation, DiscoveryReason, DiscoveryStanding } from "./discovery.ts";

/** Keeps a discovery's standing, and tells the observer when it turns. */
export class Knowledge {
  readonly #clock: Clock;
  readonly #observer: () => DiscoveryObserver | undefined;
  #standing: DiscoveryStanding = { syncedAtMs: null, staleSinceMs: null, error: null };

  constructor(clock: Clock, observer: () => DiscoveryObserver | undefined) {
    this.#clock = clock;
    this.#observer = observer;
  }

  get standing(): DiscoveryStanding {
    return this.#standing;
  }

  /** All that is there was read. */
  synced(): void {
    this.#standing = { ...this.#standing, syncedAtMs: this.#clock.now() };
    this.#observer()?.synced();
  }

  /** Changes are seen from now on. */
  followed(): void {
    this.#turn({ ...this.#standing, staleSinceMs: null, error: null });
  }

  /** `error` null: not worth a word yet. */
  failed(operation: DiscoveryOperation, reason: DiscoveryReason, error: string | null): void {
    this.#observer()?.failed(operation, reason);
    if (error === null) return;
    this.#turn({ ...this.#standing, staleSinceMs: this.#standing.staleSinceMs ?? this.#clock.now(), error });
  }

  #turn(next: DiscoveryStanding): void {
    const turned = next.error !== this.#standing.error;
    this.#standing = next;
    if (turned) this.#observer()?.turned();
  }
}
