import {
  type DeliverySettings,
  type DueTerms,
  type HistoryEntry,
  type Incident,
  type ReceiverTraits,
  type TargetTerms,
  plan,
  replan,
} from "@tocsin/core/decisions";
import type { CoreOptions } from "./core.ts";
import { Gates } from "./gates.ts";
import { LeaseEnds } from "./lease-ends.ts";
import type { EndpointRecord, Store } from "./store.ts";

/** What every operation of the ledger works with: rows, time, targets, gates. One per open ledger. */
export class Desk {
  readonly store: Store;
  readonly settings: DeliverySettings;
  readonly gates: Gates;
  readonly leaseEnds = new LeaseEnds();
  readonly random: () => number;
  /** Ledger time of the operation under way; never runs backwards. */
  nowMs: number;
  /** No inferred end before: sources had no time to repeat since the start. */
  readonly graceUntilMs: number;
  /** When each source was last heard. */
  readonly heardAtMs = new Map<string, number>();
  /** Grows with every claim, over all lives and processes. */
  readonly nextToken: () => number;
  readonly #stored: CoreOptions["stored"];
  #targets = new Map<string, EndpointRecord>();
  #endpoints = new Map<number, EndpointRecord>();
  #dueTerms = new Map<EndpointRecord, DueTerms>();

  constructor(store: Store, options: Omit<CoreOptions, "soleOwner">) {
    this.store = store;
    this.settings = options.settings;
    this.random = options.random;
    this.nowMs = options.nowMs;
    this.graceUntilMs = options.startedAtMs + options.settings.expiryGrace;
    this.gates = new Gates(store);
    for (const [source, facts] of store.gates("source")) this.heardAtMs.set(source, facts as number);
    this.nextToken = options.nextToken ?? tokensOf(store);
    this.#stored = options.stored;
    this.loadEndpoints();
  }

  loadEndpoints(): void {
    const all = this.store.endpoints();
    this.#dueTerms = new Map();
    this.#endpoints = new Map(all.map((record) => [record.id, record]));
    this.#targets = new Map(all.filter((record) => record.current).map((record) => [record.terms.name, record]));
    const current = new Set(all.filter((record) => record.current).map((record) => record.terms.credential));
    this.gates.setLimits(
      all.filter((record) => record.current || !current.has(record.terms.credential)).map((record) => record.terms),
    );
  }

  /** The target as it is now; undefined: removed. */
  target(name: string): EndpointRecord | undefined {
    return this.#targets.get(name);
  }

  targets(): Iterable<EndpointRecord> {
    return this.#targets.values();
  }

  /** Undefined: dropped, since no target has it and no incident is open there. */
  findEndpoint(id: number): EndpointRecord | undefined {
    return this.#endpoints.get(id);
  }

  endpoint(id: number): EndpointRecord {
    const record = this.#endpoints.get(id);
    if (!record) throw new Error(`endpoint ${id} is gone while an incident needs it`);
    return record;
  }

  /** How the incident's target behaves: its current terms, and the traits of the endpoint that it is told at. */
  termsOf(incident: Pick<Incident, "target" | "endpoint">): TargetTerms {
    return (this.#targets.get(incident.target) ?? this.endpoint(incident.endpoint)).terms;
  }

  /** The same object until targets change. */
  dueTerms({ target, endpoint }: Pick<Incident, "target" | "endpoint">): DueTerms {
    const record = this.endpoint(endpoint);
    const known = this.#dueTerms.get(record);
    // An endpoint is of one target.
    if (known) return known;
    const terms = this.termsOf({ target, endpoint });
    // Who was disabled or removed is told how what it was told ends, and nothing again.
    const isOn = this.#targets.get(target)?.terms.enabled === true;
    const made: DueTerms = {
      traits: isOn ? record.terms.traits : lasting(record.terms.traits),
      retrigger: isOn ? this.settings.retrigger : "never",
      pageResolved: terms.pageResolved,
      remind: isOn ? this.settings.remind : 0,
      staleAfter: this.settings.staleAfter,
      ...(terms.fallback && { fallbackAfterMs: terms.fallback.afterMs }),
    };
    this.#dueTerms.set(record, made);
    return made;
  }

  /** Stores an incident whose wanted side changed. */
  changed(before: Incident, after: Incident): Incident {
    return this.put(before, replan(before, after, this.dueTerms(after), this.nowMs));
  }

  /** Stores an incident after an attempt, with its state derived from its facts. */
  planned(before: Incident, after: Incident): Incident {
    return this.put(before, plan(after, this.dueTerms(after), this.nowMs));
  }

  put(before: Incident, after: Incident): Incident {
    this.store.putIncident(before, after);
    this.#stored?.(after.id);
    return after;
  }

  insert(incident: Omit<Incident, "id">): Incident {
    const inserted = this.store.insertIncident(incident);
    this.#stored?.(inserted.id);
    return inserted;
  }

  note(incident: number, what: string, detail?: string): void {
    const entry: HistoryEntry = { incident, atMs: this.nowMs, what, ...(detail === undefined ? {} : { detail }) };
    this.store.addHistory(entry);
  }
}

/** Who is told nothing again may forget. */
function lasting(traits: ReceiverTraits): ReceiverTraits {
  const { forgetsAfterMs: _, ...others } = traits;
  return others;
}

/** Numbers that grow across restarts too: the restart's number leads. */
function tokensOf(store: Store): () => number {
  const epoch = Number(store.gate("meta", "epoch") ?? 0) + 1;
  store.putGate("meta", "epoch", epoch);
  let tokens = 0;
  return () => epoch * 2 ** 32 + ++tokens;
}
