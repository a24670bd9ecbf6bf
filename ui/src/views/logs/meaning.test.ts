import { cleanup, screen, waitFor, within } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  entry,
  explained,
  failure,
  FakeLog,
  refusal,
  row,
  secretWrong,
} from "../../backend/samples";
import { answerCommands, settled, stopAnswering, type Answers } from "../../backend/testing";
import { Meanings } from "./meaning.svelte";
import { many, openView, rowsShown } from "./view-testing";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

const asked = (calls: { command: string }[]) =>
  calls.filter(({ command }) => command === "explain_text");

async function openEntry(answers: Answers) {
  const opened = await openView(new FakeLog(many(20)), {
    answers: { open_link: () => null, ...answers },
  });
  await opened.user.click((await rowsShown())[0] as HTMLElement);
  await screen.findByTestId("detail-message");
  await settled();
  return opened;
}

describe("what an entry means", () => {
  test("is folded, marked as the app's own words, with every cause", async () => {
    const { app, calls, user } = await openEntry({
      explain_text: () =>
        explained({ failures: [secretWrong(), failure({ certain: false, title: "It is gone." })] }),
    });
    const meaning = await screen.findByTestId("meaning");
    expect(meaning).not.toHaveAttribute("open");
    expect(meaning).toHaveTextContent("The client secret is wrong.");
    expect(meaning).toHaveTextContent("CIPP Desk's explanation");
    expect(meaning).toHaveTextContent("2 causes look like this.");
    expect(meaning).toHaveTextContent("Probably: It is gone.");
    expect(meaning).toHaveTextContent("Source: CyberDrain/CIPP docs");
    expect(screen.getByTestId("detail-message")).toHaveTextContent(/^Message 0$/);
    await user.click(meaning.querySelector("summary") as HTMLElement);
    const result = await axe.run(meaning, { rules: { "color-contrast": { enabled: false } } });
    expect(result.violations.map(({ id }) => id)).toEqual([]);
    await user.click(within(meaning).getAllByTestId("explanation-link")[0] as HTMLElement);
    expect(calls.find(({ command }) => command === "open_link")?.args).toEqual({
      url: "https://docs.cipp.app/api",
    });
    await user.click(within(meaning).getByTestId("explanation-step"));
    expect(app.wantedStep).toBe("enable-the-cipp-api/create");
  });
  test("of a code that is not known leads to Microsoft's page", async () => {
    const page = "https://login.microsoftonline.com/error?code=50999";
    const { calls, user } = await openEntry({
      explain_text: () => explained({ unknownCodes: [{ code: 50_999, page }] }),
    });
    const meaning = await screen.findByTestId("meaning");
    await user.click(meaning.querySelector("summary") as HTMLElement);
    expect(meaning).toHaveTextContent("AADSTS50999 is a code of Microsoft");
    await user.click(within(meaning).getByRole("button"));
    expect(calls.find(({ command }) => command === "open_link")?.args).toEqual({ url: page });
  });
  test("is nothing where nothing was recognised, or it cannot be asked", async () => {
    await openEntry({
      explain_text: () => {
        throw refusal();
      },
    });
    expect(screen.queryByTestId("meaning")).toBeNull();
    expect(screen.queryByTestId("logs-failure")).toBeNull();
  });
});

describe("asking for it", () => {
  const one = entry(row(0, { message: "AADSTS7000215" }));
  const two = entry(row(1, { message: "AADSTS700082" }));

  test("sends message and data, once an entry", async () => {
    const calls = answerCommands({ explain_text: () => explained() });
    const meanings = new Meanings();
    await meanings.of(one);
    await meanings.of(two);
    await meanings.of(one);
    expect(asked(calls)).toHaveLength(2);
    expect(calls[0]?.args.text).toBe(`AADSTS7000215\n${one.logData}`);
    expect(meanings.shown?.id).toBe(one.id);
    meanings.forget();
    await meanings.of(one);
    expect(asked(calls)).toHaveLength(3);
  });
  test("drops what comes late, and keeps it for the next look", async () => {
    const answers: ((answer: unknown) => void)[] = [];
    const calls = answerCommands({
      explain_text: () => new Promise((resolve) => answers.push(resolve)),
    });
    const meanings = new Meanings();
    const first = meanings.of(one);
    const second = meanings.of(two);
    await waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.(explained({ failures: [failure()] }));
    await second;
    answers[0]?.(explained({ failures: [secretWrong()] }));
    await first;
    expect(meanings.shown?.explained.failures[0]?.id).toBe("client-not-saved");
    await meanings.of(one);
    expect(meanings.shown?.explained.failures[0]?.id).toBe("secret-wrong");
    expect(asked(calls)).toHaveLength(2);
  });
  test("sends only the beginning of what is very long", async () => {
    const calls = answerCommands({ explain_text: () => explained() });
    await new Meanings().of(entry(row(0), { logData: "x".repeat(900_000) }));
    expect(String(calls[0]?.args.text).length).toBe(200_000);
  });
});
