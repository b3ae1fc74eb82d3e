import {
  type Alert,
  type Clock,
  type Decision,
  type Lease,
  type ParsedTarget,
  type Publisher,
  type ReadSecret,
  route,
  type Route,
  type Target,
  type TargetTerms,
} from "@tocsin/core";
import { type Transport } from "@tocsin/http";
import {
  accessIdentity,
  createPublisher,
  credentialIdentity,
  endpointIdentity,
  type PublisherOptions,
  publisherFromSealed,
  type Scope,
  sealable,
} from "@tocsin/publishers";
import type { TargetGuard } from "./discovery/target-guard.ts";
import { nameIn } from "./fallbacks.ts";
import type { Origin } from "./reachability/reachability.ts";
import { parseDefinition, resolveTargets } from "./resolve-targets.ts";
import type { ResolvedTarget } from "./resolved-target.ts";
import { type UnusedTargets, unusedTargets } from "./target-problems.ts";
import { testedTarget } from "./tests/test-alert.ts";
import type { CredentialVault } from "../ledger/credential-vault.ts";
import type { TargetSet, TargetDefinition } from "./target-definition.ts";

/** Of endpoints that no target has any more, so many publishers are kept; they are cheap to make again. */
const maxRetired = 100;

/** Who speaks to an endpoint. */
export interface TypedPublisher {
  readonly publisher: Publisher;
  /** The target's type. */
  readonly type: string;
}

/** What is compiled once for a version of a target, and stays while that is in force. */
interface CompiledTarget {
  readonly endpoint: string;
  readonly publisher: TypedPublisher;
  readonly terms: TargetTerms;
}

/** Targets that were read and compiled, not yet in force. */
export interface PreparedTargets {
  readonly entries: readonly ResolvedTarget[];
  /** What the ledger must know of them. */
  readonly terms: readonly TargetTerms[];
  readonly publishers: ReadonlyMap<string, TypedPublisher>;
}

/**
 * Which targets there are. Replaced as a whole; each is judged by itself, so that a wrong one costs no other one, and its
 * last valid version stays in force.
 */
export class TargetRegistry {
  readonly #vault: CredentialVault;
  readonly #publisherOptions: PublisherOptions;
  readonly #lookedUp: (hit: boolean) => void;
  readonly #guard: Pick<TargetGuard, "refusalsOf">;
  #prepared: PreparedTargets = { entries: [], terms: [], publishers: new Map() };
  #targetsInUse: readonly Target[] = [];
  #byName: ReadonlyMap<string, ResolvedTarget> = new Map();
  #termsByName: ReadonlyMap<string, TargetTerms> = new Map();
  #unused: UnusedTargets = { invalid: [], shadows: new Set() };
  /** What was written is read once: a change of one target costs nothing for the others. */
  readonly #parsed = new WeakMap<TargetDefinition, ParsedTarget>();
  readonly #definitions = new WeakMap<Target, TargetDefinition>();
  readonly #compiled = new WeakMap<Target, CompiledTarget>();
  /** By target and endpoint. The current ones, and retired ones while they are used. */
  #publishers = new Map<string, TypedPublisher>();

  constructor(o: {
    readonly vault: CredentialVault;
    readonly transport: Transport;
    readonly version: string;
    readonly clock: Clock;
    /** Whether a lease's endpoint was at hand, or had to be opened. */
    readonly lookedUp: (hit: boolean) => void;
    readonly guard: Pick<TargetGuard, "refusalsOf">;
  }) {
    this.#guard = o.guard;
    this.#vault = o.vault;
    this.#publisherOptions = { transport: o.transport, version: o.version, now: () => o.clock.now() };
    this.#lookedUp = o.lookedUp;
  }

  get entries(): readonly ResolvedTarget[] {
    return this.#prepared.entries;
  }

  get terms(): readonly TargetTerms[] {
    return this.#prepared.terms;
  }

