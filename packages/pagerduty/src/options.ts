import { type Check, is, isRecord, optional, record, validate } from "./validate.ts";
import { type Clock, isLoopback } from "@tocsin/http/portable";
import type { Region } from "./enqueue-url.ts";
import type { Hooks } from "./hooks.ts";
import type { Limiter } from "./limiter/limiter.ts";
import type { RetryOptions } from "./retry-wait.ts";
import { isRoutingKey } from "./routing-key.ts";
import type { Fetch } from "./transport/fetch-transport.ts";

export interface ClientOptions {
  /** Integration key of an Events API v2 integration: 32 alphanumeric characters. Blanks around it are ignored. */
  routingKey: string;
  /** Service region of the account. @default "us" */
  region?: Region;
  /** Base URL instead of a region, with or without the API's path. Plain `http:` only to this machine. */
  baseUrl?: string;
  /** Name of the monitoring system, for triggers that name none. */
  client?: string;
  /** Its URL. */
  clientUrl?: string;
  /** Maximum time for one attempt in milliseconds, from the look-up of the name to the last byte of the answer. @default 10_000 */
  timeoutMs?: number;
  retry?: RetryOptions;
  /**
   * Decides when attempts may start.
   * @default 120 in any 60 s, a sliding window shared by all clients of this routing key in the process
   */
  limiter?: Limiter;
  hooks?: Hooks;
  /** Used instead of our own connections. It must obey `signal`. Certificates and proxies are then its own task. */
  fetch?: Fetch;
  /** Certificate authorities to trust, in PEM, instead of those that Node trusts. */
  ca?: string | Buffer | (string | Buffer)[];
  /** Proxy to tunnel through; `false` for none. @default the one of `HTTPS_PROXY` or `ALL_PROXY`, unless `NO_PROXY` lists the host */
  proxy?: string | false;
  /** Maximum number of connections. Further attempts wait for one, within their timeout. @default 64 */
  maxConnections?: number;
  /** Stands before our own name in the `User-Agent`, such as `my-monitor/1.2`. */
  userAgent?: string;
  /** Time, for tests. */
  clock?: Clock;
  /** Randomness of the waits, for tests: from 0 up to and without 1. */
  random?: () => number;
}

const fn = is((value) => typeof value === "function", "must be a function");
const text = is((value) => typeof value === "string", "must be a string");
const ms = is((value) => typeof value === "number" && value >= 0, "must be a number of milliseconds, 0 or more");
const positiveMs = is((value) => typeof value === "number" && value > 0, "must be a number of milliseconds over 0");
const count = is((value) => Number.isInteger(value) && (value as number) >= 0, "must be a whole number, 0 or more");
const positiveCount = is((value) => Number.isInteger(value) && (value as number) >= 1, "must be a whole number over 0");
const methods = (...names: string[]) =>
  is(
    (value) => isRecord(value) && names.every((name) => typeof value[name] === "function"),
    `must have ${names.join(", ")}`,
  );

const checkOptions: Check = record({
  routingKey: is((value) => typeof value === "string" && isRoutingKey(value.trim()), "must be 32 letters and digits"),
  region: optional(is((value) => value === "us" || value === "eu", 'must be "us" or "eu"')),
  baseUrl: optional(is(isBaseUrl, "must be an https URL without credentials, or an http URL of this machine")),
  client: optional(text),
  clientUrl: optional(text),
  timeoutMs: optional(positiveMs),
  retry: optional(
    record({
      retries: optional(count),
      initialMs: optional(ms),
      maxMs: optional(ms),
      rateLimitWaitMs: optional(ms),
      maxRetryAfterMs: optional(ms),
      deadlineMs: optional(positiveMs),
    }),
  ),
  limiter: optional(methods("tryTake", "take")),
  hooks: optional(record({ onAttempt: optional(fn), onRetry: optional(fn), onLimit: optional(fn) })),
  fetch: optional(fn),
  ca: optional(is(isAuthorities, "must be certificates in PEM")),
  proxy: optional(is((value) => value === false || typeof value === "string", "must be a URL or false")),
  maxConnections: optional(positiveCount),
  // It becomes a header. A line break in it would start another header.
  userAgent: optional(
    is((value) => typeof value === "string" && /^[\x20-\x7e]+$/.test(value), "must be printable ASCII"),
  ),
  clock: optional(methods("now", "monotonic", "after")),
  random: optional(fn),
});

const checkTogether: Check = (value, _path, issues) => {
  const { region, baseUrl, fetch, ca, proxy } = value as ClientOptions;
  if (region && baseUrl) issues.push({ path: "region", message: "has no effect beside `baseUrl`" });
  for (const [path, given] of [
    ["ca", ca],
    ["proxy", proxy],
  ] as const) {
    if (fetch && given) issues.push({ path, message: "must be set in the `fetch` that you gave" });
  }
};

/** @throws PagerDutyValidationError with every issue. It quotes no value. */
export function validateOptions(options: ClientOptions): void {
  validate(checkOptions, options, "invalid_options");
  validate(checkTogether, options, "invalid_options");
}

/** TLS would silently ignore a text that is no certificate, and then trust no server. */
function isAuthorities(value: unknown): boolean {
  // Only runtimes with sockets can use certificates, and each of them has `node:crypto`.
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  try {
    return [value].flat().map((pem) => new X509Certificate(pem as string | Buffer)).length > 0;
  } catch {
    return false;
  }
}

function isBaseUrl(value: unknown): boolean {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}
