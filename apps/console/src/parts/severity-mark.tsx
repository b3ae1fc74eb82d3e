const shapes: Readonly<Record<string, string>> = {
  critical: "M6 0 12 11H0Z",
  error: "M6 0 12 6 6 12 0 6Z",
  warning: "M1 1H11V11H1Z",
  info: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z",
};

/** A severity by word, shape and color, so that each of them is enough. */
export function SeverityMark({ severity }: { readonly severity: string }) {
  return (
    <span class={`severity ${severity}`}>
      <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
        <path d={shapes[severity] ?? shapes["info"]} />
      </svg>{" "}
      {severity}
    </span>
  );
}
