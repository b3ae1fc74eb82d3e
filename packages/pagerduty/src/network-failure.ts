import { type NetworkCode, PagerDutyNetworkError } from "./errors.ts";

/**
 * Says what a failed request of `node:https`, of undici or of a `fetch` means, by its code and the codes of its causes.
 *
 * @example
 * networkFailure(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })).code; // "refused"
 */
export function networkFailure(
  cause: unknown,
  { requestSent = true }: { requestSent?: boolean } = {},
): PagerDutyNetworkError {
  const failures = [...causes(cause)];
  const known = failures.map(codeOf).find((code) => code !== undefined) ?? "network";
  // The innermost error is the one that says something: fetch's own message is "fetch failed".
  const detail = failures
    .map(({ message }) => message)
    .findLast((message): message is string => typeof message === "string" && message !== "");
  return new PagerDutyNetworkError(known, detail ? `${what[known]}: ${detail}` : what[known], {
    requestSent: requestSent && !neverSent.has(known),
    cause,
  });
}

const what: Record<NetworkCode, string> = {
  timeout: "Timed out",
  dns: "Host name not resolved",
  refused: "Connection refused",
  reset: "Connection lost",
  tls: "TLS failed",
  network: "Request failed",
};

const neverSent = new Set<NetworkCode>(["dns", "refused", "tls"]);

interface Failure {
  code?: unknown;
  name?: unknown;
  message?: unknown;
  cause?: unknown;
  errors?: unknown;
}

/** The error, its causes, and what an AggregateError of several addresses holds. */
function* causes(error: unknown, depth = 0): Generator<Failure> {
  if (typeof error !== "object" || error === null || depth > 5) return;
  const failure = error as Failure;
  yield failure;
  if (Array.isArray(failure.errors)) yield* causes(failure.errors[0], depth + 1);
  yield* causes(failure.cause, depth + 1);
}

const patterns: readonly [RegExp, NetworkCode][] = [
  [/^(?:ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_\w+_TIMEOUT|ERR_SOCKET_CONNECTION_TIMEOUT|TimeoutError)$/, "timeout"],
  [/^(?:ENOTFOUND|EAI_\w+)$/, "dns"],
  [/^ECONNREFUSED$/, "refused"],
  [/^(?:ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|ERR_STREAM_PREMATURE_CLOSE)$/, "reset"],
  // OpenSSL's names for what is wrong with a certificate, and Node's for the handshake.
  [
    /^(?:EPROTO|ERR_(?:TLS|SSL)_\w+|(?:CERT|CRL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|PATH_LENGTH|HOSTNAME)_\w+)$/,
    "tls",
  ],
];

function codeOf({ code, name }: Failure): NetworkCode | undefined {
  // An abort's `code` is a number: its name says more.
  const text = typeof code === "string" ? code : typeof name === "string" ? name : "";
  return patterns.find(([pattern]) => pattern.test(text))?.[1];
}
