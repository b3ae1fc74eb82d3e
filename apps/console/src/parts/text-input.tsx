import { useEffect, useRef } from "preact/hooks";

interface TextInputProps {
  /** The value in the address. */
  readonly value: string;
  readonly placeholder?: string | undefined;
  /** Called with Enter, or when the field is left with another value. */
  readonly apply: (value: string) => void;
  /** The field that the key `/` leads to. */
  readonly isSearch?: boolean;
  readonly isFocused?: boolean;
}

/** A field whose text belongs to the person who types: a render in between, such as of a change in the list, must not reset it. */
export function TextInput({ value, placeholder, apply, isSearch, isFocused = false }: TextInputProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (field.current) field.current.value = value;
  }, [value]);
  useEffect(() => {
    if (isFocused) field.current?.focus();
  }, [isFocused]);
  const applyChange = (text: string): void => {
    if (text.trim() !== value) apply(text.trim());
  };
  return (
    <input
      type="search"
      ref={field}
      data-search={isSearch}
      spellcheck={false}
      autocomplete="off"
      enterkeyhint="search"
      placeholder={placeholder}
      onChange={(event) => applyChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        const input = event.currentTarget;
        if (event.key === "Enter") {
          event.preventDefault();
          applyChange(input.value);
        } else if (event.key === "Escape") {
          // The browser would empty the field, which would remove the filter.
          event.preventDefault();
          input.value = value;
          input.blur();
        }
      }}
    />
  );
}
