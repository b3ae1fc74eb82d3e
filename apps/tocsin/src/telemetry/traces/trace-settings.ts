import { type Issue, Secret, type SecretInput } from "@tocsin/core";

/** The settings `telemetry.traces`, with the secret resolved. */
export interface TraceSettings {
  /** The URL that spans are posted to, without user and password. Its path may be a credential. */
  readonly url: Secret;
  /** Scheme, host and port of that URL, for logs. */
  readonly origin: string;
  /** Value of `Authorization` for the user and password in the URL. */
  readonly authorization: Secret | undefined;
  readonly password: Secret | undefined;
  /** 0 to 1: share of the traces that begin here which are exported. */
  readonly sample: number;
  /** Texts that must not appear in a log line. */
  readonly secrets: readonly string[];
}

/** Reads secrets and collects their issues. */
interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

/** Shorter parts of a path are ordinary words. */
const minSecretPart = 16;

const expected = 'expected a URL such as "http://localhost:4318"';

/** Its issues quote nothing of the URL. */
export function tracesIn(
  written: { readonly otlp: SecretInput; readonly sample: number } | undefined,
  secrets: Secrets,
): TraceSettings | undefined {
  if (written === undefined) return undefined;
  const path = "telemetry.traces.otlp";
  const text = secrets.value(written.otlp, path).trim();
  const refuse = (message: string) => void secrets.issues.push({ path, message });
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    if (text !== "") refuse(expected);
    return undefined;
  }
  if (url.search !== "" || url.hash !== "") refuse("must not have a query or a fragment");
  const { username, password } = url;
  url.username = url.password = "";
  url.pathname = `${url.pathname.replace(/(\/v1\/traces)?\/*$/, "")}/v1/traces`;
  try {
    const [user, word] = [decodeURIComponent(username), decodeURIComponent(password)];
    const basic = user + word === "" ? undefined : Buffer.from(`${user}:${word}`).toString("base64");
    const parts = url.pathname.split("/").filter(({ length }) => length >= minSecretPart);
    return {
      url: new Secret(url.href),
      origin: url.origin,
      authorization: basic === undefined ? undefined : new Secret(`Basic ${basic}`),
      password: word === "" ? undefined : new Secret(word),
      sample: written.sample,
      secrets: [...parts, ...(basic === undefined ? [] : [basic, password || username, word || user])],
    };
  } catch {
    refuse("has a user or password that is not URL-encoded");
    return undefined;
  }
}
