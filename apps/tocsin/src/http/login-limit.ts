import type { Clock } from "@tocsin/core";
import { Problem } from "./problem.ts";

const maxFailures = 10;
const perMs = 60_000;

/** Addresses that are kept at most: the oldest is dropped first, since anyone can fail from many addresses. */
const maxAddresses = 10_000;

/**
 * Limits failed logins per address: ten within any minute. Then every login from that address is refused, also with a right token, so
 * that the answer says nothing about a guess.
 */
export class LoginLimit {
  readonly #clock: Pick<Clock, "monotonic">;
  /** When the last failures of an address were, ms on the monotonic clock. */
  readonly #failures = new Map<string, readonly number[]>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** @throws Problem 429 */
  refuse(address: string): void {
    const recent = this.#recent(address);
    const [oldest] = recent;
    if (oldest === undefined || recent.length < maxFailures) return;
    const waitSeconds = Math.ceil((oldest + perMs - this.#clock.monotonic()) / 1_000);
    throw new Problem(429, "too_many_logins", `too many failed logins from this address; wait ${waitSeconds} s`, {
      headers: { "retry-after": String(waitSeconds) },
    });
  }

  failed(address: string): void {
    const failures = [...this.#recent(address), this.#clock.monotonic()].slice(-maxFailures);
    this.#failures.delete(address);
    this.#failures.set(address, failures);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= maxAddresses) break;
      this.#failures.delete(oldest);
    }
  }

  #recent(address: string): readonly number[] {
    const sinceMs = this.#clock.monotonic() - perMs;
    return (this.#failures.get(address) ?? []).filter((atMs) => atMs > sinceMs);
  }
}
