import { Document, isMap, isScalar, visit } from "yaml";
import type { Conversion, ConvertedTarget } from "./convert-alertmanager.ts";
import { serverSettings } from "./starter-configuration.ts";

/** Writes the configuration of a conversion, with a comment for each target that says where it comes from. */
export function convertedConfiguration({ targets, remind }: Conversion): string {
  const delivery =
    remind === undefined ? "" : `\ndelivery:\n  # repeat_interval of Alertmanager\n  remind: ${remind}\n`;
  const list = targets.length === 0 ? "targets: []\n" : `targets:\n${targets.map(entryOf).join("\n")}`;
  return `# Configuration of Tocsin, made from Alertmanager's. All keys: docs/configuration.md.
# Keep silences, inhibition and times in Alertmanager, in front of Tocsin: docs/alertmanager.md.

${serverSettings}${delivery}
${list}`;
}

function entryOf({ input, integration, routes }: ConvertedTarget): string {
  const document = new Document(input);
  visit(document, {
    Map(_, node) {
      const [only, ...others] = node.items;
      if (others.length === 0 && isScalar(only?.key) && ["file", "env"].includes(String(only.key.value)) && isMap(node))
        node.flow = true;
    },
  });
  const lines = document.toString({ lineWidth: 0 }).trimEnd().split("\n");
  const body = lines.map((line, index) => (line === "" ? "" : `${index === 0 ? "  - " : "    "}${line}`)).join("\n");
  return `  # ${integration}, by ${routes.join(" and ")}\n${body}\n`;
}
