import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@tocsin/core";
import type { Config } from "../../config/config.ts";
import { markOfSync } from "../../config/file-marks.ts";
import type { SecretPlaces } from "../../config/secrets.ts";
import type { Discovery } from "./discovery.ts";
import { FileDiscovery } from "./files/file-discovery.ts";
import { KubernetesApi } from "../../kubernetes/api.ts";
import { SecretDiscovery } from "./kubernetes/secret-discovery.ts";
import type { LastKnownTargets } from "./last-known-targets.ts";
import type { OpenDiscovery } from "./open-discovery.ts";

export interface CreateDiscoveriesOptions {
  readonly env: SecretPlaces["env"];
  readonly lastKnown: Pick<LastKnownTargets, "load">;
  readonly clock: Clock;
}

/**
 * Creates the discoveries that a configuration names, in the order in which their targets take precedence. A discovery whose
 * settings are unchanged is kept. One whose settings changed starts with the targets of the discovery that it replaces.
 *
 * @throws LedgerUnavailable
 */
export async function createDiscoveries(
  { files, kubernetes }: Config["discovery"],
  current: readonly OpenDiscovery[],
  o: CreateDiscoveriesOptions,
): Promise<readonly OpenDiscovery[]> {
  const keepOrOpen = async (
    named: Pick<Discovery, "source" | "where">,
    settings: unknown,
    open: (lastKnown: OpenDiscovery["lastKnown"]) => Pick<OpenDiscovery, "discovery" | "api">,
  ): Promise<OpenDiscovery> => {
    const former = current.find(
      ({ discovery }) => discovery.source === named.source && discovery.where === named.where,
    );
    if (former !== undefined && isDeepStrictEqual(former.settings, settings)) return former;
    const lastKnown = former?.discovery.targets ?? former?.lastKnown ?? (await o.lastKnown.load(named)) ?? [];
    return { ...open(lastKnown), lastKnown, settings };
  };
  const places: OpenDiscovery[] = [];
  for (const directory of files) {
    const open = (lastKnown: OpenDiscovery["lastKnown"]) => ({ discovery: fileDiscovery(directory, o, lastKnown) });
    places.push(await keepOrOpen({ source: "files", where: directory.where }, directory, open));
  }
  if (kubernetes === undefined) return places;
  const { kubeconfig, namespaces, labelSelector, resync: resyncMs } = kubernetes;
  // A kubeconfig with other content at the same path counts as a changed setting.
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

/** Only the file discoveries, without last known targets: `config check` reads these. */
export const fileDiscoveries = (
  { files }: Config["discovery"],
  o: Pick<CreateDiscoveriesOptions, "clock" | "env">,
): Discovery[] => files.map((place) => fileDiscovery(place, o));

const fileDiscovery = (
  place: Config["discovery"]["files"][number],
  { clock, env }: Pick<CreateDiscoveriesOptions, "clock" | "env">,
  lastKnown?: OpenDiscovery["lastKnown"],
): FileDiscovery => new FileDiscovery({ ...place, env, clock, ...(lastKnown !== undefined && { lastKnown }) });
