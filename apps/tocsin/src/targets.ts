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
  type TargetTerms,
} from "@tocsin/core";
import {
  createPublisher,
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

export type TargetState = "ready" | "degraded" | "invalid" | "disabled" | "shadow";

export function stateOf({ errors, target }: TargetEntry): TargetState {
  if (errors.length > 0 || target === undefined) return "invalid";
  if (!target.enabled) return "disabled";
  if (target.mode === "shadow") return "shadow";
  return target.degraded ? "degraded" : "ready";
}

interface Endpoint {
  readonly publisher: Publisher;
  readonly type: string;
}

/**
 * Which targets there are. Replaced as a whole; each is judged by itself, so that a wrong one costs no other one, and its
 * last valid version stays in force.
 */
export class Targets {
  readonly #vault: Vault;
  readonly #publishing: { readonly transport: Transport; readonly version: string };
  readonly #lookedUp: (hit: boolean) => void;
  #entries: readonly TargetEntry[] = [];
  #inForce: readonly Target[] = [];
  #terms: readonly TargetTerms[] = [];
  /** By identity. The current ones, and retired ones while they are used. */
  #endpoints = new Map<string, Endpoint>();

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
    return this.#entries;
  }

  /** What the ledger must know of what is in force. */
  get terms(): readonly TargetTerms[] {
    return this.#terms;
  }

  /** How many publishers are at hand. */
  get publishers(): number {
    return this.#endpoints.size;
  }

  replace(sets: readonly TargetSet[]): void {
    const entries = readTargets(sets, new Map(this.#inForce.map((target) => [target.name, target])));
    const inForce = entries.flatMap(({ target }) => target ?? []);
    const current = new Map<string, Endpoint>();
    this.#terms = inForce.map((target) => {
      const endpoint = this.#vault.identity("endpoint", endpointIdentity(target));
      const publisher = createPublisher(target, this.#publishing);
      current.set(endpoint, { publisher, type: target.type });
      return this.#termsOf(target, endpoint, publisher);
    });
    const retired = [...this.#endpoints].filter(([id]) => !current.has(id)).slice(-mostRetired);
    this.#endpoints = new Map([...retired, ...current]);
    this.#inForce = inForce;
    this.#entries = entries;
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
  endpointOf(lease: Lease): Endpoint | undefined {
    const known = this.#endpoints.get(lease.endpoint);
    this.#lookedUp(known !== undefined);
    if (known !== undefined) return known;
    const json = this.#vault.open(lease.sealed);
    if (json === undefined) return undefined;
    const opened = { publisher: publisherFromSealed(json, this.#publishing), type: typeOf(json) };
    this.#endpoints.set(lease.endpoint, opened);
    return opened;
  }

  /** The publisher of a target in force, to show what it would send. */
  publisherOf(name: string): Publisher | undefined {
    const terms = this.#terms.find((known) => known.name === name);
    return terms && this.#endpoints.get(terms.endpoint)?.publisher;
  }

  #termsOf(target: Target, endpoint: string, publisher: Publisher): TargetTerms {
    const { name, enabled, mode, credential, rateLimit, timeoutMs, pageResolved, adoptUnknownResolves } = target;
    return {
      name,
      enabled,
      shadow: mode === "shadow",
      endpoint,
      credential: credential === null ? endpoint : this.#vault.identity("credential", credential.reveal()),
      sealed: this.#vault.seal(sealable(target)),
      traits: publisher.traits,
      rateLimit,
      timeoutMs,
      pageResolved,
      adoptUnknownResolves,
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

const typeOf = (json: string): string => String((JSON.parse(json) as { type?: unknown }).type);
