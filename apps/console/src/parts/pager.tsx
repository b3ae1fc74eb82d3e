import { navigate, place } from "../routing/router.ts";

const go = (search: string, trail: readonly string[]): void =>
  navigate(`${location.pathname}${search === "" ? "" : `?${search}`}`, { newer: trail });

/** Leads to older rows and back. The pages that led here are kept in the history, since a cursor only leads forward. */
export function Pager({ nextCursor }: { readonly nextCursor: string | undefined }) {
  const { query, state } = place.value;
  const isFirst = !query.has("cursor");
  if (isFirst && nextCursor === undefined) return null;
  const newer = state.newer ?? [];
  const older = (): void => {
    const next = new URLSearchParams(query);
    next.set("cursor", nextCursor ?? "");
    go(next.toString(), [...newer, query.toString()]);
  };
  const first = new URLSearchParams(query);
  first.delete("cursor");
  return (
    <nav class="pager" aria-label="Pages">
      {!isFirst && (
        <button type="button" onClick={() => go(newer.at(-1) ?? first.toString(), newer.slice(0, -1))}>
          {newer.length > 0 ? "← Newer" : "← Newest"}
        </button>
      )}
      {nextCursor !== undefined && (
        <button type="button" onClick={older}>
          Older →
        </button>
      )}
    </nav>
  );
}
