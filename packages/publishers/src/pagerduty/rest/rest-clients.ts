import type { Target } from "@tocsin/core";
import type { PublisherOptions } from "../../shared/publisher-options.ts";
import { openPagerDutyRest } from "./open-pagerduty-rest.ts";
import type { PagerDutyRest } from "./pagerduty-rest.ts";

/**
 * The readers of the receivers' APIs, one for each token, so that targets with the same token share its limit. Empty while no target
 * has a token.
 */
export class RestClients {
  readonly #options: PublisherOptions;
  readonly #clients = new Map<string, PagerDutyRest | undefined>();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Undefined: the target has no token. */
  of(target: Target | undefined): PagerDutyRest | undefined {
    if (target?.restToken === undefined) return undefined;
    const { restToken, url, headers, tls, timeoutMs, fromSecret } = target;
    const shown = Object.entries(headers).map(([name, value]) => [name, value.reveal()]);
    const certificates = tls && [tls.ca?.reveal(), tls.cert?.reveal(), tls.key?.reveal(), tls.serverName];
    const key = JSON.stringify([restToken.reveal(), new URL(url).origin, shown, certificates, timeoutMs, fromSecret]);
    let client = this.#clients.get(key);
    if (client === undefined) {
      // Tokens are rotated: the oldest readers are cheap to open again.
      if (this.#clients.size >= maxClients) this.#clients.delete(this.#clients.keys().next().value!);
      this.#clients.set(key, (client = openPagerDutyRest(target, this.#options)));
    }
    return client;
  }
}

const maxClients = 100;
