import {
  type DeliverySettings,
  type DueTerms,
  type HistoryEntry,
  type Incident,
  type ReceiverTraits,
  type StateChange,
  type TargetTerms,
  deriveState,
  deriveStateAfterChange,
} from "@tocsin/core/decisions";
import { type GateChange, Gates, isStricter } from "../admission/gates.ts";
import { WaitingUrgencies } from "../admission/waiting-urgencies.ts";
import { LeaseExpiry } from "./lease-expiry.ts";
import type { EndpointRecord, Lane, Store } from "./store.ts";

export interface LedgerContextOptions {
  readonly settings: DeliverySettings;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly nowMs: number;
  /** When this process began to receive. Until `expiryGrace` later the ledger ends no alert because of time alone. */
  readonly startedAtMs: number;
  /** The next lease token. Tokens grow over all processes. @default counted in this process, under an epoch kept with the rows */
  readonly nextToken?: () => number;
  /** Called with the number of each incident that is stored, before the commit. */
  readonly onIncidentStored?: (incident: number) => void;
  /** Called with each state change that operators are notified of, before the commit. */
  readonly onStateChange?: (change: StateChange) => void;
}

/** Everything that the operations of a ledger share: rows, time, targets and gates. One per open ledger. */
export class LedgerContext {
  readonly store: Store;
  readonly settings: DeliverySettings;
  readonly gates: Gates;
  readonly leaseExpiry = new LeaseExpiry();
  readonly random: () => number;
  /** Ledger time of the running operation. Never goes back. */
  nowMs: number;
  /** Before this, no alert ends because of time alone: since the start, sources had no time to repeat their alerts. */
  readonly graceUntilMs: number;
  /** When each source last sent something. */
  readonly heardAtMs = new Map<string, number>();
  /** A number that grows with every lease, over all restarts and processes. */
  readonly nextToken: () => number;
  /** Trace of the claim that is applied now. Incidents that it opens or makes due get it. Undefined: no trace. */
  trace: string | undefined;
  readonly #onIncidentStored: LedgerContextOptions["onIncidentStored"];
  readonly #onStateChange: LedgerContextOptions["onStateChange"];
  #targets = new Map<string, EndpointRecord>();
  #endpoints = new Map<number, EndpointRecord>();
  #dueTerms = new Map<EndpointRecord, DueTerms>();

