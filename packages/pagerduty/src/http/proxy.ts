/** A proxy's URL as people write it, where the scheme may be missing. `undefined` when it is not an http(s) URL. */
export function proxyUrl(text: string): URL | undefined {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  return url?.protocol === "http:" || url?.protocol === "https:" ? url : undefined;
}

/**
 * Whether a list as in `no_proxy` names the host of a URL: "example.com" and ".example.com" both mean the domain and all
 * below it; "*" means every host.
 */
export function bypassesProxy(list: string, { protocol, hostname, port }: URL): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = "", entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry)!;
      if (entryPort !== undefined && entryPort !== (port || (protocol === "http:" ? "80" : "443"))) return false;
      const domain = name.replace(/^\*?\./, "");
      return hostname === domain || hostname.endsWith(`.${domain}`);
    });
}

/** What `Proxy-Authorization` says to a proxy whose URL names a user. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === "") return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")}`;
}

/** A "%" that encodes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
