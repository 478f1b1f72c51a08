import { createCache, memoryStore } from "../../../mod.ts";
import { EncodeError } from "../../../lib/errors.ts";
import { assert, rejects, test } from "../../harness.ts";

test("blobs, files, requests and responses are arguments of persistent functions by content", async () => {
  const deja = createCache({ store: memoryStore() });
  let runs = 0;
  const read = deja.persistent("read", async ({ body }: { body: Blob | Request | Response }) => {
    runs++;
    return await body.text();
  });
  const makers: ((text: string) => Blob | Request | Response)[] = [
    (text) => new Blob([text]),
    (text) => new File([text], "name"),
    (text) => new Request("http://localhost/", { method: "POST", body: text }),
    (text) => new Response(text),
  ];
  for (const make of makers) {
    runs = 0;
    for (const text of ["a", "b", "a", "b"]) assert.equal(await read({ body: make(text) }), text);
    assert.equal(runs, 2);
  }
});

test("closed-over blobs are part of the key of a persistent function", async () => {
  const deja = createCache({ store: memoryStore() });
  let blob = new Blob(["a"]);
  const size = deja.persistent("size", async () => (await blob.arrayBuffer()).byteLength, {
    closure: () => ({ blob }),
  });
  assert.equal(await size(), 1);
  blob = new Blob(["aa"]);
  assert.equal(await size(), 2);
});

test("a body that was read already is an error that says where it stands", async () => {
  const deja = createCache({ store: memoryStore() });
  const read = deja.persistent("read", async (response: Response) => await response.text());
  const response = new Response("a");
  await response.text();
  const error = await rejects(read(response), EncodeError, /read already/);
  assert.match(error.message, /Response at response\d*:/);
});
