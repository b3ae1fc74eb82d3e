import { validateHeaderValue } from "node:http";
import { formatPath, type Issue, Secret, type SecretInput } from "@tocsin/core";
import { type CertificateExpiry, expiriesIn, pemIssues } from "../../config/certificates.ts";
import type { SourceSettings } from "./source-settings.ts";

/** One Alertmanager instance. */
export interface Instance {
  /** Name for logs: the place in the configuration and the host, without secrets. */
  readonly label: string;
  /** The base URL, without `/api/v2` and without a trailing slash. May hold a user and a password. */
  readonly url: Secret;
}

/** The settings of one source's reader, with its secrets resolved. */
export interface ReaderSettings {
  readonly source: string;
  readonly instances: readonly Instance[];
  readonly everyMs: number;
  readonly headers: Readonly<Record<string, Secret>>;
  /** `ca`, `cert`, `key` and `serverName`. */
  readonly tls: Readonly<Record<string, Secret>>;
}

/** Reads secrets and collects their issues. */
interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

/** Returns the settings of all sources with a reader, with their secrets. */
export function readersIn(sources: SourceSettings, secrets: Secrets): ReaderSettings[] {
  return sources.flatMap(({ name, alertmanager }, index) => {
    if (alertmanager === undefined) return [];
    const path = `sources[${index}].alertmanager`;
    const instances = alertmanager.urls.map((input, n): Instance => {
      const at = `${path}.urls[${n}]`;
      const url = baseUrl(secrets.value(input, at), (message) => secrets.issues.push({ path: at, message }));
      return { label: `urls[${n}] (${url.host})`, url: new Secret(url.href.replace(/\/$/, "")) };
    });
    const headers = valuesOf(alertmanager.headers, `${path}.headers`, secrets);
    const { serverName, ...inputs } = alertmanager.tls ?? {};
    const tls = {
      ...valuesOf(inputs, `${path}.tls`, secrets),
      ...(serverName !== undefined && { serverName: new Secret(serverName) }),
    };
    const settings = { source: name, instances, everyMs: alertmanager.every, headers, tls };
    const refuse = (key: string, message: string) => secrets.issues.push({ path: `${path}.${key}`, message });
    if (secrets.issues.length === 0) check(settings, refuse);
    return [settings];
  });
}

function valuesOf(
  inputs: Readonly<Record<string, SecretInput | undefined>>,
  path: string,
  secrets: Secrets,
): Record<string, Secret> {
  const values: Record<string, Secret> = {};
  for (const [key, input] of Object.entries(inputs))
    if (input !== undefined) values[key] = new Secret(secrets.value(input, formatPath([key], path)));
  return values;
}

/** Checks at load everything that can be known then, so that a running service meets no configuration error. */
function check({ instances, headers, tls }: ReaderSettings, refuse: (key: string, message: string) => void): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderValue(name, value.reveal());
    } catch {
      refuse(`headers.${name}`, "holds characters that a header must not have");
    }
    if (name.toLowerCase() === "authorization" && instances.some(({ url }) => basicAuthorization(url) !== undefined))
      refuse(`headers.${name}`, "must not be used together with a user and password in a URL");
  }
  const paths = { ca: "tls.ca", cert: "tls.cert", key: "tls.key" };
  for (const { path, message } of pemIssues(revealed(tls), paths, "TLSv1.2")) refuse(path, message);
}

/** Returns for each text of a reader's `tls` when its first certificate expires. */
export function readerExpiries({ source, tls }: Pick<ReaderSettings, "source" | "tls">): CertificateExpiry[] {
  const { ca, cert } = revealed(tls);
  const path = `sources.${source}.alertmanager.tls`;
  return expiriesIn({ [`${path}.ca`]: ca, [`${path}.cert`]: cert });
}

/** Returns the base of the API's URL. Its errors quote nothing of the URL. */
function baseUrl(text: string, refuse: (problem: string) => void): URL {
  const url = URL.parse(text.trim());
  if (!url || !/^https?:$/.test(url.protocol)) {
    if (text !== "") refuse('expected a URL such as "http://alertmanager:9093"');
    return new URL("http://invalid");
  }
  if (url.search || url.hash) refuse("must not have a query or a fragment");
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    refuse("has a user or password that is not URL-encoded");
  }
  url.pathname = url.pathname.replace(/(\/api\/v2(\/alerts)?)?\/*$/, "");
  return url;
}

/** Returns the value of `Authorization` for the user and password in a URL; undefined: the URL holds none. */
export function basicAuthorization(url: Secret): string | undefined {
  const { username, password } = new URL(url.reveal());
  if (!username && !password) return undefined;
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
}

export const revealed = (secrets: Readonly<Record<string, Secret>>): Record<string, string> =>
  Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()]));

/** Returns what identifies the API: if it changes, earlier readings do not count. */
export const identifying = ({ instances, headers }: ReaderSettings): string =>
  JSON.stringify([instances.map(({ url }) => url.reveal()), revealed(headers)]);

export const secretsIn = ({ instances, headers, tls }: ReaderSettings): string[] => [
  ...instances.flatMap(({ url }) => {
    const basic = basicAuthorization(url);
    const { username, password } = new URL(url.reveal());
    return basic === undefined ? [] : [basic, password || username, decodeURIComponent(password || username)];
  }),
  ...Object.values(headers).map((value) => value.reveal()),
  ...(tls["key"] ? [tls["key"].reveal()] : []),
];
