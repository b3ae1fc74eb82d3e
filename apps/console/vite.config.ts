import { defineConfig, type Plugin } from "vite";

/** The service that the development server asks for data. */
const service = process.env["TOCSIN_URL"] ?? "http://127.0.0.1:9877";
const proxy = { "/api": { target: service } };

/** Vite wraps each import of a screen in code that also loads its styles. All styles are in one file, so the import is enough. */
const plainImports: Plugin = {
  name: "plain-imports",
  enforce: "pre",
  load: (id) => (id.includes("vite/preload-helper") ? "export const __vitePreload = (load) => load();" : undefined),
};

export default defineConfig({
  // The page may stand below any path: the service writes it into index.html.
  base: "./",
  plugins: [plainImports],
  // The plug-in of Preact is not needed: only the import of JSX differs from the default.
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
  build: {
    outDir: "dist",
    target: "es2023",
    // Inlined files and scripts would need exceptions in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Besides the entry point and the screen: what the first screen needs, and what only others need.
          groups: [
            {
              name: "base",
              priority: 2,
              test: /node_modules|src\/(api|routing|format|live|keyboard)\/|src\/parts\/(clock|failure-notice|incident-rows|limiter-meter|live-count|loading|page-title|reason-text|severity-mark|state-mark|target-state|text|time-mark)\./,
            },
            { name: "parts", priority: 1, test: /src\/parts\// },
          ],
        },
      },
    },
  },
  server: { proxy },
  preview: { proxy },
});
