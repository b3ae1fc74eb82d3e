import { expect, test } from "vitest";
import { type BundledPackage, packageFolder, thirdPartyLicenses } from "./third-party-licenses.ts";

const named = (name: string, license: string | undefined): BundledPackage => ({
  name,
  version: "1.2.3",
  license,
  notices: ["Copyright Ada\r\nAll of it\r\n", "NOTICE"],
});

test("lists packages in alphabetical order, each with its licence and all its notices", () => {
  const text = thirdPartyLicenses([named("b", "ISC"), named("@a/a", "MIT")]);
  expect(text).toMatch(/^@a\/a 1\.2\.3 \(MIT\)\n-+\n\nCopyright Ada\nAll of it\n\nNOTICE\n\n-+\nb 1\.2\.3 \(ISC\)$/m);
});

test.each(["GPL-3.0-only", "SEE LICENSE IN LICENSE.txt", undefined])(
  "refuses a package with the licence %s",
  (license) => {
    expect(() => thirdPartyLicenses([named("a", "MIT"), named("b", license)])).toThrow(/bundle: b 1\.2\.3 \(/);
  },
);

test.each([
  ["node_modules/pg/lib/index.js", "node_modules/pg"],
  ["node_modules/@fastify/error/index.js", "node_modules/@fastify/error"],
  ["apps/tocsin/node_modules/commander/esm.mjs", "apps/tocsin/node_modules/commander"],
  ["node_modules/a/node_modules/@b/c/d/e.js", "node_modules/a/node_modules/@b/c"],
  ["packages/core/src/index.ts", undefined],
])("%s belongs to the package in %s", (path, folder) => {
  expect(packageFolder(path)).toBe(folder);
});
