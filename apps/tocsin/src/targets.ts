import {
  type Alert,
  type Decision,
  type Lease,
  type Publisher,
  route,
  type Route,
  type Target,
  type TargetTerms,
} from "@tocsin/core";
import {
  createPublisher,
  credentialIdentity,
  endpointIdentity,
  publisherFromSealed,
  sealable,
  type Transport,
} from "@tocsin/publishers";

import { readTargets, type TargetEntry, type TargetSet } from "./read-targets.ts";
import type { Vault } from "./vault.ts";

/** Of endpoints that no target has any more, so many publishers are kept; they are cheap to make again. */
const mostRetired = 100;

/** Who speaks to an endpoint. */
export interface Speaker {
  readonly publisher: Publisher;
  /** The target's type. */
  readonly type: string;
}

/** Targets that were read and compiled, not yet in force. */
export interface PreparedTargets {
  readonly entries: readonly TargetEntry[];
  /** What the ledger must know of them. */
  readonly terms: readonly TargetTerms[];
  readonly speakers: ReadonlyMap<string, Speaker>;
}

/**
 * Which targets there are. Replaced as a whole; each is judged by itself, so that a wrong one costs no other one, and its
 * last valid version stays in force.
 */
export class Targets {
  readonly #vault: Vault;
  readonly #publishing: { readonly transport: Transport; readonly version: string };
  readonly #lookedUp: (hit: boolean) => void;
  #prepared: PreparedTargets = { entries: [], terms: [], speakers: new Map() };
  #inForce: readonly Target[] = [];
  /** By target and endpoint. The current ones, and retired ones while they are used. */
  #speakers = new Map<string, Speaker>();

  constructor(o: {
    readonly vault: Vault;
    readonly transport: Transport;
    readonly version: string;
    /** Whether a lease's endpoint was at hand, or had to be opened. */
    readonly lookedUp: (hit: boolean) => void;
  }) {
    this.#vault = o.vault;
    this.#publishing = { transport: o.transport, version: o.version };
    this.#lookedUp = o.lookedUp;
  }

  get entries(): readonly TargetEntry[] {
    return this.#prepared.entries;
  }

  get terms(): readonly TargetTerms[] {
    return this.#prepared.terms;
  }

  /** How many publishers are at hand. */
  get publishers(): number {
    return this.#speakers.size;
  }

  /** Reads targets without using them yet, so that the ledger can be told of them first. */
  prepare(sets: readonly TargetSet[]): PreparedTargets {
    const entries = readTargets(sets, new Map(this.#inForce.map((target) => [target.name, target])));
    const speakers = new Map<string, Speaker>();
    const terms = entries.flatMap(({ target }) => {
      if (target === undefined) return [];
      const endpoint = this.#vault.identity("endpoint", endpointIdentity(target));
      const publisher = createPublisher(target, this.#publishing);
      speakers.set(speakerKey(target.name, endpoint), { publisher, type: target.type });
      return [this.#termsOf(target, endpoint, publisher)];
    });
    return { entries, terms, speakers };
  }

  use(prepared: PreparedTargets): void {
    const retired = [...this.#speakers].filter(([key]) => !prepared.speakers.has(key)).slice(-mostRetired);
    this.#speakers = new Map([...retired, ...prepared.speakers]);
    this.#inForce = prepared.entries.flatMap(({ target }) => target ?? []);
    this.#prepared = prepared;
  }

  decide(alert: Alert): Decision[] {
    return route(alert, this.#inForce);
  }

  /** Where the alert should be told if it fires. */
  routesOf(alert: Alert): Route[] {
    return this.decide(alert).flatMap((decision) => (decision.tell ? [routeOf(decision)] : []));
  }

  /**
   * Who makes a lease's attempt: the endpoint that opened its incident, whatever its target is now. Undefined: what was
   * kept of it cannot be opened, since its key is gone.
   */
  speakerOf(lease: Lease): Speaker | undefined {
    const key = speakerKey(lease.target, lease.endpoint);
    const known = this.#speakers.get(key);
    this.#lookedUp(known !== undefined);
    if (known !== undefined) return known;
    const json = this.#vault.open(lease.sealed);
    if (json === undefined) return undefined;
    const opened = { publisher: publisherFromSealed(json, this.#publishing), type: typeOf(json) };
    this.#speakers.set(key, opened);
    return opened;
  }

  /** The type of target that a lease was for. */
  typeOf(lease: Lease): string | undefined {
    return this.#speakers.get(speakerKey(lease.target, lease.endpoint))?.type;
  }

  /** Who speaks to a target in force. */
  speakerTo(name: string): Speaker | undefined {
    const terms = this.terms.find((known) => known.name === name);
    return terms && this.#speakers.get(speakerKey(name, terms.endpoint));
  }

  #termsOf(target: Target, endpoint: string, publisher: Publisher): TargetTerms {
    const { name, enabled, mode, rateLimit, timeoutMs, pageResolved, adoptUnknownResolves } = target;
    const { fallback, fallbackAfterMs: afterMs } = target;
    return {
      name,
      enabled,
      shadow: mode === "shadow",
      endpoint,
      credential: this.#vault.identity("credential", credentialIdentity(target)),
      sealed: this.#vault.seal(sealable(target)),
      traits: publisher.traits,
      rateLimit,
      timeoutMs,
      pageResolved,
      adoptUnknownResolves,
      ...(fallback !== undefined && { fallback: { target: fallback, afterMs } }),
    };
  }
}

const routeOf = ({ target, dedupKey, severity, summary }: Decision & { tell: true }): Route => ({
  target,
  dedupKey,
  severity,
  summary,
});

/** Two targets may share an endpoint, and still say things differently. */
const speakerKey = (target: string, endpoint: string): string => `${endpoint} ${target}`;

const typeOf = (json: string): string => String((JSON.parse(json) as { type?: unknown }).type);
