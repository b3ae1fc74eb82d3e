import type { Service } from "./tocsin.ts";

/** One scrape, to be asked for values. */
export class Scrape {
  readonly #samples: readonly { readonly name: string; readonly labels: string; readonly value: number }[];

  private constructor(text: string) {
    this.#samples = Array.from(
      text.matchAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm),
      ([, name = "", labels = "", value]) => ({ name, labels, value: Number(value) }),
    );
  }

  static async of(service: Service): Promise<Scrape> {
    return new Scrape((await service.get("/metrics")).text);
  }

  has(name: string): boolean {
    return this.#samples.some((sample) => sample.name === name);
  }

  /** Sum of all samples of that name with these labels; 0 where there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return this.#samples
      .filter((sample) => sample.name === name && wanted.every((label) => sample.labels.split(",").includes(label)))
      .reduce((sum, { value }) => sum + value, 0);
  }
}
