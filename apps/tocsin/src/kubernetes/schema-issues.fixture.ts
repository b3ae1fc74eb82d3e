import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as models from "@kubernetes/client-node";

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

const folder = join(dirname(fileURLToPath(import.meta.resolve("@kubernetes/client-node"))), "gen/models");
const primitives = new Set(["string", "number", "boolean"]);

/** Model of each kind, by API version and kind. */
const kinds: Readonly<Record<string, string>> = {
  "v1 ConfigMap": "V1ConfigMap",
  "v1 PersistentVolumeClaim": "V1PersistentVolumeClaim",
  "v1 Service": "V1Service",
  "v1 ServiceAccount": "V1ServiceAccount",
  "apps/v1 Deployment": "V1Deployment",
  "networking.k8s.io/v1 Ingress": "V1Ingress",
  "networking.k8s.io/v1 NetworkPolicy": "V1NetworkPolicy",
  "policy/v1 PodDisruptionBudget": "V1PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1 Role": "V1Role",
  "rbac.authorization.k8s.io/v1 RoleBinding": "V1RoleBinding",
};

/**
 * Compares an object with the API of Kubernetes: the fields, types and required fields of the official client's models, which
 * are generated from the OpenAPI document of Kubernetes. Returns a line for each mistake. Values of texts are not checked.
 */
export function schemaIssues(manifest: { readonly apiVersion: string; readonly kind: string }): string[] {
  const model = kinds[`${manifest.apiVersion} ${manifest.kind}`];
  if (model === undefined) return [`${manifest.apiVersion} ${manifest.kind} is unknown`];
  return issuesOf(manifest, model, manifest.kind);
}

function issuesOf(value: unknown, type: string, path: string): string[] {
  const wrong = [`${path} must be ${type}`];
  if (type === "IntOrString") return typeof value === "string" || Number.isInteger(value) ? [] : wrong;
  if (primitives.has(type)) return typeof value === type ? [] : wrong;
  const item = /^Array<(.*)>$/.exec(type)?.[1];
  if (item !== undefined)
    return Array.isArray(value) ? value.flatMap((one, index) => issuesOf(one, item, `${path}[${index}]`)) : wrong;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong;
  const entry = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  const fields = Object.entries(value);
  if (entry !== undefined) return fields.flatMap(([key, one]) => issuesOf(one, entry, `${path}.${key}`));
  const { attributes, required } = modelOf(type);
  const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}.${name} is missing`);
  return missing.concat(
    fields.flatMap(([key, one]) => {
      const attribute = attributes.find(({ baseName }) => baseName === key);
      return attribute ? issuesOf(one, attribute.type, `${path}.${key}`) : [`${path}.${key} is unknown`];
    }),
  );
}

function modelOf(type: string): { attributes: readonly Attribute[]; required: readonly string[] } {
  const model = (models as unknown as Record<string, { attributeTypeMap?: readonly Attribute[] } | undefined>)[type];
  if (model?.attributeTypeMap === undefined) throw new Error(`no model of ${type}`);
  // Only the declarations say which fields are required: those without a question mark.
  const declared = readFileSync(join(folder, `${type}.d.ts`), "utf8");
  const required = Array.from(declared.matchAll(/^ {4}'(\w+)': /gm), ([, name = ""]) => name);
  return { attributes: model.attributeTypeMap, required };
}
