import { type OpfsStore, opfsStore } from "../../lib/store/opfs/mod.ts";
import { assert } from "../harness.ts";
import { sample, testOpfs } from "./_opfs.ts";
import type { PeerAnswer, PeerCalls } from "./opfs_peer_worker.ts";

const SCRIPT = new URL("./opfs_peer_worker.ts", import.meta.url);
const LARGE = 100_000;

/** Another tab or worker. */
interface Peer {
  /** Calls it; calls are answered in turn. */
  call<Name extends keyof PeerCalls>(
    name: Name,
    ...args: Parameters<PeerCalls[Name]>
  ): Promise<Awaited<ReturnType<PeerCalls[Name]>>>;
  /** Ends it as a crash would. */
  kill(): void;
}

/** The ways to be another one: a frame is all that a tab is, to locks and channels. */
const PEERS: Readonly<Record<string, () => Promise<Peer>>> = {
  "worker": () => {
    const worker = new Worker(SCRIPT, { type: "module" });
    const { port1, port2 } = new MessageChannel();
    worker.postMessage("start", [port2]);
    return Promise.resolve(peerAt(port1, () => worker.terminate()));
  },
  "page": async () => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const script = frame.contentDocument!.createElement("script");
    script.type = "module";
    script.src = SCRIPT.href;
    const loaded = new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = reject;
    });
    frame.contentDocument!.body.append(script);
    await loaded;
    const { port1, port2 } = new MessageChannel();
    frame.contentWindow!.postMessage("start", "*", [port2]);
    return peerAt(port1, () => frame.remove());
  },
};

function peerAt(port: MessagePort, kill: () => void): Peer {
  const waiting: PromiseWithResolvers<unknown>[] = [];
  port.onmessage = ({ data }: MessageEvent<PeerAnswer>) => {
    const answer = waiting.shift()!;
    if ("error" in data) answer.reject(new Error(data.error));
    else answer.resolve(data.value);
  };
  return {
    call: (name, ...args) => {
      const answer = Promise.withResolvers<unknown>();
      waiting.push(answer);
      port.postMessage({ name, args });
      return answer.promise as Promise<never>;
    },
    kill,
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** A test with a store here and one on the same path in another tab or worker. */
function testTwo(
  fact: string,
  body: (store: OpfsStore, peer: Peer, path: string) => Promise<void>,
): void {
  for (const [kind, start] of Object.entries(PEERS)) {
    testOpfs(`opfsStore(), with a ${kind} beside it, ${fact}`, async (path) => {
      const peer = await start();
      try {
        await peer.call("open", path);
        await using store = await opfsStore(path);
        await body(store, peer, path);
        await peer.call("close");
      } finally {
        peer.kill();
      }
    });
  }
}

testTwo("sees at once what the other does", async (store, peer) => {
  for (let round = 0; round < 5; round++) {
    await peer.call("set", "key", sample(10, round));
    assert.deepEqual(await store.get("key"), sample(10, round));
    await store.set("key", sample(LARGE, round));
    assert.deepEqual(await peer.call("get", "key"), sample(LARGE, round));
    assert.isTrue(await peer.call("delete", "key"));
    assert.isUndefined(await store.get("key"));
  }
});

testTwo("sees what the other does after it was alone for long", async (store, peer) => {
  await peer.call("set", "key", sample(10));
  // By now it reads without a look at the files.
  for (let i = 0; i < 50; i++) assert.deepEqual(await store.get("key"), sample(10));
  await peer.call("set", "key", sample(10, 2));
  assert.deepEqual(await store.get("key"), sample(10, 2));
});

testTwo("loses nothing of what both write at once", async (store, peer) => {
  const count = 100;
  const [mine, theirs] = ["mine", "theirs"];
  await Promise.all([
    peer.call("setMany", theirs, count),
    ...Array.from({ length: count }, (_, i) => store.set(`${mine} ${i}`, sample(i))),
  ]);
  const expected = [mine, theirs].flatMap((name) =>
    Array.from({ length: count }, (_, i) => `${name} ${i}`)
  ).sort();
  assert.deepEqual(await peer.call("keys"), expected);
  assert.deepEqual((await Array.fromAsync(store.list())).map(({ key }) => key).sort(), expected);
  assert.deepEqual(await peer.call("get", `${mine} 50`), sample(50));
  assert.deepEqual(await store.get(`${theirs} 50`), sample(50));
});

for (const size of [60_000, LARGE]) {
  testTwo(`reads ${size} bytes whole while the other replaces them`, async (store, peer) => {
    await peer.call("set", "key", sample(size, 0));
    await peer.call("set", "other", sample(size, 0));
    const versions = Array.from({ length: 61 }, (_, seed) => sample(size, seed));
    let writing = true;
    // Enough for the log to be cleaned meanwhile.
    const written = peer.call("overwrite", "key", size, 60).finally(() => writing = false);
    while (writing) {
      // What is in memory is read without a turn of the event loop, which would keep us from all
      // that the other says.
      await nextTurn();
      const bytes = await store.get("key");
      assert.deepEqual(bytes, versions.find(([first]) => first === bytes![0]), "a mixture");
    }
    await written;
    assert.deepEqual(await store.get("key"), sample(size, 60));
    assert.deepEqual(await store.get("other"), sample(size, 0));
  });
}

testTwo("opens by the index that the other saves again and again", async (store, peer, path) => {
  await store[Symbol.asyncDispose]();
  const count = 1500;
  let writing = true;
  let seen = 0;
  const written = peer.call("setMany", "theirs", count).finally(() => writing = false);
  while (writing) {
    await using again = await opfsStore(path);
    const keys = await Array.fromAsync(again.list(), ({ key }) => key);
    assert.isAtLeast(keys.length, seen, "what was there is there no more");
    seen = keys.length;
    if (seen > 0) assert.isDefined(await again.get(keys[seen - 1]));
    await again.set("mine", sample(seen % 100));
    assert.deepEqual(await again.get("mine"), sample(seen % 100));
    await nextTurn();
  }
  await written;
  await using again = await opfsStore(path);
  for (let i = 0; i < count; i += 50) assert.deepEqual(await again.get(`theirs ${i}`), sample(i));
  assert.lengthOf(await Array.fromAsync(again.list()), count + 1);
});

testTwo("frees the lease of the other when that dies", async (store, peer, path) => {
  const token = (await peer.call("lease", "key", 3_600_000))!;
  assert.isUndefined(await store.lease("key", 1000));
  assert.isUndefined(await store.lease("key", 1000));
  peer.kill();
  await using second = await opfsStore(path);
  let lease = await second.lease("key", 1000);
  while (lease === undefined) {
    await nextTurn();
    lease = await second.lease("key", 1000);
  }
  assert.isAbove(lease.token, token);
  peer.call = () => Promise.resolve() as Promise<never>;
});

testTwo("goes on when the other dies amid its writes", async (store, peer) => {
  void peer.call("overwrite", "key", 1000, 1_000_000);
  while (await store.get("key") === undefined) {
    await nextTurn();
  }
  peer.kill();
  await store.set("key", sample(7));
  assert.deepEqual(await store.get("key"), sample(7));
  peer.call = () => Promise.resolve() as Promise<never>;
});

testOpfs("opfsStore() keeps the contract in a worker as well", async (path) => {
  await (await opfsStore(path))[Symbol.asyncDispose]();
  const peer = await PEERS.worker();
  try {
    assert.isAbove(await peer.call("suite", ["persistence", "lease"]), 10);
  } finally {
    peer.kill();
  }
});