  constructor(store: Store, options: LedgerContextOptions) {
    this.store = store;
    this.settings = options.settings;
    this.random = options.random;
    this.nowMs = options.nowMs;
    this.graceUntilMs = options.startedAtMs + options.settings.expiryGrace;
    this.#onStateChange = options.onStateChange;
    this.gates = new Gates(store, (change) => this.#reportGate(change));
    for (const [source, facts] of store.gates("source")) this.heardAtMs.set(source, facts as number);
    this.nextToken = options.nextToken ?? countTokens(store);
    this.#onIncidentStored = options.onIncidentStored;
    this.loadEndpoints();
  }

  loadEndpoints(): void {
    const all = this.store.endpoints().map(withAccess);
    this.#dueTerms = new Map();
    this.#endpoints = new Map(all.map((record) => [record.id, record]));
    this.#targets = new Map(all.filter((record) => record.current).map((record) => [record.terms.name, record]));
    this.gates.setLimits(countingLimits(all).map((record) => record.terms));
  }

  /** The target as it is now. Undefined: removed. */
  target(name: string): EndpointRecord | undefined {
    return this.#targets.get(name);
  }

  targets(): Iterable<EndpointRecord> {
    return this.#targets.values();
  }

  /** Undefined: dropped, because no target has it and no incident is open there. */
  findEndpoint(id: number): EndpointRecord | undefined {
    return this.#endpoints.get(id);
  }

  endpoint(id: number): EndpointRecord {
    const record = this.#endpoints.get(id);
    if (!record) throw new Error(`endpoint ${id} is gone while an incident needs it`);
    return record;
  }

  /** The urgencies with due work. A shadow sends nothing, so the limiter keeps nothing free for it. */
  waiting(lanes: readonly Lane[]): WaitingUrgencies {
    const waiting = new WaitingUrgencies();
    for (const { endpoint, urgency, nextDueAtMs } of lanes) {
      if (nextDueAtMs > this.nowMs) continue;
      const { credential, shadow } = this.endpoint(endpoint).terms;
      if (!shadow) waiting.add(credential, urgency);
    }
    return waiting;
  }

  /** The current terms of the incident's target. If the target was removed: those of the endpoint that the incident is sent to. */
  termsOf(incident: Pick<Incident, "target" | "endpoint">): TargetTerms {
    return (this.#targets.get(incident.target) ?? this.endpoint(incident.endpoint)).terms;
  }

  /** Returns the same object until targets change. */
  dueTerms({ target, endpoint }: Pick<Incident, "target" | "endpoint">): DueTerms {
    const record = this.endpoint(endpoint);
    const known = this.#dueTerms.get(record);
    // An endpoint belongs to one target.
    if (known) return known;
    const terms = this.termsOf({ target, endpoint });
    // Disabled and removed targets still get resolves for their delivered incidents, and nothing else.
    const isOn = this.#targets.get(target)?.terms.enabled === true;
    const made: DueTerms = {
      traits: isOn ? record.terms.traits : withoutForgetting(record.terms.traits),
      retrigger: isOn ? this.settings.retrigger : "never",
      groupUpdates: isOn && terms.groupUpdates !== false,
      pageResolved: terms.pageResolved,
      remind: isOn ? this.settings.remind : 0,
      staleAfter: this.settings.staleAfter,
      ...(terms.fallback && { fallbackAfterMs: terms.fallback.afterMs }),
      ...(terms.confirmWithinMs !== undefined && { confirmWithinMs: terms.confirmWithinMs }),
      ...(!isOn && { isOff: true }),
    };
    this.#dueTerms.set(record, made);
    return made;
  }

  /** Stores an incident whose desired state may have changed. */
  putChanged(before: Incident, after: Incident): Incident {
    return this.put(before, deriveStateAfterChange(before, after, this.dueTerms(after), this.nowMs));
  }

  /** Stores an incident with its state derived from its facts, for example after an attempt. */
  putDerived(before: Incident, after: Incident): Incident {
    return this.put(before, this.derive(after));
  }

  /** An incident with its state derived from its facts, before it is stored. */
  derive(incident: Incident): Incident {
    return deriveState(incident, this.dueTerms(incident), this.nowMs);
  }

  /** Nothing was delivered to the incident's endpoint: moves it to the endpoint that its target has now. */
  atCurrentEndpoint(incident: Incident): Incident {
    const current = this.target(incident.target);
    if (incident.told !== null || !current || current.id === incident.endpoint) return incident;
    return { ...incident, endpoint: current.id, checkKey: false };
  }

  put(before: Incident, derived: Incident): Incident {
    const { trace } = this;
    const becameDue = trace !== undefined && before.dueSinceMs === null && derived.dueSinceMs !== null;
    const after = becameDue ? { ...derived, trace } : derived;
    this.store.putIncident(before, after);
    this.#onIncidentStored?.(after.id);
    return after;
  }

  insert(incident: Omit<Incident, "id">): Incident {
    const { trace } = this;
    const inserted = this.store.insertIncident(trace === undefined ? incident : { ...incident, trace });
    this.#onIncidentStored?.(inserted.id);
    return inserted;
  }

  report(change: StateChange): void {
    this.#onStateChange?.(change);
  }

  #reportGate(change: GateChange): void {
    if (change.kind === "breaker") return this.report(change);
    const here = [...this.targets()].filter(({ terms }) => terms.access === change.access);
    const targets = here.map(({ terms: { name, endpoint } }) => ({ name, endpoint }));
    const { access: _, ...rest } = change;
    this.report({ ...rest, targets });
  }

  note(incident: number, what: string, detail?: string): void {
    const entry: HistoryEntry = { incident, atMs: this.nowMs, what, ...(detail === undefined ? {} : { detail }) };
    this.store.addHistory(entry);
  }
}

/** Earlier versions stored no `access`. They kept blocks by endpoint. */
const withAccess = (record: EndpointRecord): EndpointRecord =>
  (record.terms as Partial<TargetTerms>).access === undefined
    ? { ...record, terms: { ...record.terms, access: record.terms.endpoint } }
    : record;

/** Enabled live targets first, then former endpoints of such targets, then disabled and shadow targets, which send only resolves. */
const rank = ({ current, terms }: EndpointRecord): number => (!terms.enabled || terms.shadow ? idle : current ? 0 : 1);
const idle = 2;

/**
 * The endpoints whose limits count, by credential: those of the best rank. If all are idle, only the one with the loosest limit:
 * the limit of a target that never sent anything must not delay the resolves of another.
 */
function countingLimits(all: readonly EndpointRecord[]): EndpointRecord[] {
  const counted: EndpointRecord[] = [];
  for (const sharing of Map.groupBy(all, ({ terms }) => terms.credential).values()) {
    const best = Math.min(...sharing.map(rank));
    const ranked = sharing.filter((record) => rank(record) === best);
    if (best < idle) counted.push(...ranked);
    else counted.push(ranked.reduce((a, b) => (isStricter(a.terms.rateLimit, b.terms.rateLimit) ? b : a)));
  }
  return counted;
}

/** A receiver that gets no triggers any more need not be reminded before it forgets an incident. */
function withoutForgetting(traits: ReceiverTraits): ReceiverTraits {
  const { forgetsAfterMs: _, ...others } = traits;
  return others;
}

/** Tokens grow across restarts too, because each starts with the number of the restart. */
function countTokens(store: Store): () => number {
  const epoch = Number(store.gate("meta", "epoch") ?? 0) + 1;
  store.putGate("meta", "epoch", epoch);
  let tokens = 0;
  return () => epoch * 2 ** 32 + ++tokens;
}
