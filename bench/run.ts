// npm run bench -- storm client cache …: runs these questions, one after the other.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const dir = new URL("./", import.meta.url);
const known = readdirSync(dir)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts" && !file.endsWith(".test.ts"))
  .map((file) => file.slice(0, -3));
const asked = process.argv.slice(2);
if (asked.length === 0) {
  console.log(`Usage: npm run bench -- QUESTION…\nQuestions: ${known.join(" ")}`);
  process.exit(2);
}
for (const question of asked) {
  const file = new URL(`${question}.ts`, dir);
  if (!existsSync(file) || !known.includes(question)) {
    console.error(`No such question: ${question}. Known: ${known.join(" ")}`);
    process.exit(2);
  }
  const { status } = spawnSync(process.execPath, [...process.execArgv, file.pathname], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
