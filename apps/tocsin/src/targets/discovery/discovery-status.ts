import type { Clock } from "@tocsin/core";
import type { DiscoveryObserver, DiscoveryOperation, DiscoveryReason, SyncState } from "./discovery.ts";

/** Keeps a discovery's synchronization state, and calls the observer when its error changes. */
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

  /** Everything in the place was read. */
  synced(): void {
    this.#syncState = { ...this.#syncState, syncedAtMs: this.#clock.now() };
    this.#observer()?.synced();
  }

  /** From now on changes are seen. */
  followed(): void {
    this.#turn({ ...this.#syncState, staleSinceMs: null, error: null });
  }

  /** `error` is null when the failure is counted but not reported yet. */
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
