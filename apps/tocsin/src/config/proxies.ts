import { proxiesFrom, proxySecrets, type ProxySettings } from "@tocsin/http";
import { OperatorError } from "./operator-error.ts";

export interface Proxies {
  readonly settings: ProxySettings;
  /** Users and passwords in the URLs of the proxies. */
  readonly secrets: readonly string[];
}

/** The proxies that the environment names. @throws OperatorError when one of them cannot be used */
export function proxiesIn(env: Readonly<Record<string, string | undefined>>): Proxies {
  const settings = proxiesFrom(env);
  try {
    return { settings, secrets: proxySecrets(settings) };
  } catch (error) {
    throw new OperatorError(`${(error as Error).message}, such as "http://proxy.example.com:3128"`, { cause: error });
  }
}
