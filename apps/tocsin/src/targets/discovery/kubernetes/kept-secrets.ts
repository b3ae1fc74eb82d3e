import { createHash } from "node:crypto";
import type { TargetDefinition } from "../../target-definition.ts";
import { type SecretObject, targetOfSecret, weightOf } from "./target-secret.ts";

/** Maximum number of targets of one namespace. More are a mistake or an attack: each costs memory, and a decision per alert. */
export const maxTargets = 1_000;

/** Maximum memory of all targets of one namespace, in bytes: see `weightOf`. */
export const maxNamespaceWeight = 32 << 20;

interface Kept {
  /**
   * Hash of the Secret's entries, which shows whether they changed. Resource versions do not show it: a server that was restored from a
   * backup may give the same version twice.
   */
  readonly hash: string;
  readonly createdAt: string;
  readonly weight: number;
  readonly target: TargetDefinition;
  /** Why the target does not fit; its content is not kept. */
  readonly over?: string;
}

/**
 * Keeps the targets of the Secrets of one namespace, within limits. If they do not all fit, the oldest Secrets are kept: a new
 * Secret never displaces a working target, and all replicas decide the same.
 */
export class KeptSecrets {
  readonly #secrets = new Map<string, Kept>();
  #sorted: readonly TargetDefinition[] | undefined;
  #count = 0;
  #weight = 0;

  /** In the order of names. */
  get targets(): readonly TargetDefinition[] {
    return (this.#sorted ??= [...this.#secrets]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { target }]) => target));
  }

  /** Some targets do not fit. Their contents have to be read again once there is room. */
  get crowded(): boolean {
    return this.#count < this.#secrets.size;
  }

  /** Returns whether the targets differ from the given ones. */
  differsFrom({ targets }: KeptSecrets): boolean {
    return targets.length !== this.targets.length || this.targets.some((target, index) => target !== targets[index]);
  }

  /**
   * Returns whether that changed a target. `before` holds the Secrets kept until now: targets of Secrets that did not change
   * are taken from there, as the same objects.
   */
  set(secret: SecretObject, before: KeptSecrets = this): boolean {
    const name = nameOf(secret);
    const hash = hashOf(secret);
    const former = before.#secrets.get(name);
    const known = former?.hash === hash ? former : undefined;
    if (known !== undefined && known === this.#secrets.get(name)) return false;
    this.#drop(name);
    const kept = known !== undefined && known.over === undefined ? known : unread(secret, hash, known?.weight);
    this.#secrets.set(name, kept);
    this.#count++;
    this.#weight += kept.weight;
    this.#sorted = undefined;
    this.#makeRoom(before);
    // Reading a large Secret takes a while, so only those that fit are read.
    if (this.#secrets.get(name) === kept && kept !== known)
      this.#secrets.set(name, { ...kept, target: targetOfSecret(secret) });
    return true;
  }

  /** Returns whether the Secret was known. */
  delete(name: string): boolean {
    if (!this.#secrets.has(name)) return false;
    this.#drop(name);
    this.#sorted = undefined;
    return true;
  }

  #drop(name: string): void {
    const kept = this.#secrets.get(name);
    if (kept === undefined) return;
    this.#secrets.delete(name);
    if (kept.over !== undefined) return;
    this.#count--;
    this.#weight -= kept.weight;
  }

  #makeRoom(before: KeptSecrets): void {
    while (this.#count > maxTargets || this.#weight > maxNamespaceWeight) {
      const tooMany = this.#count > maxTargets;
      const [name, kept] = this.#youngest(tooMany ? 0 : 1);
      this.#drop(name);
      const over = tooMany ? tooManyTargets : tooLargeTogether;
      const former = before.#secrets.get(name);
      const isSame = former?.hash === kept.hash && former.over === over;
      this.#secrets.set(name, isSame ? former : { ...kept, target: overLimit(kept.target, over), over });
    }
  }

  /** Returns the youngest of the Secrets that weigh at least this much. */
  #youngest(minWeight: number): readonly [string, Kept] {
    let youngest: readonly [string, Kept] | undefined;
    for (const one of this.#secrets) {
      const { over, weight } = one[1];
      if (over !== undefined || weight < minWeight) continue;
      if (youngest === undefined || isYounger(one, youngest)) youngest = one;
    }
    if (youngest === undefined) throw new Error("a target over the limit must be among the kept ones");
    return youngest;
  }
}

const tooManyTargets = `the namespace has more than ${maxTargets} targets; the newest are not used`;
const tooLargeTogether = "the targets of this namespace are too large together; the newest are not used";

export const nameOf = ({ metadata }: SecretObject): string => metadata?.name ?? "";

function unread(secret: SecretObject, hash: string, weight = weightOf(secret)): Kept {
  const { name = "", namespace = "", creationTimestamp } = secret.metadata ?? {};
  const target = { place: `${namespace}/${name}`, name, namespace, input: undefined };
  return { hash, createdAt: creationTimestamp ?? "", weight, target };
}

/** Keeps only the place: its content and its earlier versions leave the memory. */
const overLimit = ({ place, name, namespace }: TargetDefinition, message: string): TargetDefinition => ({
  place,
  input: undefined,
  ...(name !== undefined && { name }),
  ...(namespace !== undefined && { namespace }),
  issues: [{ path: "", message }],
  withoutLastValid: true,
});

const isYounger = ([name, { createdAt }]: readonly [string, Kept], other: readonly [string, Kept]): boolean =>
  createdAt === other[1].createdAt ? name > other[0] : createdAt > other[1].createdAt;

function hashOf({ data = {} }: SecretObject): string {
  const hash = createHash("sha256");
  for (const [entry, value] of Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${entry.length} ${value.length} ${entry}`).update(value);
  return hash.digest("base64");
}
