import type { Urgency } from "@tocsin/core/decisions";

/** The urgencies with due work, by credential. The limiter guarantees attempts only to those that share its limit. */
export class WaitingUrgencies {
  readonly #byCredential = new Map<string, Set<Urgency>>();

  add(credential: string, of: Urgency): void {
    const known = this.#byCredential.get(credential);
    if (known) known.add(of);
    else this.#byCredential.set(credential, new Set([of]));
  }

  at(credential: string): ReadonlySet<Urgency> {
    return this.#byCredential.get(credential) ?? none;
  }
}

const none: ReadonlySet<Urgency> = new Set();
