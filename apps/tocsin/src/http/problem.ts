import { type Issue, LedgerUnavailable } from "@tocsin/core";
import type { FastifyError, FastifyReply } from "fastify";
import { isAlertmanagerApi } from "./paths.ts";

/** Value of Retry-After: senders repeat after a 5xx, and should not do it at once. */
const retryAfterSeconds = 5;

/** Most issues in the one line of an error of Alertmanager's API. */
const maxIssuesInText = 5;

/** An error answer. Endpoints throw it; all errors are sent in one shape. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly issues: readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;
  /** Replaces the message in the log, for a reason that the sender must not learn. */
  readonly forLog: string | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    {
      issues = [],
      headers = {},
      forLog,
    }: { readonly issues?: readonly Issue[]; readonly headers?: Problem["headers"]; readonly forLog?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.issues = issues;
    this.headers = headers;
    this.forLog = forLog;
  }
}

/** Unlike other 404 responses, this one means that the sender uses a wrong path. */
export const noEndpoint = new Problem(404, "not_found", "no endpoint has this path");

/** `warnings` say why the object may be missing although it is written. */
export const notFound = (what: string, warnings: readonly string[] = []): Problem =>
  new Problem(404, "not_found", [`no such ${what}`, ...warnings].join("; "));

export const badRequest = (...issues: Issue[]): Problem =>
  new Problem(400, "invalid_request", "the request cannot be understood", { issues });

export const conflict = (message: string): Problem => new Problem(409, "conflict", message);

/** `issues`: errors of targets in the configuration. `unread`: unreadable places of targets. The rest is in use, unless `kept`. */
export const reloadFailed = ({
  outcome,
  issues,
  unread = [],
}: {
  readonly outcome: "applied" | "kept";
  readonly issues: readonly Issue[];
  readonly unread?: readonly Issue[];
}): Problem => {
  const problems = [
    ...(issues.length > 0 ? ["the invalid targets were not applied"] : []),
    ...(unread.length > 0 ? ["not all places of targets could be read"] : []),
  ];
  const incomplete = `reload incomplete: ${problems.join(" and ")}, everything else was applied`;
  return new Problem(
    500,
    "reload_failed",
    outcome === "kept" ? "reload failed: keeping the previous configuration" : incomplete,
    { issues: [...issues, ...unread] },
  );
};

export const methodNotAllowed = (allowed: readonly string[]): Problem =>
  new Problem(405, "method_not_allowed", `this path allows ${allowed.join(", ")}`, {
    headers: { allow: allowed.join(", ") },
  });

export const unavailable = (message: string): Problem => new Problem(503, "unavailable", message);

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  const { status, code, message, issues, headers } = problem;
  if (status === 503) reply.header("retry-after", retryAfterSeconds);
  if (status === 401) reply.header("www-authenticate", 'Bearer realm="tocsin"');
  void reply.code(status).headers(headers);
  if (!reply.request.raw.complete) readOn(reply);
  if (!isAlertmanagerApi(reply.request.url)) void reply.send({ error: { code, message, issues } });
  else void reply.type("application/json; charset=utf-8").send(JSON.stringify(textOf(problem)));
}

function textOf({ message, issues }: Problem): string {
  const shown = issues.slice(0, maxIssuesInText).map((issue) => `${issue.path}${issue.path && ": "}${issue.message}`);
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`);
  return [message, ...(shown.length > 0 ? [shown.join("; ")] : [])].join(": ");
}

/** Converts an error to an answer. Undefined: it is a bug. */
export function problemOf(
  error: Error | FastifyError,
  { ledger, isRead }: { readonly ledger: string; readonly isRead: boolean },
): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof LedgerUnavailable) {
    const why = isRead
      ? `the ledger ${ledger} does not answer now (${error.message})`
      : `the ledger ${ledger} cannot store anything now (${error.message}); repeat the request later`;
    return new Problem(503, "ledger_unavailable", why);
  }
  const { statusCode } = error as FastifyError;
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500
    ? new Problem(statusCode, "invalid_request", "the request cannot be understood")
    : undefined;
}

/**
 * Reads and discards the rest of a refused body, for as long as any request may take: if the connection were closed while its
 * sender is still writing, many clients would never see the response.
 */
function readOn(reply: FastifyReply): void {
  void reply.removeHeader("connection");
  reply.request.raw.resume();
}
