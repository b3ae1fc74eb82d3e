import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { connect, destinationOf } from "@tocsin/http";
import { type AddressGuard, guarded, refuseHost } from "@tocsin/publishers";

/** Whether a server could be reached, and where it failed. */
export interface Reached {
  readonly ok: boolean;
  /** The first of these that failed. */
  readonly step?: "dns" | "tcp" | "tls";
  /** Such as `ENOTFOUND`; `FORBIDDEN_ADDRESS` or `SELF_TARGET`: nothing is sent there, and nothing was connected to. */
  readonly detail?: string;
  readonly tookMs: number;
}

export interface ReachOptions {
  /** Which addresses may be connected to. */
  readonly guard: AddressGuard;
  /** How names become addresses. @default `node:dns` */
  readonly resolve?: LookupFunction;
}

/**
 * Looks the host up, connects, and shakes hands where it is TLS; asks for nothing. What a server would answer to an
 * unasked-for request says nothing of what it does with an event.
 */
export function reach(
  url: URL,
  signal: AbortSignal,
  { guard, resolve: lookUp = lookup }: ReachOptions,
): Promise<Reached> {
  try {
    refuseHost(url.hostname, guard);
  } catch (error) {
    return Promise.resolve({ ok: false, step: "tcp", detail: codeOf(error as NodeJS.ErrnoException), tookMs: 0 });
  }
  const to = { ...destinationOf(url), lookup: guarded(lookUp, guard) };
  const sinceMs = performance.now();
  return new Promise((resolve) => {
    let step: "dns" | "tcp" | "tls" = "dns";
    const end = (result: Pick<Reached, "ok" | "step" | "detail">) => {
      signal.removeEventListener("abort", late);
      resolve({ ...result, tookMs: Math.round(performance.now() - sinceMs) });
    };
    const cancel = connect(
      to,
      (error, socket) => {
        socket?.destroy();
        end(socket ? { ok: true } : { ok: false, step, detail: codeOf(error as NodeJS.ErrnoException) });
      },
      { onStep: (next) => (step = next) },
    );
    const late = () => {
      cancel();
      end({ ok: false, step, detail: "no answer in time" });
    };
    if (signal.aborted) late();
    else signal.addEventListener("abort", late, { once: true });
  });
}

/** Several addresses that failed are several errors: the first tells as much as any. */
function codeOf(error: NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] }): string {
  return error.code ?? error.errors?.[0]?.code ?? "failed";
}
