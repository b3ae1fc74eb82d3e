import { compareRouting, type Comparison } from "./compare-routing.ts";
import { convertAlertmanager, type Conversion } from "./convert-alertmanager.ts";
import { convertedConfiguration } from "./converted-configuration.ts";
import { readAlertmanagerFile } from "./read-alertmanager-file.ts";

interface Converted extends Conversion {
  /** `change` damages the written configuration. */
  readonly compare: (change?: (configuration: string) => string) => Comparison;
}

/** Converts a configuration of Alertmanager as `tocsin init` does, without files. */
export function convert(text: string): Converted {
  const file = readAlertmanagerFile(text, "alertmanager.yml");
  const conversion = convertAlertmanager(file, {
    secretFile: (name) => ({ file: name }),
    contentOf: (name) => (name === "hook" ? "https://hooks.example.com/x" : undefined),
    literal: (target, key) => ({ file: `./secrets/${target}.${key}` }),
  });
  const configuration = convertedConfiguration(conversion);
  const compare: Converted["compare"] = (change = (same) => same) =>
    compareRouting(file, { configuration: change(configuration), converted: conversion.targets });
  return { ...conversion, compare };
}

export const pagers = (...names: string[]) =>
  names.map((name) => `{ name: ${name}, pagerduty_configs: [{ routing_key_file: ${name} }] }`);
/** A tree with these routes below its root, and three receivers. */
export const withRoutes = (routes: string, root = "receiver: root") =>
  `route: { ${root}, routes: [${routes}] }\nreceivers: [${pagers("root", "a", "b").join(", ")}]`;
