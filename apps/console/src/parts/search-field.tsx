import { useEffect, useRef } from "preact/hooks";
import { place } from "../routing/router.ts";

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  /** Called with Enter, or when the field is left with another value. */
  readonly apply: (value: string) => void;
}

/** The field that the key `/` leads to. */
export function SearchField({ label, value, placeholder, apply }: SearchFieldProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (place.peek().state.search) field.current?.focus();
  }, []);
  return (
    <label class="field search">
      {label}
      <input
        type="search"
        data-search
        ref={field}
        spellcheck={false}
        autocomplete="off"
        enterkeyhint="search"
        placeholder={placeholder}
        value={value}
        onChange={(event) => apply(event.currentTarget.value.trim())}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          apply(event.currentTarget.value.trim());
        }}
      />
    </label>
  );
}
