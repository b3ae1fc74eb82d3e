import { createHash } from "node:crypto";
import { json } from "../../server/exchange.ts";
import type { Served, SimulatorRequest } from "../../server/exchange.ts";
import type { SimulatorState } from "../../state/state.ts";
import { isRecord, parseJsonBody, stringOf } from "../../server/json-body.ts";
import type { Subscription } from "../../webhooks/subscriptions.ts";
import { refuse } from "./rest-documents.ts";

/** `/webhook_subscriptions`: create, list, read, delete, enable. The secret is shown once, when it is created. */
export function subscriptionsApi(state: SimulatorState, request: SimulatorRequest, path: string): Served {
  const [, , id, verb] = path.split("/");
  if (id === undefined) {
    if (request.method === "POST") return create(state, request);
    if (request.method !== "GET") return refuse(404, 2100, "Not Found");
    return { answer: json(200, { webhook_subscriptions: ours(state).map(shown) }), effect: "read" };
  }
  const subscription = state.subscriptions.get(id);
  if (subscription === undefined) return refuse(404, 2100, "Not Found");
  switch (`${request.method} ${verb ?? ""}`) {
    case "GET ":
      return { answer: json(200, { webhook_subscription: shown(subscription) }), effect: "read" };
    case "DELETE ":
      state.subscriptions.remove(id);
      return { answer: { status: 204, headers: {}, body: "" }, effect: "deleted" };
    case "POST enable":
      subscription.disabledUntilMs = 0;
      subscription.dropped = 0;
      return { answer: json(200, { webhook_subscription: shown(subscription) }), effect: "updated" };
  }
  return refuse(404, 2100, "Not Found");
}

const ours = ({ subscriptions }: SimulatorState) =>
  subscriptions.list().filter(({ receiver }) => receiver === "pagerduty");

function create(state: SimulatorState, request: SimulatorRequest): Served {
  const parsed = parseJsonBody(request, ["application/json"]);
  if ("violation" in parsed) return refuse(400, 2001, "Invalid Input Provided", [parsed.violation]);
  const body = isRecord(parsed.value) ? parsed.value : {};
  const wanted = isRecord(body["webhook_subscription"]) ? body["webhook_subscription"] : {};
  const method = isRecord(wanted["delivery_method"]) ? wanted["delivery_method"] : {};
  const url = stringOf(method["url"]) ?? "";
  const { events } = wanted;
  const found = [];
  if (wanted["type"] !== "webhook_subscription") {
    found.push({ field: "webhook_subscription.type", reason: "must be webhook_subscription" });
  }
  if (method["type"] !== "http_delivery_method" || !URL.canParse(url)) {
    found.push({ field: "webhook_subscription.delivery_method", reason: "must be an http_delivery_method with a url" });
  }
  if (!Array.isArray(events) || events.length === 0 || !events.every((event) => typeof event === "string")) {
    found.push({ field: "webhook_subscription.events", reason: "must be a list of event types" });
  }
  if (!isRecord(wanted["filter"]) || typeof wanted["filter"]["type"] !== "string") {
    found.push({ field: "webhook_subscription.filter", reason: "must have a type such as account_reference" });
  }
  if (state.subscriptions.isFull) found.push({ field: "webhook_subscription", reason: "there are too many" });
  if (found.length > 0) return refuse(400, 2001, "Invalid Input Provided", found);
  const secret = createHash("sha256").update(state.makeUuid()).digest("hex");
  const headers = Array.isArray(method["custom_headers"]) ? method["custom_headers"].filter(isRecord) : [];
  const subscription = state.subscriptions.add({
    url,
    secrets: [secret],
    events: events as string[],
    headers: Object.fromEntries(
      headers.map((header) => [stringOf(header["name"]) ?? "", stringOf(header["value"]) ?? ""]),
    ),
  });
  const document = shown(subscription);
  const withSecret = { ...document, delivery_method: { ...document.delivery_method, secret } };
  return { answer: json(201, { webhook_subscription: withSecret }), effect: "created" };
}

const shown = (subscription: Subscription) => ({
  id: subscription.id,
  type: "webhook_subscription",
  active: subscription.disabledUntilMs === 0,
  delivery_method: {
    type: "http_delivery_method",
    url: subscription.url,
    custom_headers: Object.keys(subscription.headers).map((name) => ({ name, value: "<redacted>" })),
  },
  events: subscription.events,
  filter: { type: "account_reference" },
});
