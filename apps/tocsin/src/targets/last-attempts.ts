import { type AttemptReason, type Clock, type Lease, type Ledger, LedgerUnavailable, type Outcome } from "@tocsin/core";

/** The last attempts at a target that were accepted, and that were not. */
export interface LastAttempts {
  readonly successAtMs?: number;
  readonly error?: { readonly atMs: number; readonly reason: AttemptReason; readonly detail: string };
}

/** Name of the stored text. */
const storedName = "last attempts";

/** The ledger keeps them at most this often, whatever the number of attempts. */
const everyMs = 60_000;

const maxDetail = 300;

export interface LastAttemptsOptions {
  readonly ledger: Pick<Ledger, "getValue" | "putValue">;
  readonly clock: Clock;
  readonly exists: (target: string) => boolean;
}

/**
 * Remembers each target's last success and last error, over restarts. Replicas share one stored text: of two that store at the
 * same time one may be missing for a minute, until the other stores again.
 */
export class LastAttemptLog {
  readonly #o: LastAttemptsOptions;
  readonly #last = new Map<string, LastAttempts>();
  #cancel: (() => void) | undefined;

  constructor(options: LastAttemptsOptions) {
    this.#o = options;
  }

  /** Receives the result of an attempt that was really made. */
  attempted({ target }: Pick<Lease, "target">, outcome: Outcome): void {
    if (outcome.kind === "interrupted") return;
    const { clock } = this.#o;
    const atMs = clock.now();
    const before = this.#last.get(target);
    if (outcome.kind === "accepted") this.#last.set(target, { ...before, successAtMs: atMs });
    else {
      const { reason, detail } = outcome;
      this.#last.set(target, { ...before, error: { atMs, reason, detail: detail.slice(0, maxDetail) } });
    }
    this.#cancel ??= clock.after(everyMs, () => void this.#store());
  }

  /** Returns the last attempts of all targets, those of other replicas and of earlier runs included. */
  async all(): Promise<ReadonlyMap<string, LastAttempts>> {
    const stored = await this.#o.ledger.getValue(storedName);
    const all = new Map(
      Object.entries(stored === undefined ? {} : (JSON.parse(stored) as Record<string, LastAttempts>)),
    );
    for (const [target, last] of this.#last) all.set(target, newest(all.get(target) ?? {}, last));
    return all;
  }

  /** Stores what is not stored yet. */
  async stop(): Promise<void> {
    if (this.#cancel === undefined) return;
    this.#cancel();
    await this.#store();
  }

  async #store(): Promise<void> {
    this.#cancel = undefined;
    try {
      const all = [...(await this.all())].filter(([target]) => this.#o.exists(target));
      await this.#o.ledger.putValue(storedName, JSON.stringify(Object.fromEntries(all)));
    } catch (error) {
      // The next attempt tries again.
      if (!(error instanceof LedgerUnavailable)) throw error;
    }
  }
}

function newest(a: LastAttempts, b: LastAttempts): LastAttempts {
  const successAtMs = Math.max(a.successAtMs ?? 0, b.successAtMs ?? 0);
  const error = (a.error?.atMs ?? 0) > (b.error?.atMs ?? 0) ? a.error : (b.error ?? a.error);
  return { ...(successAtMs > 0 && { successAtMs }), ...(error && { error }) };
}
