import { useEffect, useRef, useState } from "preact/hooks";
import { logIn } from "./api/log-in.ts";

/** One field for the token. The address of the page stays, so that the link of a page works after the login. */
export function Login({ refused }: { readonly refused: string | undefined }) {
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string>();
  const [sending, setSending] = useState(false);
  useEffect(() => {
    document.title = "Log in · Tocsin";
    field.current?.focus();
  }, []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const input = field.current;
    if (!input || sending || input.value.trim() === "") return;
    setSending(true);
    const refusal = await logIn(input.value.trim());
    setSending(false);
    setProblem(refusal);
    if (refusal !== undefined) input.select();
  };
  return (
    <main class="alone">
      <h1>Tocsin</h1>
      {refused !== undefined ? (
        <p class="notice bad">{refused}</p>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          <label for="token">Token</label>
          <div class="line">
            <input
              id="token"
              ref={field}
              type="password"
              autocomplete="current-password"
              spellcheck={false}
              aria-describedby="token-note token-problem"
              aria-invalid={problem !== undefined}
            />
            <button type="submit" class="strong">
              {sending ? "Logging in…" : "Log in"}
            </button>
          </div>
          <p id="token-problem" class="bad-text" role="alert">
            {problem}
          </p>
          <p id="token-note" class="muted">
            A token of <code>server.auth.tokens</code> with the role <code>read</code> or <code>operate</code>. The
            login lasts 12 hours.
          </p>
        </form>
      )}
    </main>
  );
}
