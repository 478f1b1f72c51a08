import { memoryStore } from "../../lib/store/memory.ts";
import { tieredStore } from "../../lib/store/tiered/mod.ts";
import { StaleKeys } from "../../lib/store/tiered/stale_keys.ts";
import { assert, test, withFakeTime } from "../harness.ts";
import { flakyStore } from "./_flaky.ts";

const OLD = Uint8Array.of(1, 2, 3);
const NEW = Uint8Array.of(4, 5, 6, 7);

test("StaleKeys forgets none of very many keys, and takes few others for stale", () => {
  const stale = new StaleKeys();
  const many = 200_000;
  for (let i = 0; i < many; i++) stale.add(`name/${i}`);
  for (let i = 0; i < many; i++) assert.isTrue(stale.has(`name/${i}`));
  let wrong = 0;
  for (let i = 0; i < many; i++) if (stale.has(`other/${i}`)) wrong++;
  assert.isBelow(wrong, many / 50);
});

test("StaleKeys knows which keys are good again, and which are stale once more", () => {
  const stale = new StaleKeys();
  const keys = Array.from({ length: 30_000 }, (_, i) => `${i}`);
  for (const key of keys) stale.add(key);
  for (const key of ["3", "29000"]) {
    stale.delete(key);
    assert.isFalse(stale.has(key), key);
    stale.add(key);
    assert.isTrue(stale.has(key), key);
    stale.delete(key);
  }
  // More of them than it remembers count as stale again, which is a miss and no more.
  for (const key of keys) stale.delete(key);
  const good = keys.filter((key) => !stale.has(key));
  assert.isAtLeast(good.length, 10_000);
  assert.isTrue(good.includes("29999"));
});

test("tieredStore() hands out nothing from a tier that missed very many changes", async () => {
  await withFakeTime(1_000_000, async ({ advance }) => {
    const [fast, slow] = [flakyStore("fast"), memoryStore()];
    await using store = tieredStore([fast, slow], { onEvent: () => {} });
    const keys = Array.from({ length: 10_050 }, (_, i) => `${i}`);
    for (const key of keys.slice(-50)) await fast.set(key, OLD);
    fast.broken = true;
    for (const key of keys) await store.set(key, NEW);
    fast.broken = false;
    advance(60_000);
    for (const key of keys.slice(-50)) {
      assert.deepEqual(await store.get(key), NEW);
      await store.flush();
      await store.get(key);
      await store.flush();
      assert.deepEqual(await fast.get(key), NEW, "It is trusted again with what it was given");
    }
  });
});
