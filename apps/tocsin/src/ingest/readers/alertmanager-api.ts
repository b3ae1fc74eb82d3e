import type { Clock } from "@tocsin/core";
import type { Transport } from "@tocsin/http";
import { type ApiStatus, type ListedAlert, parseApiAlerts, parseApiStatus } from "./parse-api.ts";
import { basicAuthorization, type Instance, type ReaderSettings, revealed } from "./reader-settings.ts";

/** Longest wait for one response. */
const timeoutMs = 10_000;

/**
 * Maximum length of a response: ten thousand alerts have about 15 MB. A longer response is discarded, because its missing end
 * may hold any alert.
 */
const maxAlertsBytes = 32 * 1024 * 1024;

/** Maximum length of the status, which holds the configuration. */
const maxStatusBytes = 4 * 1024 * 1024;

/** The response of one instance. A problem names no secret. */
export interface InstanceAnswer {
  readonly alerts: readonly ListedAlert[] | undefined;
  readonly status: ApiStatus | undefined;
  readonly problem: string | undefined;
}

/** Reads the API of one instance: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export class AlertmanagerApi {
  readonly #transport: Pick<Transport, "get">;
  readonly #clock: Clock;
  readonly #address: {
    readonly origin: string;
    readonly path: string;
    readonly tls?: Readonly<Record<string, string>>;
  };
  readonly #headers: readonly string[];

  constructor(
    { url }: Instance,
    { headers, tls }: Pick<ReaderSettings, "headers" | "tls">,
    o: { readonly transport: Pick<Transport, "get">; readonly clock: Clock; readonly version: string },
  ) {
    this.#transport = o.transport;
    this.#clock = o.clock;
    const { origin, pathname } = new URL(url.reveal());
    this.#address = {
      origin,
      path: pathname.replace(/\/$/, ""),
      ...(Object.keys(tls).length > 0 && { tls: revealed(tls) }),
    };
    const basic = basicAuthorization(url);
    this.#headers = [
      "accept",
      "application/json",
      "user-agent",
      `Tocsin/${o.version}`,
      ...(basic === undefined ? [] : ["authorization", `Basic ${basic}`]),
      ...Object.entries(revealed(headers)).flat(),
    ];
  }

  /**
   * Requests all alerts: silenced and inhibited ones are included unless a parameter excludes them. The status is requested
   * afterwards, so that it shows a restart in between.
   */
  async ask(stopped: AbortSignal): Promise<InstanceAnswer> {
    let alerts: readonly ListedAlert[] | undefined;
    try {
      alerts = parseApiAlerts(await this.#get("/api/v2/alerts", maxAlertsBytes, stopped));
      const status = parseApiStatus(await this.#get("/api/v2/status", maxStatusBytes, stopped));
      return { alerts, status, problem: undefined };
    } catch (error) {
      return { alerts, status: undefined, problem: (error as Error).message };
    }
  }

  /** @throws Error that says why there is no usable response */
  async #get(path: string, maxBytes: number, stopped: AbortSignal): Promise<string> {
    const timeout = new AbortController();
    const cancel = this.#clock.after(timeoutMs, () => timeout.abort(new DOMException("", "TimeoutError")));
    const reply = await this.#transport.get({
      address: { ...this.#address, path: this.#address.path + path },
      headers: this.#headers,
      maxBytes,
      signal: AbortSignal.any([timeout.signal, stopped]),
    });
    cancel();
    if (reply.kind === "failed") throw new Error(`the request for ${path} failed: ${reply.detail}`);
    if (reply.kind === "stopped") throw new Error(`no answer to the request for ${path} within ${timeoutMs / 1_000} s`);
    if (reply.status !== 200) throw new Error(`the answer to the request for ${path} has status ${reply.status}`);
    return reply.body;
  }
}
