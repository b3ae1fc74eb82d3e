import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A build takes about two seconds on an idle machine. */
const maxBuildMs = 120_000;

/** Longest part of the build's error, characters. */
const maxReason = 1_000;

/**
 * Builds the page of a checkout in a process of its own, so that the service keeps delivering, and returns its folder. The folder is named by
 * a hash of the sources: it is never older than these, and a process that builds at the same time makes the same. It appears by a rename,
 * thus complete.
 *
 * @throws Error with the reason if the page cannot be built
 */
export async function builtFromSources(checkout: string): Promise<string> {
  const cache = join(checkout, "node_modules/.cache/tocsin-console");
  const folder = join(cache, await hashOfSources(checkout));
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const draft = join(cache, `draft-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    const script = join(checkout, "scripts/build-console.ts");
    // Without our environment, which may hold secrets. Node does not start without one on Windows.
    const env = process.platform === "win32" ? {} : { env: {} };
    await run(process.execPath, [script, draft], { cwd: checkout, ...env, timeout: maxBuildMs });
    await rename(draft, folder);
  } catch (error) {
    // Another process may have been first.
    if (!(await exists(folder))) throw new Error(reasonOf(error as Error & { stderr?: string }), { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

const run = promisify(execFile);

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function reasonOf({ stderr = "", message }: Error & { readonly stderr?: string }): string {
  const [reason = message] = /^.*Error\b.*$/m.exec(stderr) ?? [];
  return reason.slice(0, maxReason);
}

/** Everything that the built page depends on: its folder, how it is built, and the versions of packages. */
async function hashOfSources(checkout: string): Promise<string> {
  const folder = join(checkout, "apps/console");
  const top = (await readdir(folder)).filter((name) => !["node_modules", "dist"].includes(name));
  const below = await readdir(join(folder, "src"), { recursive: true });
  const paths = [
    ...top.map((name) => join(folder, name)),
    ...below.map((path) => join(folder, "src", path)),
    join(checkout, "scripts/build-console.ts"),
    join(checkout, "package-lock.json"),
  ];
  const hash = createHash("sha256");
  for (const path of paths.toSorted()) {
    const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EISDIR") return "";
      throw error;
    });
    hash.update(`${path.slice(checkout.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 32);
}
