import {
  type Alert,
  type Change,
  type ClassificationTerms,
  type Clock,
  type Decision,
  type Lease,
  type ParsedTarget,
  type ReadSecret,
  route,
  routeChange,
  type Route,
  type Target,
  type TargetTerms,
} from "@tocsin/core";
import {
  openEncodedEndpoint,
  type PagerDutyRest,
  type PublisherOptions,
  RestClients,
  type Scope,
} from "@tocsin/publishers";
import { addressedAlertDecision, addressedPrefix, type Addressing, type AddressingOf } from "./addressed-alert.ts";
import { drillOf } from "./drills/drill-alert.ts";
import { compileTarget, type CompiledTarget, type TypedPublisher } from "./compile-target.ts";
import type { TargetGuard } from "./discovery/target-guard.ts";
import { nameIn } from "./fallbacks.ts";
import type { Origin } from "./reachability/reachability.ts";
import { parseDefinition, type ResolveOptions, resolveTargets } from "./resolve-targets.ts";
import type { ResolvedTarget } from "./resolved-target.ts";
import { type UnusedTargets, unusedTargets } from "./target-warnings.ts";
import { trialTarget } from "./trial-target.ts";
import { testedTarget } from "./tests/test-alert.ts";
import type { CredentialVault } from "../ledger/credential-vault.ts";
import type { TargetSet, TargetDefinition } from "./target-definition.ts";

/** Maximum number of publishers that are kept for endpoints that no target has any more. They are cheap to create again. */
const maxRetired = 100;

/** Targets that were read and compiled, but are not in use yet. */
export interface PreparedTargets {
  readonly entries: readonly ResolvedTarget[];
  /** The terms that the ledger must know. */
  readonly terms: readonly TargetTerms[];
  readonly publishers: ReadonlyMap<string, TypedPublisher>;
}

export interface TargetRegistryOptions {
  readonly vault: CredentialVault;
  readonly transport: PublisherOptions["transport"];
  readonly version: string;
  readonly clock: Clock;
  /** Called for each lease: whether its publisher was in memory, or had to be created from the sealed endpoint. */
  readonly lookedUp: (hit: boolean) => void;
  readonly guard: Pick<TargetGuard, "refusalsOf">;
  /** Returns where alerts of Tocsin itself go. Called only for fingerprints with `addressedPrefix`. */
  readonly addressingOfOwn?: AddressingOf;
}

/**
 * Holds all targets. The set is replaced as a whole. Each target is checked by itself, so that an invalid one affects no other,
 * and its last valid version stays in use.
 */
export class TargetRegistry {
  readonly #vault: CredentialVault;
  readonly #publisherOptions: PublisherOptions;
  readonly #restClients: RestClients;
  readonly #lookedUp: (hit: boolean) => void;
  readonly #guard: Pick<TargetGuard, "refusalsOf">;
  readonly #addressingOfOwn: AddressingOf | undefined;
  #prepared: PreparedTargets = { entries: [], terms: [], publishers: new Map() };
  #targetsInUse: readonly Target[] = [];
  #byName: ReadonlyMap<string, ResolvedTarget> = new Map();
  #termsByName: ReadonlyMap<string, TargetTerms> = new Map();
  #unused: UnusedTargets = { invalid: [], shadows: new Set() };
  /** Each definition is parsed once: a change of one target costs nothing for the others. */
  readonly #parsed = new WeakMap<TargetDefinition, ParsedTarget>();
  readonly #definitions = new WeakMap<Target, TargetDefinition>();
  readonly #compiled = new WeakMap<Target, CompiledTarget>();
  /** Publishers by target and endpoint: the current ones, and retired ones while they are used. */
  #publishers = new Map<string, TypedPublisher>();

  constructor(o: TargetRegistryOptions) {
    this.#guard = o.guard;
    this.#addressingOfOwn = o.addressingOfOwn;
    this.#vault = o.vault;
    this.#publisherOptions = { transport: o.transport, version: o.version, now: () => o.clock.now() };
    this.#restClients = new RestClients(this.#publisherOptions);
    this.#lookedUp = o.lookedUp;
  }

