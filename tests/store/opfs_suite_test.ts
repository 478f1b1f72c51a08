import { opfsStore } from "../../lib/store/opfs/mod.ts";
import { runSuiteOn } from "./_suite.ts";

let made = 0;

await runSuiteOn(
  ["chromium", "firefox"],
  "needs the origin private file system",
  "opfs",
  async () => {
    const name = `suite ${made++} ${crypto.randomUUID()}`;
    const path = `tests/${name}`;
    return {
      store: await opfsStore(path),
      reopen: () => opfsStore(path),
      cleanup: async () => {
        const root = await navigator.storage.getDirectory();
        const tests = await root.getDirectoryHandle("tests");
        await tests.removeEntry(name, { recursive: true });
      },
    };
  },
);
