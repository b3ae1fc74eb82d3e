import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Issue, SecretInput } from "@tocsin/core";
import type { ConfigOutput } from "./schema.ts";

/** The settings of HTTPS: the certificate, its key and the authorities, all as PEM. */
export interface ServerTls {
  /** The certificate of the service, then its intermediates. */
  readonly cert: string;
  readonly key: string;
  /** The authorities of client certificates. Undefined: clients are not asked for a certificate. */
  readonly clientCa: string | undefined;
  readonly minVersion: "1.2" | "1.3";
}

/** Reads secrets and collects their issues. */
interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

/**
 * Reads the files of `server.tls` and checks everything that can be wrong with them, so that a listener never meets a bad file.
 * Undefined: the API speaks plain HTTP. An expired certificate is no issue, because a service that does not start pages no one.
 */
export function serverTlsIn(input: ConfigOutput["server"]["tls"], secrets: Secrets): ServerTls | undefined {
  if (input === undefined) return undefined;
  const { minVersion } = input;
  const earlier = secrets.issues.length;
  const cert = secrets.value(input.cert, "server.tls.cert");
  const key = secrets.value(input.key, "server.tls.key");
  const clientCa = input.clientCa && secrets.value(input.clientCa, "server.tls.clientCa");
  const tls: ServerTls = { cert, key, clientCa, minVersion };
  if (secrets.issues.length === earlier) secrets.issues.push(...issuesOf(tls));
  return tls;
}

function issuesOf(tls: ServerTls): Issue[] {
  const [own] = certificatesIn(tls.cert);
  const key = privateKeyIn(tls.key);
  const issues: Issue[] = [];
  if (own === undefined)
    issues.push({ path: "server.tls.cert", message: "expected a certificate as PEM, followed by its intermediates" });
  if (key === undefined)
    issues.push({ path: "server.tls.key", message: "expected a private key as PEM, without a passphrase" });
  if (own !== undefined && key !== undefined && !own.checkPrivateKey(key))
    issues.push({ path: "server.tls.key", message: "does not belong to the certificate in `server.tls.cert`" });
  if (tls.clientCa !== undefined && certificatesIn(tls.clientCa).length === 0)
    issues.push({ path: "server.tls.clientCa", message: "expected the certificates of authorities as PEM" });
  if (issues.length > 0) return issues;
  try {
    createSecureContext(secureContextOf(tls));
    return [];
  } catch (error) {
    // Such as a key that is too short for OpenSSL.
    return [{ path: "server.tls.cert", message: `OpenSSL refuses the certificate: ${(error as Error).message}` }];
  }
}

/** The options of Node's TLS server that a running server can change. */
export const secureContextOf = ({ cert, key, clientCa, minVersion }: ServerTls) => ({
  cert,
  key,
  ...(clientCa !== undefined && { ca: clientCa }),
  minVersion: `TLSv${minVersion}` as const,
});

/** Returns all certificates of a text; none if one of them is invalid, because OpenSSL silently ignores what follows it. */
export function certificatesIn(pem: string): X509Certificate[] {
  try {
    const blocks = pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^]*?(?:-----END [^\n]*-----|$)/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

function privateKeyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** The keys of the configuration whose files hold certificates. */
export const certificateFiles = ["server.tls.cert", "server.tls.clientCa"] as const;

/** The time in which all certificates of a file are valid. */
export interface CertificateExpiry {
  /** The key of the configuration. */
  readonly name: (typeof certificateFiles)[number];
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Returns for each file when its first certificate expires: a chain is valid while all its certificates are. */
export function expiriesOf(tls: ServerTls | undefined): CertificateExpiry[] {
  if (tls === undefined) return [];
  const texts = { "server.tls.cert": tls.cert, "server.tls.clientCa": tls.clientCa ?? "" };
  return certificateFiles.flatMap((name) => {
    const certificates = certificatesIn(texts[name]);
    if (certificates.length === 0) return [];
    return [
      {
        name,
        validFromMs: Math.max(...certificates.map(({ validFromDate }) => validFromDate.getTime())),
        validToMs: Math.min(...certificates.map(({ validToDate }) => validToDate.getTime())),
      },
    ];
  });
}

/** Returns a warning for each file with a certificate that clients or this service refuse now. */
export const certificateWarnings = (tls: ServerTls | undefined, nowMs: number): string[] =>
  expiriesOf(tls).flatMap(({ name, validFromMs, validToMs }) => {
    if (nowMs >= validToMs) return [`${name}: a certificate expired at ${new Date(validToMs).toISOString()}`];
    if (nowMs < validFromMs)
      return [`${name}: a certificate is not valid before ${new Date(validFromMs).toISOString()}`];
    return [];
  });
