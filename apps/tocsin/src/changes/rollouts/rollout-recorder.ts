import type { Change, Clock } from "@tocsin/core";
import type { AcceptChanges } from "../accept-changes.ts";
import { type Advance, advance, advanceToDeletion, advanceToStall } from "./advance.ts";
import type { KnownWorkload } from "./known-workload.ts";
import type { KnownWorkloads } from "./known-workloads.ts";
import { isStalled } from "./rollout-of.ts";
import type { Place } from "./scope-status.ts";
import type { SeenWorkload } from "./seen-workload.ts";

/** Changes per commit. */
const chunk = 500;

/** A collection that is watched. */
export interface Scope extends Place {
  /** Names the collection in the ledger. With another label selector it is another collection. */
  readonly name: string;
}

export interface RolloutRecorderOptions {
  readonly known: Pick<KnownWorkloads, "load" | "reload" | "save" | "scopes" | "saveScopes">;
  readonly acceptChanges: AcceptChanges;
  readonly clock: Pick<Clock, "now">;
  /** The rollout of a StatefulSet or DaemonSet may stand still for this long. */
  readonly progressDeadlineMs: number;
}

/**
 * Keeps the state of all workloads, and records the changes that follow from new versions of them.
 *
 * ```
 *   new version ──▶ advance ──▶ ledger: new state with the changes ──▶ changes ──▶ new state
 * ```
 *
 * The state is stored before the changes are recorded, together with them. After a crash they are recorded again under the same
 * ids, so that each is recorded once. Each method rejects with LedgerUnavailable if the ledger cannot commit; then the caller calls
 * it again with the same arguments. Calls must not overlap.
 */
export class RolloutRecorder {
  readonly #o: RolloutRecorderOptions;
  /** By uid: the state up to which all changes are recorded. */
  readonly #known = new Map<string, KnownWorkload>();
  /** Names of the scopes that were listed completely before. */
  readonly #listed = new Set<string>();
  /** Workloads whose state is stored later: at the next list, or at the stop. */
  readonly #unsaved = new Set<string>();
  /** Workloads with a rollout whose deadline is ours. */
  readonly #timed = new Set<string>();

  constructor(options: RolloutRecorderOptions) {
    this.#o = options;
  }

  /** The state of a workload; undefined: it is not known. */
  known(uid: string): KnownWorkload | undefined {
    return this.#known.get(uid);
  }

