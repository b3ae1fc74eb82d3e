import { useData } from "../api/use-data.ts";
import type { TargetsBody } from "../api/target-body.ts";
import { wordsOf } from "../format/words-of.ts";
import { SearchField } from "../parts/search-field.tsx";
import { TextInput } from "../parts/text-input.tsx";
import { useReasonTexts } from "../parts/reason-text.tsx";
import { countMoreFilters, type FilterName, type Filters } from "./incident-query.ts";

interface FilterFormProps {
  readonly filters: Filters;
  readonly apply: (filters: Filters) => void;
}

const states = ["candidate", "due", "in_flight", "told", "closed", "not_told", "dead"];
const severities = ["critical", "error", "warning", "info"];
const periods = [
  ["15m", "15 min"],
  ["1h", "1 h"],
  ["6h", "6 h"],
  ["24h", "24 h"],
  ["7d", "7 d"],
] as const;

/** Search and filters. A choice applies at once, a text with Enter. */
export function FilterForm({ filters, apply }: FilterFormProps) {
  const texts = useReasonTexts();
  const targets = useData<TargetsBody>("targets");
  const change = (name: FilterName, value: string): void => {
    const { [name]: _, ...rest } = filters;
    apply(value === "" ? rest : { ...rest, [name]: value });
  };
  const choice = (name: FilterName, label: string, options: readonly (readonly [value: string, label: string])[]) => (
    <label class="field">
      {label}
      <select
        class={filters[name] === undefined ? undefined : "set"}
        value={filters[name] ?? ""}
        onChange={(event) => change(name, event.currentTarget.value)}
      >
        <option value="">any</option>
        {options.map(([value, shown]) => (
          <option value={value}>{shown}</option>
        ))}
        {/* A value from the address that is not in the list. */}
        {filters[name] !== undefined && !options.some(([value]) => value === filters[name]) && (
          <option value={filters[name]}>{filters[name]}</option>
        )}
      </select>
    </label>
  );
  const text = (name: FilterName, label: string, placeholder: string) => (
    <label class="field">
      {label}
      <TextInput placeholder={placeholder} value={filters[name] ?? ""} apply={(value) => change(name, value)} />
    </label>
  );
  const more = countMoreFilters(filters);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <SearchField
        label="Search summaries, keys, targets and labels"
        value={filters.q ?? ""}
        apply={(value) => change("q", value)}
      />
      {choice(
        "state",
        "State",
        states.map((state) => [state, wordsOf(state)]),
      )}
      <details open={more > 0}>
        <summary>{more > 0 ? `Filters (${more})` : "Filters"}</summary>
        <div class="more">
          {choice(
            "severity",
            "Severity",
            severities.map((severity) => [severity, severity]),
          )}
          {choice(
            "reason",
            "Reason",
            Object.keys(texts?.reasons ?? {}).map((reason) => [reason, wordsOf(reason)]),
          )}
          {choice(
            "target",
            "Target",
            (targets.data?.targets ?? []).map(({ name }) => [name, name]),
          )}
          {choice("kind", "Kind", [
            ["alert", "alert"],
            ["change", "change"],
          ])}
          {choice("since", "Changed within", periods)}
          {text("source", "Source", "name")}
          {text("matcher", "Matcher", 'team="platform"')}
        </div>
      </details>
      {Object.keys(filters).length > 0 && (
        <button type="button" onClick={() => apply({})}>
          Clear filters
        </button>
      )}
    </form>
  );
}
