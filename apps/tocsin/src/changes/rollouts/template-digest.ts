import { createHash } from "node:crypto";
import type { Container, PodTemplate } from "./workload.ts";

/** `kubectl rollout restart` writes its time here. */
const restartAnnotation = "kubectl.kubernetes.io/restartedAt";

/** A larger digest keeps only images and resources, so that the state of thousands of workloads stays small. */
const maxDigestLength = 16_384;

/** One container of a template. Init containers have names such as `init setup`. */
export interface ContainerDigest {
  readonly image: string;
  /** Such as `limits.memory` → `512Mi`. */
  readonly resources: Readonly<Record<string, string>>;
  /** Hash of each environment variable, by name. */
  readonly env: Readonly<Record<string, string>>;
  /** Hash of every other field, such as `args`, by name. */
  readonly rest: Readonly<Record<string, string>>;
}

/**
 * The part of a pod template that a diff needs. It holds names, images, resources and hashes, and never the value of an
 * environment variable, an argument or a Secret. The hashes of short values can be guessed: keep a digest encrypted.
 */
export interface TemplateDigest {
  /** Hash of the whole template. Equal templates have equal hashes, whatever the order of their keys. */
  readonly hash: string;
  /** Time of the last `kubectl rollout restart`. */
  readonly restartedAt: string | undefined;
  readonly containers: Readonly<Record<string, ContainerDigest>>;
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
  /** Hash of every other field, such as `annotation checksum/config` or `serviceAccountName`, by name. */
  readonly rest: Readonly<Record<string, string>>;
  /** True: the template is too large, and only `hash`, `restartedAt`, images and resources are kept. */
  readonly isPartial?: boolean;
}

export function templateDigest(template: PodTemplate = {}): TemplateDigest {
  const { metadata = {}, spec = {} } = template;
  const { containers = [], initContainers = [], volumes = [], imagePullSecrets = [], ...others } = spec;
  const { [restartAnnotation]: restartedAt, ...annotations } = metadata.annotations ?? {};
  const all = [...containers, ...initContainers];
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  const digest: TemplateDigest = {
    hash: hashOf({ labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {}, spec }, 22),
    restartedAt,
    containers: Object.fromEntries([
      ...containers.map((one) => [one.name ?? "", containerDigest(one)]),
      ...initContainers.map((one) => [`init ${one.name ?? ""}`, containerDigest(one)]),
    ]) as Record<string, ContainerDigest>,
    configMaps: names([
      ...all.flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name)),
      ...all.flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }) => configMapRef?.name)),
      ...volumes.map(({ configMap }) => configMap?.name),
      ...sources.map(({ configMap }) => configMap?.name),
    ]),
    secrets: names([
      ...all.flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name)),
      ...all.flatMap(({ envFrom = [] }) => envFrom.map(({ secretRef }) => secretRef?.name)),
      ...volumes.map(({ secret }) => secret?.secretName),
      ...sources.map(({ secret }) => secret?.name),
      ...imagePullSecrets.map(({ name }) => name),
    ]),
    rest: {
      ...hashes(annotations, (name) => `annotation ${name}`),
      ...hashes(metadata.labels ?? {}, (name) => `label ${name}`),
      ...hashes({ ...others, ...(volumes.length > 0 && { volumes }) }),
    },
  };
  return JSON.stringify(digest).length <= maxDigestLength ? digest : partial(digest);
}

function containerDigest(container: Container): ContainerDigest {
  const { name: _, image = "", env = [], envFrom, resources = {}, ...rest } = container;
  const amounts = (["requests", "limits"] as const).flatMap((side) =>
    Object.entries(resources[side] ?? {}).map(([what, amount]) => [`${side}.${what}`, String(amount)]),
  );
  return {
    image,
    resources: Object.fromEntries(amounts) as Record<string, string>,
    env: hashes(Object.fromEntries(env.map((variable) => [variable.name ?? "", variable]))),
    rest: hashes({ ...rest, ...(envFrom !== undefined && { envFrom }) }),
  };
}

const partial = (digest: TemplateDigest): TemplateDigest => ({
  ...digest,
  containers: Object.fromEntries(
    Object.entries(digest.containers).map(([name, one]) => [name, { ...one, env: {}, rest: {} }]),
  ),
  configMaps: [],
  secrets: [],
  rest: {},
  isPartial: true,
});

const names = (some: readonly (string | undefined)[]): string[] =>
  [...new Set(some.filter((name) => name !== undefined))].toSorted();

const hashes = (fields: object, naming = (name: string) => name): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [naming(name), hashOf(value, 8)]));

const hashOf = (value: unknown, length: number): string =>
  createHash("sha256").update(canonical(value)).digest("base64url").slice(0, length);

/** JSON with sorted keys, without fields that are null: a server may send `creationTimestamp: null` or leave it out. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value)
    .filter(([, field]) => field !== null && field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`;
}
