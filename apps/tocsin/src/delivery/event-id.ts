import { hash } from "node:crypto";
import type { EventIdentity } from "@tocsin/core";

interface Event {
  readonly target: string;
  readonly dedupKey: string;
  readonly incident?: number;
  readonly event: EventIdentity;
}

/** The id of an event without an attempt. No lease has the token 0. */
const notSentYet = `evt_${"0".repeat(32)}`;

/**
 * Returns the id by which receivers recognize an event: the same for all attempts of one event, also after restarts and from
 * other replicas, and never the same for two events. Tokens and incident numbers start again with each new ledger, so target,
 * dedup key and time are part of the id. It has letters, digits and an underscore, because Standard Webhooks allows no full
 * stop.
 */
export function eventIdOf({ target, dedupKey, incident, event }: Event): string {
  if (event.token === 0) return notSentYet;
  const whole = JSON.stringify([target, dedupKey, incident, event.token, event.atMs]);
  return `evt_${hash("sha256", whole, "hex").slice(0, 32)}`;
}
