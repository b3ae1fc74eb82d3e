import type { CachedVerdict, ClaimShapeAnswer, ClaimShapeRequest, ShapeResult, Verdict } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import type { Store } from "./store.ts";

/** Most shapes that are kept. If there are more, the oldest tenth is dropped at once, so that few operations read all of them. */
const maxShapes = 10_000;
const keptShapes = 9_000;

const hourMs = 3_600_000;

/** The name of `ModelUse` among the gates of the kind `memory`. */
const useName = "model_use";

/** A gate of the kind `shape`. */
interface Shape {
  readonly cached?: {
    readonly verdict: Verdict;
    readonly promptHash: string;
    readonly atMs: number;
    readonly untilMs: number;
  };
  /** The process that asks the model for it now. */
  readonly claim?: { readonly owner: string; readonly untilMs: number };
}

/** Calls and tokens of one hour over all replicas, and how many shapes are kept. */
interface ModelUse {
  /** Hours since 1970. */
  readonly hour: number;
  readonly calls: number;
  readonly tokens: number;
  readonly shapes: number;
}

type Rows = Pick<Store, "gate" | "gates" | "putGate" | "dropGates">;

/** `Verdicts.claimShape`. */
export function claimShape({ store, nowMs }: LedgerContext, request: ClaimShapeRequest): ClaimShapeAnswer {
  const { shape, owner, leaseMs, maxCallsPerHour = Infinity, maxTokensPerHour = Infinity } = request;
  const known = shapeIn(store, shape);
  const cached = known && cachedIn(shape, known, nowMs);
  if (cached) return { kind: "cached", cached };
  if (known?.claim && known.claim.untilMs > nowMs) return { kind: "busy", untilMs: known.claim.untilMs };
  const use = useIn(store, nowMs);
  if (use.calls >= maxCallsPerHour || use.tokens >= maxTokensPerHour)
    return { kind: "budget_used", untilMs: (use.hour + 1) * hourMs };
  store.putGate("shape", shape, { claim: { owner, untilMs: nowMs + leaseMs } } satisfies Shape);
  putUse(store, { ...use, calls: use.calls + 1, shapes: use.shapes + (known ? 0 : 1) }, nowMs);
  return { kind: "claimed" };
}

/** `Verdicts.storeShape`. */
export function storeShape({ store, nowMs }: LedgerContext, result: ShapeResult): void {
  const { shape, owner, verdict, promptHash, cacheForMs, tokens } = result;
  const known = shapeIn(store, shape);
  // Another process may have claimed the shape since the claim of this one ended.
  const claim = known?.claim?.owner === owner ? undefined : known?.claim;
  const cached =
    verdict !== undefined && cacheForMs > 0
      ? { verdict, promptHash, atMs: nowMs, untilMs: nowMs + cacheForMs }
      : known?.cached;
  const use = useIn(store, nowMs);
  const isKept = claim !== undefined || cached !== undefined;
  if (isKept) store.putGate("shape", shape, { ...(cached && { cached }), ...(claim && { claim }) } satisfies Shape);
  else if (known) store.dropGates("shape", [shape]);
  const added = Number(isKept) - Number(known !== undefined);
  putUse(store, { ...use, tokens: use.tokens + tokens, shapes: use.shapes + added }, nowMs);
}

/** `Verdicts.cachedVerdicts`. */
export function cachedVerdicts({ store, nowMs }: LedgerContext, limit: number): readonly CachedVerdict[] {
  return shapesIn(store)
    .toSorted(newestFirst)
    .flatMap(([shape, known]) => cachedIn(shape, known, nowMs) ?? [])
    .slice(0, limit);
}

const shapeIn = (store: Rows, shape: string): Shape | undefined => store.gate("shape", shape) as Shape | undefined;

const shapesIn = (store: Rows) => store.gates("shape") as readonly (readonly [shape: string, known: Shape])[];

const newestFirst = ([, a]: readonly [string, Shape], [, b]: readonly [string, Shape]): number =>
  (b.cached?.atMs ?? 0) - (a.cached?.atMs ?? 0);

function cachedIn(shape: string, { cached }: Shape, nowMs: number): CachedVerdict | undefined {
  if (!cached || cached.untilMs <= nowMs) return undefined;
  const { verdict, promptHash, untilMs } = cached;
  return { shape, verdict, promptHash, untilMs };
}

/** The use of this hour. A new hour begins with nothing used. */
function useIn(store: Rows, nowMs: number): ModelUse {
  const hour = Math.floor(nowMs / hourMs);
  const use = (store.gate("memory", useName) ?? { hour, calls: 0, tokens: 0, shapes: 0 }) as ModelUse;
  if (use.hour === hour) return use;
  const shapes = dropShapes(store, shapesIn(store), (known) => !isLive(known, nowMs));
  return { hour, calls: 0, tokens: 0, shapes };
}

const isLive = ({ cached, claim }: Shape, nowMs: number): boolean =>
  (cached?.untilMs ?? 0) > nowMs || (claim?.untilMs ?? 0) > nowMs;

function putUse(store: Rows, use: ModelUse, nowMs: number): void {
  let { shapes } = use;
  if (shapes > maxShapes) {
    const ordered = shapesIn(store).toSorted(newestFirst);
    const claimed = ({ claim }: Shape): boolean => (claim?.untilMs ?? 0) > nowMs;
    const kept = new Set(ordered.slice(0, keptShapes).map(([, known]) => known));
    shapes = dropShapes(store, ordered, (known) => !isLive(known, nowMs) || (!claimed(known) && !kept.has(known)));
  }
  store.putGate("memory", useName, { ...use, shapes });
}

/** Returns how many are left. */
function dropShapes(
  store: Rows,
  shapes: readonly (readonly [string, Shape])[],
  isOver: (known: Shape) => boolean,
): number {
  const over = shapes.filter(([, known]) => isOver(known)).map(([shape]) => shape);
  if (over.length > 0) store.dropGates("shape", over);
  return shapes.length - over.length;
}
