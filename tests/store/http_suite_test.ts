import { writeEntry } from "../../lib/store/_entry_file.ts";
import { placeOf } from "../../lib/store/_place.ts";
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

/** A folder of files as the fs store makes them, and a server that knows nothing else. */
function filesSubject(): StoreSubject {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const fetch = ({ url }: Request) => {
    const file = files.get(decodeURIComponent(new URL(url).pathname));
    return Promise.resolve(new Response(file ?? null, { status: file === undefined ? 404 : 200 }));
  };
  const open = () => httpStore("https://example.org/cache", { files: true, fetch });
  return {
    store: open(),
    reopen: open,
    fill: (key, bytes) => {
      const { folders, shard, file } = placeOf(key);
      const path = ["/cache/v1", ...folders, shard, file].join("/");
      files.set(path, writeEntry(key, bytes, Infinity));
      return Promise.resolve();
    },
  };
}

await runSuite("http files", filesSubject);
