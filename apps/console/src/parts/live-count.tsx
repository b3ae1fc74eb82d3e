interface LiveCountProps {
  readonly children: string;
  /** Only for screen readers, where the screen shows the counts in another form. */
  readonly hidden?: boolean;
}

/** A count that screen readers announce when it changes. Nothing else on the page is announced by itself. */
export function LiveCount({ children, hidden = false }: LiveCountProps) {
  return (
    <p class={hidden ? "hidden" : "count"} aria-live="polite" aria-atomic="true">
      {children}
    </p>
  );
}
