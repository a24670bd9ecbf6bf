import { cleanup, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import CopyButton from "./CopyButton.svelte";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

test("a system that refuses the clipboard is told of, with the other way", async () => {
  const user = userEvent.setup();
  vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("not here"));
  document.execCommand = () => false;
  render(CopyButton, { text: "abc", label: "Copy" });
  await user.click(screen.getByRole("button"));
  expect(await screen.findByText(/Not copied: the system did not allow it/)).toBeVisible();
  expect(screen.getByRole("button")).toHaveTextContent("Copy");
});
