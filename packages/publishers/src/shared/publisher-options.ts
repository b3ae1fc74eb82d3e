import type { Sender, Transport } from "@tocsin/http";

/** The options of `createPublisher`. */
export interface PublisherOptions extends Omit<PublisherSurroundings, "transport"> {
  readonly transport: Pick<Transport, "for">;
}

/** The dependencies of every publisher besides its endpoint. */
export interface PublisherSurroundings {
  readonly transport: Sender;
  /** Version of Tocsin, for the User-Agent. */
  readonly version: string;
  /** Wall clock, ms since epoch. @default Date.now */
  readonly now?: () => number;
  /** Host names to treat as Slack's own, besides Slack's. Tests use it: elsewhere Slack's exact answers are not required. */
  readonly slackHosts?: readonly string[];
}
