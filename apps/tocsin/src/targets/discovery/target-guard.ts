import { isDeepStrictEqual } from "node:util";
import type { Issue, Target } from "@tocsin/core";
import {
  type AddressRules,
  connectsToLoopback,
  isPrivate,
  isThisMachine,
  operatorLinkLocalRules,
  operatorRules,
  portOf,
  type Trust,
} from "@tocsin/http";
import type { Config } from "../../config/config.ts";
import { secretsPolicy, type TargetPolicy } from "./policy.ts";

/** The reason why a valid target is not used. */
export interface Refusal extends Issue {
  readonly reason: "self_target" | "policy";
}

type Configured = Pick<Config, "discovery" | "server">;

/**
 * Decides which targets may be used, and at which addresses. The policy always applies to targets from Secrets, and to the
 * operator's own targets if it is configured. This service itself is never a target. Host names are checked again by the
 * addresses that they resolve to when a connection is made: the transport calls `rulesOf` and `ownPort` then.
 */
export class TargetGuard {
  #policy: TargetPolicy | undefined;
  #publicUrl: URL | undefined;
  #ownPort: number | undefined;
  #rules: (trust: Trust) => AddressRules;

  constructor(config: Configured) {
    this.#ownPort = config.server.listen.port || undefined;
    this.#rules = rulesBy(undefined);
    this.configure(config);
  }

  /** Uses another configuration. The rules stay the same objects while the policy is the same. */
  configure({ discovery, server }: Configured): void {
    this.#publicUrl = server.publicUrl === undefined ? undefined : new URL(server.publicUrl);
    const changed = !isDeepStrictEqual(this.#policy, discovery.policy);
    this.#policy = discovery.policy;
    if (changed) this.#rules = rulesBy(discovery.policy);
  }

  /** Reports the port on which the service listens. */
  listening(port: number): void {
    this.#ownPort = port;
  }

  readonly ownPort = (): number | undefined => this.#ownPort;

  readonly rulesOf = (trust: Trust): AddressRules => this.#rules(trust);

  /** Returns the reasons against the target; empty: it may be used. Paths are relative to the target. */
  refusalsOf(target: Target): Refusal[] {
    const url = urlOf(target);
    if (this.#isSelf(url)) {
      const message = "is this service itself, which would send alerts to its own API";
      return [{ path: urlKey(target), message, reason: "self_target" }];
    }
    const policy = target.fromSecret ? (this.#policy ?? secretsPolicy) : this.#policy;
    return policy === undefined ? [] : breachesOf(policy, target, url);
  }

  #isSelf(url: URL): boolean {
    if (portOf(url) === this.#ownPort && isThisMachine(url.hostname)) return true;
    const own = this.#publicUrl;
    return (
      own !== undefined &&
      hostOf(own) === hostOf(url) &&
      portOf(own) === portOf(url) &&
      isWithin(pathOf(url), pathOf(own))
    );
  }
}

/** The two sets of rules for each kind of author, with and without `allow_link_local`. */
function rulesBy(configured: TargetPolicy | undefined): (trust: Trust) => AddressRules {
  const operators = configured ? rulesOf(configured) : { usual: operatorRules, linkLocal: operatorLinkLocalRules };
  const secrets = rulesOf(configured ?? secretsPolicy);
  return ({ fromSecret, linkLocal }) => (fromSecret ? secrets : operators)[linkLocal ? "linkLocal" : "usual"];
}

function rulesOf({ allowLoopback: loopback, allowPrivate, allowLinkLocal: linkLocal }: TargetPolicy) {
  const usual = { loopback, private: allowPrivate, linkLocal: false };
  return { usual, linkLocal: { ...usual, linkLocal } };
}

function breachesOf(policy: TargetPolicy, target: Target, url: URL): Refusal[] {
  const { types, hosts, allowLoopback, allowPrivate, allowLinkLocal, allowInsecure } = policy;
  const refusals: Refusal[] = [];
  const refuse = (path: string, what: string, line: string) => {
    const message = `${what}. To allow it, add \`policy: { ${line} }\` under \`discovery\` in tocsin.yaml`;
    refusals.push({ path, message, reason: "policy" });
  };
  const at = urlKey(target);
  const host = hostOf(url);
  const loopback = connectsToLoopback(host);
  if (!types.includes("all") && !types.includes(target.type))
    refuse("type", "the policy does not allow this type", `types: ${JSON.stringify([...types, target.type])}`);
  if (!hosts.some((glob) => matches(glob, host)))
    refuse(at, "the policy does not allow this host", `hosts: ${JSON.stringify([...hosts, host])}`);
  if (loopback && !allowLoopback) refuse(at, "the policy does not allow this machine", "allowLoopback: true");
  if (isPrivate(host) && !allowPrivate) refuse(at, "the policy does not allow private addresses", "allowPrivate: true");
  if (target.typeOptions["anyAddress"] === true && !allowLinkLocal)
    refuse("allow_link_local", "the policy does not allow link-local addresses", "allowLinkLocal: true");
  if (url.protocol === "http:" && !loopback && !allowInsecure)
    refuse("allow_insecure", "the policy does not allow plain http", "allowInsecure: true");
  return refusals;
}

/** The path of a Slack webhook is its credential, so its URL has a key of its own. */
const isSlackWebhook = ({ type, typeOptions: own }: Target): boolean =>
  type === "slack" && own["channel"] === undefined;

const urlOf = (target: Target): URL =>
  new URL(target.url + (isSlackWebhook(target) ? (target.credential?.reveal() ?? "") : ""));

const urlKey = (target: Target): string => (isSlackWebhook(target) ? "webhook_url" : "url");

const hostOf = ({ hostname }: URL): string =>
  hostname
    .replace(/\.$/, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase();

/** Returns the path without a trailing slash. Two spellings of one path give the same result. */
function pathOf({ pathname }: URL): string {
  const path = pathname.replace(/\/+/g, "/").replace(/\/$/, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const isWithin = (path: string, other: string): boolean => path === other || path.startsWith(`${other}/`);

/** `*` matches any text. */
function matches(glob: string, host: string): boolean {
  const pattern = glob.split("*").map((part) => part.replace(/[\\^$.+?()[\]{}|/-]/g, String.raw`\$&`));
  return new RegExp(`^${pattern.join(".*")}$`).test(host);
}
