import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";

const usualFile = "tocsin.yaml";

export const routingKeyVariable = "PAGERDUTY_ROUTING_KEY";

/** The file that an option names, else the default file if it exists. */
export const defaultConfigFile = (named: string | undefined, cwd: string): string | undefined =>
  named ?? (existsSync(resolve(cwd, usualFile)) ? usualFile : undefined);

/** If a configuration has no targets, the routing key in the environment makes one. */
export const withKeyFromEnvironment = (config: Config, env: Readonly<Record<string, string | undefined>>): Config =>
  config.targets !== undefined || !env[routingKeyVariable]
    ? config
    : {
        ...config,
        targets: [{ name: "pagerduty", type: "pagerduty", region: "us", routing_key: { env: routingKeyVariable } }],
      };

/** The simulator accepts every well-formed key. */
export const simulatedTarget = (url: string, more: object = {}): object => ({
  name: "simulator",
  type: "pagerduty",
  url,
  routing_key: "SIMULATEDSIMULATEDSIMULATED00000",
  ...more,
});
