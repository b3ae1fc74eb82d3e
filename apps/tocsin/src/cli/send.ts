import {
  type EventInput,
  PagerDutyApiError,
  PagerDutyError,
  PagerDutyEventsClient,
  PagerDutyNetworkError,
  PagerDutyRateLimitError,
  PagerDutyValidationError,
  type Region,
} from "@tocsin/pagerduty";
import { OperatorError, UsageError } from "../config/operator-error.ts";
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

/** `tocsin send`: sends one event with the client library, with its limits and retries, without the service. */
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
    throw error instanceof PagerDutyError ? explained(error, sending, options) : error;
  }
}

const optionOf: Readonly<Record<string, string>> = {
  routingKey: "--routing-key",
  baseUrl: "--url",
  region: "--region",
  dedupKey: "--dedup-key",
  "payload.summary": "--summary",
  "payload.source": "--source",
  "payload.severity": "--severity",
};

/** Names the sender and the system that refused the event: the service is not involved. */
function explained(error: PagerDutyError, sending: Sending, { region = "us", url }: SendOptions): OperatorError {
  if (error instanceof PagerDutyValidationError) {
    const issues = error.issues.map(({ path, message }) => `${optionOf[path] ?? path}: ${message}`);
    return new UsageError(`Nothing was sent. ${issues.join("; ")}`, { cause: error });
  }
  const where = url === undefined ? `PagerDuty (${region})` : originOf(url);
  const sent = `Tocsin's PagerDuty client sent the ${sending} directly, without the service,`;
  if (error instanceof PagerDutyNetworkError) {
    const fate = error.requestSent
      ? `${where} did not answer, so it may have accepted the ${sending} or not`
      : `${where} was not reached, so nothing was accepted`;
    return new OperatorError(`${sent} and ${fate}: ${error.message}`, { cause: error });
  }
  const { errors } = error as PagerDutyApiError | PagerDutyRateLimitError;
  const said = errors.filter((one) => !error.message.includes(one));
  const details = [error.message, ...said].join("; ");
  return new OperatorError(`${sent} and ${where} refused it: ${details}`, { cause: error });
}

/** Leaves out path and query, which may hold a credential. */
const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : "--url");

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
