import type { LookupAddress } from "node:dns";
import { isLoopback } from "@tocsin/http";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { hostname as machineName, networkInterfaces } from "node:os";

/** Which addresses may be connected to, besides public ones. */
export interface AddressRules {
  /** This machine. */
  readonly loopback: boolean;
  /** Private and shared networks. */
  readonly private: boolean;
  /** Link-local addresses, those of metadata services, and others where no receiver of alerts is. */
  readonly linkLocal: boolean;
}

/** For targets of the operator's own: their receivers are often on private networks or on this machine. */
export const operatorRules: AddressRules = { loopback: true, private: true, linkLocal: false };

/** The same where a target says `allow_link_local`. */
export const operatorLinkLocalRules: AddressRules = { ...operatorRules, linkLocal: true };

type Kind = keyof AddressRules;
type Subnet = readonly [network: string, prefix: number];

/** Kinds of IPv4 addresses. */
const ipv4: Readonly<Record<Kind, readonly Subnet[]>> = {
  loopback: [
    ["127.0.0.0", 8],
    // "This network": reaches this machine under another name.
    ["0.0.0.0", 8],
  ],
  private: [
    ["10.0.0.0", 8],
    ["172.16.0.0", 12],
    ["192.168.0.0", 16],
    ["100.64.0.0", 10],
  ],
  linkLocal: [
    // The metadata services of AWS, Azure, Google and others.
    ["169.254.0.0", 16],
    // Metadata services elsewhere: Alibaba's, Oracle's, Azure's wire server.
    ["100.100.100.200", 32],
    ["192.0.0.192", 32],
    ["168.63.129.16", 32],
    ["0.0.0.0", 8],
    // Multicast; reserved and broadcast.
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
  ],
};

/** Kinds of IPv6 addresses, besides those that an IPv4 address is in. */
const ipv6: Readonly<Record<Kind, readonly Subnet[]>> = {
  loopback: [
    ["::1", 128],
    ["::", 128],
  ],
  private: [
    ["fc00::", 7],
    ["fec0::", 10],
  ],
  linkLocal: [
    ["fe80::", 10],
    // AWS's metadata service and that of its Kubernetes pods, and Google's.
    ["fd00:ec2::254", 128],
    ["fd00:ec2::23", 128],
    ["fd20:ce::254", 128],
    ["::", 128],
    ["ff00::", 8],
    // Translated by whatever this network uses (RFC 8215), and Teredo: the address in it cannot be told for certain.
    ["64:ff9b:1::", 48],
    ["2001::", 32],
  ],
};

/** Networks whose addresses are never reached over a translator or tunnel for a good reason. */
const shared = listOf([["100.64.0.0", 10]], "ipv4");

const kinds: readonly Kind[] = ["loopback", "private", "linkLocal"];
const lists = {
  4: kinds.map((kind) => [kind, listOf(ipv4[kind], "ipv4")] as const),
  6: kinds.map((kind) => [kind, listOf(ipv6[kind], "ipv6")] as const),
};

