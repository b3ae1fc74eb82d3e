/*
 * Metrics as Prometheus scrapes them. A library builds its text in one go, which blocks all other work for seconds if there are
 * ten thousand targets. This module builds it in slices, and an observation costs one look-up per label.
 */

import { nextTurn, textInSlices } from "./text-in-slices.ts";

export type LabelValues<Name extends string> = Readonly<Record<Name, string>>;

export interface MetricOptions<Name extends string = never> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Name[];
  readonly registers: readonly Registry[];
}

type Kind = "counter" | "gauge" | "histogram";

/** A metric without its values. `docs/metrics.md` is generated from these. */
export interface MetricDescription {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** A metric in a registry. */
interface RegisteredMetric {
  readonly description: MetricDescription;
  /** Returns the metric's lines in the exposition format, each with its line break. */
  lines(): Iterable<string>;
}

const describe = ({ name, help, labelNames = [] }: MetricOptions<string>, kind: Kind): MetricDescription => ({
  name,
  kind,
  help,
  labelNames,
});

/** The labels of one series as text: `{target="pager"}`, or empty. */
type Shown = string;

/** Returns the first two lines of a metric. */
const head = ({ name, help, kind }: MetricDescription): string =>
  `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${kind}\n`;

const show = <Name extends string>(names: readonly Name[], labels: LabelValues<Name>): Shown =>
  names.map((name) => `${name}="${escape(labels[name])}"`).join(",");

/** The series of one metric, by the values of its labels. */
abstract class Metric<Name extends string, Value> implements RegisteredMetric {
  readonly description: MetricDescription;
  readonly #options: MetricOptions<Name>;
  /** Nested by the first label, so that all series of a target are removed at once; then by the others. */
  readonly #series = new Map<string, Map<string, { readonly shown: Shown; value: Value }>>();

  protected constructor(kind: Kind, options: MetricOptions<Name>) {
    this.description = describe(options, kind);
    this.#options = options;
    for (const registry of options.registers) registry.add(this);
  }

  get name(): string {
    return this.#options.name;
  }

  /** Deletes all series whose first label has this value. */
  removeAll(first: string): void {
    this.#series.delete(first);
  }

  /** Deletes one series. */
  remove(labels: LabelValues<Name>): void {
    const [outer, key] = this.#keysOf(labels);
    this.#series.get(outer)?.delete(key);
  }

  protected at(labels: LabelValues<Name>, initial: () => Value): { value: Value } {
    const names = this.#options.labelNames ?? [];
    const [outer, key] = this.#keysOf(labels);
    let inner = this.#series.get(outer);
    if (inner === undefined) this.#series.set(outer, (inner = new Map()));
    let series = inner.get(key);
    if (series === undefined) {
      inner.set(key, (series = { shown: show(names, labels), value: initial() }));
    }
    return series;
  }

  #keysOf(labels: LabelValues<Name>): readonly [outer: string, key: string] {
    const [first, ...others] = this.#options.labelNames ?? [];
    const outer = first === undefined ? "" : labels[first];
    const key = others.length === 1 ? labels[others[0] as Name] : others.map((name) => labels[name]).join("\0");
    return [outer, key];
  }

  *lines(): Generator<string> {
    yield head(this.description);
    for (const inner of this.#series.values())
      for (const { shown, value } of inner.values()) yield* this.linesOf(shown, value);
  }

  protected abstract linesOf(shown: Shown, value: Value): Iterable<string>;
}

/** A metric with one value per series, addressed by its labels. */
type Given<Name extends string> = readonly [value: number] | readonly [labels: LabelValues<Name>, value: number];

const labelled = <Name extends string>(given: Given<Name>): readonly [LabelValues<Name>, number] =>
  given.length === 1 ? [{} as LabelValues<Name>, given[0]] : given;

interface NumberOptions<Name extends string> extends MetricOptions<Name> {
  /** Returns the value at each scrape; only for metrics without labels. */
  readonly read?: () => number;
}

abstract class NumberMetric<Name extends string> extends Metric<Name, number> {
  readonly #read: (() => number) | undefined;

  protected constructor(kind: Kind, options: NumberOptions<Name>) {
    super(kind, options);
    this.#read = options.read;
    if (!options.labelNames) this.number({} as LabelValues<Name>);
  }

  protected number(labels: LabelValues<Name>): { value: number } {
    return this.at(labels, () => 0);
  }