  /** When the first rollout reaches our deadline, wall clock, ms; undefined: none runs. */
  get stallsAtMs(): number | undefined {
    const since = Array.from(this.#timed, (uid) => this.#known.get(uid)?.running?.progressAtMs ?? 0);
    return since.length === 0 ? undefined : Math.min(...since) + this.#o.progressDeadlineMs;
  }

  /** Reads the state from before the restart, and records the changes that a crash may have kept from being recorded. */
  async load(scopes: readonly Scope[]): Promise<void> {
    const { known, clock } = this.#o;
    const watched = new Set(scopes.map(({ name }) => name));
    const listed = await known.scopes();
    const stored = await known.load();
    await this.#accept(stored.flatMap(({ unrecorded = [] }) => unrecorded));
    const states = new Map<string, KnownWorkload | undefined>();
    for (const { unrecorded, ...state } of stored) {
      const isWatched = scopes.some((scope) => isIn(state, scope));
      // A namespace that is no longer watched would later seem to have changed in between.
      if (!isWatched || unrecorded !== undefined) states.set(state.uid, isWatched ? state : undefined);
      // The time in which the service did not run does not count towards our own deadline.
      const running = state.running && { ...state.running, progressAtMs: clock.now() };
      if (isWatched) this.#keep(state.uid, { ...state, ...(running && { running }) });
    }
    await known.save(states);
    const kept = listed.filter((name) => watched.has(name));
    if (kept.length < listed.length) await known.saveScopes(kept);
    for (const name of kept) this.#listed.add(name);
  }

  /** Everything in a scope was listed. */
  async list(scope: Scope, list: readonly SeenWorkload[]): Promise<void> {
    const { known, clock } = this.#o;
    const nowMs = clock.now();
    const isFirst = !this.#listed.has(scope.name);
    await this.#learnFromOthers(list);
    const uids = new Set(list.map(({ uid }) => uid));
    const advances = new Map<string, Advance>();
    for (const [uid, before] of this.#known)
      if (isIn(before, scope) && !uids.has(uid)) {
        // With another label selector, workloads may be missing that still exist.
        const forgotten: Advance = { known: undefined, changes: [], keep: "now" };
        advances.set(uid, isFirst ? forgotten : advanceToDeletion(before, { nowMs }));
      }
    for (const seen of list) advances.set(seen.uid, advance(this.#known.get(seen.uid), seen, { isFirst, nowMs }));
    await this.#commit(advances);
    await this.saveOpen();
    if (!isFirst) return;
    await known.saveScopes([...new Set([...(await known.scopes()), scope.name])]);
    this.#listed.add(scope.name);
  }

  /** New versions of different workloads were seen. */
  async versions(some: readonly { readonly scope: Scope; readonly seen: SeenWorkload }[]): Promise<void> {
    const nowMs = this.#o.clock.now();
    const advances = some.map(({ scope, seen }) => {
      const isFirst = !this.#listed.has(scope.name);
      return [seen.uid, advance(this.#known.get(seen.uid), seen, { isFirst, nowMs })] as const;
    });
    await this.#commit(new Map(advances));
  }

  /** A workload was deleted; `seen` is its last version. */
  async deletion(seen: SeenWorkload): Promise<void> {
    const before = this.#known.get(seen.uid);
    if (before === undefined) return;
    await this.#commit(new Map([[seen.uid, advanceToDeletion(before, { after: seen, nowMs: this.#o.clock.now() })]]));
  }

  /** Ends the rollouts that have stood still until our deadline. */
  async stalls(): Promise<void> {
    const { clock, progressDeadlineMs } = this.#o;
    const reason = `failed because no pod was replaced or became ready for ${progressDeadlineMs / 1_000} s`;
    const advances = new Map<string, Advance>();
    for (const uid of this.#timed) {
      const one = this.#known.get(uid);
      if (one !== undefined && isStalled(one, clock.now(), progressDeadlineMs))
        advances.set(uid, advanceToStall(one, reason));
    }
    await this.#commit(advances);
  }

  /** Stores the states that were to be stored later. */
  async saveOpen(): Promise<void> {
    await this.#o.known.save(new Map(Array.from(this.#unsaved, (uid) => [uid, this.#known.get(uid)])));
    this.#unsaved.clear();
  }

  /** Another replica may have recorded the changes that happened while this one did not watch. */
  async #learnFromOthers(list: readonly SeenWorkload[]): Promise<void> {
    const ours = (uid: string) => this.#known.get(uid)?.generation ?? -1;
    const changed = list.filter(({ uid, generation }) => ours(uid) < generation);
    const stored = await this.#o.known.reload(changed.map(({ uid }) => uid));
    const learned = new Map<string, KnownWorkload>();
    const pending = new Map<string, KnownWorkload>();
    const changes: Change[] = [];
    for (const { uid, generation } of changed) {
      const other = stored.get(uid);
      if (other === undefined || other.generation <= ours(uid) || other.generation > generation) continue;
      const { unrecorded, ...state } = other;
      learned.set(uid, state);
      if (unrecorded === undefined) continue;
      pending.set(uid, state);
      changes.push(...unrecorded);
    }
    // The other one may never do it. It may also be this one, whose ledger refused the changes of this list before.
    await this.#accept(changes);
    await this.#o.known.save(pending);
    for (const [uid, state] of learned) this.#keep(uid, state);
  }

  /** Stores the new states and records the changes. */
  async #commit(advances: ReadonlyMap<string, Advance>): Promise<void> {
    const { known } = this.#o;
    const intended = new Map<string, KnownWorkload | undefined>();
    const settled = new Map<string, KnownWorkload | undefined>();
    const changes: Change[] = [];
    for (const [uid, one] of advances) {
      if (one.keep === "now") settled.set(uid, one.known);
      if (one.changes.length === 0) continue;
      const state = one.known ?? this.#known.get(uid);
      intended.set(uid, state && { ...state, unrecorded: one.changes });
      changes.push(...one.changes);
    }
    await known.save(intended);
    await this.#accept(changes);
    await known.save(settled);
    for (const [uid, { known: after, keep }] of advances) {
      this.#keep(uid, after);
      if (keep === "later") this.#unsaved.add(uid);
      if (keep === "now") this.#unsaved.delete(uid);
    }
  }

  async #accept(changes: readonly Change[]): Promise<void> {
    for (let from = 0; from < changes.length; from += chunk)
      await this.#o.acceptChanges(changes.slice(from, from + chunk));
  }

  #keep(uid: string, state: KnownWorkload | undefined): void {
    if (state === undefined) this.#known.delete(uid);
    else this.#known.set(uid, state);
    if (state?.running !== undefined && state.kind !== "Deployment") this.#timed.add(uid);
    else this.#timed.delete(uid);
  }
}

const isIn = (workload: Pick<KnownWorkload, "kind" | "namespace">, { kind, namespace }: Scope): boolean =>
  workload.kind === kind && workload.namespace === namespace;
