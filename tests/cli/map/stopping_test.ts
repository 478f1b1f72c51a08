import { assert, type RunningScript } from "../../harness.ts";
import { fixture, linesTo, testDeja, untilWritten } from "../_deja.ts";

const functions = fixture("functions");

testDeja(
  "map at Ctrl-C says how far it came, and the next run goes on from there",
  async (place) => {
    place.write("inputs.jsonl", linesTo(6));
    const words = ["map", functions, "gated", "inputs.jsonl", "--concurrency=2"];
    const interrupt = async (child: RunningScript) => {
      const waits = untilWritten(child.stderr, /^Waits 3 s for 2 calls under way; Ctrl-C again /m);
      await untilWritten(child.stdout, /^3$/m);
      child.kill("SIGINT");
      await waits;
      child.kill("SIGINT");
    };
    const stopped = await place.deja(words, { onStart: (child) => void interrupt(child) });
    assert.deepEqual([stopped.code, stopped.stdout], [130, "1\n2\n3\n"]);
    assert.match(
      stopped.stderr,
      /^Stopped: 3 done: 0 from the cache, 3 computed, 0 failed, .*; run it again to go on from there$/m,
    );
    place.write("open", "");
    const { code, stdout, stderr } = await place.deja(words);
    assert.deepEqual([code, stdout], [0, linesTo(6)]);
    assert.match(stderr, /^6 done: 3 from the cache, 3 computed, 0 failed, /);
  },
);

testDeja(
  "map at SIGTERM waits for calls under way, and writes and keeps what they give",
  async (place) => {
    const words = ["map", functions, "gated", "--concurrency=2"];
    const input = linesTo(8);
    const end = async (child: RunningScript) => {
      const waits = untilWritten(child.stderr, /^Waits 3 s for 2 calls under way/m);
      await untilWritten(child.stdout, /^3$/m);
      child.kill("SIGTERM");
      await waits;
      place.write("open", "");
    };
    const ended = await place.deja(words, { input, onStart: (child) => void end(child) });
    assert.deepEqual([ended.code, ended.stdout], [143, linesTo(5)]);
    const { stderr } = await place.deja(words, { input });
    assert.match(stderr, /^8 done: 5 from the cache, 3 computed, 0 failed, /);
  },
);

testDeja("map ends without a word when nobody reads on", async (place) => {
  place.write("inputs.jsonl", linesTo(300_000));
  const { code, stderr } = await place.deja(["map", functions, "add", "inputs.jsonl"], {
    onStart: ({ stdout }) => void untilWritten(stdout, /^12$/m).then(() => stdout.destroy()),
  });
  assert.deepEqual([code, stderr], [0, ""]);
});
