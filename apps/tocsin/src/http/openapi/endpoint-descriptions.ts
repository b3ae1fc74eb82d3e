import { alertDescriptions } from "./alert-descriptions.ts";
import { alertmanagerDescriptions } from "./alertmanager-descriptions.ts";
import { changeDescriptions } from "./change-descriptions.ts";
import { deadLetterDescriptions } from "./dead-letter-descriptions.ts";
import type { EndpointDescriptions } from "./endpoint-description.ts";
import { incidentDescriptions } from "./incident-descriptions.ts";
import { operationsDescriptions } from "./operations-descriptions.ts";
import { targetDescriptions } from "./target-descriptions.ts";

/**
 * Describes every endpoint of the API. They stand beside the endpoints and not in them, so that a service that is never asked for
 * the document loads none of this. A test fails for an endpoint without a description, and for a description without an endpoint.
 */
export const endpointDescriptions: EndpointDescriptions = {
  ...alertDescriptions,
  ...alertmanagerDescriptions,
  ...changeDescriptions,
  ...deadLetterDescriptions,
  ...incidentDescriptions,
  ...operationsDescriptions,
  ...targetDescriptions,
};
