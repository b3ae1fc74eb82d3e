import { createHash } from "node:crypto";

type Kind = "Deployment" | "StatefulSet" | "DaemonSet";

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly Variable[];
  readonly [more: string]: unknown;
}

export interface Template {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: null;
  };
  readonly spec: { readonly containers: readonly Container[]; readonly [more: string]: unknown };
}

interface ManagedFields {
  readonly manager: string;
  readonly operation: "Update";
  readonly subresource?: string;
  readonly apiVersion: "apps/v1";
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: { readonly [field: string]: unknown };
}

export interface PlayedObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly managedFields: readonly ManagedFields[];
  };
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly updateStrategy?: object;
    readonly template: Template;
  };
  readonly status: { readonly [field: string]: unknown };
}

export interface Played {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: readonly Variable[];
  readonly updateStrategy?: object;
  /** Called with each version that the API shows; undefined: the object is gone. */
  readonly show: (object: PlayedObject | undefined) => void;
  /** @default one hour ago */
  readonly startMs?: number;
}

let uids = 0;

/**
 * Plays the life of a workload as a real API server with the real controllers shows it: the edits of people, and the versions by
 * which the controllers follow them. The clock of the server moves one second per version.
 */
export class PlayedWorkload {
  readonly #o: Played;
  #object: PlayedObject;
  #nowMs: number;
  #formerTemplates: Template[] = [];
  /** The template that the controller has rolled out last, or is rolling out. */
  #rolled: Template;
  #revision = 0;

  constructor(o: Played) {
    this.#o = o;
    this.#nowMs = o.startMs ?? Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;
    const labels = { app: o.name, ...o.labels };
    const template: Template = {
      metadata: { labels, creationTimestamp: null },
      spec: { containers: [{ name: "web", image: o.image, ...(o.env && { env: o.env }) }] },
    };
    this.#rolled = template;
    const uid = `00000000-0000-4000-8000-${String(++uids).padStart(12, "0")}`;
    this.#object = {
      metadata: {
        name: o.name,
        namespace: o.namespace,
        uid,
        generation: 1,
        creationTimestamp: this.#time(),
        labels,
        annotations: this.#isDaemonSet ? { [templateGeneration]: "1" } : {},
        managedFields: [],
      },
      spec: {
        ...(!this.#isDaemonSet && { replicas: o.replicas ?? 3 }),
        ...(o.updateStrategy !== undefined && { updateStrategy: o.updateStrategy }),
        template,
      },
      status: {},
    };
    this.#own("kubectl-create", ["replicas", "template"]);
  }

  get uid(): string {
    return this.#object.metadata.uid;
  }

  get object(): PlayedObject {
    return this.#object;
  }

  get replicas(): number {
    return this.#object.spec.replicas ?? 3;
  }

  get isPaused(): boolean {
    return this.#object.spec.paused === true;
  }

  create(): this {
    return this.#show();
  }

