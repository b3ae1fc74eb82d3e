import type { LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/**
 * Where no receiver of alerts is, and what hands out credentials or other harm to whoever can make us send something there.
 * Private networks and this machine are not among them: an operator's receivers are often there.
 */
const addresses = new BlockList();
for (const [network, prefix] of [
  // Link-local: the metadata services of AWS, Azure, Google and others.
  ["169.254.0.0", 16],
  // Metadata services elsewhere: Alibaba's and Oracle's.
  ["100.100.100.200", 32],
  ["192.0.0.192", 32],
  // "This network", which reaches this machine under another name; multicast; reserved and broadcast.
  ["0.0.0.0", 8],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  addresses.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["fe80::", 10],
  // AWS's metadata service, and Google's.
  ["fd00:ec2::254", 128],
  ["fd20:ce::254", 128],
  ["::", 128],
  ["ff00::", 8],
  // Link-local IPv4 in the clothes of IPv6: compatible, NAT64, 6to4. Mapped ones are known by their IPv4 rule.
  ["::a9fe:0", 112],
  ["64:ff9b::a9fe:0", 112],
  ["2002:a9fe::", 32],
] as const) {
  addresses.addSubnet(network, prefix, "ipv6");
}

/** Whether a host, as `URL` spells it, is such an address. Names are judged by what they resolve to, see `guarded`. */
export function isForbiddenAddress(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(address);
  return family !== 0 && addresses.check(address, family === 6 ? "ipv6" : "ipv4");
}

export const forbiddenAddress = "FORBIDDEN_ADDRESS";

/** Why nothing was connected to. */
export const forbidden = (): Error => Object.assign(new Error(), { code: forbiddenAddress });

/**
 * Resolves names as `lookup` does and leaves out such addresses. What is left is what is connected to: there is no second
 * answer between check and use. Not asked for hosts that are addresses themselves.
 */
export const guarded =
  (lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family);
      const all: LookupAddress[] = Array.isArray(found) ? found : [{ address: found, family: family ?? 4 }];
      const [first, ...others] = all.filter(({ address }) => !isForbiddenAddress(address));
      if (first === undefined) return callback(forbidden(), []);
      return options.all ? callback(null, [first, ...others]) : callback(null, first.address, first.family);
    });
