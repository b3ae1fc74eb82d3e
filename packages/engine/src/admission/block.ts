import { blockedRetryMs, type StateChange } from "@tocsin/core/decisions";
import type { Store } from "../ledger/store.ts";

/** The receiver refuses a credential or an address. One probe a minute asks whether it still does. */
export interface Block {
  readonly state: "unauthorized" | "misconfigured";
  readonly detail: string;
  /** When the refusals began. Absent in rows that older versions wrote. */
  readonly sinceMs?: number;
  readonly untilMs: number;
  /** The lease of the probe in flight. */
  readonly probe: number | null;
}

/** As `StateChange`, but by access: the block does not know which targets share it. */
export type BlockChange =
  | ({ readonly access: string } & Omit<Extract<StateChange, { kind: "blocked" }>, "targets">)
  | ({ readonly access: string } & Omit<Extract<StateChange, { kind: "unblocked" }>, "targets">);

/**
 * The blocks of all accesses. An access is an endpoint together with everything that authenticates there.
 *
 * ```
 *   free ── an attempt is refused because of its credential or address ──▶ blocked ── a minute later ──▶ one probe
 *    ▲                                                                        ▲                           │    │
 *    │                                                                        └───── refused again ───────┘    │
 *    ├───────────────────────────────── the probe was accepted ────────────────────────────────────────────────┘
 *    └── from any state: a test of the target proved the access, or its credential or a header changed
 * ```
 */
export class Blocks {
  readonly #store: Store;
  readonly #report: (change: BlockChange) => void;
  readonly #blocks = new Map<string, Block>();
  /** When each access was last repaired or changed. */
  readonly #repairedAtMs = new Map<string, number>();

  constructor(store: Store, report: (change: BlockChange) => void) {
    this.#store = store;
    this.#report = report;
    for (const [access, facts] of store.gates("endpoint")) {
      const { repairedAtMs } = facts as { repairedAtMs?: number };
      if (repairedAtMs === undefined) this.#blocks.set(access, facts as Block);
      else this.#repairedAtMs.set(access, repairedAtMs);
    }
  }

  at(access: string): Block | undefined {
    return this.#blocks.get(access);
  }

  /** An attempt was refused. Reports the change unless the access was blocked for the same reason before. */
  begin(access: string, state: Block["state"], detail: string, nowMs: number): void {
    const before = this.#blocks.get(access);
    const isSame = before?.state === state;
    if (!isSame) this.#report({ kind: "blocked", access, state, detail });
    const sinceMs = isSame ? before.sinceMs : nowMs;
    const untilMs = nowMs + blockedRetryMs;
    this.#put(access, { state, detail, ...(sinceMs !== undefined && { sinceMs }), untilMs, probe: null });
  }

  /** The receiver accepts events again. */
  end(access: string, nowMs: number): void {
    if (!this.#blocks.has(access)) return;
    this.renew(access, nowMs);
    this.#report({ kind: "unblocked", access });
  }

  /** Something that authenticates has changed: an earlier refusal says nothing about the access as it is now. */
  renew(access: string, nowMs: number): void {
    this.#blocks.delete(access);
    this.#repairedAtMs.set(access, nowMs);
    this.#store.putGate("endpoint", access, { repairedAtMs: nowMs });
  }

  /** Lets one probe leave now instead of at the end of the minute. */
  retryNow(access: string, nowMs: number): void {
    const block = this.#blocks.get(access);
    if (block && block.untilMs > nowMs) this.#put(access, { ...block, untilMs: nowMs });
  }

  setProbe(access: string, probe: number): void {
    const block = this.#blocks.get(access);
    if (block) this.#put(access, { ...block, probe });
  }

  /** The probe ended without a verdict: another attempt may probe. With `token`, only if that lease is the probe. */
  freeProbe(access: string, token?: number): void {
    const block = this.#blocks.get(access);
    if (block && block.probe !== null && (token === undefined || block.probe === token))
      this.#put(access, { ...block, probe: null });
  }

  /** Whether the access was repaired or changed after this instant: an attempt that began then tested the old access. */
  isOutdated(access: string, sinceMs: number): boolean {
    return (this.#repairedAtMs.get(access) ?? Number.NEGATIVE_INFINITY) > sinceMs;
  }

  /** Whether the access is blocked, or was at or after this instant: a refusal of then may have been about its credential. */
  blockedSince(access: string, atMs: number): boolean {
    return this.#blocks.has(access) || (this.#repairedAtMs.get(access) ?? Number.NEGATIVE_INFINITY) >= atMs;
  }

  #put(access: string, block: Block): void {
    this.#blocks.set(access, block);
    this.#store.putGate("endpoint", access, block);
  }
}