  /** Changes the template, as `kubectl set image`, `kubectl edit` and others do. */
  edit(change: (template: Template) => Template, manager = "kubectl-edit", replicas?: number): this {
    const template = change(this.#object.spec.template);
    const { metadata, spec } = this.#object;
    const next = String(Number(metadata.annotations[templateGeneration] ?? "0") + 1);
    this.#object = {
      ...this.#object,
      metadata: {
        ...metadata,
        generation: metadata.generation + 1,
        ...(this.#isDaemonSet && { annotations: { ...metadata.annotations, [templateGeneration]: next } }),
      },
      spec: { ...spec, template, ...(replicas !== undefined && { replicas }) },
    };
    this.#own(manager, replicas === undefined ? ["template"] : ["template", "replicas"]);
    return this.#show();
  }

  setImage(image: string): this {
    return this.edit((template) => withContainer(template, (container) => ({ ...container, image })), "kubectl-set");
  }

  setEnv(name: string, value: string): this {
    return this.edit(
      (template) =>
        withContainer(template, (container) => ({
          ...container,
          env: [...(container.env ?? []).filter((one) => one.name !== name), { name, value }],
        })),
      "kubectl-set",
    );
  }

  restart(): this {
    this.#tick();
    const restartedAt = { "kubectl.kubernetes.io/restartedAt": this.#time() };
    return this.edit(
      ({ metadata, ...rest }) => ({
        ...rest,
        metadata: { ...metadata, annotations: { ...metadata.annotations, ...restartedAt } },
      }),
      "kubectl-rollout",
    );
  }

  /** `kubectl rollout undo`: the template before the current one. */
  undo(): this {
    const former = this.#formerTemplates.at(-1);
    return former === undefined ? this : this.edit(() => former, "kubectl");
  }

  scale(replicas: number, manager = "kubectl"): this {
    const { metadata, spec } = this.#object;
    this.#object = {
      ...this.#object,
      metadata: { ...metadata, generation: metadata.generation + 1 },
      spec: { ...spec, replicas },
    };
    this.#own(manager, ["replicas"], "scale");
    this.#show();
    return this.#followScale();
  }

  autoscale(replicas: number): this {
    return this.scale(replicas, "kube-controller-manager");
  }

  pause(isPaused = true): this {
    const { metadata, spec } = this.#object;
    const { paused: _, ...rest } = spec;
    this.#object = {
      ...this.#object,
      metadata: { ...metadata, generation: metadata.generation + 1 },
      spec: { ...rest, ...(isPaused && { paused: true }) },
    };
    this.#own("kubectl-rollout", ["paused"]);
    this.#show();
    if (this.#isDeployment)
      this.#status({
        observedGeneration: this.#object.metadata.generation,
        conditions: isPaused
          ? [progressing("Unknown", "DeploymentPaused")]
          : [progressing("Unknown", "DeploymentResumed")],
      });
    if (!isPaused) this.#status(this.#settled());
    return this;
  }

  resume(): this {
    return this.pause(false);
  }

  /** A node is drained: pods are lost and come back. */
  drain(): this {
    const { status } = this.#object;
    const lost = (field: string) => Math.max(0, Number(status[field] ?? 0) - 1);
    this.#status({
      availableReplicas: lost("availableReplicas"),
      readyReplicas: lost("readyReplicas"),
      numberAvailable: lost("numberAvailable"),
    });
    return this.#status({
      availableReplicas: status["availableReplicas"],
      readyReplicas: status["readyReplicas"],
      numberAvailable: status["numberAvailable"],
    });
  }

  /** Another label: no change of the specification. */
  relabel(name: string, value: string): this {
    const { metadata } = this.#object;
    this.#object = { ...this.#object, metadata: { ...metadata, labels: { ...metadata.labels, [name]: value } } };
    return this.#show();
  }

  /** The controller begins the rollout: its first pod is new. */
  begin(): this {
    const { metadata, spec, status } = this.#object;
    if (canonical(spec.template) !== canonical(this.#rolled)) {
      this.#formerTemplates.push(this.#rolled);
      this.#rolled = spec.template;
    }
    const observedGeneration = () => this.#object.metadata.generation;
    if (this.#isDeployment) {
      // The annotation raises the generation, and comes before the status.
      const annotations = { ...metadata.annotations, [revision]: String(++this.#revision) };
      this.#object = { ...this.#object, metadata: { ...metadata, annotations, generation: metadata.generation + 1 } };
      this.#show();
      return this.#status({
        observedGeneration: observedGeneration(),
        replicas: this.replicas,
        updatedReplicas: 1,
        availableReplicas: Math.max(0, this.replicas - 1),
        conditions: [progressing("True", "ReplicaSetUpdated")],
      });
    }
    if (this.#isDaemonSet)
      return this.#status({
        observedGeneration: observedGeneration(),
        desiredNumberScheduled: 3,
        updatedNumberScheduled: 1,
        numberAvailable: 2,
      });
    return this.#status({
      observedGeneration: observedGeneration(),
      replicas: this.replicas,
      currentRevision: status["currentRevision"] ?? this.#hash(),
      updateRevision: this.#hash(),
      updatedReplicas: 1,
      readyReplicas: Math.max(0, this.replicas - 1),
    });
  }

  /** The controller ends the rollout. */
  finish(): this {
    return this.#status(this.#settled());
  }

  /** The controller rolls out the current template, from its begin to its end. */
  roll(): this {
    return this.begin().finish();
  }

  /** A Deployment's controller gives up. The API says nothing like that about the other kinds. */
  fail(): this {
    if (!this.#isDeployment) return this;
    return this.#status({ conditions: [progressing("False", "ProgressDeadlineExceeded")] });
  }

  delete(): void {
    this.#o.show(undefined);
  }

  get #isDeployment(): boolean {
    return this.#o.kind === "Deployment";
  }

  get #isDaemonSet(): boolean {
    return this.#o.kind === "DaemonSet";
  }

  /** The status when all pods have the current template and are ready. */
  #settled(): PlayedObject["status"] {
    const observedGeneration = this.#object.metadata.generation;
    const { replicas } = this;
    if (this.#isDeployment)
      return {
        observedGeneration,
        replicas,
        updatedReplicas: replicas,
        availableReplicas: replicas,
        readyReplicas: replicas,
        conditions: [progressing("True", "NewReplicaSetAvailable")],
      };
    if (this.#isDaemonSet)
      return { observedGeneration, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 };
    const hash = this.#hash();
    return {
      observedGeneration,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      currentRevision: hash,
      updateRevision: hash,
    };
  }

  /** The controller follows the number of replicas; the verdict about the rollout stays. */
  #followScale(): this {
    const { status } = this.#object;
    const observedGeneration = this.#object.metadata.generation;
    if (Object.keys(status).length === 0) return this;
    const { replicas } = this;
    return this.#status({
      observedGeneration,
      replicas,
      ...(status["updatedReplicas"] !== undefined && {
        updatedReplicas: replicas,
        availableReplicas: replicas,
        readyReplicas: replicas,
      }),
    });
  }

  #status(fields: object): this {
    const merged = Object.entries({ ...this.#object.status, ...fields }).filter(
      ([, value]) => value !== undefined && value !== 0,
    );
    this.#object = { ...this.#object, status: Object.fromEntries(merged) };
    return this.#show();
  }

  #own(manager: string, fields: readonly string[], subresource?: string): void {
    this.#tick();
    const { metadata } = this.#object;
    // The manager that writes a field takes it from the others.
    const others = metadata.managedFields
      .map((one) => ({
        ...one,
        fieldsV1: {
          "f:spec": Object.fromEntries(
            Object.entries(one.fieldsV1["f:spec"] as object).filter(([field]) => !fields.includes(field.slice(2))),
          ),
        },
      }))
      .filter((one) => Object.keys(one.fieldsV1["f:spec"]).length > 0);
    const kept = others.find((one) => one.manager === manager && one.subresource === subresource);
    const owned = Object.fromEntries(fields.map((field) => [`f:${field}`, {}]));
    const ours: ManagedFields = {
      manager,
      operation: "Update",
      ...(subresource !== undefined && { subresource }),
      apiVersion: "apps/v1",
      time: this.#time(),
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { ...kept?.fieldsV1["f:spec"], ...owned } },
    };
    const managedFields = [...others.filter((one) => one !== kept), ours];
    this.#object = { ...this.#object, metadata: { ...metadata, managedFields } };
  }

  #show(): this {
    this.#tick();
    this.#o.show(this.#object);
    return this;
  }

  #tick(): void {
    this.#nowMs += 1_000;
  }

  #time(): string {
    return new Date(this.#nowMs).toISOString().replace(".000", "");
  }

  #hash(): string {
    const hash = createHash("sha256").update(canonical(this.#object.spec.template)).digest("hex");
    return `${this.#o.name}-${hash.slice(0, 10)}`;
  }
}

const revision = "deployment.kubernetes.io/revision";
const templateGeneration = "deprecated.daemonset.template.generation";

const progressing = (status: string, reason: string) => ({ type: "Progressing", status, reason });

const canonical = (template: Template): string => JSON.stringify(template);

const withContainer = (template: Template, change: (container: Container) => Container): Template => ({
  ...template,
  spec: { ...template.spec, containers: template.spec.containers.map((one) => change(one)) },
});
