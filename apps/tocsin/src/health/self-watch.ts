import type { Config } from "../config/config.ts";
import type { OutgoingHeartbeat, OutgoingHeartbeatOptions } from "../heartbeats/outgoing-heartbeat.ts";
import type { Discoveries, DiscoveryView } from "../targets/discovery/discoveries.ts";
import type { Failing } from "./health-views.ts";
import type { Readiness } from "./readiness.ts";
import type { Heartbeats, HeartbeatsOptions } from "../heartbeats/heartbeats.ts";

/** A place of targets that is stale for longer stops the outgoing heartbeat. */
const maxStaleMs = 5 * 60_000;

export interface SelfWatchOptions extends Omit<HeartbeatsOptions, "listens">, Omit<OutgoingHeartbeatOptions, "unwell"> {
  readonly discoveries: Pick<Discoveries, "views">;
  readonly readiness: Pick<Readiness, "isLoaded" | "stopping" | "ledgerFailure">;
}

/** The parts that watch sources and Tocsin itself. Their code is loaded only if the configuration uses them. */
export class SelfWatch {
  readonly #o: SelfWatchOptions;
  #heartbeats: Heartbeats | undefined;
  #outgoing: OutgoingHeartbeat | undefined;
  #heartbeat: Config["heartbeat"];
  #started = false;

  constructor(options: SelfWatchOptions) {
    this.#o = options;
  }

  /** Undefined: no source is expected to send regularly. */
  get heartbeats(): Heartbeats | undefined {
    return this.#heartbeats;
  }

  /** Why the outgoing heartbeat fails. Undefined: it does not. */
  get failingHeartbeat(): Failing | undefined {
    return this.#outgoing?.failing;
  }

  async use({ expectations, heartbeat }: Pick<Config, "expectations" | "heartbeat">): Promise<void> {
    if (this.#heartbeats === undefined && expectations.length > 0) {
      const { Heartbeats } = await import("../heartbeats/heartbeats.ts");
      this.#heartbeats = new Heartbeats({ ...this.#o, listens: () => this.#listens() });
      if (this.#started) this.#heartbeats.start();
    }
    this.#heartbeats?.use(expectations);
    if (this.#outgoing === undefined && heartbeat !== undefined) {
      const { OutgoingHeartbeat } = await import("../heartbeats/outgoing-heartbeat.ts");
      this.#outgoing = new OutgoingHeartbeat({ ...this.#o, unwell: () => this.#unwell() });
    }
    this.#heartbeat = heartbeat;
    if (this.#started) this.#outgoing?.use(heartbeat);
  }

  /** Whether this process is able to record requests. */
  #listens(): boolean {
    const { isLoaded, stopping, ledgerFailure } = this.#o.readiness;
    return isLoaded && !stopping && ledgerFailure === undefined;
  }

  /** Why a dead man's switch should notice this process. Undefined: it works. */
  #unwell(): string | undefined {
    const { readiness, discoveries, clock } = this.#o;
    if (readiness.ledgerFailure !== undefined) return "the ledger does not commit";
    if (!readiness.isLoaded) return "targets are not loaded yet";
    const staleMs = ({ staleSinceMs }: DiscoveryView) => (staleSinceMs === null ? 0 : clock.now() - staleSinceMs);
    const isStale = discoveries.views.some((view) => staleMs(view) > maxStaleMs);
    return isStale ? "changes of targets are not seen for more than five minutes" : undefined;
  }

  start(): void {
    this.#started = true;
    this.#heartbeats?.start();
    this.#outgoing?.use(this.#heartbeat);
  }

  async stop(): Promise<void> {
    this.#outgoing?.stop();
    await this.#heartbeats?.stop();
  }
}
