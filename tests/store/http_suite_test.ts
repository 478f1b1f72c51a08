import { httpStore, serveStore } from "../../lib/store/http/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { StoreSubject } from "../../lib/store/mod.ts";
import { startServer } from "../servers/http.ts";
import { runtime } from "../harness.ts";
import { runSuite } from "./_suite.ts";

const TOKEN = "a-token-that-may-write";

/** A server of its own: a real one where the runtime can listen, and its handler elsewhere. */
function subject(): StoreSubject {
  const served = memoryStore();
  const handler = serveStore(served, { readToken: "another", writeToken: TOKEN, prefix: "/cache" });
  if (runtime !== "deno" && runtime !== "bun") {
    const open = () => httpStore("https://example.org/cache", { token: TOKEN, fetch: handler });
    return { store: open(), reopen: open, cleanup: () => served[Symbol.asyncDispose]() };
  }
  const server = startServer(handler);
  const open = () => httpStore(`${server.url}cache`, { token: TOKEN });
  return {
    store: open(),
    reopen: open,
    cleanup: async () => {
      await server[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

await runSuite("http", subject);
