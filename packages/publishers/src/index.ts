export {
  type AddressGuard,
  type AddressRules,
  guarded,
  isAllowed,
  isLoopbackHost,
  isPrivate,
  isThisMachine,
  operatorLinkLocalRules,
  operatorRules,
  portOf,
  refuseHost,
} from "./forbidden-address.ts";
export { createPublisher, targetTypes } from "./registry.ts";
export type { PublisherOptions } from "./publisher-options.ts";
export { accessIdentity, credentialIdentity, endpointIdentity, type Scope } from "./identity.ts";
export { publisherFromSealed, sealable } from "./seal.ts";
export { proxySecrets, Transport, type TransportOptions, type Trust } from "./transport.ts";
