import { describe, expect, test } from "vitest";
import { templateDiff } from "./template-diff.ts";
import { templateDigest } from "./template-digest.ts";
import type { Container, PodTemplate } from "./workload.ts";

const planted = "pL4nted-S3cret-value";

const template = (container: object = {}, spec: object = {}, metadata: object = {}): PodTemplate => ({
  metadata: { labels: { app: "api" }, ...metadata },
  spec: { containers: [{ name: "web", image: "r:5000/web:1.2", ...container }], ...spec },
});

const diff = (before: PodTemplate, after: PodTemplate) => templateDiff(templateDigest(before), templateDigest(after));

const env = (values: Readonly<Record<string, string>>) => ({
  env: Object.entries(values).map(([name, value]) => ({ name, value })),
});
const fromSecret = (name: string) => ({ env: [{ name: "KEY", valueFrom: { secretKeyRef: { name, key: "k" } } }] });

const many = (prefix: string) => ({
  containers: Array.from({ length: 60 }, (_, index) => ({ name: `${prefix}${index}`, image: "x".repeat(2_000) })),
});

const withValue = (value: string) =>
  template(
    { ...env({ PASSWORD: value }), args: [value], command: [value] },
    { volumes: [{ name: "v", csi: { volumeAttributes: { token: value } } }] },
    { annotations: { note: value } },
  );

describe("the difference of two templates", () => {
  test.each<[string, PodTemplate, PodTemplate, string[]]>([
    ["nothing", template(), template(), []],
    ["a tag", template(), template({ image: "r:5000/web:1.3" }), ["image web 1.2 → 1.3"]],
    [
      "a digest",
      template({ image: `web:1@sha256:${"a".repeat(64)}` }),
      template({ image: `web:1@sha256:${"b".repeat(64)}` }),
      ["image web 1@sha256:aaaaaaaaaaaa → 1@sha256:bbbbbbbbbbbb"],
    ],
    ["a tag that was missing", template({ image: "web" }), template({ image: "web:2" }), ["image web latest → 2"]],
    ["a registry", template(), template({ image: "q/web:1.2" }), ["image web r:5000/web:1.2 → q/web:1.2"]],
    [
      "variables",
      template(env({ A: "1", B: planted, C: "3" })),
      template(env({ B: `${planted}2`, C: "3", D: "4" })),
      ["env of web added: D", "env of web removed: A", "env of web changed: B"],
    ],
    [
      "a variable with a name that every object has",
      template(),
      template(env({ constructor: "1", __proto__x: "2" })),
      ["env of web added: __proto__x, constructor"],
    ],
    [
      "resources",
      template({ resources: { limits: { memory: "256Mi", cpu: "1" } } }),
      template({ resources: { limits: { memory: "512Mi" }, requests: { cpu: "1" } } }),
      ["limits.cpu of web 1 → none", "limits.memory of web 256Mi → 512Mi", "requests.cpu of web none → 1"],
    ],
    [
      "a reference to a Secret",
      template(fromSecret("old")),
      template(fromSecret("new")),
      ["env of web changed: KEY", "secrets added: new", "secrets removed: old"],
    ],
    [
      "references of volumes",
      template(),
      template(
        {},
        {
          volumes: [
            { name: "v", configMap: { name: "cfg" } },
            { name: "s", secret: { secretName: "sec" } },
          ],
        },
      ),
      ["config maps added: cfg", "secrets added: sec", "also changed: volumes"],
    ],
    [
      "arguments, by name only",
      template({ args: [`--token=${planted}`] }),
      template({ args: [`--token=${planted}2`] }),
      ["changed in web: args"],
    ],
    [
      "annotations, by name only",
      template({}, {}, { annotations: { "checksum/config": planted } }),
      template({}, {}, { annotations: { "checksum/config": `${planted}2` } }),
      ["also changed: annotation checksum/config"],
    ],
    [
      "containers",
      template(),
      template(
        {},
        { containers: [{ name: "proxy", image: "envoy:1" }], initContainers: [{ name: "web", image: "i:1" }] },
      ),
      ["container init web added: i:1", "container proxy added: envoy:1", "container web removed"],
    ],
  ])("%s", (_, before, after, lines) => {
    expect(diff(before, after)).toEqual(lines);
  });

  test("does not depend on the order of keys", () => {
    const one = { name: "web", image: "a", args: ["x"] };
    const other = { args: ["x"], image: "a", name: "web" };
    const digests = [one, other].map((container) => templateDigest({ spec: { containers: [container as Container] } }));
    expect(digests[0]?.hash).toBe(digests[1]?.hash);
  });

  test("is bounded, whatever the template holds", () => {
    const lines = diff(template({}, many("a")), template({}, many("b")));
    expect(lines).toHaveLength(30);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(300);
    const variables = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`VARIABLE_${index}`, planted]));
    const [line = ""] = diff(template(), template(env(variables)));
    expect(line).toMatch(/^env of web added: VARIABLE_0, .* and \d+ more$/);
    expect(line.length).toBeLessThanOrEqual(300);
  });

  test("names images and resources only if a template is too large", () => {
    const variables = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`VARIABLE_${index}`, planted]));
    const before = template({ ...env(variables), resources: { limits: { cpu: "1" } } });
    const after = template({ ...env({}), image: "r:5000/web:1.3", resources: { limits: { cpu: "2" } } });
    expect(JSON.stringify(templateDigest(before)).length).toBeLessThan(1_000);
    expect(diff(before, after)).toEqual(["image web 1.2 → 1.3", "limits.cpu of web 1 → 2"]);
  });

  test("holds no value of a variable, an argument or an annotation, and neither does a digest", () => {
    const digests = [templateDigest(withValue(planted)), templateDigest(withValue(`${planted}2`))] as const;
    expect(JSON.stringify(digests)).not.toContain(planted);
    expect(templateDiff(...digests).join()).not.toContain(planted);
  });
});
