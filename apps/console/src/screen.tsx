import type { ComponentType } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { hrefOf, place, route } from "./routing/router.ts";
import type { Route } from "./routing/parse-route.ts";

type Name = Route["screen"];
type Loader = () => Promise<ComponentType>;

/** Each screen is loaded when it is first shown: the link of a page leads to one that needs no other. */
const loaders: Readonly<Record<Exclude<Name, "unknown">, Loader>> = {
  now: async () => (await import("./screens/now.tsx")).Now,
  incidents: async () => (await import("./screens/incidents.tsx")).Incidents,
  incident: async () => (await import("./screens/incident.tsx")).Incident,
  alerts: async () => (await import("./screens/alerts.tsx")).Alerts,
  targets: async () => (await import("./screens/targets.tsx")).Targets,
  target: async () => (await import("./screens/target.tsx")).Target,
  deadletters: async () => (await import("./screens/dead-letters.tsx")).DeadLetters,
  "dead-letter": async () => (await import("./screens/dead-letter.tsx")).DeadLetter,
  whatif: async () => (await import("./screens/what-if.tsx")).WhatIf,
};

const loaded = new Map<Name, ComponentType>();

/** Returns whether it succeeded: after an update of Tocsin the file of a screen may be gone. */
async function load(screen: keyof typeof loaders): Promise<boolean> {
  try {
    loaded.set(screen, await loaders[screen]());
    return true;
  } catch {
    return false;
  }
}

function Unknown() {
  return (
    <>
      <h1>This page does not exist</h1>
      <p>
        <a href={hrefOf("")}>Now</a> shows the present state.
      </p>
    </>
  );
}
loaded.set("unknown", Unknown);

export function Screen() {
  const { screen } = route.value;
  const [, setLoaded] = useState(0);
  const [failed, setFailed] = useState(false);
  const Shown = loaded.get(screen);
  useEffect(() => {
    setFailed(false);
    if (loaded.has(screen) || screen === "unknown") return;
    void load(screen).then((isLoaded) => (isLoaded ? setLoaded((count) => count + 1) : setFailed(true)));
  }, [screen]);
  const { path, by } = place.value;
  // After Back the lists are drawn at once from what they showed, so that the position exists.
  useLayoutEffect(() => {
    if (by === "link") scrollTo(0, 0);
    else if (by === "history") scrollTo(0, place.peek().state.scrollY ?? 0);
  }, [path, by, Shown]);
  if (Shown) return <Shown key={path} />;
  if (!failed) return <p class="muted loading">Loading…</p>;
  return (
    <div class="notice bad" role="alert">
      <p>
        This part of the page could not be loaded. Tocsin may have been updated.{" "}
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
    </div>
  );
}
