import type { TargetDefinition } from "../target-definition.ts";
import type { Discovery } from "./discovery.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";

/** A discovery in use, with the settings that it was created with. */
export interface OpenDiscovery {
  readonly discovery: Discovery;
  /**
   * The targets to use until the place is read: those from before the restart, or those of the discovery that this one
   * replaces.
   */
  readonly lastKnown: readonly TargetDefinition[];
  /** The settings that it was created with; compared to detect a change. */
  readonly settings: unknown;
  readonly api?: OpenApi;
}

/** The client of the Kubernetes API, shared by all namespaces. */
export interface OpenApi {
  readonly access: unknown;
  readonly api: KubernetesApi;
}
