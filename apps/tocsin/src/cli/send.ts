import { type EventInput, PagerDutyError, PagerDutyEventsClient, type Region } from "@tocsin/pagerduty";
import { OperatorError } from "../config/operator-error.ts";
import type { Terminal } from "./terminal.ts";

export type Sending = "trigger" | "acknowledge" | "resolve" | "change";

export interface SendOptions {
  readonly routingKey: string;
  readonly region?: Region;
  readonly url?: string;
  readonly summary?: string;
  readonly source?: string;
  readonly severity?: "critical" | "error" | "warning" | "info";
  readonly dedupKey?: string;
  readonly json?: boolean;
}

/** `tocsin send`: one event by the client library, with its limits and retries, and without the service. */
export async function send(terminal: Terminal, sending: Sending, options: SendOptions): Promise<void> {
  try {
    const { routingKey, region, url } = options;
    const client = new PagerDutyEventsClient({
      routingKey,
      ...(region && { region }),
      ...(url !== undefined && { baseUrl: url }),
    });
    const accepted = await client.send(eventOf(sending, options));
    const key = "dedupKey" in accepted ? ` (dedup key ${accepted.dedupKey})` : "";
    terminal.out(options.json ? `${JSON.stringify(accepted, null, 2)}\n` : `PagerDuty accepted the ${sending}${key}\n`);
  } catch (error) {
    if (!(error instanceof PagerDutyError)) throw error;
    throw new OperatorError(`PagerDuty did not accept the ${sending}: ${error.message}`, { cause: error });
  }
}

function eventOf(sending: Sending, options: SendOptions): EventInput {
  const { summary = "", source, severity = "error", dedupKey } = options;
  switch (sending) {
    case "trigger":
      return { action: sending, dedupKey, payload: { summary, source: source ?? "tocsin", severity } };
    case "acknowledge":
    case "resolve":
      return { action: sending, dedupKey: dedupKey ?? "" };
    case "change":
      return { action: sending, payload: { summary, source } };
  }
}
