// `npm run fuzz -- <minutes>`: feeds changed inputs to everything that reads texts and files from outside, each target for
// that long (10 minutes unless told). Inputs that lead somewhere new join the corpus in tests/fuzz/corpus.
import { must, script, Stop } from "./process.mjs";
import { checkTools } from "./setup.mjs";

await script(async () => {
  const minutes = Number(process.argv[2] ?? 10);
  if (!(minutes > 0)) throw new Stop("Usage: npm run fuzz [-- <minutes for each target>]");
  checkTools();
  const env = { ...process.env, CIPP_DESK_FUZZ_MINUTES: String(minutes) };
  const release = ["test", "--release", "--locked"];
  await must("cargo", [...release, "-p", "cipp-desk-fuzz", "--", "--nocapture"], { env });
  await must("cargo", [...release, "-p", "cipp-client", "--lib", "fuzz_", "--", "--nocapture"], { env });
  return 0;
});
