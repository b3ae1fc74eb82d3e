export { createPublisher, targetTypes } from "./registry.ts";
export type { PublisherOptions } from "./shared/publisher-options.ts";
export { accessIdentity, credentialIdentity, endpointIdentity, type Scope } from "./shared/identity.ts";
export { tlsSettingsOf } from "./shared/tls-settings.ts";
export { openEncodedEndpoint, encodeEndpoint } from "./shared/encode-endpoint.ts";
