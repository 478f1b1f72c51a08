/**
 * A real `denokv` server for tests, and the files of local databases. Deno only.
 *
 * @module
 */

import { runtime } from "../harness.ts";
import { ask, findProgram, type Server, startServer } from "./process.ts";

/** What clients of the server have to say to it. */
const TOKEN = "a token for tests";

/** Why tests that need Deno KV skip this runtime; `undefined` where they run. */
export function whyNoDenoKv(): string | undefined {
  return runtime === "deno" ? undefined : "needs Deno KV";
}

/** Why tests that need the server skip this runtime or machine; `undefined` where they run. */
export async function whyNoDenoKvServer(): Promise<string | undefined> {
  const because = whyNoDenoKv();
  if (because !== undefined) return because;
  if (await findProgram("denokv") === undefined) {
    return "denokv is not installed (deno task denokv builds it with cargo)";
  }
}

/** Starts a server, and sets the token by which this process may use it. */
export async function startDenoKv(): Promise<Server & { readonly url: string }> {
  const command = (await findProgram("denokv"))!;
  const server = await startServer({
    command,
    args: (port, folder) => [
      ...["--sqlite-path", `${folder}/database`, "serve"],
      ...["--addr", `127.0.0.1:${port}`, "--access-token", TOKEN],
    ],
    isReady: async (port) => (await ask(port, "GET / HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.0"),
  });
  Deno.env.set("DENO_KV_ACCESS_TOKEN", TOKEN);
  return { ...server, url: `http://127.0.0.1:${server.port}` };
}
