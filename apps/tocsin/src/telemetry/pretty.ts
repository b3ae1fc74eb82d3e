/** Formats one line of JSON for people: `12:00:00 info  listening  url=http://…`. */
export function pretty(line: string): string {
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const text = [
    String(time).slice(11, 19),
    String(level).padEnd(5),
    typeof msg === "string" ? msg : "",
    ...fields,
  ].join(" ");
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  return `${text}\n${typeof stack === "string" ? `${stack}\n` : ""}`;
}
