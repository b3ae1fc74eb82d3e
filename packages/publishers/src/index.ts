export { createPublisher, targetTypes } from "./registry.ts";
export type { PublisherOptions } from "./publisher-options.ts";
export { credentialIdentity, endpointIdentity, publisherFromSealed, sealable } from "./seal.ts";
export { proxyFrom, type ProxySettings, Transport, type TransportOptions } from "./transport.ts";
