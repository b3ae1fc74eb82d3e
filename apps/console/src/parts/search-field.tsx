import { place } from "../routing/router.ts";
import { TextInput } from "./text-input.tsx";

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly apply: (value: string) => void;
}

/** The field that the key `/` leads to. */
export function SearchField({ label, value, placeholder, apply }: SearchFieldProps) {
  return (
    <label class="field search">
      {label}
      <TextInput isSearch isFocused={place.peek().state.search === true} {...{ value, placeholder, apply }} />
    </label>
  );
}
