import "@testing-library/jest-dom/vitest";
import { configure } from "@testing-library/svelte";

// A busy machine is no reason to fail.
configure({ asyncUtilTimeout: 10_000 });
