import type { Matcher } from "@tocsin/core";
import { parseMatchers } from "@tocsin/core";
import { LineCounter, parseDocument } from "yaml";
import { OperatorError } from "../config/operator-error.ts";
import { matcherOf } from "./matcher-of.ts";

/** One route of the tree, with what it inherits. */
export interface RouteNode {
  /** Its place in the file: `route.routes[1]`. */
  readonly path: string;
  readonly receiver: string;
  /** All must match. The root has none. */
  readonly matchers: readonly Matcher[];
  readonly continues: boolean;
  readonly groupBy: readonly string[];
  readonly repeatInterval: string | undefined;
  readonly muteTimes: readonly string[];
  readonly activeTimes: readonly string[];
  readonly routes: readonly RouteNode[];
}

export type Settings = Readonly<Record<string, unknown>>;

/** One entry of a list such as `pagerduty_configs`. */
export interface Integration {
  /** `receivers[2].slack_configs[0]` */
  readonly path: string;
  /** `slack_configs` without its ending: `slack`. */
  readonly kind: string;
  readonly settings: Settings;
}

export interface Receiver {
  readonly name: string;
  readonly path: string;
  readonly integrations: readonly Integration[];
}

export interface AlertmanagerFile {
  readonly root: RouteNode;
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly global: Settings;
  readonly inhibitRules: number;
  readonly templates: number;
}

/**
 * Reads the parts of a configuration of Alertmanager that decide who is notified. Scalars stay texts, as Alertmanager reads the
 * values of labels.
 *
 * @throws OperatorError that names the place of the mistake and quotes no secret
 */
export function readAlertmanagerFile(text: string, file: string): AlertmanagerFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { schema: "failsafe", merge: true, prettyErrors: false, lineCounter });
  const refuse: Refuse = (path, message) => {
    throw new OperatorError(`${file}: ${path === "" ? "" : `${path}: `}${message}`);
  };
  // The library's message may quote a secret.
  const [error] = document.errors;
  if (error !== undefined) refuse("", `is not valid YAML, see line ${lineCounter.linePos(error.pos[0]).line}`);
  const input = settingsIn(document.toJS() as unknown);
  const receivers = new Map(
    listIn(input["receivers"]).map((entry, index) => {
      const receiver = receiverIn(settingsIn(entry), `receivers[${index}]`);
      return [receiver.name, receiver] as const;
    }),
  );
  if (input["route"] === undefined) refuse("route", "required");
  const route = settingsIn(input["route"]);
  if (textIn(route["receiver"]) === undefined) refuse("route.receiver", "required");
  const root = routeIn(route, "route", { receiver: "", groupBy: [], repeatInterval: undefined }, refuse);
  if (root.matchers.length > 0) refuse("route", "the root must not have matchers");
  for (const { path, receiver } of allRoutes(root))
    if (!receivers.has(receiver)) refuse(`${path}.receiver`, `there is no receiver ${JSON.stringify(receiver)}`);
  return {
    root,
    receivers,
    global: settingsIn(input["global"]),
    inhibitRules: listIn(input["inhibit_rules"]).length,
    templates: listIn(input["templates"]).length,
  };
}

type Refuse = (path: string, message: string) => never;

/** A route and all routes below it, in the order of the file. */
export const allRoutes = (node: RouteNode): RouteNode[] => [node, ...node.routes.flatMap(allRoutes)];

export const settingsIn = (input: unknown): Settings =>
  typeof input === "object" && input !== null && !Array.isArray(input) ? (input as Settings) : {};

export const textIn = (input: unknown): string | undefined =>
  typeof input === "string" && input !== "" ? input : undefined;

const listIn = (input: unknown): readonly unknown[] => (Array.isArray(input) ? (input as unknown[]) : []);
const textsIn = (input: unknown): string[] => (typeof input === "string" ? [input] : listIn(input).map(String));

/** The words for "true" of YAML 1.1, which Alertmanager's library reads. */
export const isTrue = (input: unknown): boolean => /^(?:true|yes|on|y)$/i.test(textIn(input) ?? "");

function receiverIn(input: Settings, path: string): Receiver {
  const integrations = Object.entries(input).flatMap(([key, list]) =>
    key.endsWith("_configs")
      ? listIn(list).map((settings, index) => ({
          path: `${path}.${key}[${index}]`,
          kind: key.slice(0, -"_configs".length),
          settings: settingsIn(settings),
        }))
      : [],
  );
  return { name: textIn(input["name"]) ?? "", path, integrations };
}

type Inherited = Pick<RouteNode, "receiver" | "groupBy" | "repeatInterval">;

function routeIn(input: Settings, path: string, above: Inherited, refuse: Refuse): RouteNode {
  const inherited: Inherited = {
    receiver: textIn(input["receiver"]) ?? above.receiver,
    groupBy: input["group_by"] === undefined ? above.groupBy : textsIn(input["group_by"]),
    repeatInterval: textIn(input["repeat_interval"]) ?? above.repeatInterval,
  };
  return {
    ...inherited,
    path,
    matchers: matchersIn(input, path, refuse),
    continues: isTrue(input["continue"]),
    muteTimes: textsIn(input["mute_time_intervals"]),
    activeTimes: textsIn(input["active_time_intervals"]),
    routes: listIn(input["routes"]).map((route, index) =>
      routeIn(settingsIn(route), `${path}.routes[${index}]`, inherited, refuse),
    ),
  };
}

function matchersIn(input: Settings, path: string, refuse: Refuse): Matcher[] {
  const read = (key: string, parse: () => Matcher[]): Matcher[] => {
    try {
      return parse();
    } catch (error) {
      return refuse(`${path}.${key}`, (error as Error).message);
    }
  };
  const pairs = (key: string, operator: "=" | "=~") =>
    Object.entries(settingsIn(input[key])).flatMap(([label, value]) =>
      read(key, () => [matcherOf(label, operator, String(value))]),
    );
  return [
    ...pairs("match", "="),
    ...pairs("match_re", "=~"),
    ...textsIn(input["matchers"]).flatMap((text, index) => read(`matchers[${index}]`, () => parseMatchers(text))),
  ];
}
