import type { Transport } from "./transport.ts";

/** What every publisher is given besides its endpoint. */
export interface PublisherOptions {
  readonly transport: Transport;
  /** Ours, for the User-Agent. */
  readonly version: string;
  /** Wall clock, ms since epoch. @default Date.now */
  readonly now?: () => number;
  /** Host names to treat as Slack's own, besides Slack's. Tests use it: elsewhere Slack's exact answers are not required. */
  readonly slackHosts?: readonly string[];
}
