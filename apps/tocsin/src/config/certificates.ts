import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureVersion } from "node:tls";
import type { Issue } from "@tocsin/core";

/** Certificates and a key, all as PEM. */
export interface PemTexts {
  /** Authorities. */
  readonly ca?: string | undefined;
  /** Our own certificate, then its intermediates. */
  readonly cert?: string | undefined;
  /** The key of `cert`. */
  readonly key?: string | undefined;
}

/** The places of the texts, as paths of the configuration. */
export type PemPaths = Readonly<Record<keyof PemTexts, string>>;

/**
 * Returns everything that is wrong with these texts, so that no connection meets a bad file. An expired certificate is no issue,
 * because a service that does not start pages no one.
 */
export function pemIssues({ ca, cert, key }: PemTexts, paths: PemPaths, minVersion: SecureVersion): Issue[] {
  const issues: Issue[] = [];
  const [own] = certificatesIn(cert ?? "");
  const ownKey = privateKeyIn(key ?? "");
  if (cert !== undefined && own === undefined)
    issues.push({ path: paths.cert, message: "expected a certificate as PEM, followed by its intermediates" });
  if (key !== undefined && ownKey === undefined)
    issues.push({ path: paths.key, message: "expected a private key as PEM, without a passphrase" });
  if (own !== undefined && ownKey !== undefined && !own.checkPrivateKey(ownKey))
    issues.push({ path: paths.key, message: `does not belong to the certificate in \`${paths.cert}\`` });
  if (ca !== undefined && certificatesIn(ca).length === 0)
    issues.push({ path: paths.ca, message: "expected the certificates of authorities as PEM" });
  if (issues.length > 0) return issues;
  try {
    createSecureContext({ ca, cert, key, minVersion });
    return [];
  } catch (error) {
    // Such as a key that is too short for OpenSSL.
    const path = cert === undefined ? paths.ca : paths.cert;
    return [{ path, message: `OpenSSL refuses the certificate: ${(error as Error).message}` }];
  }
}

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

/** The time in which all certificates of a text are valid. */
export interface CertificateExpiry {
  /** The place of the text: `server.tls.cert`, `targets.NAME.tls.ca`. */
  readonly name: string;
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Returns when the first certificate of each text expires: a chain is valid while all its certificates are. */
export const expiriesIn = (texts: Readonly<Record<string, string | undefined>>): CertificateExpiry[] =>
  Object.entries(texts).flatMap(([name, text = ""]) => {
    const certificates = certificatesIn(text);
    if (certificates.length === 0) return [];
    const validFromMs = Math.max(...certificates.map(({ validFromDate }) => validFromDate.getTime()));
    const validToMs = Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()));
    return [{ name, validFromMs, validToMs }];
  });

/** Returns a warning for each text with a certificate that is not valid now. */
export const certificateWarnings = (expiries: readonly CertificateExpiry[], nowMs: number): string[] =>
  expiries.flatMap(({ name, validFromMs, validToMs }) => {
    if (nowMs >= validToMs) return [`${name}: a certificate expired at ${new Date(validToMs).toISOString()}`];
    if (nowMs < validFromMs)
      return [`${name}: a certificate is not valid before ${new Date(validFromMs).toISOString()}`];
    return [];
  });
