export {
  type AddressGuard,
  type AddressRules,
  guarded,
  isAllowed,
  connectsToLoopback,
  isPrivate,
  isThisMachine,
  operatorLinkLocalRules,
  operatorRules,
  portOf,
  refuseHost,
} from "./forbidden-address.ts";
export { createPublisher, targetTypes } from "./registry.ts";
export type { PublisherOptions } from "./shared/publisher-options.ts";
export { accessIdentity, credentialIdentity, endpointIdentity, type Scope } from "./shared/identity.ts";
export { publisherFromSealed, sealable } from "./shared/endpoint-codec.ts";
export { proxySecrets, Transport, type TransportOptions, type Trust } from "./transport.ts";
