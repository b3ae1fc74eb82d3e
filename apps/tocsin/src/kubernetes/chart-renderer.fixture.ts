import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { hasTool } from "../debian-tool.fixture.ts";

const root = join(import.meta.dirname, "../../../..");
const go = "/usr/bin/go";
const libraries = "/usr/share/gocode/src";

/** The folder of the chart. */
export const chart = join(root, "deploy/helm/tocsin");

/** Returns whether the renderer can be built. */
export const canRender = (): boolean =>
  hasTool(go, "golang-go") &&
  hasTool(`${libraries}/github.com/Masterminds/sprig`, "golang-github-masterminds-sprig-dev") &&
  hasTool(`${libraries}/sigs.k8s.io/yaml`, "golang-k8s-sigs-yaml-dev");

// oxlint-disable-next-line typescript/no-explicit-any -- manifests have no types here, and the tests say what they expect
export type Manifest = any;
export type Values = Readonly<Record<string, unknown>>;

/** Merges values over those of the chart, as Helm does: objects are merged, everything else is replaced. */
export function mergedValues(values: Values): Values {
  return merge(parse(readFileSync(join(chart, "values.yaml"), "utf8")), values) as Values;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function merge(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above;
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) merged[key] = key in below ? merge(below[key], value) : value;
  return merged;
}

/** Renders the chart by Go's templates and sprig. */
export class ChartRenderer {
  readonly #program: string;

  /** Builds the renderer in `dir`; 10 s the first time. @throws Error with the messages of the compiler */
  constructor(dir: string) {
    this.#program = join(dir, "render");
    const env = {
      ...process.env,
      GO111MODULE: "off",
      GOPATH: "/usr/share/gocode",
      GOFLAGS: "",
      GOCACHE: join(root, "node_modules/.cache/go"),
    };
    const source = join(root, "deploy/helm/render/main.go");
    const { status, stderr } = spawnSync(go, ["build", "-o", this.#program, source], { env, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }

  /** Returns the manifests. @throws Error with the message that Helm would print */
  render(values: Values, release = { name: "tocsin", namespace: "tocsin" }): Manifest[] {
    const input = JSON.stringify({ chart, values: mergedValues(values), release });
    const { status, stdout, stderr } = spawnSync(this.#program, { input, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return Object.values(JSON.parse(stdout) as Record<string, string>)
      .flatMap((text) => parseAllDocuments(text))
      .map((document): Manifest => {
        const [error] = document.errors;
        if (error !== undefined) throw error;
        return document.toJS();
      })
      .filter((manifest) => manifest !== null);
  }
}