  get entries(): readonly ResolvedTarget[] {
    return this.#prepared.entries;
  }

  get terms(): readonly TargetTerms[] {
    return this.#prepared.terms;
  }

  /** Number of publishers in memory. */
  get publisherCount(): number {
    return this.#publishers.size;
  }

  /** Reads targets without using them yet, so that the ledger can store them first. */
  prepare(
    sets: readonly TargetSet[],
    terms: Pick<ResolveOptions, "fallbackAcrossNamespaces" | "confirmed" | "classification"> = {},
  ): PreparedTargets {
    const entries = resolveTargets(sets, {
      ...terms,
      before: this.entries,
      refusalsOf: (target) => this.#guard.refusalsOf(target),
      parse: (definition, readSecret) => this.#parse(definition, readSecret),
    });
    const publishers = new Map<string, TypedPublisher>();
    const known = entries.flatMap((entry) => {
      const { target, fallback, confirmWithinMs } = entry;
      if (target === undefined) return [];
      const compiled = this.#compile(target, entry);
      publishers.set(publisherKey(target.name, compiled.endpoint), compiled.publisher);
      const standIn = fallback !== undefined && { fallback: { target: fallback, afterMs: target.fallbackAfterMs } };
      return [{ ...compiled.terms, ...standIn, ...(confirmWithinMs !== undefined && { confirmWithinMs }) }];
    });
    return { entries, terms: known, publishers };
  }

  /** Uses the prepared targets. Returns those that were added or removed, and both versions of each that changed. */
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

