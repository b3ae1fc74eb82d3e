/** A count that screen readers announce when it changes. Nothing else on the page is announced by itself. */
export function LiveCount({ children }: { readonly children: string }) {
  return (
    <p class="count" aria-live="polite" aria-atomic="true">
      {children}
    </p>
  );
}
