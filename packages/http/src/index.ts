/** HTTP/1.1 over connections that stay open, for Tocsin's publishers and for the PagerDuty client. */
export * from "./portable.ts";
export {
  type AddressGuard,
  type AddressRules,
  anyAddressRules,
  guardLookup,
  isAllowed,
  operatorLinkLocalRules,
  operatorRules,
  portOf,
  refuseHost,
} from "./address-guard.ts";
export { type AddressKind, connectsToLoopback, isLinkLocal, isPrivate } from "./address-kinds.ts";
export { destinationOf } from "./connect.ts";
export { causeOf } from "./failed-reply.ts";
export { isThisMachine } from "./is-this-machine.ts";
export { proxyFor } from "./proxy-for.ts";
export { proxySecrets } from "./proxy-secrets.ts";
export { type ConnectStep, reach, type Reached, type ReachOptions } from "./reach.ts";
export { redactReply } from "./redact-reply.ts";
export { type Address, addressOf, type Get, type Post, type Reply, type Sender, type TlsSettings } from "./sender.ts";
export { type SenderSettings, Transport, type TransportOptions, type Trust } from "./transport.ts";
