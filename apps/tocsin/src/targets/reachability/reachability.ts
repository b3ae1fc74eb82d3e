import type { Clock, EndpointTls } from "@tocsin/core";
import { portOf, proxyFor, type ProxySettings, type Trust } from "@tocsin/http";
import { tlsSettingsOf } from "@tocsin/publishers";
import type { TargetGuard } from "../discovery/target-guard.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { reach, type Reached } from "./reach.ts";

const firstAfterMs = 5_000;
const everyMs = 60_000;
/** Maximum time for one server. */
const timeoutMs = 5_000;

/** Maximum number of servers that are checked at once. */
const concurrency = 8;

/** The server of a target, and the author of the target. */
export interface Origin extends Trust {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Absent: the well-known authorities, and no certificate of our own. */
  readonly tls?: EndpointTls | undefined;
}

export interface ReachabilityOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The servers of all targets that may be sent something. */
  readonly origins: () => Iterable<Origin>;
  /** Servers behind a proxy are not checked: only the proxy knows whether it can reach them. */
  readonly proxy: ProxySettings;
  readonly guard: Pick<TargetGuard, "rulesOf" | "ownPort">;
}

/** Result of the last check of one server. */
export interface Found extends Reached {
  /** Wall clock. */
  readonly atMs: number;
}

/** Checks once per minute whether the servers of targets can be reached. Results are shown and logged. They decide nothing. */
export class Reachability {
  readonly #o: ReachabilityOptions;
  #found: ReadonlyMap<string, Found> = new Map();
  #cancel = (): void => {};
  readonly #stopping = new AbortController();
  #checking: Promise<void> = Promise.resolve();

  constructor(options: ReachabilityOptions) {
    this.#o = options;
  }

  /** Undefined: not checked yet, or never checked. */
  of(origin: string): Found | undefined {
    return this.#found.get(origin);
  }

  start(): void {
    this.#next(firstAfterMs);
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#stopping.abort();
    await this.#checking;
  }

  /** Checks all servers now. */
  check(): Promise<void> {
    return (this.#checking = this.#checkAll());
  }

  #next(afterMs: number): void {
    this.#cancel = this.#o.clock.after(afterMs, () => void this.check().then(() => this.#next(everyMs)));
    if (this.#stopping.signal.aborted) this.#cancel();
  }

  async #checkAll(): Promise<void> {
    const { clock, origins, proxy, guard } = this.#o;
    const byOrigin = Map.groupBy(origins(), ({ origin }) => origin);
    const waiting = [...byOrigin.keys()].filter((origin) => proxyFor(proxy, new URL(origin)) === undefined);
    const found = new Map<string, Found>();
    const work = async () => {
      for (let origin = waiting.pop(); origin !== undefined; origin = waiting.pop()) {
        const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#stopping.signal]);
        const url = new URL(origin);
        const there = byOrigin.get(origin) ?? [];
        const rules = guard.rulesOf(trustIn(there));
        // If several targets share a server, the first one with TLS settings decides.
        const tls = there.find((one) => one.tls !== undefined)?.tls;
        const reached = await reach(url, signal, {
          guard: { rules, ownPort: guard.ownPort() === portOf(url) },
          tls: tls && tlsSettingsOf(tls),
        });
        if (this.#stopping.signal.aborted) return;
        found.set(origin, { ...reached, atMs: clock.now() });
        this.#report(origin, reached);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    if (!this.#stopping.signal.aborted) this.#found = found;
  }

  #report(origin: string, { ok, step, detail }: Reached): void {
    const before = this.#found.get(origin)?.ok ?? true;
    if (before && !ok)
      this.#o.log.warn({ event: "targets_unreachable", origin, step, detail }, "targets there cannot be reached");
    if (!before && ok) this.#o.log.info({ event: "targets_reachable", origin }, "targets there can be reached again");
  }
}

/** If several targets share a server, those of the operator decide. One that allows link-local addresses is enough. */
function trustIn(targets: readonly Trust[]): Trust {
  const operators = targets.filter(({ fromSecret }) => !fromSecret);
  const deciding = operators.length > 0 ? operators : targets;
  return { fromSecret: operators.length === 0, linkLocal: deciding.some(({ linkLocal }) => linkLocal) };
}
