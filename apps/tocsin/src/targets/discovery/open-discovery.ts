import type { TargetDefinition } from "../target-definition.ts";
import type { Discovery } from "./discovery.ts";
import type { KubernetesApi } from "./kubernetes/api.ts";

/** A place where targets are found: its discovery, and the settings that it was made with. */
export interface OpenDiscovery {
  readonly discovery: Discovery;
  /** Its targets until it is read: those of a former life, or of the discovery that it replaces. */
  readonly lastKnown: readonly TargetDefinition[];
  /** What it was opened with. */
  readonly settings: unknown;
  readonly api?: OpenApi;
}

/** The API of Kubernetes as it was opened, for all its namespaces. */
export interface OpenApi {
  readonly access: unknown;
  readonly api: KubernetesApi;
}
