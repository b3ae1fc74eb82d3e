/**
 * Writes what is generated: `node --conditions=@tocsin/source scripts/generate.ts`. `tidy.test.ts` fails where a file is
 * not what this would write.
 */
import { writeFileSync } from "node:fs";
import { generated } from "./generated.ts";

for (const [path, text] of Object.entries(await generated()))
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
