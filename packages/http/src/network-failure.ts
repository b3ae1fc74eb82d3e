import { TunnelError } from "./tunnel-error.ts";

/** Why a request got no response. Closed: callers branch on it. */
export type FailureReason =
  | "timeout"
  | "dns"
  | "refused"
  | "reset"
  | "tls"
  /** The proxy wants other credentials. */
  | "proxy_auth"
  /** The address guard does not allow a connection to this address. */
  | "forbidden_address"
  /** A header of the request would break HTTP. Nothing was sent. */
  | "invalid_header"
  /** Anything else: no route, a proxy that opens no tunnel, a response that is not HTTP. */
  | "network";

export interface NetworkFailure {
  readonly reason: FailureReason;
  /** Code of Node, OpenSSL or undici that decided it. `undefined`: the error has none. */
  readonly code: string | undefined;
  /** Our own words and the code. An error's own message may quote a URL, and a URL may be a credential. */
  readonly detail: string;
  /** The other end closed or reset the connection. After any other failure the request may still be on its way. */
  readonly receiverClosed?: true;
}

/** The host is, or resolves to, an address that the rules of the request do not allow. */
export const forbiddenAddress = "FORBIDDEN_ADDRESS";
/** The host is, or resolves to, this service itself. */
export const selfTarget = "SELF_TARGET";

/**
 * Says why a request of this package, of `node:https`, of undici or of a `fetch` failed. It looks at the code of the error, at
 * those of its causes, and at the first of several addresses. The first code that is known decides.
 *
 * @example
 * classifyNetworkFailure(Object.assign(new Error("connect"), { code: "ECONNREFUSED" })).reason; // "refused"
 */
export function classifyNetworkFailure(error: unknown): NetworkFailure {
  const chain = [...errorsIn(error)];
  const tunnel = chain.find((one) => one instanceof TunnelError);
  if (tunnel?.proxyStatus !== undefined) {
    const { proxyStatus, code } = tunnel;
    const detail = `the proxy answered ${proxyStatus} (${code})`;
    return { reason: proxyStatus === 407 ? "proxy_auth" : "network", code, detail };
  }
  const codes = chain.flatMap((one) => codeOf(one) ?? []);
  const known = codes.find((one) => reasonOf(one) !== undefined);
  const code = known ?? codes[0];
  const reason = (known !== undefined && reasonOf(known)) || "network";
  if (known === undefined && chain.some(({ name }) => name === "ProtocolError"))
    return { reason, code, detail: "an answer that is not HTTP" };
  const detail = code === undefined ? "unknown network error" : detailOf(code, reason);
  return { reason, code, detail, ...(code !== undefined && closedThere.has(code) && { receiverClosed: true }) };
}

interface ErrorLike {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly name?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Deeper causes are not looked at. */
const maxDepth = 5;

/** Lists the error, the first inner error of an AggregateError (one per address), and their causes. */
export function* errorsIn(error: unknown, depth = 0): Generator<ErrorLike> {
  if (typeof error !== "object" || error === null || depth > maxDepth) return;
  const one = error as ErrorLike;
  yield one;
  if (Array.isArray(one.errors)) yield* errorsIn(one.errors[0], depth + 1);
  yield* errorsIn(one.cause, depth + 1);
}

/** The `code` of a timeout's DOMException is a number: its name says more. */
function codeOf({ code, name }: ErrorLike): string | undefined {
  if (typeof code === "string") return code;
  return name === "TimeoutError" ? name : undefined;
}

const reasons: readonly [RegExp, FailureReason][] = [
  [/^(?:ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_\w+_TIMEOUT|ERR_SOCKET_CONNECTION_TIMEOUT|TimeoutError)$/, "timeout"],
  [/^(?:ENOTFOUND|EAI_\w+)$/, "dns"],
  [/^ECONNREFUSED$/, "refused"],
  [/^(?:ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|ERR_STREAM_PREMATURE_CLOSE)$/, "reset"],
  // Certificates and handshakes: https://nodejs.org/api/tls.html#x509-certificate-error-codes, and OpenSSL's reasons, such as
  // ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE.
  [
    /^(?:EPROTO$|INVALID_PURPOSE$|(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT|CRL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|PATH_LENGTH|HOSTNAME|ERROR_IN_C)[\w/]*$)/,
    "tls",
  ],
  [/^(?:ERR_INVALID_CHAR|ERR_INVALID_HTTP_TOKEN|ERR_HTTP_INVALID_HEADER_VALUE)$/, "invalid_header"],
  [/^(?:FORBIDDEN_ADDRESS|SELF_TARGET)$/, "forbidden_address"],
];

const reasonOf = (code: string): FailureReason | undefined => reasons.find(([pattern]) => pattern.test(code))?.[1];

/** The other end did it. ECONNABORTED is the work of this machine. */
const closedThere: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE"]);

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed while writing",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "name lookup failed",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
  [forbiddenAddress]: "the host is, or resolves to, an address that this target must not use",
  [selfTarget]: "the host is, or resolves to, this service itself",
  ERR_PROXY_TUNNEL: "the proxy opens no tunnel",
};

function detailOf(code: string, reason: FailureReason): string {
  if (reason === "tls") return `TLS handshake failed (${code})`;
  if (reason === "invalid_header") return `a header that HTTP does not allow (${code})`;
  return words[code] === undefined ? code : `${words[code]} (${code})`;
}
