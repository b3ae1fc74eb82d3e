import { BlockList, isIP } from "node:net";
import { isLoopback } from "./is-loopback.ts";

/** Kinds of addresses that are not public. An address may be of several kinds. */
export type AddressKind =
  /** This machine. */
  | "loopback"
  /** Private and shared networks. */
  | "private"
  /** Link-local addresses, those of metadata services, and others at which no receiver of alerts is. */
  | "linkLocal";

type Subnet = readonly [network: string, prefix: number];

const ipv4: Readonly<Record<AddressKind, readonly Subnet[]>> = {
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

/** Without the IPv6 addresses that stand for an IPv4 address: those have its kinds. */
const ipv6: Readonly<Record<AddressKind, readonly Subnet[]>> = {
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
    // Translated by whatever this network uses (RFC 8215), and Teredo: the inner address is not certain.
    ["64:ff9b:1::", 48],
    ["2001::", 32],
  ],
};

/** Networks whose addresses are never reached over a translator or tunnel for a good reason. */
const shared = listOf([["100.64.0.0", 10]], "ipv4");

const kinds: readonly AddressKind[] = ["loopback", "private", "linkLocal"];
const lists = {
  4: kinds.map((kind) => [kind, listOf(ipv4[kind], "ipv4")] as const),
  6: kinds.map((kind) => [kind, listOf(ipv6[kind], "ipv6")] as const),
};

function listOf(subnets: readonly Subnet[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}

/** Kinds of a host as `URL` spells it. Empty for public addresses, and for names. */
export function addressKinds(host: string): AddressKind[] {
  const address = bareAddress(host);
  const family = isIP(address);
  if (family === 0) return [];
  if (family === 4) return lists[4].flatMap(([kind, list]) => (list.check(address, "ipv4") ? kind : []));
  const own = lists[6].flatMap(([kind, list]) => (list.check(address, "ipv6") ? kind : []));
  const inner = innerAddress(address);
  if (inner === undefined) return own;
  const over = inner.translated && shared.check(inner.address, "ipv4") ? ["linkLocal" as const] : [];
  return [...new Set([...own, ...addressKinds(inner.address), ...over])];
}

/** Whether a host, as `URL` spells it, is an address that only `allow_link_local` makes a target. */
export const isLinkLocal = (host: string): boolean => addressKinds(host).includes("linkLocal");

export const isPrivate = (host: string): boolean => addressKinds(host).includes("private");

/**
 * Whether a connection to a host reaches this machine over its loopback interface. Besides loopback hosts these are 0.0.0.0/8, ::
 * and IPv6 addresses that a translator may turn into a loopback address.
 */
export const connectsToLoopback = (host: string): boolean =>
  isLoopback(host) || addressKinds(host).includes("loopback");

/** Without brackets and zone. */
export const bareAddress = (host: string): string => host.replace(/^\[|\]$/g, "").replace(/%.*$/, "");

/** The IPv4 address that an IPv6 address stands for. `translated`: by a network on the way, not by this machine. */
export function innerAddress(address: string): { readonly address: string; readonly translated: boolean } | undefined {
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
