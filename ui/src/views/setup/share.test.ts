import { screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, test } from "vitest";
import type { StepProgress } from "../../backend";
import { checklistView, connection, refusal } from "../../backend/samples";
import { settled } from "../../backend/testing";
import { ago, confirmed, failed, HOUR, LIST, open, tidy, violations } from "./setup-testing";

afterEach(tidy);

describe("an import", () => {
  const item = {
    at: ago(HOUR),
    by: "ben",
    kind: "failed" as const,
    text: "cipp-listlogs: 403",
    times: 2,
    undone: false,
    evidence: null,
  };
  const conflict: Partial<StepProgress> = {
    ...confirmed,
    conflict: {
      importedAt: ago(HOUR),
      importedBy: "jo",
      theirs: failed.state ?? { kind: "todo" },
      theirNote: "Role is too small.",
      theirHistory: [item],
    },
  };

  test("brings steps in; where both went on apart a person chooses side by side", async () => {
    const { sent, user } = await open(
      {},
      {
        answers: {
          choose_checklist_file: () => "/home/jo/run.json",
          checklist_import: () => ({
            merged: {
              taken: [{ checklist: LIST, step: "know" }],
              conflicts: [{ checklist: LIST, step: "create" }],
              otherVariants: [],
            },
            views: [checklistView({ create: conflict })],
          }),
          checklist_change: () => checklistView({ create: failed }),
        },
      },
    );
    await user.click(screen.getByTestId("run-import"));
    await user.click(await screen.findByText("Choose…"));
    await waitFor(() => expect(screen.getByTestId("import-path")).toHaveValue("/home/jo/run.json"));
    await user.click(screen.getByTestId("import-open"));
    await waitFor(() =>
      expect(screen.getByTestId("import-done")).toHaveTextContent(
        "1 step came in. At 1 step both went on apart: choose there.",
      ),
    );
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("import-conflict"));
    const both = await screen.findByTestId("step-conflict");
    expect(both).toHaveTextContent("Confirmed by hand");
    expect(both).toHaveTextContent("Role is too small.");
    expect(both).toHaveTextContent("Check failed, 2 times");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("conflict-theirs"));
    await waitFor(() => expect(screen.queryByTestId("step-conflict")).toBeNull());
    expect(sent("checklist_change")[0]?.change).toEqual({ kind: "settle", kept: "theirs" });
  });

  test("of something else is refused in words", async () => {
    const { user } = await open(
      {},
      {
        answers: {
          checklist_import: () => {
            throw refusal({ code: "notARun", message: "This is not an exported checklist run." });
          },
        },
      },
    );
    await user.click(screen.getByTestId("run-import"));
    await user.type(await screen.findByTestId("import-path"), "/tmp/x.json{Enter}");
    expect(await screen.findByTestId("import-failure")).toHaveTextContent("not an exported");
  });
});

describe("the report", () => {
  test("is written where a person says, replaces nothing unasked, and can be opened", async () => {
    let there = true;
    const { sent, user } = await open(
      {},
      {
        answers: {
          checklist_file_name: ({ file }) =>
            `/home/jo/Downloads/Contoso ${file === "markdown" ? "x.md" : "x.html"}`,
          checklist_write: ({ overwrite }) => {
            if (there && !overwrite) throw refusal({ code: "fileExists" });
            there = false;
            return null;
          },
        },
      },
    );
    await user.click(screen.getByTestId("setup-share"));
    const path = await screen.findByTestId("share-path");
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso x.html"));
    await user.click(screen.getByTestId("report-markdown"));
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso x.md"));
    await user.click(screen.getByTestId("report-html"));
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso x.html"));
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("share-save"));
    await user.click(await screen.findByText("Replace it"));
    expect(await screen.findByTestId("share-done")).toHaveTextContent("Contoso x.html");
    await user.click(screen.getByText("Open it in the browser"));
    await waitFor(() => expect(sent("checklist_write").at(-1)).toMatchObject({ show: true }));
    expect(sent("checklist_write")[0]).toMatchObject({
      connectionId: "c1",
      file: "html",
      overwrite: false,
    });
  });

  test("stays what it is while it is written, and says what was written where", async () => {
    let end: (value: unknown) => void = () => undefined;
    const { sent, user } = await open(
      {},
      {
        answers: {
          checklist_file_name: ({ file }) => `/home/jo/x.${file === "html" ? "html" : "md"}`,
          checklist_write: () => new Promise((resolve) => (end = resolve)),
        },
      },
    );
    await user.click(screen.getByTestId("setup-share"));
    const path = await screen.findByTestId("share-path");
    await waitFor(() => expect(path).toHaveValue("/home/jo/x.html"));
    await user.click(screen.getByTestId("share-save"));
    await user.click(screen.getByTestId("report-markdown"));
    await user.type(path, "y");
    await user.click(screen.getByTestId("share-save"));
    end(null);
    expect(await screen.findByTestId("share-done")).toHaveTextContent("/home/jo/x.html");
    expect(sent("checklist_write")).toHaveLength(1);
  });
});

test("a run that came in for one connection is not shown at another", async () => {
  let end: (value: unknown) => void = () => undefined;
  const { app, user } = await open(
    {},
    {
      answers: {
        connections_list: () => [connection(), connection({ id: "c2", name: "Northwind" })],
        checklist_import: () => new Promise((resolve) => (end = resolve)),
      },
    },
  );
  await user.click(screen.getByTestId("run-import"));
  await user.type(await screen.findByTestId("import-path"), "/tmp/x.json{Enter}");
  app.currentId = "c2";
  await waitFor(() => expect(screen.getByTestId("setup-for")).toHaveTextContent("For Northwind"));
  end({
    merged: { taken: [], conflicts: [], otherVariants: [] },
    views: [checklistView({ create: confirmed })],
  });
  await settled();
  expect(screen.getByTestId("step-create")).toHaveAttribute("data-state", "todo");
});
