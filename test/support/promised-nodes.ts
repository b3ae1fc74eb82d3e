import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Installed by `tools/ensure-node-22.mjs`. */
const oldest = fileURLToPath(
  new URL(`../../tools/node-22/node_modules/node-linux-${process.arch}/bin/node`, import.meta.url),
);
if (!existsSync(oldest) && process.env["CI"])
  throw new Error(`${oldest} must be installed where CI is set: node tools/ensure-node-22.mjs`);

type NamedNode = readonly [name: string, path: string];

const own: NamedNode = [`Node ${process.versions.node}`, process.execPath];

/** From the oldest Node that the packages promise to run on, if it is installed, to the Node of the checkout. */
export const promisedNodes: readonly [NamedNode, ...NamedNode[]] = existsSync(oldest)
  ? [["Node 22.18", oldest], own]
  : [own];
