import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Licences that let anybody ship the code in a bundle, if its notices come along. */
const permitted = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT", "Unlicense"];

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX, from package.json. */
  readonly license: string | undefined;
  /** Its files LICENSE, NOTICE and COPYING, or else the section "License" of its README, or else its author. */
  readonly notices: readonly string[];
}

/** The folder of the package that a module belongs to, or undefined if the module is our own. */
export const packageFolder = (modulePath: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(modulePath)?.[0];

export function readPackage(folder: string): BundledPackage {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
    author?: string | { name: string };
  };
  const names = readdirSync(folder).toSorted();
  const texts = (pattern: RegExp): string[] =>
    names.filter((name) => pattern.test(name)).map((name) => readFileSync(join(folder, name), "utf8"));
  const author = typeof manifest.author === "object" ? manifest.author.name : manifest.author;
  const files = texts(/^(licen[cs]e|notice|copying)/i);
  const sections = texts(/^readme/i).flatMap((readme) => /^#+ *licen[cs]e\b[^\n]*\n([^#]+)/im.exec(readme)?.[1] ?? []);
  const notices = [files, sections, author === undefined ? [] : [`Copyright ${author}`]].find(
    ({ length }) => length > 0,
  );
  return { name: manifest.name, version: manifest.version, license: manifest.license, notices: notices ?? [] };
}

/**
 * The text of THIRD-PARTY-LICENSES: each package with its licence, in alphabetical order.
 *
 * @throws Error if a package has no licence, or one that is not known to permit bundling
 */
export function thirdPartyLicenses(packages: readonly BundledPackage[]): string {
  const refused = packages.filter(({ license }) => !permitted.includes(license ?? ""));
  if (refused.length > 0) {
    const list = refused.map(({ name, version, license }) => `${name} ${version} (${license ?? "none"})`).join(", ");
    throw new Error(`Licences that scripts/third-party-licenses.ts does not permit in the bundle: ${list}`);
  }
  const sections = packages
    .map(({ name, version, license, notices }) => ({
      title: `${name} ${version} (${license})`,
      text: notices.map((notice) => notice.replaceAll("\r\n", "\n").trim()).join("\n\n"),
    }))
    .toSorted((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ title, text }) => `${"-".repeat(80)}\n${title}\n${"-".repeat(80)}\n\n${text}\n`);
  return `${intro}\n\n${sections.join("\n")}`;
}

const intro = `The files in dist contain code of the packages below. The copyright of each package belongs to its authors, and its own
licence applies.`;
