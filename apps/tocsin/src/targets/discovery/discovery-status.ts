import type { Clock } from "@tocsin/core";
import type { DiscoveryObserver, DiscoveryOperation, DiscoveryReason, SyncState } from "./discovery.ts";

/** Keeps a discovery's standing, and tells the observer when it turns. */
export class DiscoveryStatus {
  readonly #clock: Clock;
  readonly #observer: () => DiscoveryObserver | undefined;
  #syncState: SyncState = { syncedAtMs: null, staleSinceMs: null, error: null };

  constructor(clock: Clock, observer: () => DiscoveryObserver | undefined) {
    this.#clock = clock;
    this.#observer = observer;
  }

  get syncState(): SyncState {
    return this.#syncState;
  }

  /** All that is there was read. */
  synced(): void {
    this.#syncState = { ...this.#syncState, syncedAtMs: this.#clock.now() };
    this.#observer()?.synced();
  }

  /** Changes are seen from now on. */
  followed(): void {
    this.#turn({ ...this.#syncState, staleSinceMs: null, error: null });
  }

  /** `error` null: not worth a word yet. */
  failed(operation: DiscoveryOperation, reason: DiscoveryReason, error: string | null): void {
    this.#observer()?.failed(operation, reason);
    if (error === null) return;
    this.#turn({ ...this.#syncState, staleSinceMs: this.#syncState.staleSinceMs ?? this.#clock.now(), error });
  }

  #turn(next: SyncState): void {
    const turned = next.error !== this.#syncState.error;
    this.#syncState = next;
    if (turned) this.#observer()?.turned();
  }
}
