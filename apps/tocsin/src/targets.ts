import {
  type Alert,
  type Decision,
  type Issue,
  type Lease,
  parseTarget,
  type Publisher,
  type ReadSecret,
  route,
  type Route,
  type Target,
  type TargetStanding,
  type TargetTerms,
} from "@tocsin/core";
import {
  createPublisher,
  credentialIdentity,
  endpointIdentity,
  publisherFromSealed,
  sealable,
  targetTypes,
  type Transport,
} from "@tocsin/publishers";

import type { Vault } from "./vault.ts";

/** Of endpoints that no target has any more, so many publishers are kept; they are cheap to make again. */
const mostRetired = 100;

/** Targets as they were written in one place. */
export interface TargetSet {
  /** Where they come from; a label of metrics. */
  readonly source: string;
  /** What their place is called in issues, such as `targets`. */
  readonly path: string;
  readonly inputs: readonly unknown[];
  readonly readSecret: ReadSecret;
}

/** One target as it was found, right or wrong. */
export interface TargetEntry {
  /** Its name; where it has none, its place. */
  readonly name: string;
  readonly source: string;
  readonly errors: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** What is in force. With errors: the last valid version, if there was one. */
  readonly target: Target | undefined;
}

export type TargetState = "ready" | "degraded" | "invalid" | "disabled" | "shadow" | "unauthorized" | "misconfigured";

/** `blocked`: what its receiver said last. */
export function stateOf({ errors, target }: TargetEntry, blocked?: TargetStanding["blocked"]): TargetState {
  if (errors.length > 0 || target === undefined) return "invalid";
  if (!target.enabled) return "disabled";
  if (target.mode === "shadow") return "shadow";
  return blocked?.state ?? (target.degraded ? "degraded" : "ready");
}

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

/** Judges each target by itself. `previous`: what is in force now, by name. */
export function readTargets(
  sets: readonly TargetSet[],
  previous: ReadonlyMap<string, Target> = new Map(),
): TargetEntry[] {
  const places = new Map<string, string>();
  return sets.flatMap(({ source, path, inputs, readSecret }) =>
    inputs.map((input, index): TargetEntry => {
      const place = `${path}[${index}]`;
      const parsed = parseTarget(input, { types: targetTypes, readSecret, path: place });
      const name = "target" in parsed ? parsed.target.name : (nameOf(input) ?? place);
      const earlier = places.get(name);
      if (earlier !== undefined) {
        const errors = [{ path: `${place}.name`, message: `${earlier} has the same name; names must be unique` }];
        return { name: `${name} (${place})`, source, errors, warnings: [], target: undefined };
      }
      places.set(name, place);
      // A broken one that is meant to be off is off: no earlier version stands in for it.
      return "target" in parsed
        ? { name, source, errors: [], warnings: parsed.warnings, target: parsed.target }
        : {
            name,
            source,
            errors: parsed.issues,
            warnings: [],
            target: parsed.disabled ? undefined : previous.get(name),
          };
    }),
  );
}

const nameOf = (input: unknown): string | undefined => {
  const name = (input as { name?: unknown } | null)?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
};

const routeOf = ({ target, dedupKey, severity, summary }: Decision & { tell: true }): Route => ({
  target,
  dedupKey,
  severity,
  summary,
});

/** Two targets may share an endpoint, and still say things differently. */
const speakerKey = (target: string, endpoint: string): string => `${endpoint} ${target}`;

const typeOf = (json: string): string => String((JSON.parse(json) as { type?: unknown }).type);
