// npm runs this around `npm pack` in apps/tocsin: `write` before, `restore` after it. The tarball gets a package.json without
// dependencies, because the bundle contains them. In a checkout package.json names them: `npm ci --omit=dev` and
// `npm audit --omit=dev` read it. `npm run build` runs `restore` too, to repair the checkout after a pack that was killed.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const folder = new URL("../apps/tocsin/", import.meta.url);
const manifest = new URL("package.json", folder);
const saved = new URL(".package.json.checkout", folder);

if (existsSync(saved)) renameSync(saved, manifest);
if (process.argv[2] === "write") {
  const {
    scripts: _scripts,
    dependencies: _dependencies,
    bin: _bin,
    ...kept
  } = JSON.parse(readFileSync(manifest, "utf8"));
  const shipped = { ...kept, bin: { tocsin: "./dist/main.js" } };
  renameSync(manifest, saved);
  writeFileSync(manifest, `${JSON.stringify(shipped, undefined, 2)}\n`);
}
