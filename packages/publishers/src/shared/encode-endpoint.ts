import {
  type Endpoint,
  type EndpointTls,
  parseTemplate,
  type Publisher,
  Secret,
  type TemplateTexts,
} from "@tocsin/core";
import type { PublisherOptions } from "./publisher-options.ts";
import { tlsSettingsOf, type TlsTexts } from "./tls-settings.ts";
import { createPublisher } from "../registry.ts";

/** The stored form of an endpoint with an open incident. Only this file writes and reads it. */
interface Sealed {
  readonly name: string;
  readonly type: string;
  readonly url: string;
  readonly credential: string | null;
  readonly degraded: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly signingSecrets?: readonly string[];
  readonly tls?: TlsTexts;
  /** Absent for targets of the operator, and in text of versions before this field. */
  readonly fromSecret?: true;
  readonly own?: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly template: TemplateTexts;
}

/**
 * Serializes all that is needed to send to an endpoint after its target changed or was removed, as JSON. It holds the
 * credential in clear: encrypt it before storing it.
 */
export function encodeEndpoint(endpoint: Endpoint): string {
  const {
    name,
    type,
    url,
    credential,
    degraded,
    headers,
    signingSecrets,
    typeOptions: own,
    timeoutMs,
    metadata,
    template,
  } = endpoint;
  const { fromSecret, tls } = endpoint;
  const sealed: Sealed = {
    name,
    type,
    url,
    credential: credential?.reveal() ?? null,
    degraded,
    headers: Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, value.reveal()])),
    ...(signingSecrets && { signingSecrets: signingSecrets.map((secret) => secret.reveal()) }),
    ...(tls && { tls: tlsSettingsOf(tls) }),
    ...(fromSecret && { fromSecret }),
    own,
    timeoutMs,
    metadata,
    template: template.texts,
  };
  return JSON.stringify(sealed);
}

/** Opens the publisher of what `encodeEndpoint` wrote. */
export function openEncodedEndpoint(json: string, options: PublisherOptions): Publisher {
  const { credential, headers, signingSecrets, tls, template, own = {}, ...rest } = JSON.parse(json) as Sealed;
  const endpoint: Endpoint = {
    ...rest,
    typeOptions: own,
    credential: credential === null ? null : new Secret(credential),
    headers: Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, new Secret(value)])),
    ...(signingSecrets && { signingSecrets: signingSecrets.map((secret) => new Secret(secret)) }),
    ...(tls && { tls: endpointTlsOf(tls) }),
    template: parseTemplate(template),
  };
  return createPublisher(endpoint, options);
}

const endpointTlsOf = ({ serverName, ...texts }: TlsTexts): EndpointTls => ({
  ...Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, new Secret(text)])),
  ...(serverName !== undefined && { serverName }),
});