function listOf(subnets: readonly Subnet[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}

/** Whether such a host may be connected to. Names are judged by what they resolve to, see `guarded`. */
export function isAllowed(host: string, rules: AddressRules): boolean {
  return kindsOf(host).every((kind) => rules[kind]);
}

/** Whether a host, as `URL` spells it, is an address that only `allow_link_local` makes a target. */
export const isLinkLocal = (host: string): boolean => kindsOf(host).includes("linkLocal");

/**
 * Whether a connection to a host reaches this machine over its loopback interface. Besides loopback hosts these are 0.0.0.0/8, ::
 * and IPv6 addresses that a translator may turn into a loopback address.
 */
export const connectsToLoopback = (host: string): boolean => isLoopback(host) || kindsOf(host).includes("loopback");

export const isPrivate = (host: string): boolean => kindsOf(host).includes("private");

/** Empty for public addresses, and for names. */
function kindsOf(host: string): Kind[] {
  const address = bare(host);
  const family = isIP(address);
  if (family === 0) return [];
  if (family === 4) return lists[4].flatMap(([kind, list]) => (list.check(address, "ipv4") ? kind : []));
  const own = lists[6].flatMap(([kind, list]) => (list.check(address, "ipv6") ? kind : []));
  const inner = innerAddress(address);
  if (inner === undefined) return own;
  const over = inner.translated && shared.check(inner.address, "ipv4") ? ["linkLocal" as const] : [];
  return [...new Set([...own, ...kindsOf(inner.address), ...over])];
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, "").replace(/%.*$/, "");

/** The IPv4 address that an IPv6 address stands for. `translated`: by a network on the way, not by this machine. */
function innerAddress(address: string): { readonly address: string; readonly translated: boolean } | undefined {
  const groups = groupsOf(address);
  const at = (index: number): string =>
    [groups[index]! >> 8, groups[index]! & 255, groups[index + 1]! >> 8, groups[index + 1]! & 255].join(".");
  const starts = (...prefix: number[]): boolean => prefix.every((group, index) => groups[index] === group);
  // Mapped, compatible (but for :: and ::1), and as SIIT translates them (RFC 2765).
  if (starts(0, 0, 0, 0, 0, 0xffff)) return { address: at(6), translated: false };
  if (starts(0, 0, 0, 0, 0, 0) && (groups[6] !== 0 || groups[7]! > 1)) return { address: at(6), translated: false };
  if (starts(0, 0, 0, 0, 0xffff, 0)) return { address: at(6), translated: true };
  // NAT64 (RFC 6052), 6to4 (RFC 3056), ISATAP (RFC 5214).
  if (starts(0x64, 0xff9b, 0, 0, 0, 0)) return { address: at(6), translated: true };
  if (starts(0x2002)) return { address: at(1), translated: true };
  if ((groups[4]! & 0xfdff) === 0 && groups[5] === 0x5efe) return { address: at(6), translated: true };
  return undefined;
}

const numbersIn = (part: string): number[] =>
  part.split(":").flatMap((group) => (group === "" ? [] : parseInt(group, 16)));

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const { hostname } = new URL(`http://[${address}]/`);
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const [first, last] = [numbersIn(head), numbersIn(tail ?? "")];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/**
 * Whether a host, as `URL` spells it, is one of this machine's addresses, or a name that always means it. Asks the system
 * each time, since addresses come and go.
 */
export function isThisMachine(host: string): boolean {
  if (connectsToLoopback(host) || host.toLowerCase() === machineName().toLowerCase()) return true;
  const address = bare(host);
  if (isIP(address) === 0) return false;
  const own = new BlockList();
  for (const { address: mine, family } of Object.values(networkInterfaces()).flatMap((found) => found ?? []))
    own.addAddress(bare(mine), family === "IPv6" ? "ipv6" : "ipv4");
  if (own.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")) return true;
  const inner = isIP(address) === 6 ? innerAddress(address) : undefined;
  return inner !== undefined && own.check(inner.address, "ipv4");
}

export const forbiddenAddress = "FORBIDDEN_ADDRESS";
export const selfTarget = "SELF_TARGET";

/** Why nothing was connected to. */
const failure = (code: string): Error => Object.assign(new Error(), { code });

/** What decides whether an address may be connected to. */
export interface AddressGuard {
  readonly rules: AddressRules;
  /** The port that is asked for is the one on which this service listens: no address of this machine will do. */
  readonly ownPort: boolean;
}

/** Undefined: it may be connected to. */
function whyNot(address: string, { rules, ownPort }: AddressGuard): Error | undefined {
  if (ownPort && isThisMachine(address)) return failure(selfTarget);
  return isAllowed(address, rules) ? undefined : failure(forbiddenAddress);
}

/** @throws where a host, as `URL` spells it, is an address that must not be connected to: no lookup is asked for those */
export function refuseHost(host: string, guard: AddressGuard): void {
  const refusal = whyNot(host, guard);
  if (refusal !== undefined) throw refusal;
}

/**
 * Resolves names as `lookup` does and leaves out addresses that must not be connected to. What is left is what is connected
 * to: there is no second answer between check and use. Not asked for hosts that are addresses themselves.
 */
export const guarded =
  (lookup: LookupFunction, guard: AddressGuard): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family);
      const all: LookupAddress[] = Array.isArray(found) ? found : [{ address: found, family: family ?? 4 }];
      const [first, ...others] = all.filter(({ address }) => whyNot(address, guard) === undefined);
      if (first === undefined) {
        const refusals = all.flatMap(({ address }) => whyNot(address, guard) ?? []);
        return callback(refusals[0] ?? failure(forbiddenAddress), []);
      }
      return options.all ? callback(null, [first, ...others]) : callback(null, first.address, first.family);
    });

/** The port that a URL leads to. */
export const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === "https:" ? 443 : 80);
