import { useSignalEffect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Failure } from "./api/failure.ts";
import { readSession } from "./api/log-in.ts";
import { mustLogIn, session } from "./api/session.ts";
import { Header } from "./header.tsx";
import { startKeys } from "./keyboard/keys.ts";
import { KeyHelp } from "./keyboard/key-help.tsx";
import { startStream, stopStream } from "./live/listen-to-incidents.ts";
import { FailureNotice } from "./parts/failure-notice.tsx";
import { Login } from "./login.tsx";
import { Screen } from "./screen.tsx";
import { StreamBanner } from "./stream-banner.tsx";

/** The page: a login, or the header with one screen below it. */
export function App() {
  const [failure, setFailure] = useState<Failure>();
  const ask = (): void => void readSession().then(setFailure);
  useEffect(ask, []);
  useEffect(startKeys, []);
  useEffect(() => {
    const seen = (): void => {
      if (document.visibilityState === "visible" && session.value !== undefined && !mustLogIn.value) startStream();
    };
    document.addEventListener("visibilitychange", seen);
    addEventListener("online", seen);
    return () => {
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("online", seen);
    };
  }, []);
  useSignalEffect(() => {
    if (session.value === undefined) return;
    if (mustLogIn.value) stopStream();
    else startStream();
  });
  if (session.value === undefined) {
    return (
      <main class="alone">
        <h1>Tocsin</h1>
        {failure ? <FailureNotice failure={failure} retry={ask} /> : <p class="muted loading">Loading…</p>}
      </main>
    );
  }
  if (mustLogIn.value) return <Login refused={session.value.loginRefused} />;
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header />
      <StreamBanner />
      <main id="main" tabIndex={-1}>
        <Screen />
      </main>
      <KeyHelp />
    </>
  );
}
