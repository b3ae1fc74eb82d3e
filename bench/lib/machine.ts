import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";

/** CPU seconds that a process and its ended children used, user and system. Linux only. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  return ticks / 100;
}

/** CPU seconds of a process and all that it started and that still runs, and of those that ended. */
export function treeCpuSeconds(pid: number): number {
  let sum = cpuSeconds(pid);
  for (const other of readdirSync("/proc")) {
    if (!/^\d+$/.test(other)) continue;
    try {
      const parent = readFileSync(`/proc/${other}/stat`, "utf8").split(") ")[1]?.split(" ")[1];
      if (Number(parent) === pid) sum += treeCpuSeconds(Number(other));
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}

/** Highest resident size so far, MiB. */
export const peakRssMiB = (pid: number): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);

/** CPU seconds of the whole machine: busy in all, to tell how much others used. */
export function machineBusySeconds(): number {
  const fields = /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]?.split(" ").map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) / 100;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

export const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

export function printTable(rows: readonly (readonly (string | number)[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length))) ?? [];
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0)))
        .join("  "),
    );
}

/** Keeps a result beside the machine and the date that it was measured on. */
export function writeResult(name: string, result: unknown): void {
  const dir = new URL("../results/", import.meta.url);
  mkdirSync(dir, { recursive: true });
  const machine = {
    cpus: os.cpus().length,
    model: os.cpus()[0]?.model,
    memoryMiB: Math.round(os.totalmem() / 2 ** 20),
  };
  const json = { date: new Date().toISOString(), node: process.version, machine, ...(result as object) };
  writeFileSync(new URL(`${name}.json`, dir), `${JSON.stringify(json, null, 2)}\n`);
}
