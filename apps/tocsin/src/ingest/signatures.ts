import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { type Clock, type Issue, Secret, type SecretInput } from "@tocsin/core";
import type { SourceSettings } from "./readers/source-settings.ts";

/** The signature that a source demands, with its secret resolved. */
export interface SignatureSettings {
  readonly source: string;
  readonly secret: Secret;
  /** Names of headers, as written. */
  readonly header: string;
  readonly timestampHeader: string | undefined;
}

/** Reads secrets and collects their issues. */
interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

/**
 * Returns the signatures that sources demand. With tokens or clients, the source of an alert is the name of its token or client, so a
 * signature that is demanded of another name would never be checked: that is an issue.
 */
export function signaturesIn(
  sources: SourceSettings,
  senders: readonly { readonly name: string; readonly roles: readonly string[] }[],
  secrets: Secrets,
): SignatureSettings[] {
  return sources.flatMap(({ name, hmac }, index) => {
    if (hmac === undefined) return [];
    const path = `sources[${index}]`;
    if (senders.length > 0 && !senders.some((one) => one.name === name && one.roles.includes("ingest"))) {
      const message = "must be the name of a token or client with the role `ingest`, because `hmac` is set";
      secrets.issues.push({ path: `${path}.name`, message });
    }
    const { header, timestampHeader } = hmac;
    const secret = new Secret(secrets.value(hmac.secret, `${path}.hmac.secret`));
    return [{ source: name, secret, header, timestampHeader }];
  });
}

/** Largest difference between a signed time and the own clock. It limits how long a recorded request can be sent again. */
const maxAgeMs = 300_000;

/** The signatures that sources demand, in the format of Grafana. A reload of the configuration replaces them as a whole. */
export class Signatures {
  readonly #bySource: ReadonlyMap<string, SignatureSettings>;
  readonly #clock: Pick<Clock, "now">;

  constructor(settings: readonly SignatureSettings[], clock: Pick<Clock, "now">) {
    this.#bySource = new Map(settings.map((one) => [one.source, one]));
    this.#clock = clock;
  }

  /**
   * Returns the reason why a request must be refused. Undefined: it has the signature that its source demands, or its source
   * demands none. `body`: the bytes as received.
   */
  refusal(source: string, headers: IncomingHttpHeaders, body: Uint8Array): string | undefined {
    const settings = this.#bySource.get(source);
    if (settings === undefined) return undefined;
    const { secret, header, timestampHeader } = settings;
    const demands = `the source ${JSON.stringify(source)} demands signed requests`;
    const signature = valueOf(headers, header);
    if (signature === undefined) return `${demands}, and the header ${header} is missing`;
    if (!/^[\da-f]{64}$/i.test(signature)) return `${demands}, and the header ${header} is not a SHA-256 in hex`;
    const hmac = createHmac("sha256", secret.reveal());
    let signedMs: number | undefined;
    if (timestampHeader !== undefined) {
      const seconds = valueOf(headers, timestampHeader);
      if (seconds === undefined) return `${demands}, and the header ${timestampHeader} is missing`;
      if (!/^\d{1,12}$/.test(seconds)) return `${demands}, and the header ${timestampHeader} is not in Unix seconds`;
      signedMs = Number(seconds) * 1_000;
      hmac.update(`${seconds}:`);
    }
    if (!timingSafeEqual(hmac.update(body).digest(), Buffer.from(signature, "hex")))
      return `${demands}, and the signature does not match the body; compare the secret and the timestamp header on both sides`;
    if (signedMs !== undefined && Math.abs(this.#clock.now() - signedMs) > maxAgeMs)
      return `${demands}, and the signed time differs by more than 5 minutes from this server's clock`;
    return undefined;
  }
}

function valueOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(", ") : value;
}
