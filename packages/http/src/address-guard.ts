import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { type AddressKind, addressKinds } from "./address-kinds.ts";
import { isThisMachine } from "./is-this-machine.ts";
import { forbiddenAddress, selfTarget } from "./network-failure.ts";

/** Whether addresses of each kind may be connected to. Public ones always may. */
export type AddressRules = Readonly<Record<AddressKind, boolean>>;

/** For targets of the operator's own: their receivers are often on private networks or on this machine. */
export const operatorRules: AddressRules = { loopback: true, private: true, linkLocal: false };

/** The same for a target that says `allow_link_local`. */
export const operatorLinkLocalRules: AddressRules = { ...operatorRules, linkLocal: true };

/** For programs that choose their own endpoint. */
export const anyAddressRules: AddressRules = { loopback: true, private: true, linkLocal: true };

/** Decides whether an address may be connected to. */
export interface AddressGuard {
  readonly rules: AddressRules;
  /** The port of the endpoint is the one on which this service listens: no address of this machine is allowed. */
  readonly ownPort: boolean;
}

/** Whether rules allow a host. Names are judged by the addresses that they resolve to, see `guardLookup`. */
export function isAllowed(host: string, rules: AddressRules): boolean {
  return addressKinds(host).every((kind) => rules[kind]);
}

/** @throws if a host, as `URL` spells it, is an address that must not be connected to: no lookup is asked for those */
export function refuseHost(host: string, guard: AddressGuard): void {
  const refusal = refusalOf(host, guard);
  if (refusal !== undefined) throw refusal;
}

/**
 * Resolves names as `lookup` does and leaves out addresses that must not be connected to. The connection is made to the rest:
 * there is no second answer between check and use. It is not asked for hosts that are addresses themselves.
 */
export const guardLookup =
  (lookup: LookupFunction, guard: AddressGuard): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family);
      const all: LookupAddress[] = Array.isArray(found) ? found : [{ address: found, family: family ?? 4 }];
      const [first, ...others] = all.filter(({ address }) => refusalOf(address, guard) === undefined);
      if (first === undefined) {
        const [refusal] = all.flatMap(({ address }) => refusalOf(address, guard) ?? []);
        return callback(refusal ?? null, []);
      }
      return options.all ? callback(null, [first, ...others]) : callback(null, first.address, first.family);
    });

/** Undefined: it may be connected to. */
function refusalOf(address: string, { rules, ownPort }: AddressGuard): Error | undefined {
  if (ownPort && isThisMachine(address)) return errorOf(selfTarget);
  return isAllowed(address, rules) ? undefined : errorOf(forbiddenAddress);
}

const errorOf = (code: string): Error => Object.assign(new Error(), { code });

/** The port that a URL leads to. */
export const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === "https:" ? 443 : 80);
