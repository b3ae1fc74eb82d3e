import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import {
  type AddressGuard,
  classifyNetworkFailure,
  type ConnectStep,
  destinationOf,
  guardLookup,
  reach as connectAndClose,
  refuseHost,
  type TlsSettings,
} from "@tocsin/http";

/** Whether a server could be reached, and where it failed. */
export interface Reached {
  readonly ok: boolean;
  /** The first step that failed. */
  readonly step?: ConnectStep;
  /** Such as `ENOTFOUND`. `FORBIDDEN_ADDRESS` or `SELF_TARGET`: nothing is sent there, and nothing was connected to. */
  readonly detail?: string;
  readonly tookMs: number;
}

export interface ReachOptions {
  /** Decides which addresses may be connected to. */
  readonly guard: AddressGuard;
  /** Resolves names. @default `node:dns` */
  readonly resolve?: LookupFunction;
  /** @default the well-known authorities, and no certificate of our own */
  readonly tls?: TlsSettings | undefined;
}

/** Connects to the server of a URL, with a TLS handshake for https, and closes the connection. It sends no request. */
export async function reach(
  url: URL,
  signal: AbortSignal,
  { guard, resolve = lookup, tls }: ReachOptions,
): Promise<Reached> {
  try {
    refuseHost(url.hostname, guard);
  } catch (error) {
    return { ok: false, step: "tcp", detail: codeOf(error), tookMs: 0 };
  }
  const to = { ...destinationOf(url, tls), lookup: guardLookup(resolve, guard) };
  const sinceMs = performance.now();
  const reached = await connectAndClose(to, { signal });
  const tookMs = Math.round(performance.now() - sinceMs);
  if (reached.kind === "reached") return { ok: true, tookMs };
  const detail = reached.kind === "failed" ? codeOf(reached.error) : "no answer in time";
  return { ok: false, step: reached.step, detail, tookMs };
}

const codeOf = (error: unknown): string => classifyNetworkFailure(error).code ?? "failed";
