import type { Issue, SecretInput } from "@tocsin/core";
import { type CertificateExpiry, expiriesIn, pemIssues } from "./certificates.ts";
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

const paths = { cert: "server.tls.cert", key: "server.tls.key", ca: "server.tls.clientCa" } as const;

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
  const cert = secrets.value(input.cert, paths.cert);
  const key = secrets.value(input.key, paths.key);
  const clientCa = input.clientCa && secrets.value(input.clientCa, paths.ca);
  const tls: ServerTls = { cert, key, clientCa, minVersion };
  if (secrets.issues.length === earlier)
    secrets.issues.push(...pemIssues({ cert, key, ca: clientCa }, paths, `TLSv${minVersion}`));
  return tls;
}

/** The options of Node's TLS server that a running server can change. */
export const secureContextOf = ({ cert, key, clientCa, minVersion }: ServerTls) => ({
  cert,
  key,
  ...(clientCa !== undefined && { ca: clientCa }),
  minVersion: `TLSv${minVersion}` as const,
});

/** Returns for each file of `server.tls` when its first certificate expires. */
export const serverExpiries = (tls: ServerTls | undefined): CertificateExpiry[] =>
  expiriesIn({ [paths.cert]: tls?.cert, [paths.ca]: tls?.clientCa });
