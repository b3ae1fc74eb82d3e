import type { Endpoint, Outcome, Publisher, Notification } from "@tocsin/core";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { endpointRedactor } from "../shared/endpoint-redactor.ts";
import type { Reply } from "@tocsin/http";
import { AlertIds } from "./alert-ids.ts";
import { changesOf, newAlert } from "./alert.ts";
import { classify } from "./classify.ts";
import { deduplicationKey } from "./deduplication-key.ts";
import { alertOf } from "./document.ts";
import { RestApi } from "./rest-api.ts";

export { rootlyTargetType } from "./target-type.ts";

/**
 * Rootly's alerts: https://docs.rootly.com/api-reference/alerts. An alert is opened with a deduplication key, and
 * acknowledged and resolved by an id that Rootly gave it.
 *
 * ```
 * trigger ────────────────────────────── POST /v1/alerts                    one call; two if the severity rose
 * acknowledge, resolve ── id known ───── POST /v1/alerts/{id}/resolve       one call
 *                    └─── id unknown ─── GET /v1/alerts, page by page, then as above
 * ```
 *
 * The engine charges one slot of its limit for each of the three actions. This is enough: Rootly counts creations
 * (50 a minute), reads and other writes (3,000 each) in separate windows. No event makes two requests of one kind, except for the pages
 * of a list, at most 50.
 */
export function rootlyPublisher(endpoint: Endpoint, options: PublisherSurroundings): Publisher {
  const redactor = endpointRedactor(endpoint);
  const api = new RestApi(endpoint, { ...options, transport: redactor.sender(options.transport) });
  const { now = Date.now } = options;
  const ids = new AlertIds(now);

  /**
   * Opens an alert. Rootly does not change an alert of this key that is already open: if its severity differs from the one
   * sent now, a second request updates it.
   */
  async function create(telling: Notification, signal: AbortSignal): Promise<Outcome> {
    const alert = newAlert(telling, endpoint);
    const reply = await api.create(document(alert), signal);
    const outcome = classify(reply, now());
    const found = reply.kind === "answered" && outcome.kind === "accepted" ? alertOf(reply.body) : undefined;
    if (!found) return outcome;
    ids.set(alert.deduplication_key, found.id);
    if (found.severity === undefined || found.severity === telling.severity) return outcome;
    const updated = await api.update(found.id, document(changesOf(alert)), signal);
    // It was resolved meanwhile: the next trigger opens a new one.
    return isGone(updated) ? gone : classify(updated, now());
  }

  /** Acknowledges or resolves the alert of this key. If Rootly has two for one incident, both. */
  async function move(telling: Notification, signal: AbortSignal): Promise<Outcome> {
    const key = deduplicationKey(telling.dedupKey);
    const known = ids.get(key);
    if (known !== undefined) {
      const reply = await to(telling.action, known, signal);
      if (!isGone(reply)) return moved(telling, reply);
      ids.delete(key);
    }
    const looked = await api.unresolved(key, signal);
    if ("outcome" in looked) return looked.outcome;
    let outcome: Outcome = { kind: "accepted", receipt: "no open alert has this key: it is resolved already" };
    for (const { id } of looked.alerts) {
      const reply = await to(telling.action, id, signal);
      if (!isGone(reply)) outcome = moved(telling, reply);
      if (outcome.kind !== "accepted") break;
    }
    return outcome;
  }

  const to = (action: Notification["action"], id: string, signal: AbortSignal) =>
    action === "resolve" ? api.resolve(id, resolution, signal) : api.acknowledge(id, signal);

  function moved({ action, dedupKey }: Notification, reply: Reply): Outcome {
    // An alert that paged no one cannot be acknowledged, and a resolved one need not be.
    if (action === "acknowledge" && reply.kind === "answered" && reply.status === 400)
      return { kind: "accepted", receipt: "this alert pages no one, so there is nothing to acknowledge" };
    const outcome = classify(reply, now());
    if (action === "resolve" && outcome.kind === "accepted") ids.delete(deduplicationKey(dedupKey));
    return outcome;
  }

  async function publish(telling: Notification, signal: AbortSignal): Promise<Outcome> {
    switch (telling.action) {
      case "trigger":
        return create(telling, signal);
      case "acknowledge":
      case "resolve":
        return move(telling, signal);
      case "check":
        return { kind: "refused", reason: "bug", detail: "no answer of Rootly leaves a doubt about the key" };
      case "change":
        return { kind: "refused", reason: "bug", detail: "Rootly's alerts have no place for changes" };
    }
  }

  return {
    // The resolve finds no alert, but a trigger with an unknown outcome may still be in transit.
    traits: { dropsUnknownResolves: false, acknowledges: true },
    publish: async (telling, signal) => redactor.outcome(await publish(telling, signal)),
    render: (telling) => redactor.json(rendered(telling, endpoint)),
    async [Symbol.asyncDispose]() {},
  };
}

/** The alert was deleted, or merged into another one. */
const isGone = (reply: Reply): boolean => reply.kind === "answered" && reply.status === 404;

const gone: Outcome = { kind: "retry", reason: "invalid", detail: "the alert was gone when it was to be updated" };

const document = (attributes: object) => ({ data: { type: "alerts", attributes } });

const resolution = document({ resolution_message: "Its source says that it is over." });

function rendered(telling: Notification, endpoint: Endpoint): unknown {
  if (telling.action === "trigger") return document(newAlert(telling, endpoint));
  const deduplication_key = deduplicationKey(telling.dedupKey);
  return telling.action === "resolve"
    ? { call: "POST /v1/alerts/{id}/resolve", deduplication_key, body: resolution }
    : { call: `POST /v1/alerts/{id}/${telling.action}`, deduplication_key };
}
