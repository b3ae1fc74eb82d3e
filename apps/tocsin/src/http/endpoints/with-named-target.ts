import type { FastifyRequest } from "fastify";
import type { TargetRegistry } from "../../targets/registry.ts";
import type { ResolvedTarget } from "../../targets/resolved-target.ts";
import { TestRefused } from "../../targets/tests/test-refused.ts";
import { paramOf } from "../endpoint.ts";
import { conflict, notFound } from "../problem.ts";

export interface NamedTargetOptions {
  readonly targets: Pick<TargetRegistry, "find">;
  /** Says why the targets in use may differ from what is written. */
  readonly outdatedWarnings: () => readonly string[];
}

/**
 * Answers a request whose path names a target. A target of a Secret is named `namespace/name`.
 *
 * @throws Problem 404 if there is no such target, 409 if it cannot be tested now
 */
export async function withNamedTarget<Body>(
  request: FastifyRequest,
  { targets, outdatedWarnings }: NamedTargetOptions,
  answer: (entry: ResolvedTarget) => Promise<Body>,
): Promise<Body> {
  const parts = [paramOf(request, "namespace"), paramOf(request, "name")];
  const entry = targets.find(parts.filter((part) => part !== "").join("/"));
  if (entry === undefined) throw notFound("target", outdatedWarnings());
  try {
    return await answer(entry);
  } catch (error) {
    throw error instanceof TestRefused ? conflict(`${entry.name} ${error.message}`) : error;
  }
}
