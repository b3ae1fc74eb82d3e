import { fitDedupKey } from "./fit-dedup-key.ts";
import { PagerDutyValidationError } from "./errors.ts";
import type { AcknowledgeEvent, AlertEvent, ChangeEvent, ResolveEvent, TriggerEvent } from "./event.ts";
import { fitEvent, type FittedEvent } from "./fit-event.ts";
import type { ChangeInput, TriggerInput } from "./input.ts";

/** Translates the names of the input into those of the API. The input must have been validated. */
export function buildTriggerEvent(routingKey: string, input: TriggerInput): TriggerEvent & { dedup_key: string } {
  const { payload } = input;
  return {
    routing_key: routingKey,
    event_action: "trigger",
    // PagerDuty would make a key too, but then each retry would open another alert.
    dedup_key: input.dedupKey?.trim() ? fitDedupKey(input.dedupKey) : crypto.randomUUID(),
    payload: {
      summary: payload.summary,
      source: payload.source,
      severity: payload.severity,
      timestamp: timeText(payload.timestamp),
      component: payload.component,
      group: payload.group,
      class: payload.class,
      custom_details: payload.customDetails,
    },
    links: input.links,
    images: input.images,
    client: input.client,
    client_url: input.clientUrl,
  };
}

export function buildKeyEvent(
  routingKey: string,
  action: "acknowledge" | "resolve",
  dedupKey: string,
): AcknowledgeEvent | ResolveEvent {
  return { routing_key: routingKey, event_action: action, dedup_key: fitDedupKey(dedupKey) };
}

export function buildChangeEvent(routingKey: string, { payload, links }: ChangeInput): ChangeEvent {
  return {
    routing_key: routingKey,
    payload: {
      summary: payload.summary,
      source: payload.source,
      timestamp: timeText(payload.timestamp),
      custom_details: payload.customDetails,
    },
    links,
  };
}

/** `fitEvent` for input of a caller. Only `customDetails` may hold a value that JSON cannot express. */
export function serializeEvent(event: AlertEvent | ChangeEvent): FittedEvent {
  try {
    return fitEvent(event);
  } catch (error) {
    const message = `cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`;
    throw new PagerDutyValidationError("invalid_event", [{ path: "payload.customDetails", message }]);
  }
}

function timeText(time: Date | string | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time;
}
