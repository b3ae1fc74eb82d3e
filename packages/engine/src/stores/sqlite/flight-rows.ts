import type { Flight } from "@tocsin/core/decisions";

/** A flight and the number of its incident. */
export interface Flying {
  readonly id: number;
  readonly flight: Flight;
}

type Shared = Omit<Flight, "token" | "event">;
/**
 * First attempts that one lease began differ only in incident and token. This is the part that they share, followed by
 * incident, token, incident, token … Each of them begins an event of its own.
 */
type Group = readonly [shared: Shared, ...pairs: number[]];

/** All flights, as a short text, since it is written with every commit that changes one. */
export function writeFlightRows(flying: Iterable<Flying>): string {
  const groups = new Map<string, [Shared, ...number[]]>();
  const others: Flying[] = [];
  for (const { id, flight } of flying) {
    const { token, event, ...shared } = flight;
    if (event.token !== token || event.atMs !== flight.sinceMs) {
      others.push({ id, flight });
      continue;
    }
    const { sinceMs, leaseUntilMs, action, severity, shadow, unwanted, content, owner } = flight;
    const key = `${sinceMs} ${leaseUntilMs} ${action} ${severity} ${shadow} ${unwanted} ${content} ${owner}`;
    const group = groups.get(key);
    if (group) group.push(id, token);
    else groups.set(key, [shared, id, token]);
  }
  return JSON.stringify([...groups.values(), ...others]);
}

export function readFlightRows(text: string): Flying[] {
  return (JSON.parse(text) as readonly (Group | Flying)[]).flatMap((group) => {
    if (!Array.isArray(group)) return [group as Flying];
    const [shared, ...pairs] = group as Group;
    return pairs.flatMap((id, n) => {
      const token = pairs[n + 1];
      if (n % 2 === 1 || token === undefined) return [];
      return [{ id, flight: { ...shared, token, event: { token, atMs: shared.sinceMs } } }];
    });
  });
}
