import { proxyAuthorization, type ProxySettings } from "./proxy-settings.ts";

/** A shorter user without a password is no secret. To remove it would garble texts. */
const minTokenLength = 8;

/**
 * The secrets that let us through proxies: their passwords as they are written and decoded, and the value of
 * `Proxy-Authorization`. If a URL has no password, its user may be a token.
 *
 * @throws ProxyUrlError when a proxy is not an http or https URL
 */
export function proxySecrets({ http, https }: ProxySettings): readonly string[] {
  return [http, https].flatMap((url) => {
    const secret = url?.password || url?.username;
    if (!url || !secret || (!url.password && secret.length < minTokenLength)) return [];
    const encoded = proxyAuthorization(url)!.slice("Basic ".length);
    const decoded = Buffer.from(encoded, "base64").toString();
    return [encoded, secret, url.password ? decoded.slice(decoded.indexOf(":") + 1) : decoded.slice(0, -1)];
  });
}
