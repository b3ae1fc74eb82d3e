import type { Clock } from "@tocsin/core";
import { addressOf, type Reply, type Transport } from "@tocsin/http";
import type { Failing } from "../health/health-views.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Troubles } from "../telemetry/troubles.ts";
import type { OutgoingHeartbeatSettings } from "./outgoing-settings.ts";

const timeoutMs = 10_000;

/** A response is read only to use the connection again. */
const maxBytes = 1_024;

export interface OutgoingHeartbeatOptions {
  readonly transport: Pick<Transport, "get">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** Why this process must not claim to work. Undefined: it works. A target that fails is no reason: it is not Tocsin's fault. */
  readonly unwell: () => string | undefined;
}

/** Pings the URL of a dead man's switch while this process works. It delays nothing, and its URL is never logged. */
export class OutgoingHeartbeat {
  readonly #o: OutgoingHeartbeatOptions;
  readonly #troubles: Troubles;
  #settings: OutgoingHeartbeatSettings | undefined;
  #address: ReturnType<typeof addressOf> | undefined;
  readonly #headers: readonly string[];
  #cancel = (): void => {};
  #stopped = new AbortController();
  #failing: Failing | undefined;

  constructor(options: OutgoingHeartbeatOptions) {
    this.#o = options;
    this.#troubles = new Troubles(options.clock, { everyMs: 30 * 60_000, burst: 2 });
    this.#headers = ["user-agent", `Tocsin/${options.version}`];
  }

  /** Uses these settings from now on. Undefined: sends nothing. The first request leaves at once. */
  use(settings: OutgoingHeartbeatSettings | undefined): void {
    const before = this.#settings;
    if (before?.url.reveal() === settings?.url.reveal() && before?.everyMs === settings?.everyMs) return;
    this.#settings = settings;
    this.#cancel();
    this.#recovered();
    this.#address = settings && addressOf(settings.url.reveal());
    if (settings !== undefined) this.#cancel = this.#o.clock.after(0, () => void this.#ping(settings));
  }

  /** The last failure, while it lasts. */
  get failing(): Failing | undefined {
    return this.#failing;
  }

  stop(): void {
    this.#settings = undefined;
    this.#cancel();
    this.#stopped.abort();
    this.#troubles.stop();
  }

  /** The interval runs from start to start, and one request is in flight at most. */
  async #ping(settings: OutgoingHeartbeatSettings): Promise<void> {
    const { clock, transport, unwell } = this.#o;
    const sinceMs = clock.monotonic();
    const why = unwell();
    if (why === undefined && this.#address !== undefined) {
      const { signal } = this.#stopped;
      this.#report(
        await transport.get({ address: this.#address, headers: this.#headers, maxBytes, timeoutMs, signal }),
        settings,
      );
    } else this.#o.log.debug({ event: "heartbeat_withheld", why }, "No heartbeat is sent");
    if (this.#settings !== settings) return;
    const waitMs = Math.max(0, settings.everyMs - (clock.monotonic() - sinceMs));
    this.#cancel = clock.after(waitMs, () => void this.#ping(settings));
  }

  #report(reply: Reply, settings: OutgoingHeartbeatSettings): void {
    if (this.#settings !== settings) return;
    if (reply.kind === "answered" && reply.status >= 200 && reply.status < 300) return this.#recovered();
    const error = errorOf(reply);
    this.#failing = { error, sinceMs: this.#failing?.sinceMs ?? this.#o.clock.now() };
    this.#troubles.begin("heartbeat", (fields) =>
      this.#o.log.warn(
        { event: "heartbeat_failed", error, ...fields },
        "The outgoing heartbeat fails: it is sent again at the next interval",
      ),
    );
  }

  #recovered(): void {
    this.#failing = undefined;
    this.#troubles.end("heartbeat", (fields) =>
      this.#o.log.info({ event: "heartbeat_recovered", ...fields }, "The outgoing heartbeat is accepted again"),
    );
  }
}

/** Our own words only: a response may repeat the URL. */
function errorOf(reply: Reply): string {
  if (reply.kind === "answered") return `HTTP ${reply.status}`;
  if (reply.kind === "failed") return reply.reason;
  return "no response within 10 s";
}
