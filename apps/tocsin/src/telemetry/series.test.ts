import { expect, test } from "vitest";
import { Counter, Gauge, Histogram, ReadGauge, Registry } from "./series.ts";

const linesOf = async (registry: Registry) =>
  (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("metrics are written in the text format of Prometheus", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "Count\nof \\ all.", labelNames: ["a", "b"], registers });
  counter.inc({ a: 'q"\\\n', b: "é" }, 2);
  counter.inc({ b: "é", a: 'q"\\\n' });
  const gauge = new Gauge({ name: "g", help: "Level.", registers });
  gauge.set(0.25);
  const histogram = new Histogram({
    name: "h_seconds",
    help: "Time.",
    labelNames: ["a"],
    buckets: [0.5, 1],
    registers,
  });
  for (const value of [0.5, 0.75, 7]) histogram.observe({ a: "x" }, value);
  expect(await registry.metrics()).toBe(
    [
      "# HELP c_total Count\\nof \\\\ all.",
      "# TYPE c_total counter",
      'c_total{a="q\\"\\\\\\n",b="é"} 3',
      "# HELP g Level.",
      "# TYPE g gauge",
      "g 0.25",
      "# HELP h_seconds Time.",
      "# TYPE h_seconds histogram",
      'h_seconds_bucket{le="0.5",a="x"} 1',
      'h_seconds_bucket{le="1",a="x"} 2',
      'h_seconds_bucket{le="+Inf",a="x"} 3',
      'h_seconds_sum{a="x"} 8.25',
      'h_seconds_count{a="x"} 3',
      "",
    ].join("\n"),
  );
});

test("metrics without labels start at 0, those with labels when they are first used", async () => {
  const registry = new Registry();
  const registers = [registry];
  void new Counter({ name: "c_total", help: "", registers });
  void new Counter({ name: "labelled_total", help: "", labelNames: ["a"], registers });
  void new Gauge({ name: "read", help: "", registers, read: () => 7 });
  const levels = [[{ a: 'x"' }, 1] as const, [{ a: "y" }, 2] as const];
  void new ReadGauge({ name: "levels", help: "", labelNames: ["a"], registers, read: () => levels });
  void new Histogram({ name: "h", help: "", buckets: [1], registers });
  const zeros = ['h_bucket{le="1"} 0', 'h_bucket{le="+Inf"} 0', "h_sum 0", "h_count 0"];
  expect(await linesOf(registry)).toEqual(["c_total 0", "read 7", 'levels{a="x\\""} 1', 'levels{a="y"} 2', ...zeros]);
});

test("series with equal labels are merged, whatever the values", async () => {
  const registry = new Registry();
  const counter = new Counter({ name: "c_total", help: "", labelNames: ["a", "b", "c"], registers: [registry] });
  counter.inc({ a: "1", b: "2", c: "" });
  counter.inc({ a: "1", b: "", c: "2" });
  counter.inc({ a: "1", b: "2", c: "" });
  counter.inc({ a: "__proto__", b: "", c: "" });
  expect(await linesOf(registry)).toEqual([
    'c_total{a="1",b="2",c=""} 2',
    'c_total{a="1",b="",c="2"} 1',
    'c_total{a="__proto__",b="",c=""} 1',
  ]);
  counter.removeAll("1");
  expect(await linesOf(registry)).toEqual(['c_total{a="__proto__",b="",c=""} 1']);
});

test("observations while the text is built may be missing from it, and do no harm", async () => {
  const registry = new Registry();
  const counter = new Counter({ name: "c_total", help: "", labelNames: ["a"], registers: [registry] });
  for (let n = 0; n < 2_500; n++) counter.inc({ a: String(n) });
  let ticks = 0;
  const slices = await registry.slices(async () => {
    ticks++;
    counter.inc({ a: `new ${ticks}` });
    counter.removeAll(String(ticks));
  });
  expect(ticks).toBe(2);
  expect(slices.join("").split("\n").length).toBeGreaterThan(2_490);
});
