import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { debianPackages, type RootFsSources } from "./root-fs.ts";
import type { Entry } from "./tar.ts";

interface Component {
  readonly type: "application" | "library";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly license: { readonly id: string } }[];
}

/** The bill of materials of an image (CycloneDX 1.6). Without a time and a serial number, so that equal images have equal bills. */
export function sbom(sources: RootFsSources, entries: readonly Entry[]): object {
  const { architecture, node, debian } = sources;
  const textOf = (path: string): string => entries.find((entry) => entry.path === path)?.content?.toString() ?? "";
  const program = JSON.parse(textOf("opt/tocsin/package.json")) as { name: string; version: string; license: string };
  const { version } = JSON.parse(readFileSync(join(node, "package.json"), "utf8")) as { version: string };
  const components: Component[] = [
    { type: "application", name: "node", version, purl: `pkg:generic/node@${version}`, licenses: licensed("MIT") },
    ...debianVersions(debian).map(([name, found]): Component => ({
      type: "library",
      name,
      version: found,
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(found)}?arch=${architecture}`,
    })),
    ...bundled(textOf("opt/tocsin/THIRD-PARTY-LICENSES")),
  ];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "container",
        name: program.name,
        version: program.version,
        purl: `pkg:oci/tocsin?arch=${architecture}&tag=${program.version}`,
        licenses: licensed(program.license),
      },
    },
    components: [
      ...components.toSorted((a, b) => (a.purl < b.purl ? -1 : 1)).map((one) => ({ "bom-ref": one.purl, ...one })),
      ...entries.flatMap(fileOf).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ],
  };
}

const licensed = (id: string) => [{ license: { id } }];

const fileOf = ({ path, content }: Entry) =>
  content === undefined
    ? []
    : [
        {
          type: "file",
          name: `/${path}`,
          hashes: [{ alg: "SHA-256", content: createHash("sha256").update(content).digest("hex") }],
        },
      ];

/** The packages whose code is in the bundle: THIRD-PARTY-LICENSES has a line `name version (licence)` for each. */
const bundled = (licences: string): Component[] =>
  Array.from(licences.matchAll(/^(\S+) (\d\S*) \(([\w.-]+)\)$/gm), ([, name = "", version = "", id = ""]) => ({
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    licenses: licensed(id),
  }));

const fieldOf = (paragraph: string, field: string): string | undefined =>
  new RegExp(`^${field}: (.*)$`, "m").exec(paragraph)?.[1];

/** Reads the versions of the packages from dpkg's status file. */
function debianVersions(debian: string): [name: string, version: string][] {
  const paragraphs = readFileSync(join(debian, "var/lib/dpkg/status"), "utf8").split("\n\n");
  return debianPackages.map((name) => {
    const version = paragraphs
      .filter((paragraph) => fieldOf(paragraph, "Package") === name)
      .flatMap((paragraph) => fieldOf(paragraph, "Version") ?? [])[0];
    if (version === undefined) throw new Error(`${name}: not installed in ${debian}`);
    return [name, version];
  });
}
