import type { Claim } from "@tocsin/core";
import type { BatchReader } from "./batch-reader.ts";

/** Reads a batch to its end. */
export function readAll(batch: BatchReader) {
  const claims: Claim[] = [];
  while (!batch.done) {
    const claim = batch.next();
    if (claim !== undefined) claims.push(claim);
  }
  const { rejected, truncated, issues } = batch;
  return { claims, rejected, truncated, issues };
}
