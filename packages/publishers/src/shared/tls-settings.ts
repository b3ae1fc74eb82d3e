import type { EndpointTls } from "@tocsin/core";

/** The TLS settings of an endpoint in clear, as connections need them. */
export interface TlsTexts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
}

export const tlsSettingsOf = ({ ca, cert, key, serverName }: EndpointTls): TlsTexts => ({
  ...(ca && { ca: ca.reveal() }),
  ...(cert && { cert: cert.reveal() }),
  ...(key && { key: key.reveal() }),
  ...(serverName !== undefined && { serverName }),
});
