/** "Length of 'routing_key' is incorrect (should be 32 characters)", "cannot contain non-alphanumeric characters". Not always hex. */
export const routingKeyPattern = /^[0-9A-Za-z]{32}$/;

/** True for a well-formed routing (integration) key. Trim a key that a person pasted before you ask. */
export function isRoutingKey(text: unknown): boolean {
  return typeof text === "string" && routingKeyPattern.test(text);
}

/**
 * Keys of rulesets start with `R`, and change events do not accept them.
 * https://developer.pagerduty.com/docs/events-api-v2-overview
 */
export function acceptsChanges(routingKey: string): boolean {
  return !routingKey.startsWith("R");
}
