import { allEndpoints, type AnsweringParts } from "../endpoints/all-endpoints.ts";
import { frontPageFacts } from "../endpoints/front-page.ts";
import { endpointDescriptions } from "./endpoint-descriptions.ts";
import { type DocumentedEndpoint, openApiDocument, type OpenApiDocument } from "./open-api-document.ts";

/** Stands for any part of the service: endpoints are listed here, and never called. */
// oxlint-disable-next-line typescript/no-explicit-any -- it has every type
const anything: any = new Proxy(() => undefined, {
  get: (_target, name) => (typeof name === "symbol" ? undefined : anything),
  apply: () => anything,
});

const parts: AnsweringParts = {
  ledger: anything,
  clock: anything,
  log: anything,
  metrics: anything,
  tracing: anything,
  configReloader: { current: { server: {}, ledger: {}, changes: {} } } as AnsweringParts["configReloader"],
  classifications: anything,
  targets: anything,
  discoveries: anything,
  reachability: anything,
  targetTests: anything,
  drills: anything,
  lastAttempts: anything,
  changes: anything,
  callbacks: anything,
  selfWatch: anything,
  readiness: anything,
  reconciler: anything,
  health: anything,
  warnings: anything,
  stallDetector: anything,
  explainer: anything,
  stream: anything,
  senderOf: anything,
  reload: anything,
  wake: anything,
};

/** All endpoints that the document describes, as the service has them. */
export const describedEndpoints: readonly DocumentedEndpoint[] = [frontPageFacts, ...allEndpoints(parts)];

let built: OpenApiDocument | undefined;

/** The document as a service without a base path answers it. An endpoint without a description fails in one test only. */
export const describedApi = (): OpenApiDocument =>
  (built ??= openApiDocument({
    version: "0.0.0",
    basePath: undefined,
    endpoints: describedEndpoints.filter(isDescribed),
  }));

const isDescribed = ({ method, path }: DocumentedEndpoint): boolean =>
  Object.hasOwn(endpointDescriptions, `${method} ${path}`);
