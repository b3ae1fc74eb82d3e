import type { FastifyRequest } from "fastify";
import { isLoopbackListener } from "../config/address.ts";
import type { Config } from "../config/config.ts";
import { hostNameOf, isFixedHost } from "../config/host-name.ts";
import { Problem } from "./problem.ts";

/** The host names for which the service answers. A reload of the configuration replaces them as a whole. */
export class AllowedHosts {
  readonly #own: ReadonlySet<string>;
  /** Only the address of the listener protects the service. */
  readonly #isLoopbackOnly: boolean;
  #lastAccepted: string | undefined;

  constructor({
    listen,
    tokens,
    clients,
    publicUrl,
    allowedHosts,
  }: Pick<Config["server"], "listen" | "tokens" | "clients" | "publicUrl" | "allowedHosts">) {
    this.#own = new Set(
      [...(publicUrl === undefined ? [] : [new URL(publicUrl).host]), ...allowedHosts].flatMap(named),
    );
    this.#isLoopbackOnly = tokens.length + clients.length === 0 && isLoopbackListener(listen.host);
  }

  /** Whether the configuration names this host. */
  isOwn(name: string): boolean {
    return this.#own.has(name);
  }

  /**
   * Protects against DNS rebinding: a browser sends requests of another site's page to this machine once that site's name
   * resolves to it, with that name in `Host`. So if no token is needed, only names are accepted that others cannot point to
   * this machine. HTTP/1.0 clients without `Host` are not browsers.
   *
   * @throws Problem 421
   */
  refuseOthers({ headers: { host } }: FastifyRequest): void {
    if (!this.#isLoopbackOnly || host === undefined || host === this.#lastAccepted) return;
    this.refuseUnknown(host);
    this.#lastAccepted = host;
  }

  /**
   * Refuses a host that may be a name of another site, also if tokens are needed.
   *
   * @throws Problem 421
   */
  refuseUnknown(host: string): void {
    const name = hostNameOf(host);
    if (name === undefined || !(isFixedHost(name) || this.#own.has(name))) throw wrongHost;
  }
}

const wrongHost = new Problem(
  421,
  "wrong_host",
  "this service does not accept requests for this host; add it to server.allowedHosts",
);

const named = (host: string): string[] => {
  const name = hostNameOf(host);
  return name === undefined ? [] : [name];
};
