import { fitBody, fitsBody } from "./fit-body.ts";
import { fitDedupKey } from "./fit-dedup-key.ts";
import type { AlertEvent, ChangeEvent, ChangePayload, Payload, TriggerEvent } from "./event.ts";
import { fitImages, fitLinks, webUrl } from "./fit-links.ts";
import { fitSummary } from "./fit-summary.ts";
import { fitTimestamp } from "./fit-timestamp.ts";

export interface FittedEvent {
  /** JSON, at most 512,000 bytes of UTF-8. It holds the routing key: never log it. */
  body: string;
  /** Paths of the removed parts, least valuable first: `custom_details.annotations.description`, `images`. Usually empty. */
  dropped: string[];
}

/**
 * Serialises an event so that PagerDuty accepts it whatever it contains. It fits summary and dedup key, removes links and images
 * that PagerDuty would refuse, replaces lone surrogates by U+FFFD, and keeps the body within 512,000 bytes. From a larger body
 * it removes the least valuable parts first: annotations and then labels (largest first, the identifying labels last), other
 * details, images, links, the optional texts. `custom_details.dropped_to_fit` names the removed parts. Routing key, dedup key,
 * severity and as much of summary and source as fits always stay.
 *
 * It repairs and does not validate: an empty summary or an unknown severity stays as it is.
 *
 * @throws TypeError when the details are not JSON (a cycle, a bigint)
 */
export function fitEvent(event: AlertEvent | ChangeEvent): FittedEvent {
  const body = JSON.stringify(fitFields(event));
  // JSON.stringify writes a lone surrogate, and nothing else of that range, as an escape.
  const json = body.includes("\\ud") ? replaceLoneSurrogates(body) : body;
  return fitsBody(json) ? { body: json, dropped: [] } : fitBody(json);
}

function fitFields(event: AlertEvent | ChangeEvent): AlertEvent | ChangeEvent {
  if (!("event_action" in event)) return fitContext({ ...event, payload: fitPayload(event.payload) });
  const dedup_key = event.dedup_key === undefined ? undefined : fitDedupKey(event.dedup_key);
  if (event.event_action !== "trigger") return { ...event, dedup_key: dedup_key! };
  return fitContext({ ...event, dedup_key, payload: fitPayload(event.payload) });
}

function fitPayload<P extends Payload | ChangePayload>(payload: P): P {
  return { ...payload, summary: fitSummary(payload.summary), timestamp: fitTimestamp(payload.timestamp) };
}

/** Changes and returns its argument, which must be a copy. */
function fitContext<E extends TriggerEvent | ChangeEvent>(event: E): E {
  if (event.links) event.links = fitLinks(event.links);
  if ("images" in event && event.images) Object.assign(event, fitImages(event.images, event.links));
  if ("client_url" in event) event.client_url = webUrl(event.client_url);
  return event;
}

/** The same JSON with U+FFFD for every lone surrogate, in names too. If two names become equal, the last member stays. */
function replaceLoneSurrogates(json: string): string {
  return JSON.stringify(wellFormed(JSON.parse(json)));
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toWellFormed(), wellFormed(member)]));
}