  /** Finds a target by its name. The short name of a target from a Secret is enough if it is unique. */
  find(name: string): ResolvedTarget | undefined {
    const full = nameIn(this.#byName, name);
    return full === undefined ? undefined : this.#byName.get(full);
  }

  /** Returns the targets in use, each with the definition that it was made from. */
  definitionsInUse(): { readonly source: string; readonly place: string; readonly definition?: TargetDefinition }[] {
    return this.entries.map(({ source, place, target }) => {
      const definition = target && this.#definitions.get(target);
      return { source, place, ...(definition && { definition }) };
    });
  }

  /** Targets that receive nothing, whatever the labels of an alert. */
  get unused(): UnusedTargets {
    return this.#unused;
  }

  /** Returns whether the target receives the resolve of an alert that was never seen. */
  adopts(name: string): boolean {
    return this.#termsByName.get(name)?.adoptUnknownResolves === true;
  }

  /** How long before an alert its pages at this target list related changes, ms. 0: they list none. */
  includeChangesMs(name: string): number {
    return this.#byName.get(name)?.target?.includeChangesMs ?? 0;
  }

  /** Returns the identity of a target's credential; no secret. Undefined: the target is not in use. */
  credentialOf(name: string): string | undefined {
    return this.#termsByName.get(name)?.credential;
  }

  /** `terms`: how the classification of the alert takes part. Undefined: it is not classified. */
  decide(alert: Alert, terms?: ClassificationTerms): Decision[] {
    const decided = route(alert, this.#targetsInUse, terms);
    const decisions = terms?.wait === undefined ? decided : decided.map((one) => this.#withinFallback(one));
    const addressing = this.#addressingOf(alert);
    return addressing ? decisions.map((decision) => addressedAlertDecision(decision, alert, addressing)) : decisions;
  }

  /** A page that would go to the fallback before its verdict comes does not wait. */
  #withinFallback(decision: Decision): Decision {
    if (!decision.send || decision.waitMs === undefined) return decision;
    const { fallback } = this.#termsByName.get(decision.target) ?? {};
    if (fallback === undefined || fallback.afterMs > decision.waitMs) return decision;
    const { waitMs: _, awaitsVerdict: __, ...rest } = decision;
    return rest;
  }

  #addressingOf(alert: Alert): Addressing | undefined {
    if (!alert.fingerprint.startsWith(addressedPrefix)) return undefined;
    const tested = testedTarget(alert, this.#vault);
    if (tested !== undefined) return { targets: [tested], severity: "info", why: `tests the target ${tested}` };
    const drill = drillOf(alert, this.#vault);
    return drill === undefined
      ? this.#addressingOfOwn?.(alert)
      : { targets: [drill.target], severity: drill.severity, why: `is a fire drill at the target ${drill.target}` };
  }

  /** Returns the origins of the enabled targets. */
  origins(): Origin[] {
    return this.#targetsInUse.flatMap(({ enabled, url, typeOptions: own, tls, fromSecret = false }) =>
      enabled ? [{ origin: new URL(url).origin, fromSecret, linkLocal: own["anyAddress"] === true, tls }] : [],
    );
  }

  /** Returns whether the target must not be used: incidents that are open there are not resolved there either. */
  isRefused(name: string): boolean {
    const entry = this.#byName.get(name);
    return entry?.refused !== undefined && entry.target === undefined;
  }

  /** Returns whether one of these targets, in use or not, would receive the alert. */
  concerns(alert: Alert, targets: readonly Target[]): boolean {
    if (this.#addressingOf(alert) !== undefined) return true;
    return route(alert, targets).some(({ send }) => send);
  }

  /** Returns the routes of the alert if it fires. */
  routesOf(alert: Alert, terms?: ClassificationTerms): Route[] {
    return this.routesIn(this.decide(alert, terms));
  }

  routesIn(decisions: readonly Decision[]): Route[] {
    return decisions.flatMap((decision) => (decision.send ? [routeOf(decision)] : []));
  }

  /** Returns the routes of a change: to these targets, or to those whose filters it passes. */
  routesOfChange(change: Change, only?: readonly string[]): Route[] {
    const decisions = routeChange(change, this.#targetsInUse, only);
    return decisions.flatMap((decision) => (decision.send ? [routeOf(decision)] : []));
  }

  /**
   * Returns the publisher for a lease's attempt: that of the endpoint at which the incident was opened, even if the target has
   * another one now. Undefined: the sealed endpoint cannot be decrypted, because its key is gone.
   */
  publisherForLease(lease: Lease): TypedPublisher | undefined {
    const key = publisherKey(lease.target, lease.endpoint);
    const known = this.#publishers.get(key);
    this.#lookedUp(known !== undefined);
    if (known !== undefined) return known;
    const json = this.#vault.open(lease.sealed);
    if (json === undefined) return undefined;
    const opened = { publisher: openEncodedEndpoint(json, this.#publisherOptions), type: typeOf(json) };
    this.#publishers.set(key, opened);
    return opened;
  }

  /** Returns the type of the target that a lease was for. */
  typeOf(lease: Lease): string | undefined {
    return this.#publishers.get(publisherKey(lease.target, lease.endpoint))?.type;
  }

  /** Returns the publisher of a target in use. */
  publisherFor(name: string): TypedPublisher | undefined {
    const terms = this.#termsByName.get(name);
    return terms && this.#publishers.get(publisherKey(name, terms.endpoint));
  }

  /** Parses a target to try it: nothing is read, kept or sent. */
  trial(input: unknown) {
    return trialTarget(input, this.#publisherOptions);
  }

  /** Reads the API of a target's receiver. Undefined: the target is not in use, or has no `rest_token`. */
  restClientOf(name: string): PagerDutyRest | undefined {
    return this.#restClients.of(this.#byName.get(name)?.target);
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
      compiled = compileTarget(target, scope, { vault: this.#vault, publisherOptions: this.#publisherOptions });
      this.#compiled.set(target, compiled);
    }
    return compiled;
  }
}

const routeOf = ({
  send: _send,
  detail: _detail,
  weighed: _weighed,
  awaitsVerdict: _awaits,
  ...where
}: Decision & { send: true }): Route => where;

function without(targets: readonly Target[], others: readonly Target[]): Target[] {
  const among = new Set(others);
  return targets.filter((target) => !among.has(target));
}

/** Two targets may share an endpoint and still format events differently. */
const publisherKey = (target: string, endpoint: string): string => `${endpoint} ${target}`;

const typeOf = (json: string): string => String((JSON.parse(json) as { type?: unknown }).type);
