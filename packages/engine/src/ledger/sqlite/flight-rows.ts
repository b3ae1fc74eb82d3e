import type { Flight } from "@tocsin/core/decisions";

/** A flight and whose it is. */
export interface Flying {
  readonly id: number;
  readonly flight: Flight;
}

type Shared = Omit<Flight, "token">;
/** Flights that one claim began differ in incident and token alone: [incident, token, …] of those that share the rest. */
type Group = readonly [shared: Shared, ...pairs: number[]];

/** All that is in flight, as short as it can be said: it is written with every commit that changes it. */
export function flightsText(flying: Iterable<Flying>): string {
  const groups = new Map<string, [Shared, ...number[]]>();
  for (const { id, flight } of flying) {
    const { token, ...shared } = flight;
    const { sinceMs, leaseUntilMs, action, severity, shadow, unwanted, content, owner } = flight;
    const key = `${sinceMs} ${leaseUntilMs} ${action} ${severity} ${shadow} ${unwanted} ${content} ${owner}`;
    const group = groups.get(key);
    if (group) group.push(id, token);
    else groups.set(key, [shared, id, token]);
  }
  return JSON.stringify([...groups.values()]);
}

export function flightsIn(text: string): Flying[] {
  return (JSON.parse(text) as readonly (Group | Flying)[]).flatMap((group) => {
    // As earlier versions wrote them.
    if (!Array.isArray(group)) return [group as Flying];
    const [shared, ...pairs] = group as Group;
    return pairs.flatMap((id, n) =>
      n % 2 === 0 ? [{ id, flight: { ...shared, token: pairs[n + 1] as number } }] : [],
    );
  });
}
