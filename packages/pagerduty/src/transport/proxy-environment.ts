import { isLoopback } from "../endpoint.ts";
import { PagerDutyValidationError } from "../errors.ts";
import { bypassesProxy, proxyUrl } from "../http/proxy.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for a URL, as curl reads it: `https_proxy` or `HTTPS_PROXY`, else `all_proxy` or
 * `ALL_PROXY`, unless `no_proxy` or `NO_PROXY` lists the host. This machine's own addresses are never proxied, as in Go.
 *
 * @throws PagerDutyValidationError when what is set is not an http(s) URL
 */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const get = (name: string) => environment[name] || environment[name.toUpperCase()];
  const proxy = get("https_proxy") || get("all_proxy");
  if (!proxy || isLoopback(url.hostname) || bypassesProxy(get("no_proxy") ?? "", url)) return undefined;
  return parseProxy(proxy, "HTTPS_PROXY");
}

/** @throws PagerDutyValidationError without quoting the text, which may hold a password */
export function parseProxy(text: string, path: string): URL {
  const url = proxyUrl(text);
  if (url) return url;
  throw new PagerDutyValidationError("invalid_options", [{ path, message: "must be an http or https URL" }]);
}
