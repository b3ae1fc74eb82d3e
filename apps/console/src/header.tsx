import { logOut } from "./api/log-in.ts";
import { session } from "./api/session.ts";
import { helpOpen } from "./keyboard/keys.ts";
import { streamState } from "./live/listen-to-incidents.ts";
import { hrefOf, place } from "./routing/router.ts";
import { Text } from "./parts/text.tsx";

const screens = [
  ["", "Now", ""],
  ["incidents", "Incidents", ""],
  ["alerts", "Alerts", ""],
  ["targets", "Targets", ""],
  ["deadletters", "Dead", " letters"],
  ["whatif", "What if", ""],
] as const;

export function Header() {
  const [first = ""] = place.value.path.split("/");
  const { name, needed } = session.value ?? { name: null, needed: false };
  const isOpen = streamState.value.is === "open";
  return (
    <header>
      <div class="bar">
        <a class="mark" href={hrefOf("")}>
          Tocsin
        </a>
        <span class={isOpen ? "stream open" : "stream"}>{isOpen ? "live" : "not live"}</span>
        <span class="space" />
        {name !== null && (
          <span class="caller">
            <Text value={name} most={30} />
          </span>
        )}
        <button type="button" aria-label="Keyboard help" onClick={() => (helpOpen.value = true)}>
          ?
        </button>
        {needed && name !== null && (
          <button type="button" onClick={() => void logOut()}>
            Log out
          </button>
        )}
      </div>
      <nav aria-label="Screens">
        {screens.map(([path, label, more]) => (
          <a href={hrefOf(path)} aria-current={first === path ? "page" : undefined}>
            {label}
            {more !== "" && <span class="wide-only">{more}</span>}
          </a>
        ))}
      </nav>
    </header>
  );
}
