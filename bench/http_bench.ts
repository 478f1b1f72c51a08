/**
 * Races `httpStore` on a server of `serveStore` against bare `fetch` on a server that hands out and
 * takes the same bytes, on Deno over loopback, and prints the table.
 *
 * ```sh
 * deno task bench:http [--save]
 * ```
 *
 * @module
 */
import { httpStore, serveStore } from "../lib/store/http/mod.ts";
import { memoryStore } from "../lib/store/memory.ts";
import { contest } from "./remote/contest.ts";
import { saveReport, where } from "./shared/markdown.ts";

const LISTEN = { hostname: "127.0.0.1", port: 0, onListen: () => {} };

let kept = new Uint8Array(0);
const plain = Deno.serve(LISTEN, async (request) => {
  if (request.method === "GET") return new Response(kept);
  kept = new Uint8Array(await request.arrayBuffer());
  return new Response(null, { status: 204 });
});
const served = Deno.serve(LISTEN, serveStore(memoryStore(), { writeToken: "token" }));
const address = `http://127.0.0.1:${plain.addr.port}/`;

const report = [
  "# HTTP",
  `\`deno task bench:http\`, Deno ${Deno.version.deno}, ${where()}. \`httpStore\` on \`serveStore\` ` +
  "over a memory store, against bare `fetch` on a server that keeps one value. The store frames " +
  "the bytes, checks the token, and hashes what it hands out for the ETag.",
  await contest(
    httpStore(`http://127.0.0.1:${served.addr.port}/`, { token: "token" }),
    {
      get: async () => await (await fetch(address)).arrayBuffer(),
      put: async (body) => await (await fetch(address, { method: "PUT", body })).body?.cancel(),
    },
  ),
].join("\n\n") + "\n";
await Promise.all([plain.shutdown(), served.shutdown()]);
console.log(report);
if (Deno.args.includes("--save")) await saveReport("http", report);
