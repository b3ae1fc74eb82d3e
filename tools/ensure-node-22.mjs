// The packages are tested on the oldest Node that they promise to run on, too. With CI or TOCSIN_TEST_INSTALL set, it is installed
// here: 45 MB to download, which `npm ci` leaves out for everyone who does not test. Elsewhere these tests say that they are skipped.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("node-22", import.meta.url));
if (!existsSync(`${folder}/node_modules`)) {
  if (process.env.CI || process.env.TOCSIN_TEST_INSTALL) {
    console.error("Installing Node 22.18 for the tests…");
    const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: "inherit" });
    if (status !== 0) console.error(`npm ci failed with ${status}.`);
  } else {
    console.error(
      "Node 22.18 is not installed. The tests of the packages on it will be skipped (TOCSIN_TEST_INSTALL=1 installs it).",
    );
  }
}
