import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import { defineConfig, globalIgnores } from "eslint/config";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

// With --config, patterns here are relative to the directory eslint is run in (the repo root).
export default defineConfig(
  globalIgnores(["**/dist/", "**/bindings.ts"]),
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js"] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"],
      },
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    // The one door: everything else asks ui/src/backend for what it needs.
    files: ["**/src/**"],
    ignores: ["**/src/backend/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: ["@tauri-apps/*", "**/bindings", "**/bindings.ts"] },
      ],
    },
  },
  // Tests answer as Rust does, with plain objects.
  {
    files: ["**/*.test.ts", "**/backend/samples.ts", "**/backend/fake-log.ts"],
    rules: { "@typescript-eslint/only-throw-error": "off" },
  },
);