  override lines(): Generator<string> {
    if (this.#read) this.number({} as LabelValues<Name>).value = this.#read();
    return super.lines();
  }

  protected *linesOf(shown: Shown, value: number): Iterable<string> {
    yield line(this.name, shown, value);
  }
}

/** A value that only grows, and starts at 0 again when the process restarts. */
export class Counter<Name extends string = never> extends NumberMetric<Name> {
  constructor(options: NumberOptions<Name>) {
    super("counter", options);
  }

  inc(labels: LabelValues<Name> = {} as LabelValues<Name>, by = 1): void {
    this.number(labels).value += by;
  }
}

/** A value that goes up and down. */
export class Gauge<Name extends string = never> extends NumberMetric<Name> {
  constructor(options: NumberOptions<Name>) {
    super("gauge", options);
  }

  set(...of: Given<Name>): void {
    const [labels, value] = labelled(of);
    this.number(labels).value = value;
  }
}

/** Values that are stored elsewhere and read at each scrape, so that thousands of them need no series here. */
export class ReadGauge<Name extends string> implements RegisteredMetric {
  readonly description: MetricDescription;
  readonly #options: MetricOptions<Name>;
  readonly #read: () => Iterable<readonly [LabelValues<Name>, number]>;

  constructor(options: MetricOptions<Name> & { readonly read: () => Iterable<readonly [LabelValues<Name>, number]> }) {
    this.description = describe(options, "gauge");
    this.#options = options;
    this.#read = options.read;
    for (const registry of options.registers) registry.add(this);
  }

  *lines(): Generator<string> {
    const { name, labelNames = [] } = this.#options;
    yield head(this.description);
    for (const [labels, value] of this.#read()) yield line(name, show(labelNames, labels), value);
  }
}

interface Observed {
  /** One more count than buckets: the last counts the values above all buckets. */
  readonly counts: number[];
  sum: number;
}

/** Counts observations in buckets. */
export class Histogram<Name extends string = never> extends Metric<Name, Observed> {
  readonly #buckets: readonly number[];

  /** `buckets` are upper bounds, in ascending order. */
  constructor(options: MetricOptions<Name> & { readonly buckets: readonly number[] }) {
    super("histogram", options);
    this.#buckets = options.buckets;
    if (!options.labelNames) this.#at({} as LabelValues<Name>);
  }

  /** Creates a series without an observation. */
  start(labels: LabelValues<Name>): void {
    this.#at(labels);
  }

  observe(...of: Given<Name>): void {
    const [labels, value] = labelled(of);
    const { value: observed } = this.#at(labels);
    const bucket = this.#buckets.findIndex((bound) => value <= bound);
    const index = bucket === -1 ? this.#buckets.length : bucket;
    observed.counts[index] = (observed.counts[index] ?? 0) + 1;
    observed.sum += value;
  }

  #at(labels: LabelValues<Name>): { value: Observed } {
    return this.at(labels, () => ({ counts: Array.from({ length: this.#buckets.length + 1 }, () => 0), sum: 0 }));
  }

  protected *linesOf(shown: Shown, { counts, sum }: Observed): Iterable<string> {
    const others = shown === "" ? "" : `,${shown}`;
    let total = 0;
    for (const [index, bound] of [...this.#buckets, "+Inf"].entries()) {
      total += counts[index] ?? 0;
      yield line(`${this.name}_bucket`, `le="${bound}"${others}`, total);
    }
    yield line(`${this.name}_sum`, shown, sum);
    yield line(`${this.name}_count`, shown, total);
  }
}

/** All metrics of one service. */
export class Registry {
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8";
  readonly #metrics: RegisteredMetric[] = [];

  add(metric: RegisteredMetric): void {
    this.#metrics.push(metric);
  }

  /** The registered metrics, in the order of the exposition. */
  get descriptions(): readonly MetricDescription[] {
    return this.#metrics.map(({ description }) => description);
  }

  async metrics(): Promise<string> {
    return (await this.slices()).join("");
  }

  /** Returns the metrics' text, built in slices; `pause` is awaited between two slices. */
  slices(pause: () => Promise<void> = nextTurn): Promise<readonly string[]> {
    return textInSlices(this.#metrics, pause);
  }
}

const line = (name: string, shown: Shown, value: number): string =>
  `${name}${shown === "" ? "" : `{${shown}}`} ${value}\n`;

const escape = (text: string): string => text.replace(/[\\\n"]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`));
