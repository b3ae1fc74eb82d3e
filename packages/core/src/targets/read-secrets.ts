import { Secret } from "../schema/secret.ts";
import type { ReadSecret, SecretInput } from "../schema/secret-input.ts";
import type { CommonFields } from "./target-schema.ts";
import type { EndpointTls } from "./target.ts";

export type Complain = (path: string, message: string) => void;

/**
 * Characters that a header's value may contain: https://www.rfc-editor.org/rfc/rfc9110#name-field-values. Any secret may be sent
 * in a header.
 */
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Reads one secret field. A blank value counts as absent. */
export function readSecretField(
  input: SecretInput | undefined,
  path: string,
  readSecret: ReadSecret,
  complain: Complain,
): Secret | undefined {
  if (input === undefined) return undefined;
  let value: string;
  try {
    value = typeof input === "string" ? input : readSecret(input);
  } catch (error) {
    complain(path, (error as Error).message);
    return undefined;
  }
  if (!headerValue.test(value.trim())) complain(path, "must not have line breaks or control characters");
  return presentSecret(value);
}

/** Trims the value, because `echo key | base64` leaves a newline at its end. */
export function presentSecret(value: string | undefined): Secret | undefined {
  return value === undefined || value.trim() === "" ? undefined : new Secret(value.trim());
}

/** Reads the TLS settings. Whether the texts are PEM is checked by code that may use OpenSSL. Undefined: there are none. */
export function readTls(
  { server_name: serverName, ...inputs }: NonNullable<CommonFields["tls"]>,
  readSecret: ReadSecret,
  complain: Complain,
): EndpointTls | undefined {
  const secrets = Object.entries(inputs).flatMap(([key, input]) => {
    if (input === undefined) return [];
    const path = `tls.${key}`;
    try {
      const secret = presentSecret(typeof input === "string" ? input : readSecret(input));
      if (secret === undefined) complain(path, "must not be empty");
      return [[key, secret]];
    } catch (error) {
      complain(path, (error as Error).message);
      return [];
    }
  });
  if (inputs.cert === undefined && inputs.key !== undefined) complain("tls.cert", "required, because there is a key");
  if (inputs.cert !== undefined && inputs.key === undefined)
    complain("tls.key", "required, because there is a certificate");
  const tls = { ...Object.fromEntries(secrets), ...(serverName !== undefined && { serverName }) } as EndpointTls;
  return Object.keys(tls).length === 0 ? undefined : tls;
}

export function readHeaders(
  headers: Readonly<Record<string, SecretInput>>,
  readSecret: ReadSecret,
  complain: Complain,
): Record<string, Secret> {
  const secrets: Record<string, Secret> = {};
  const seen = new Set<string>();
  for (const [name, input] of Object.entries(headers)) {
    const path = `headers.${name}`;
    if (seen.has(name.toLowerCase())) complain(path, "occurs twice; upper and lower case mean the same");
    seen.add(name.toLowerCase());
    const secret = readSecretField(input, path, readSecret, complain);
    if (secret) secrets[name] = secret;
  }
  return secrets;
}
