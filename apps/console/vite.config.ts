import { defineConfig } from "vite";

/** The service that the development server asks for data. */
const service = process.env["TOCSIN_URL"] ?? "http://127.0.0.1:9877";
const proxy = { "/api": { target: service } };

export default defineConfig({
  // The page may stand below any path: see src/routing/base-path.ts.
  base: "./",
  // The plug-in of Preact is not needed: only the import of JSX differs from the default.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    target: "es2023",
    // Inlined files and scripts would need exceptions in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: true,
  },
  server: { proxy },
  preview: { proxy },
});