  /** How many publishers are at hand. */
  get publisherCount(): number {
    return this.#publishers.size;
  }

  /** Reads targets without using them yet, so that the ledger can be told of them first. */
  prepare(sets: readonly TargetSet[], terms: { readonly fallbackAcrossNamespaces?: boolean } = {}): PreparedTargets {
    const entries = resolveTargets(sets, {
      ...terms,
      before: this.entries,
      refusalsOf: (target) => this.#guard.refusalsOf(target),
      parse: (definition, readSecret) => this.#parse(definition, readSecret),
    });
    const publishers = new Map<string, TypedPublisher>();
    const known = entries.flatMap((entry) => {
      const { target, fallback } = entry;
      if (target === undefined) return [];
      const compiled = this.#compile(target, entry);
      publishers.set(publisherKey(target.name, compiled.endpoint), compiled.publisher);
      const standIn = fallback !== undefined && { fallback: { target: fallback, afterMs: target.fallbackAfterMs } };
      return [{ ...compiled.terms, ...standIn }];
    });
    return { entries, terms: known, publishers };
  }

  /** Returns the targets that came or went, both versions of one that changed. */
  use(prepared: PreparedTargets): Target[] {
    const before = this.#targetsInUse;
    const retired = [...this.#publishers].filter(([key]) => !prepared.publishers.has(key)).slice(-maxRetired);
    this.#publishers = new Map([...retired, ...prepared.publishers]);
    this.#targetsInUse = prepared.entries.flatMap(({ target }) => target ?? []);
    this.#byName = new Map(prepared.entries.map((entry) => [entry.name, entry]));
    this.#termsByName = new Map(prepared.terms.map((terms) => [terms.name, terms]));
    this.#unused = unusedTargets(prepared.entries);
    this.#prepared = prepared;
    return [...without(before, this.#targetsInUse), ...without(this.#targetsInUse, before)];
  }

  /** By its name; for a target of a Secret the short name will do where it is the only one. */
  find(name: string): ResolvedTarget | undefined {
    const full = nameIn(this.#byName, name);
    return full === undefined ? undefined : this.#byName.get(full);
  }

  /** What is in force, and what was written to make it so. */
  definitionsInUse(): { readonly source: string; readonly place: string; readonly definition?: TargetDefinition }[] {
    return this.entries.map(({ source, place, target }) => {
      const definition = target && this.#definitions.get(target);
      return { source, place, ...(definition && { definition }) };
    });
  }

  /** Targets that receive nothing, whatever the alert says. */
  get unused(): UnusedTargets {
    return this.#unused;
  }

  /** Whether the target is sent a resolve of an alert that was never seen. */
  adopts(name: string): boolean {
    return this.#termsByName.get(name)?.adoptUnknownResolves === true;
  }

  decide(alert: Alert): Decision[] {
    const tested = testedTarget(alert, this.#vault);
    const decisions = route(alert, this.#targetsInUse);
    return tested === undefined ? decisions : decisions.map((decision) => testDecision(decision, alert, tested));
  }

  /** Where the enabled targets are. */
  origins(): Origin[] {
    return this.#targetsInUse.flatMap(({ enabled, url, typeOptions: own, fromSecret = false }) =>
      enabled ? [{ origin: new URL(url).origin, fromSecret, linkLocal: own["anyAddress"] === true }] : [],
    );
  }

  /** What is open at a target that must not be used any more is not ended there either. */
  isRefused(name: string): boolean {
    const entry = this.#byName.get(name);
    return entry?.refused !== undefined && entry.target === undefined;
  }

  /** Whether one of these, be it in force or not, wants to be told of the alert. */
  concerns(alert: Alert, targets: readonly Target[]): boolean {
    if (testedTarget(alert, this.#vault) !== undefined) return true;
    return route(alert, targets).some(({ tell }) => tell);
  }

  /** Where the alert should be told if it fires. */
  routesOf(alert: Alert): Route[] {
    return this.decide(alert).flatMap((decision) => (decision.tell ? [routeOf(decision)] : []));
  }

  /**
   * Who makes a lease's attempt: the endpoint that opened its incident, whatever its target is now. Undefined: what was
   * kept of it cannot be opened, since its key is gone.
   */
  publisherForLease(lease: Lease): TypedPublisher | undefined {
    const key = publisherKey(lease.target, lease.endpoint);
    const known = this.#publishers.get(key);
    this.#lookedUp(known !== undefined);
    if (known !== undefined) return known;
    const json = this.#vault.open(lease.sealed);
    if (json === undefined) return undefined;
    const opened = { publisher: publisherFromSealed(json, this.#publisherOptions), type: typeOf(json) };
    this.#publishers.set(key, opened);
    return opened;
  }

  /** The type of target that a lease was for. */
  typeOf(lease: Lease): string | undefined {
    return this.#publishers.get(publisherKey(lease.target, lease.endpoint))?.type;
  }

  /** Who speaks to a target in force. */
  publisherFor(name: string): TypedPublisher | undefined {
    const terms = this.#termsByName.get(name);
    return terms && this.#publishers.get(publisherKey(name, terms.endpoint));
  }

  #parse(definition: TargetDefinition, readSecret: ReadSecret): ParsedTarget {
    let parsed = this.#parsed.get(definition);
    if (parsed === undefined) {
      parsed = parseDefinition(definition, readSecret);
      this.#parsed.set(definition, parsed);
      if ("target" in parsed) this.#definitions.set(parsed.target, definition);
    }
    return parsed;
  }

  #compile(target: Target, scope: Scope): CompiledTarget {
    let compiled = this.#compiled.get(target);
    if (compiled === undefined) {
      const endpoint = this.#vault.identity("endpoint", endpointIdentity(target));
      const publisher = createPublisher(target, this.#publisherOptions);
      compiled = {
        endpoint,
        publisher: { publisher, type: target.type },
        terms: this.#termsOf(target, scope, endpoint, publisher),
      };
      this.#compiled.set(target, compiled);
    }
    return compiled;
  }

  /** Its fallback is known only beside the other targets. */
  #termsOf(target: Target, scope: Scope, endpoint: string, publisher: Publisher): TargetTerms {
    const { name, enabled, mode, rateLimit, timeoutMs, pageResolved, adoptUnknownResolves, groupUpdates } = target;
    return {
      name,
      enabled,
      shadow: mode === "shadow",
      endpoint,
      access: this.#vault.identity("access", accessIdentity(target)),
      credential: this.#vault.identity("credential", credentialIdentity(target, scope)),
      sealed: this.#vault.seal(sealable(target)),
      traits: publisher.traits,
      rateLimit,
      timeoutMs,
      pageResolved,
      adoptUnknownResolves,
      groupUpdates,
    };
  }
}

const routeOf = ({ tell: _tell, detail: _detail, ...where }: Decision & { tell: true }): Route => where;

/** Whatever a target's filters say: what tries a target is told to that one and to nobody else. */
function testDecision(decision: Decision, { fingerprint, annotations }: Alert, tested: string): Decision {
  const { target } = decision;
  if (target !== tested) return { target, tell: false, reason: "filtered", detail: `tries the target ${tested}` };
  if (!decision.tell && decision.reason === "target_disabled") return decision;
  return { target, tell: true, dedupKey: fingerprint, severity: "info", summary: annotations["summary"] ?? "" };
}

function without(targets: readonly Target[], others: readonly Target[]): Target[] {
  const among = new Set(others);
  return targets.filter((target) => !among.has(target));
}

/** Two targets may share an endpoint, and still say things differently. */
const publisherKey = (target: string, endpoint: string): string => `${endpoint} ${target}`;

const typeOf = (json: string): string => String((JSON.parse(json) as { type?: unknown }).type);
