import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** The alternative names of each connection's certificate: a connection keeps its certificate for all its requests. */
const known = new WeakMap<Socket, ReadonlySet<string>>();

/** Returns the alternative names of the valid client certificate of a connection. Undefined: it has none. */
export function certificateNames(socket: Socket | undefined): ReadonlySet<string> | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  let names = known.get(socket);
  if (names === undefined) {
    names = namesIn(socket.getPeerX509Certificate()?.subjectAltName ?? "");
    known.set(socket, names);
  }
  return names;
}

/**
 * Parses alternative names as Node shows them: `DNS:a.example, URI:spiffe://a/b`, and in quotes what holds a comma or a quote.
 * Returns `kind:name`, so that a URI never counts as a DNS name. A text of another form has no names.
 */
export function namesIn(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/gy;
  while (entry.lastIndex < text.length) {
    const [, kind = "", value = ""] = entry.exec(text) ?? [];
    if (kind === "") return new Set();
    const form = forms[kind];
    if (form !== undefined) names.add(form(value.startsWith('"') ? String(JSON.parse(value)) : value));
  }
  return names;
}

/** Returns `kind:name` of a name in the configuration. */
export function certificateName(san: string): string {
  if (san.includes("://") || /^urn:/i.test(san)) return uri(san);
  if (isIP(san) !== 0) return address(san);
  return san.includes("@") ? email(san) : dns(san);
}

const dns = (name: string): string => `dns:${name.toLowerCase()}`;
const uri = (name: string): string => `uri:${name}`;
const email = (name: string): string => `email:${name}`;
/** An IPv6 address has many spellings. */
const address = (name: string): string =>
  `address:${isIP(name) === 6 && !name.includes("%") ? new URL(`http://[${name}]`).host : name}`;

const forms: Readonly<Record<string, ((name: string) => string) | undefined>> = {
  DNS: dns,
  URI: uri,
  "IP Address": address,
  email,
};
