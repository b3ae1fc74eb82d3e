/** Proxies for requests, by the scheme of the request's URL. */
export interface ProxySettings {
  readonly http?: URL | undefined;
  readonly https?: URL | undefined;
  /** Hosts that are reached without a proxy, as in `NO_PROXY`. */
  readonly no?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` (for a scheme without a variable of its own) and `NO_PROXY`. Each may be in lower
 * case, which wins. An empty value counts as none. docs/proxies.md describes the rules for users.
 *
 * @returns settings. To read a proxy with a wrong URL from them throws a ProxyUrlError.
 */
export function proxiesFrom(environment: Environment): ProxySettings {
  const nameOf = (...names: string[]) =>
    names.flatMap((name) => [name.toLowerCase(), name]).find((name) => environment[name]);
  const urlOf = (name: string | undefined) => (name === undefined ? undefined : parseProxy(environment[name]!, name));
  return {
    get http() {
      return urlOf(nameOf("HTTP_PROXY", "ALL_PROXY"));
    },
    get https() {
      return urlOf(nameOf("HTTPS_PROXY", "ALL_PROXY"));
    },
    no: environment[nameOf("NO_PROXY") ?? ""],
  };
}

/** A setting is not the URL of a proxy. The message does not quote it, since it may hold a password. */
export class ProxyUrlError extends Error {
  override readonly name = "ProxyUrlError";
  /** Name of the setting, such as `HTTPS_PROXY`. */
  readonly setting: string;

  readonly reason = "must be an http or https URL";

  constructor(setting: string) {
    super(`${setting} must be an http or https URL`);
    this.setting = setting;
  }
}

/**
 * Reads the URL of a proxy. As people write it, the scheme may be missing.
 *
 * @throws ProxyUrlError
 */
export function parseProxy(text: string, setting: string): URL {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new ProxyUrlError(setting);
}

/** The value of `Proxy-Authorization` for a proxy whose URL names a user. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === "") return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")}`;
}

/** A "%" that encodes nothing stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
