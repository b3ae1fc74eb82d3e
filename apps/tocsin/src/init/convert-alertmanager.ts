import type { Condition } from "./condition.ts";
import { convertIntegration, type Surroundings } from "./convert-integration.ts";
import { filtersOf } from "./filters-of.ts";
import type { AlertmanagerFile, Receiver, RouteNode } from "./read-alertmanager-file.ts";
import { allRoutes } from "./read-alertmanager-file.ts";
import type { Remark } from "./remark.ts";
import { canMeet, routeConditions, type RouteCondition } from "./route-conditions.ts";

/** A target of the new configuration. */
export interface ConvertedTarget {
  readonly name: string;
  readonly receiver: string;
  /** Place of the integration in Alertmanager's file. */
  readonly integration: string;
  /** Places of the routes in Alertmanager's file. */
  readonly routes: readonly string[];
  /** The target as written in `tocsin.yaml`. */
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Conversion {
  readonly targets: readonly ConvertedTarget[];
  readonly remarks: readonly Remark[];
  /** `delivery.remind`, if the tree states one interval only. */
  readonly remind?: string;
}

/** Like `Surroundings`, but a literal's name has the target's name in it. */
export type Places = Omit<Surroundings, "literal" | "global"> & {
  readonly literal: (target: string, key: string, value: string) => ReturnType<Surroundings["literal"]>;
};

/** Converts receivers to targets, and the tree of routes to their filters. */
export function convertAlertmanager(file: AlertmanagerFile, places: Places): Conversion {
  const remarks: Remark[] = [];
  const targets: ConvertedTarget[] = [];
  const names = new Set<string>();
  const reached = Map.groupBy(routeConditions(file.root), ({ route }) => route.receiver);
  for (const receiver of file.receivers.values()) {
    const routes = reached.get(receiver.name) ?? [];
    if (routes.length === 0) {
      remarks.push(unused(receiver));
      continue;
    }
    const groups = groupsOf(routes.filter(isReachable));
    for (const [base, integration] of namedIntegrations(receiver)) {
      const { fields, remarks: found } = convertIntegration(integration, {
        ...places,
        global: file.global,
        literal: (key, value) => places.literal(base, key, value),
      });
      remarks.push(...found);
      for (const [index, group] of fields === undefined ? [] : groups.entries()) {
        const name = uniqueName(index === 0 ? base : `${base}-${index + 1}`, names);
        const filters = filtersOf(group.map(({ condition }) => condition));
        const groupBy = group[0]!.route.groupBy;
        if (new Set(group.map(({ route }) => isOneByOne(route.groupBy) || route.groupBy.join())).size > 1)
          remarks.push(mixedGroups(name, group));
        targets.push({
          name,
          receiver: receiver.name,
          integration: integration.path,
          routes: group.map(({ route }) => route.path),
          input: {
            name,
            ...fields,
            ...(Object.keys(filters).length > 0 && { filters }),
            ...(isOneByOne(groupBy) ? {} : { group_by: groupBy }),
          },
        });
      }
    }
  }
  remarks.push(...sharedKeys(file, targets));
  const repeat = intervalOf(file.root);
  return {
    targets,
    remarks: [...remarks, ...treeRemarks(file), ...repeat.remarks],
    ...(repeat.remind !== undefined && { remind: repeat.remind }),
  };
}

/** Grouping by nothing is one group for all alerts, which Tocsin does not have. */
const isOneByOne = (groupBy: readonly string[]): boolean => groupBy.length === 0 || groupBy.includes("...");

type Reachable = RouteCondition & { readonly condition: Condition };
const isReachable = (one: RouteCondition): one is Reachable => one.condition !== undefined;

/**
 * Routes that can handle the same alert share a target, so that it is sent once. So do routes with the same `group_by`: in two
 * targets their incidents would have the same dedup key at the receiver, and the end of one would close the other. All other
 * routes have a target each, whose filters are easier to read.
 */
function groupsOf(routes: readonly Reachable[]): Reachable[][] {
  const groups: Reachable[][] = [];
  const groupBy = ({ route }: Reachable) => (isOneByOne(route.groupBy) ? undefined : route.groupBy.toSorted().join());
  for (const route of routes) {
    const own = groupBy(route);
    const belongs = (other: Reachable) => canMeet(route, other) || (own !== undefined && groupBy(other) === own);
    const meeting = groups.filter((group) => group.some(belongs));
    for (const group of meeting) groups.splice(groups.indexOf(group), 1);
    groups.push([...meeting.flat(), route]);
  }
  return groups;
}

function namedIntegrations({ name, integrations }: Receiver) {
  const base = name.replace(/[\p{C}]/gu, "").trim() || "receiver";
  if (integrations.length === 1) return [[base, integrations[0]!] as const];
  const counts = new Map<string, number>();
  return integrations.map((integration) => {
    const count = (counts.get(integration.kind) ?? 0) + 1;
    counts.set(integration.kind, count);
    return [`${base}-${integration.kind}${count === 1 ? "" : `-${count}`}`, integration] as const;
  });
}

function uniqueName(wanted: string, names: Set<string>): string {
  let name = wanted;
  for (let count = 2; names.has(name); count += 1) name = `${wanted}-${count}`;
  names.add(name);
  return name;
}

const mixedGroups = (name: string, [first, ...others]: readonly Reachable[]): Remark => ({
  kind: "changed",
  path: `${others.at(-1)!.route.path}.group_by`,
  reason: `the target ${name} has one group_by, that of ${first!.route.path}`,
  advice: "Set group_by of the target to the labels that you prefer",
});

/** Receivers with one integration key and the same groups have the same dedup keys at PagerDuty; in Alertmanager they have not. */
function sharedKeys({ receivers }: AlertmanagerFile, targets: readonly ConvertedTarget[]): Remark[] {
  const keys = new Map(
    [...receivers.values()].flatMap(({ integrations }) =>
      integrations.flatMap(({ path, settings }) => {
        const named = ["routing_key", "routing_key_file", "service_key", "service_key_file"];
        const key = named.map((name) => settings[name]).find((value) => value !== undefined);
        return key === undefined ? [] : [[path, key] as const];
      }),
    ),
  );
  const grouped = targets.filter(({ integration, input }) => keys.has(integration) && input["group_by"] !== undefined);
  const shared = Map.groupBy(grouped, ({ integration, input }) =>
    JSON.stringify([keys.get(integration), (input["group_by"] as readonly string[]).toSorted()]),
  );
  return [...shared.values()].flatMap(([first, ...others]) =>
    others.map(({ name, integration }): Remark => {
      const reason = `the targets ${first!.name} and ${name} have the same key and the same group_by, so the end of one group would close the incident of the other`;
      return { kind: "changed", path: integration, reason, advice: "Join them, or give one of them another group_by" };
    }),
  );
}

const unused = ({ name, path }: Receiver): Remark => ({
  kind: "changed",
  path,
  reason: `no route uses the receiver ${JSON.stringify(name)}`,
  advice: "Nothing to do",
});

const inFront = "Keep it in Alertmanager, in front of Tocsin: docs/alertmanager.md";

function treeRemarks({ root, inhibitRules, templates }: AlertmanagerFile): Remark[] {
  const times = allRoutes(root).flatMap((route) =>
    (["mute_time_intervals", "active_time_intervals"] as const).flatMap((key): Remark[] => {
      const used = key === "mute_time_intervals" ? route.muteTimes : route.activeTimes;
      if (used.length === 0) return [];
      const advice = `Keep this route and its times in Alertmanager, and let it send to Tocsin: docs/alertmanager.md`;
      return [
        { kind: "keep", path: `${route.path}.${key}`, reason: `Tocsin has no times: ${used.join(", ")}`, advice },
      ];
    }),
  );
  return [
    ...times,
    ...(inhibitRules > 0
      ? [{ kind: "keep", path: "inhibit_rules", reason: "Tocsin does not inhibit alerts", advice: inFront } as const]
      : []),
    ...(templates > 0
      ? [
          {
            kind: "changed",
            path: "templates",
            reason: "Tocsin has no template files and no Go templates",
            advice: "Write the texts that you need as Liquid in template of the target: docs/targets.md",
          } as const,
        ]
      : []),
    ...groupingRemarks(root),
  ];
}

function groupingRemarks(root: RouteNode): Remark[] {
  if (!allRoutes(root).some(({ groupBy }) => groupBy.length === 0)) return [];
  const reason =
    "routes without group_by put all their alerts into one group; in Tocsin each alert has its own incident";
  return [{ kind: "changed", path: "route.group_by", reason, advice: "Set group_by of the target to share incidents" }];
}

/** Reminders have one interval for all targets. */
function intervalOf(root: RouteNode): { readonly remind?: string; readonly remarks: readonly Remark[] } {
  const stated = [...new Set(allRoutes(root).flatMap(({ repeatInterval }) => repeatInterval ?? []))];
  if (stated.length === 0) return { remarks: [] };
  if (stated.length === 1) return { remind: stated[0]!, remarks: [] };
  const reason = `Tocsin has one interval of reminders; the routes have ${stated.join(", ")}`;
  return {
    remarks: [{ kind: "changed", path: "route.repeat_interval", reason, advice: "Set delivery.remind (default 4h)" }],
  };
}
