/**
 * Whether a host can only mean this machine: `localhost` and names below it (RFC 6761, section 6.3), 127.0.0.0/8 and ::1, also
 * with a final dot or inside an IPv6 address (`::ffff:127.0.0.1`).
 *
 * 0.0.0.0 and :: are not among them: a connection to them reaches this machine, but a listener there is open to all networks.
 *
 * @param host a name or address as a URL has it; the brackets of an IPv6 address may be missing
 * @example
 * isLoopback("app.localhost"); // true
 */
export function isLoopback(host: string): boolean {
  const hostname = normalized(host);
  return /^(?:(?:[^:]+\.)?localhost\.?|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/.test(
    hostname,
  );
}

/** Lower case, and one spelling of each address. Empty: the text is no host alone. */
function normalized(host: string): string {
  if (/[\s/\\?#@]/.test(host)) return "";
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return URL.parse(`http://${bracketed}/`)?.hostname ?? "";
}
