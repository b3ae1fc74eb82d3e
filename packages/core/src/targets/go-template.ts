import { type TagToken, type Token, TokenKind, Tokenizer } from "liquidjs";

/** Characters of a template that an error quotes. */
const maxQuoted = 80;

/**
 * Refuses a text in Go's template language, which Alertmanager and Grafana use. Liquid parses most of it without an error but
 * finds no value, so the field would silently keep its default.
 *
 * @throws Error that shows the expression and its replacement
 */
export function refuseGoTemplate(text: string): void {
  let inComment = false;
  for (const token of new Tokenizer(text).readTopLevelTokens()) {
    if (isTag(token) && /^(?:end)?comment$/.test(token.name)) inComment = token.name === "comment";
    if (inComment) continue;
    const instead = isTag(token) ? insteadOfTag(token) : isOutput(token) ? insteadOfOutput(token) : undefined;
    if (instead)
      throw new Error(
        `${token.getText().slice(0, maxQuoted)} is Go template syntax; templates are Liquid here: ${instead}`,
      );
  }
}

const isTag = (token: Token): token is TagToken => token.kind === TokenKind.Tag;
type OutputToken = Token & Pick<TagToken, "content">;
const isOutput = (token: Token): token is OutputToken => token.kind === TokenKind.Output;

function insteadOfOutput({ content }: OutputToken): string | undefined {
  const expression = content.trim();
  const action = actions.find(([pattern]) => pattern.test(expression));
  if (action) return action[1](expression.replace(action[0], ""));
  return isGo(expression, goCall) ? write("{{ ", expression, " }}") : undefined;
}

function insteadOfTag({ name, args }: TagToken): string | undefined {
  if (name === "#") return undefined;
  return isGo(args, goComparison) ? write(`{% ${name} `, args, " %}") : undefined;
}

/** Actions of https://pkg.go.dev/text/template#hdr-Actions, which Liquid reads as variable names. */
const actions: readonly (readonly [pattern: RegExp, instead: (rest: string) => string])[] = [
  [/^\/\*/, () => "write {% comment %} … {% endcomment %}"],
  [/^range\b\s*/, () => "write {% for label in labels %}{{ label[0] }}={{ label[1] }} {% endfor %}"],
  [/^else\s+(?:if|with)\b\s*/, (condition) => write("{% elsif ", condition, " %}")],
  [/^else\b/, () => "write {% else %}"],
  [/^end$/, () => "write {% endif %} or {% endfor %}"],
  [/^(?:if|with)\s+(?![=<>!]|contains\b)/, (condition) => write("{% if ", condition, " %} … {% endif %}")],
  [/^(?:template|define|block)\s+"/, () => "write the text itself, since there are no named templates"],
  [/^\$\w*\s*:?=\s*/, (value) => write("{% assign name = ", value, " %}")],
];

const variables = "labels annotations metadata alert_name fingerprint severity starts_at generator_url value_string";
const variable = `(?:${variables.replaceAll(" ", "|")})\\b`;

/** Go's `.Labels.x`, `$labels.x`, `.` and back quotes. Liquid ignores the dot, so `.labels.x` works and is accepted. */
const goOperand = new RegExp(String.raw`(?:^|[\s(|,])(?:\$|\.(?!${variable}|\d)(?:[A-Za-z_]|[\s)|]|$))|` + "`");

const comparisons = "eq ne lt le gt ge";
const functions = `${comparisons} and or not len index slice print printf println html js urlquery call title toUpper toLower trimSpace join match safeHtml reReplaceAll stringSlice date tz since humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp`;
/** A function before its operands: `toUpper labels.x`. Liquid writes operators between the operands. */
const call = (names: string, before: string): RegExp =>
  new RegExp(String.raw`^${before}(?:${names.replaceAll(" ", "|")})\s+(?![=<>!|]|contains\b|and\b|or\b)\S`);
const goCall = call(functions, "");
const goComparison = call(comparisons, "(?:not\\s+)?");

function isGo(expression: string, goFunction: RegExp): boolean {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)/gs, '""');
  return goOperand.test(bare) || goFunction.test(bare);
}

/** Advice with the expression translated to Liquid, or a general example if it cannot be translated. */
function write(before: string, expression: string, after: string): string {
  const translated = translate(expression);
  if (translated.length <= maxQuoted && liquidValue.test(translated)) return `write ${before}${translated}${after}`;
  return `write for example {{ labels.instance }} or {% if labels.instance %}; the variables are ${variables.replaceAll(" ", ", ")}`;
}

const liquidOperators: Record<string, string> = { eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" };

/** Names of Go's functions, and the Liquid filters that do the same. */
export const liquidFilters: Readonly<Record<string, string>> = {
  toUpper: "upcase",
  toLower: "downcase",
  title: "capitalize",
  trimSpace: "strip",
  reReplaceAll: "replace",
};

/** Names of Go's actions, and the Liquid tags that do the same. */
export const liquidTags: Readonly<Record<string, string>> = {
  end: "endif or endfor",
  range: "for",
  with: "if",
  elseif: "elsif",
};

const translations: readonly (readonly [go: RegExp, liquid: string | ((...parts: string[]) => string)])[] = [
  [
    /^(eq|ne|lt|le|gt|ge)\s+(\S+)\s+("[^"]*"|\S+)$/,
    (_: string, name: string, left: string, right: string) => `${left} ${liquidOperators[name]} ${right}`,
  ],
  [/^index\s+(\S+)\s+("[^"]*")$/, "$1[$2]"],
  [/^(toUpper|toLower|title|trimSpace)\s+(\S+)$/, "$2 | $1"],
  [/\|\s*(toUpper|toLower|title|trimSpace)\b/g, (_: string, name: string) => `| ${liquidFilters[name]}`],
  [/(?:\$|\$?\.(?:Common|Group)?)[Ll]abels\b/g, "labels"],
  [/(?:\$|\$?\.(?:Common)?)[Aa]nnotations\b/g, "annotations"],
  [/\$?\.StartsAt\b/g, "starts_at"],
  [/\$?\.GeneratorURL\b/g, "generator_url"],
  [/\$?\.Fingerprint\b/g, "fingerprint"],
  [/(?:\$values?|\$?\.ValueString|\$?\.Values?)\b(?:\.\w+)*/g, "value_string"],
];

const translate = (expression: string): string =>
  translations.reduce((text, [go, liquid]) => text.replace(go, liquid as string), expression.trim());

/** One of our variables, optionally with a comparison and filters. */
const liquidValue = new RegExp(
  String.raw`^${variable}(?:\.(?!SortedPairs)\w+)*(?:\["[^"]*"\])?(?:\s*[=!<>]=?\s*(?:"[^"]*"|\d+))?(?:\s*\|\s*\w+)*$`,
);
