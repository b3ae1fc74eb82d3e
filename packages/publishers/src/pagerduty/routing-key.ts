import { type EndpointInput, type Issue, Secret } from "@tocsin/core";
import { isRoutingKey } from "@tocsin/pagerduty";

export interface FoundRoutingKey {
  readonly key: Secret | undefined;
  /** What is left to send: without the key. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly issues: readonly Issue[];
}

/**
 * The one place that decides which routing key a target has, for request, limiter and identity alike:
 * `headers.routing_key`, else `headers.Authorization` (with or without `Bearer `), else `routing_key`, else the entry
 * `routing_key` beside `target.json`. The first that is there decides, and one that is there but is no key is an issue. Only
 * an `Authorization` that does not look like a key, for somebody else than PagerDuty, is a proxy's and is sent as it is.
 */
export function findRoutingKey(given: EndpointInput, isPagerDuty: boolean): FoundRoutingKey {
  const entries = Object.entries(given.headers);
  const named = (name: string) => entries.find(([header]) => header.toLowerCase() === name);
  const [keyHeader, authorization] = [named("routing_key"), named("authorization")];
  const bearer = authorization && withoutScheme(authorization[1]);
  const isBearerOurs = bearer !== undefined && (isPagerDuty || isRoutingKey(bearer.reveal()));
  const headers = Object.fromEntries(
    entries.filter((entry) => entry !== keyHeader && !(entry === authorization && isBearerOurs)),
  );

  if (keyHeader) return check(keyHeader[1], `headers.${keyHeader[0]}`, headers);
  if (bearer && isBearerOurs) return check(bearer, `headers.${authorization[0]}`, headers);
  const own = given.secret(given.typeOptions["routing_key"], "routing_key") ?? given.siblingEntry("routing_key");
  return own ? check(own, "routing_key", headers) : { key: undefined, headers, issues: [] };
}

const withoutScheme = (value: Secret): Secret => new Secret(value.reveal().replace(/^Bearer\s+/i, ""));

function check(key: Secret, path: string, headers: FoundRoutingKey["headers"]): FoundRoutingKey {
  const text = key.reveal();
  const found = `${text.length} character${text.length === 1 ? "" : "s"}`;
  if (isRoutingKey(text)) return { key, headers, issues: [] };
  // The classic mistake is a REST API token, of 20 characters, in this place.
  const message = `is no routing key: expected 32 letters and digits, found ${found}`;
  return { key, headers, issues: [{ path, message }] };
}
