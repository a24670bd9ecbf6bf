import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte(), svelteTesting()],
  clearScreen: false,
  // Beside the packages, where nobody looks for sources.
  cacheDir: "../node_modules/.vite",
  server: {
    port: 1420,
    strictPort: true,
    host: "127.0.0.1",
    // node_modules is beside ui/, not inside it.
    fs: { allow: [".."] },
  },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: ["es2022", "chrome111", "safari16.4"],
    modulePreload: { polyfill: false },
    // The content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["./src/test-setup.ts"],
    clearMocks: true,
    // A busy machine is no reason to fail.
    testTimeout: 30_000,
    // The machine's own zone must not decide whether the tests pass.
    env: { TZ: "Europe/Amsterdam" },
  },
});
