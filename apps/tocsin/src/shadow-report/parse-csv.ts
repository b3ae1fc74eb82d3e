/** A row of a CSV file. */
export interface CsvRow {
  /** Line of the file on which the row begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvIssue {
  readonly line: number;
  readonly message: string;
}

/** More than any export has. */
const maxFields = 1_000;

/**
 * Parses CSV by RFC 4180: quoted fields may hold separators, line breaks and doubled quotes. The separator is that of the first line:
 * a comma, a semicolon or a tab. Empty lines are left out. Reading ends at a mistake after which rows would be guesses.
 */
export function parseCsv(text: string): { readonly rows: readonly CsvRow[]; readonly issues: readonly CsvIssue[] } {
  const separator = separatorOf(text);
  const rows: CsvRow[] = [];
  let line = 1;
  for (let at = text.startsWith("\uFEFF") ? 1 : 0; at < text.length;) {
    const begun = line;
    const fields: string[] = [];
    for (;;) {
      if (fields.length > maxFields)
        return { rows, issues: [{ line: begun, message: `more than ${maxFields} fields` }] };
      let end: number;
      if (text[at] === '"') {
        const quoted = quotedField(text, at);
        if (quoted === undefined)
          return { rows, issues: [{ line, message: "a quoted field starts on this line and never ends" }] };
        fields.push(quoted.value);
        line += linesIn(text, at, quoted.end);
        ({ end } = quoted);
        if (end < text.length && text[end] !== separator && !isLineBreak(text[end]))
          return { rows, issues: [{ line, message: "text follows the closing quote of a field" }] };
      } else {
        end = at;
        while (end < text.length && text[end] !== separator && !isLineBreak(text[end])) end++;
        fields.push(text.slice(at, end));
      }
      at = end + 1;
      if (text[end] === separator) continue;
      if (text[end] === "\r" && text[at] === "\n") at++;
      line++;
      break;
    }
    if (fields.length > 1 || fields[0] !== "") rows.push({ line: begun, fields });
  }
  return { rows, issues: [] };
}

/** Returns the field that begins with a quote, and the place after its closing quote. */
function quotedField(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  const parts: string[] = [];
  for (let from = start + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return undefined;
    parts.push(text.slice(from, quote));
    if (text[quote + 1] !== '"') return { value: parts.join('"'), end: quote + 1 };
    from = quote + 2;
  }
}

function separatorOf(text: string): string {
  const [header = ""] = /^[^\r\n]*/.exec(text) ?? [];
  const count = (one: string) => header.split(one).length;
  return [";", "\t"].reduce((most, one) => (count(one) > count(most) ? one : most), ",");
}

const isLineBreak = (char: string | undefined): boolean => char === "\n" || char === "\r";

function linesIn(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", start); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
