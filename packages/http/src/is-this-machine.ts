import { BlockList, isIP } from "node:net";
import { hostname as machineName, networkInterfaces } from "node:os";
import { bareAddress, connectsToLoopback, innerAddress } from "./address-kinds.ts";

/**
 * Whether a host, as `URL` spells it, is one of this machine's addresses, or a name that always means it. It reads the
 * addresses from the system each time, since they come and go.
 */
export function isThisMachine(host: string): boolean {
  if (connectsToLoopback(host) || host.toLowerCase() === machineName().toLowerCase()) return true;
  const address = bareAddress(host);
  if (isIP(address) === 0) return false;
  const own = new BlockList();
  for (const { address: mine, family } of Object.values(networkInterfaces()).flatMap((found) => found ?? []))
    own.addAddress(bareAddress(mine), family === "IPv6" ? "ipv6" : "ipv4");
  if (own.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")) return true;
  const inner = isIP(address) === 6 ? innerAddress(address) : undefined;
  return inner !== undefined && own.check(inner.address, "ipv4");
}
