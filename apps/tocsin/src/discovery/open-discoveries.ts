import type { Clock } from "@tocsin/core";

import type { Config } from "../config/config.ts";
import type { SecretPlaces } from "../config/secrets.ts";
import { Discoveries, type DiscoveriesOptions } from "./discoveries.ts";
import type { Discovery } from "./discovery.ts";
import { FileDiscovery } from "./files/file-discovery.ts";
import { KubernetesApi } from "./kubernetes/api.ts";
import { SecretDiscovery } from "./kubernetes/secret-discovery.ts";
import type { LastGood } from "./last-good.ts";

export interface DiscoverySurroundings extends Omit<DiscoveriesOptions, "all" | "remembered" | "lastGood"> {
  readonly discovery: Config["discovery"];
  readonly env: SecretPlaces["env"];
  readonly lastGood: Pick<LastGood, "keep" | "recall">;
}

/** Makes the discoveries that a configuration names, in the order in which their targets count. */
export async function openDiscoveries(o: DiscoverySurroundings): Promise<Discoveries> {
  const { files, kubernetes } = o.discovery;
  const all: Discovery[] = [];
  const remembered: DiscoveriesOptions["remembered"][number][] = [];
  for (const place of files) {
    const before = await o.lastGood.recall({ source: "files", where: place.where });
    remembered.push(before);
    all.push(fileDiscovery(place, o, before));
  }
  if (kubernetes !== undefined) {
    const { kubeconfig, namespaces, labelSelector, resync: resyncMs } = kubernetes;
    const api = new KubernetesApi({ kubeconfig, env: o.env });
    for (const namespace of namespaces) {
      remembered.push(await o.lastGood.recall({ source: "kubernetes", where: namespace }));
      all.push(new SecretDiscovery({ namespace, labelSelector, resyncMs, api, clock: o.clock }));
    }
  }
  return new Discoveries({ ...o, all, remembered });
}

/** Those of files alone, without a memory: what `config check` looks at. */
export const fileDiscoveries = (
  { files }: Config["discovery"],
  o: { readonly clock: Clock; readonly env: SecretPlaces["env"] },
): Discovery[] => files.map((place) => fileDiscovery(place, o));

const fileDiscovery = (
  place: Config["discovery"]["files"][number],
  { clock, env }: { readonly clock: Clock; readonly env: SecretPlaces["env"] },
  remembered?: DiscoveriesOptions["remembered"][number],
): FileDiscovery => new FileDiscovery({ ...place, env, clock, ...(remembered !== undefined && { remembered }) });
