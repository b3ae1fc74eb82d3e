import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@tocsin/core";
import type { Config } from "../../config/config.ts";
import { markOfSync } from "../../config/file-marks.ts";
import type { SecretPlaces } from "../../config/secrets.ts";
import type { Discovery } from "./discovery.ts";
import { FileDiscovery } from "./files/file-discovery.ts";
import { KubernetesApi } from "./kubernetes/api.ts";
import { SecretDiscovery } from "./kubernetes/secret-discovery.ts";
import type { LastGood } from "./last-known-targets.ts";
import type { Place } from "./place.ts";

export interface DiscoverySurroundings {
  readonly env: SecretPlaces["env"];
  readonly lastGood: Pick<LastGood, "recall">;
  readonly clock: Clock;
}

/**
 * Opens the discoveries that a configuration names, in the order in which their targets count. Those whose settings are the
 * same stay; one whose settings changed begins with the targets of the one that it replaces.
 *
 * @throws LedgerUnavailable
 */
export async function openDiscoveries(
  { files, kubernetes }: Config["discovery"],
  current: readonly Place[],
  o: DiscoverySurroundings,
): Promise<readonly Place[]> {
  const keepOrOpen = async (
    named: Pick<Discovery, "source" | "where">,
    settings: unknown,
    open: (remembered: Place["remembered"]) => Pick<Place, "discovery" | "api">,
  ): Promise<Place> => {
    const former = current.find(
      ({ discovery }) => discovery.source === named.source && discovery.where === named.where,
    );
    if (former !== undefined && isDeepStrictEqual(former.settings, settings)) return former;
    const remembered = former?.discovery.targets ?? former?.remembered ?? (await o.lastGood.recall(named)) ?? [];
    return { ...open(remembered), remembered, settings };
  };
  const places: Place[] = [];
  for (const directory of files) {
    const open = (remembered: Place["remembered"]) => ({ discovery: fileDiscovery(directory, o, remembered) });
    places.push(await keepOrOpen({ source: "files", where: directory.where }, directory, open));
  }
  if (kubernetes === undefined) return places;
  const { kubeconfig, namespaces, labelSelector, resync: resyncMs } = kubernetes;
  // Another kubeconfig at the same path is another one.
  const access = { kubeconfig, mark: kubeconfig === null ? undefined : markOfSync(kubeconfig) };
  const known = current.find(({ api: one }) => one !== undefined && isDeepStrictEqual(one.access, access));
  const api = known?.api ?? { access, api: new KubernetesApi({ kubeconfig, env: o.env }) };
  for (const namespace of namespaces) {
    const settings = { access, labelSelector, resyncMs };
    const open = () => ({
      api,
      discovery: new SecretDiscovery({ namespace, labelSelector, resyncMs, api: api.api, clock: o.clock }),
    });
    places.push(await keepOrOpen({ source: "kubernetes", where: namespace }, settings, open));
  }
  return places;
}

/** Those of files alone, without a memory: what `config check` looks at. */
export const fileDiscoveries = (
  { files }: Config["discovery"],
  o: Pick<DiscoverySurroundings, "clock" | "env">,
): Discovery[] => files.map((place) => fileDiscovery(place, o));

const fileDiscovery = (
  place: Config["discovery"]["files"][number],
  { clock, env }: Pick<DiscoverySurroundings, "clock" | "env">,
  remembered?: Place["remembered"],
): FileDiscovery => new FileDiscovery({ ...place, env, clock, ...(remembered !== undefined && { remembered }) });
