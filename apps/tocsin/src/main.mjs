#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --conditions=@tocsin/source --max-semi-space-size=8
// Uses a young generation of 24 MB instead of 48, because the objects of an event are short-lived, and two malloc arenas
// instead of eight per core, so that one thread can reuse memory that another thread freed (bench/README.md).
import module from "node:module";
import { fileURLToPath } from "node:url";

// No named import of a newer feature: in an older Node it would fail with a stack before this message could be printed.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Tocsin needs Node 22.18 or newer; this is ${process.version}. In a checkout, run "npm start -- COMMAND", which uses the Node of node_modules.`,
  );
  process.exit(1);
}

// A diagnostic report would hold the environment, and with it the passwords of proxies and every secret in a variable.
process.report.excludeEnv = true;

// From the second start on, types need no stripping and code no compiling: this saves start time and 31 MB of memory, half
// of it because this file has no types itself, so that the type stripper is never loaded. Threads find the cache by the
// environment variable. The cache is beside the code, where only users who may change the code may change it: in node_modules of
// the checkout, or in the folder of the installed package. If this folder cannot be written, there is no cache.
const nodeModules = import.meta.url.endsWith("/src/main.mjs") ? "../../../node_modules/" : "../node_modules/";
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL(`${nodeModules}.cache/tocsin`, import.meta.url));
module.enableCompileCache();

const { runProgram } = await import("./cli/program.ts");
const { processTerminal } = await import("./cli/terminal.ts");
setTimeout(module.flushCompileCache, 10_000).unref();
process.exitCode = await runProgram(process.argv.slice(2), processTerminal());
