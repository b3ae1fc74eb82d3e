import { type EndpointInput, type Issue, Secret } from "@tocsin/core";
import { isRoutingKey } from "@tocsin/pagerduty";

export interface FoundRoutingKey {
  readonly key: Secret | undefined;
  /** The other headers, without the key. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly issues: readonly Issue[];
}

/**
 * Decides which routing key a target has. Request, limiter and identity all use it:
 * `headers.routing_key`, else `headers.Authorization` (with or without `Bearer `), else `routing_key`, else the entry
 * `routing_key` beside `target.json`. The first that exists counts. If it is not a key, that is an issue. Only
 * an `Authorization` that does not look like a key, at a host that is not PagerDuty's, belongs to a proxy and is sent unchanged.
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
  // A frequent mistake is a REST API token (20 characters) instead of a routing key.
  const message = `is no routing key: expected 32 letters and digits, found ${found}`;
  return { key, headers, issues: [{ path, message }] };
}
