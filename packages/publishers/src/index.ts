export { createPublisher, targetTypes } from "./registry.ts";
export type { PublisherOptions } from "./shared/publisher-options.ts";
export { accessIdentity, credentialIdentity, endpointIdentity, type Scope } from "./shared/identity.ts";
export { tlsSettingsOf } from "./shared/tls-settings.ts";
export { openEncodedEndpoint, encodeEndpoint } from "./shared/encode-endpoint.ts";
export { buttonActions, type ButtonAction, type ButtonValue, parseButtonValue } from "./slack/button-value.ts";
export { printMessageReceipt } from "./slack/message-receipt.ts";
export { RestClients } from "./pagerduty/rest/rest-clients.ts";
export type {
  PagerDutyRest,
  RestAlert,
  RestFailure,
  RestIncident,
  RestPage,
  RestResult,
  RestStatus,
} from "./pagerduty/rest/pagerduty-rest.ts";
