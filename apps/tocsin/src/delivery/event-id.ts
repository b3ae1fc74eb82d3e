import { hash } from "node:crypto";
import type { EventIdentity } from "@tocsin/core";

interface Event {
  readonly target: string;
  readonly dedupKey: string;
  readonly incident?: number;
  readonly event: EventIdentity;
}

/** Of an event that nobody has tried to send. No lease has the token 0. */
const notSentYet = `evt_${"0".repeat(32)}`;

/**
 * What receivers know an event by: the same for all attempts of one event, over restarts and replicas too, and never the
 * same for two. Tokens and numbers of incidents begin anew with each ledger, so target, dedup key and time are part of it.
 * Letters, digits and an underscore: Standard Webhooks allows no full stop.
 */
export function eventIdOf({ target, dedupKey, incident, event }: Event): string {
  if (event.token === 0) return notSentYet;
  const whole = JSON.stringify([target, dedupKey, incident, event.token, event.atMs]);
  return `evt_${hash("sha256", whole, "hex").slice(0, 32)}`;
}
