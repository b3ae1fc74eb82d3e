import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { place } from "../routing/router.ts";

interface PageTitleProps {
  /** For the title of the tab. */
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** The heading of a screen. It receives the focus when a link leads there, so that a screen reader begins with it. */
export function PageTitle({ title, children }: PageTitleProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title.slice(0, 100)} · Tocsin`;
  }, [title]);
  useEffect(() => {
    if (place.peek().by === "link") heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <h1 tabIndex={-1} ref={heading}>
      {children ?? title}
    </h1>
  );
}
