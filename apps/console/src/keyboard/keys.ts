import { signal } from "@preact/signals";
import { hrefOf, navigate, place, route } from "../routing/router.ts";

export const helpOpen = signal(false);

/** The keys, as the help lists them. */
export const keyTexts = [
  ["/", "Search"],
  ["j", "Next row"],
  ["k", "Previous row"],
  ["Enter", "Open the row"],
  ["x", "Select the row"],
  ["r", "Refresh the list"],
  ["Esc", "Close, leave the field, or go back to the list"],
  ["?", "Show or hide this help"],
] as const;

const isTyping = (element: Element | null): boolean =>
  element instanceof HTMLElement && element.matches("input:not([type=checkbox]), textarea, select");

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("[data-row]")];

/** Moves the focus by rows: the focus is the selection, so Enter follows the link. */
function moveRow(step: 1 | -1): void {
  const all = rows();
  const present = document.activeElement?.closest("[data-row], li, tr");
  const at = all.findIndex((row) => row === document.activeElement || (present?.contains(row) ?? false));
  const next = at === -1 ? (step === 1 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
  all[next]?.focus();
}

function search(): void {
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  if (field) {
    field.focus();
    field.select();
  } else navigate(hrefOf("incidents"), { search: true });
}

const lists: Readonly<Record<string, string>> = {
  incident: "incidents",
  target: "targets",
  "dead-letter": "deadletters",
};

function escape(): void {
  if (helpOpen.value) helpOpen.value = false;
  else if (isTyping(document.activeElement)) (document.activeElement as HTMLElement).blur();
  else {
    const list = lists[route.value.screen];
    if (list === undefined) return;
    // The list that led here, with its filters and position, if there is one.
    if (place.value.by === "link") history.back();
    else navigate(hrefOf(list));
  }
}

function press(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") return escape();
  if (isTyping(document.activeElement) || helpOpen.value) {
    if (event.key === "?" && helpOpen.value) helpOpen.value = false;
    return;
  }
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
  if (!action) return;
  event.preventDefault();
  action();
}

const actions: Readonly<Record<string, () => void>> = {
  "/": search,
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: () => document.activeElement?.closest("li, tr")?.querySelector<HTMLInputElement>("[data-select]")?.click(),
  r: () => document.querySelector<HTMLButtonElement>("[data-refresh]")?.click(),
  "?": () => (helpOpen.value = true),
};

/** Returns the function that ends it. */
export function startKeys(): () => void {
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
