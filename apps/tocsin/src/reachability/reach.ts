import { forbiddenAddress, guarded, isForbiddenAddress } from "@tocsin/publishers";
import { lookup } from "node:dns";
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Whether a server could be reached, and where it failed. */
export interface Reached {
  readonly ok: boolean;
  /** The first of these that failed. */
  readonly step?: "dns" | "tcp" | "tls";
  /** Such as `ENOTFOUND`; `FORBIDDEN_ADDRESS`: nothing is sent there, and nothing was connected to. */
  readonly detail?: string;
  readonly tookMs: number;
}

export interface ReachOptions {
  /** Its name may resolve to an address that is forbidden otherwise, as a target says by `allow_link_local`. */
  readonly anyAddress: boolean;
  /** How names become addresses. @default `node:dns` */
  readonly resolve?: LookupFunction;
}

/**
 * Looks the host up, connects, and shakes hands where it is TLS; asks for nothing. What a server would answer to an
 * unasked-for request says nothing of what it does with an event.
 */
export function reach(
  { protocol, hostname, port }: URL,
  signal: AbortSignal,
  { anyAddress, resolve: lookUp = lookup }: ReachOptions,
): Promise<Reached> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (!anyAddress && isForbiddenAddress(host))
    return Promise.resolve({ ok: false, step: "tcp", detail: forbiddenAddress, tookMs: 0 });
  const secure = protocol === "https:";
  const where = { host, port: Number(port) || (secure ? 443 : 80), lookup: anyAddress ? lookUp : guarded(lookUp) };
  const sinceMs = performance.now();
  return new Promise((resolve) => {
    let step: "dns" | "tcp" | "tls" = isIP(host) === 0 ? "dns" : "tcp";
    const socket: Socket = secure
      ? connectTls({ ...where, servername: isIP(host) === 0 ? host : "" })
      : connectTcp(where);
    const end = (result: Pick<Reached, "ok" | "step" | "detail">) => {
      signal.removeEventListener("abort", late);
      socket.destroy();
      resolve({ ...result, tookMs: Math.round(performance.now() - sinceMs) });
    };
    const late = () => end({ ok: false, step, detail: "no answer in time" });
    socket.once("lookup", (error) => {
      if (error === null || error === undefined) step = "tcp";
    });
    socket.once("connect", () => {
      step = "tls";
      if (!secure) end({ ok: true });
    });
    socket.once("secureConnect", () => end({ ok: true }));
    socket.once("error", (error: NodeJS.ErrnoException) => end({ ok: false, step, detail: codeOf(error) }));
    if (signal.aborted) late();
    else signal.addEventListener("abort", late, { once: true });
  });
}

/** Several addresses that failed are several errors: the first tells as much as any. */
function codeOf(error: NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] }): string {
  return error.code ?? error.errors?.[0]?.code ?? "failed";
}
