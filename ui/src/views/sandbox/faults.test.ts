import { afterEach, describe, expect, test } from "vitest";
import { connection, FAULTS, refusal, startAnswers } from "../../backend/samples";
import { answerCommands, settled, stopAnswering, type Answers } from "../../backend/testing";
import { AppState } from "../../lib/app.svelte";
import { FaultsState } from "./faults.svelte";

afterEach(stopAnswering);

async function open(answers: Answers = {}) {
  const sandbox = connection({ id: "s1", sandbox: true });
  const calls = answerCommands(
    startAnswers({
      sandbox_start: () => sandbox,
      fault_play: () => ({ ...sandbox, apiUrl: "https://website" }),
      ...answers,
    }),
  );
  const app = new AppState();
  await app.startSandbox();
  const faults = new FaultsState(app, () => 0.99);
  await faults.load();
  const played = () =>
    calls.filter(({ command }) => command === "fault_play").map(({ args }) => args.name);
  return { app, faults, played };
}

describe("breaking the sandbox", () => {
  test("takes over the connection as the technician would have it", async () => {
    const { app, faults } = await open();
    expect(await faults.play("wrong_secret")).toBe(true);
    expect(app.current?.apiUrl).toBe("https://website");
    await app.readConnections();
    expect(app.current?.apiUrl).toBe("https://website");
  });
  test("asked for twice is one", async () => {
    const { faults, played } = await open();
    const first = faults.play("wrong_secret");
    expect(await faults.play("not_saved")).toBe(false);
    expect(await first).toBe(true);
    expect(played()).toEqual(["wrong_secret"]);
  });
  test("by lot takes another one each time", async () => {
    const { faults } = await open();
    await faults.surprise();
    expect(faults.playing).toBe("clock_off");
    expect(faults.title).not.toContain("clock");
    await faults.surprise();
    expect(faults.playing).toBe("not_saved");
  });
  test("what is played already is known at the start", async () => {
    const { faults, played } = await open({ fault_playing: () => "not_saved" });
    expect(faults.title).toBe("Not saved to Azure");
    expect(await faults.repair()).toBe(true);
    expect(await faults.repair()).toBe(false);
    expect(played()).toEqual([null]);
  });
  test("that failed leaves everything as it was", async () => {
    const { app, faults } = await open({
      fault_play: () => {
        throw refusal({ message: "It does not run." });
      },
    });
    expect(await faults.play("not_saved")).toBe(false);
    expect(faults.playing).toBeNull();
    expect(faults.failure?.message).toBe("It does not run.");
    expect(app.current?.apiUrl).toContain("cipp-k7x2q");
  });
  test("whose faults could not be read are asked for again", async () => {
    let fails = true;
    const { faults } = await open({
      faults: () => {
        if (fails) throw refusal();
        return FAULTS;
      },
    });
    expect(faults.loaded).toBe(false);
    fails = false;
    await faults.load();
    await settled();
    expect(faults.find("azure")).toHaveLength(1);
  });
});
