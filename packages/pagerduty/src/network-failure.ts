import { classifyNetworkFailure, errorsIn, type FailureReason } from "@tocsin/http/portable";
import { type NetworkCode, PagerDutyNetworkError } from "./errors.ts";

/**
 * Says why a request of `node:https`, of undici or of a `fetch` failed, by the code of its error and the codes of the causes.
 *
 * @example
 * networkFailure(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })).code; // "refused"
 */
export function networkFailure(
  cause: unknown,
  { requestSent = true }: { requestSent?: boolean } = {},
): PagerDutyNetworkError {
  const code = networkCodeOf(classifyNetworkFailure(cause).reason);
  // The innermost error has the most exact message: that of `fetch` is "fetch failed".
  const detail = Array.from(errorsIn(cause), ({ message }) => message).findLast(
    (message): message is string => typeof message === "string" && message !== "",
  );
  return new PagerDutyNetworkError(code, detail ? `${titles[code]}: ${detail}` : titles[code], {
    requestSent: requestSent && !neverSent.has(code),
    cause,
  });
}

const titles: Readonly<Record<NetworkCode, string>> = {
  timeout: "Timed out",
  dns: "Host name not resolved",
  refused: "Connection refused",
  reset: "Connection lost",
  tls: "TLS failed",
  network: "Request failed",
};

const neverSent: ReadonlySet<NetworkCode> = new Set(["dns", "refused", "tls"]);

/** The error for a failure whose own error must not be shown. */
export const networkFailureBecause = (reason: FailureReason, detail: string, requestSent: boolean) => {
  const code = networkCodeOf(reason);
  return new PagerDutyNetworkError(code, `${titles[code]}: ${detail}`, { requestSent });
};

/** Reasons that only the service has a use for are "network". */
const networkCodeOf = (reason: FailureReason): NetworkCode => (reason in titles ? (reason as NetworkCode) : "network");
