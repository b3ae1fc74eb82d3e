import { isLoopback } from "../endpoint.ts";
import { PagerDutyValidationError } from "../errors.ts";

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
  if (!proxy || isLoopback(url.hostname) || excludes(get("no_proxy") ?? "", url)) return undefined;
  return parseProxy(proxy, "HTTPS_PROXY");
}

/** @throws PagerDutyValidationError without quoting the text, which may hold a password */
export function parseProxy(text: string, path: string): URL {
  const withScheme = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new PagerDutyValidationError("invalid_options", [{ path, message: "must be an http or https URL" }]);
}

/** "example.com" and ".example.com" both mean the domain and all below it; "*" means every host. */
function excludes(list: string, { hostname, port }: URL): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = "", entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry)!;
      if (entryPort !== undefined && entryPort !== (port || "443")) return false;
      const domain = name.replace(/^\*?\./, "");
      return hostname === domain || hostname.endsWith(`.${domain}`);
    });
}
