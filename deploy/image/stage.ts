// Writes root-fs.tar and sbom.cdx.json of an image into a folder: node deploy/image/stage.ts --arch arm64 --out FOLDER
// Without --node and --debian it downloads what they name. --program is a folder with the result of `npm run build`.
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fetchSources } from "./fetch.ts";
import { architectures, rootFs, type RootFsSources } from "./root-fs.ts";
import { sbom } from "./sbom.ts";
import { tar } from "./tar.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { arch: text, out: text, node: text, debian: text, program: text } });
const architecture = architectures.find((one) => one === values.arch);
if (architecture === undefined || values.out === undefined)
  throw new Error(`expected --arch ${architectures.join("|")} and --out FOLDER`);
const out = resolve(values.out);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const fetched = join(out, "fetched");
const { node, debian } =
  values.node !== undefined && values.debian !== undefined
    ? { node: values.node, debian: values.debian }
    : fetchSources(architecture, fetched);
const program = values.program ?? join(import.meta.dirname, "../../apps/tocsin");
const sources: RootFsSources = { architecture, node, debian, program };
const entries = rootFs(sources);

const hash = createHash("sha256");
const file = openSync(join(out, "root-fs.tar"), "w");
for (const bytes of tar(entries)) {
  writeSync(file, bytes);
  hash.update(bytes);
}
closeSync(file);
writeFileSync(join(out, "sbom.cdx.json"), `${JSON.stringify(sbom(sources, entries), null, 2)}\n`);
rmSync(fetched, { recursive: true, force: true });
console.log(`${architecture} root-fs.tar sha256:${hash.digest("hex")}`);
