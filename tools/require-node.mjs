// Says in one sentence why the program cannot run here. Runs on any Node.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
const tooOld = major < 22 || (major === 22 && minor < 18);
const refusal = !existsSync(new URL("../node_modules/.bin/tocsin", import.meta.url))
  ? 'Dependencies are not installed. Run "npm ci" first.'
  : tooOld && major < 20
    ? `Node ${process.version} is too old. Install Node 20 or newer with npm 10 or 11, then run "npm ci" again.`
    : tooOld
      ? `Node 26 is missing in node_modules and Node ${process.version} is too old. Run "npm ci" without --omit=optional.`
      : undefined;
if (refusal !== undefined) {
  console.error(refusal);
  process.exit(1);
}
