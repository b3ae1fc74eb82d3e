import { computed, signal } from "@preact/signals";
import { parseRoute } from "./parse-route.ts";
import { type QueryValue, withQuery } from "./with-query.ts";

/** The path below which the service stands, such as `/tocsin`; the server writes it into the page. */
export const basePath = document.documentElement.dataset["base"] ?? "";

/** The state that the page keeps in an entry of the browser's history. */
interface EntryState {
  /** Where the page was scrolled when the entry was left. */
  readonly scrollY?: number;
  /** The queries of the newer pages that led to this page of a list. */
  readonly newer?: readonly string[];
  /** The search field receives the focus. */
  readonly search?: true;
}

const readLocation = () => ({
  path: location.pathname.startsWith(`${basePath}/`) ? location.pathname.slice(basePath.length + 1) : "",
  query: new URLSearchParams(location.search),
  state: (history.state ?? {}) as EntryState,
  /** How the page came here: Back and Forward keep the scroll position. */
  by: "load" as "load" | "link" | "history",
});

export const place = signal(readLocation());
export const route = computed(() => parseRoute(place.value.path));

export const hrefOf = (path: string, query: Readonly<Record<string, QueryValue>> = {}): string =>
  `${basePath}/${withQuery(path, query)}`;

const rememberScroll = (): void =>
  history.replaceState({ ...(history.state as EntryState | null), scrollY }, "", location.href);

export function navigate(href: string, state: EntryState = {}): void {
  rememberScroll();
  history.pushState(state, "", href);
  place.value = { ...readLocation(), by: "link" };
}

/** Makes plain clicks on links inside the page change the screen instead of loading the page again. */
export function startRouter(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => {
    place.value = { ...readLocation(), by: "history" };
  });
  document.addEventListener("click", (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target !== "" || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(`${basePath}/`) || link.pathname.startsWith(`${basePath}/api/`)) return;
    event.preventDefault();
    navigate(link.href);
  });
}
