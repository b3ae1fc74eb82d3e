import { existsSync } from "node:fs";

/**
 * Returns whether a program of a Debian package is installed. If it is missing, the test reports that it is skipped; in
 * continuous integration it must not be missing.
 */
export function hasTool(path: string, debianPackage: string): boolean {
  if (existsSync(path)) return true;
  if (process.env["CI"]) throw new Error(`${path} (Debian's ${debianPackage}) must be installed where CI is set`);
  console.warn(`SKIPPED: ${path} is missing (TOCSIN_TEST_INSTALL=1 npm test installs it as root on Debian)`);
  return false;
}
