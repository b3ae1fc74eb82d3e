import type { LookupAddress } from "node:dns";
import { isIPv6, type Socket } from "node:net";
import type { Clock } from "./clock.ts";

/** Time between the starts of two attempts: the "Connection Attempt Delay" of RFC 8305, section 5. */
const attemptDelayMs = 250;

/** Ends the work. The callback is not called after that. */
export type Cancel = () => void;

/** Called once, unless it was cancelled before. */
export type Connected = (error: Error | undefined, socket?: Socket) => void;

/**
 * Connects to the address that accepts first (RFC 8305, "Happy Eyeballs"). An attempt starts 250 ms after the one before it, or
 * as soon as one fails. Attempts that lose are closed. An attempt has no time limit of its own: the caller has one and cancels.
 *
 * @param open starts to connect to one address
 */
export function raceAddresses(
  addresses: readonly LookupAddress[],
  open: (address: string) => Socket,
  clock: Clock,
  done: Connected,
): Cancel {
  const waiting = interleaved(addresses);
  const connecting = new Set<Socket>();
  const errors: Error[] = [];
  let cancelDelay: Cancel | undefined;
  const stop = () => {
    cancelDelay?.();
    waiting.length = 0;
    for (const socket of connecting) socket.destroy();
    connecting.clear();
  };
  const startNext = () => {
    cancelDelay?.();
    const next = waiting.shift();
    if (next) start(next.address);
    else if (connecting.size === 0) done(failureOf(errors));
    if (waiting.length > 0) cancelDelay = clock.after(attemptDelayMs, startNext);
  };
  const start = (address: string) => {
    const socket = open(address);
    connecting.add(socket);
    socket.once("connect", () => {
      // A socket that lost may connect at the moment of its close.
      if (!connecting.delete(socket)) return;
      stop();
      socket.off("error", onError);
      done(undefined, socket);
    });
    const onError = (error: Error) => {
      if (!connecting.delete(socket)) return;
      errors.push(error);
      startNext();
    };
    socket.on("error", onError);
  };
  startNext();
  return stop;
}

/** Alternates between the families and begins with that of the first address, which the resolver prefers (RFC 8305, section 4). */
function interleaved(addresses: readonly LookupAddress[]): LookupAddress[] {
  const preferIPv6 = isIPv6(addresses[0]?.address ?? "");
  const preferred = addresses.filter(({ address }) => isIPv6(address) === preferIPv6);
  const others = addresses.filter(({ address }) => isIPv6(address) !== preferIPv6);
  return Array.from({ length: Math.max(preferred.length, others.length) }, (_, n) => [
    ...preferred.slice(n, n + 1),
    ...others.slice(n, n + 1),
  ]).flat();
}

/** A host without IPv6 (or IPv4) fails with these at once. Any other error says more about the receiver. */
const noRoute: ReadonlySet<string | undefined> = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
]);

/** The most informative error comes first, since callers read the first one. */
function failureOf(errors: readonly NodeJS.ErrnoException[]): Error {
  const [first, ...others] = [
    ...errors.filter(({ code }) => !noRoute.has(code)),
    ...errors.filter(({ code }) => noRoute.has(code)),
  ];
  return first !== undefined && others.length === 0
    ? first
    : new AggregateError([first, ...others], "no address answered");
}
