import { escapeName, foldersOf, isShard, keyAt, placeOf } from "../../lib/store/_place.ts";
import { assert, test } from "../harness.ts";

const NAMES: readonly (readonly [segment: string, name: string])[] = [
  ["embed", "embed"],
  ["load-users_2.v1", "load-users_2.v1"],
  ["loadUsers", "load!users"],
  ["load users", "load%20users"],
  ["", "%_"],
  [".", "%2e"],
  ["..", "%2e%2e"],
  [".gitignore", "%2egitignore"],
  ["a.", "a%2e"],
  ["CON", "!c!o!n"],
  ["con", "%63on"],
  ["nul.txt", "%6eul.txt"],
  ["com1", "%63om1"],
  ["console", "console"],
  ["3f", "%33f"],
  ["3fa", "3fa"],
  ["%2e", "%252e"],
  ["!a", "%21a"],
  ["\0", "%00"],
  ["\u00e9", "%c3%a9"],
  ["e\u0301", "e%cc%81"],
  ["\u{1f600}", "%f0%9f%98%80"],
  ["a:b\\c*", "a%3ab%5cc%2a"],
  ["x".repeat(96), "x".repeat(96)],
];

test("escapeName() keeps what every file system keeps, and escapes the rest", () => {
  for (const [segment, name] of NAMES) assert.equal(escapeName(segment), name);
});

test("escapeName() shortens a long name and keeps it apart from its neighbours", () => {
  const names = ["x".repeat(97), "x".repeat(98), "x".repeat(97) + "y", "\u00e9".repeat(100)];
  const escaped = names.map(escapeName);
  assert.equal(new Set(escaped).size, names.length);
  for (const name of escaped) assert.match(name, /^[x%ca39]{48}~[0-9a-f]{32}$/);
});

test("placeOf() puts a key's function in its path and spreads its digests", () => {
  const digest = "3f" + "0123456789abcde".repeat(4) + "ff";
  assert.deepEqual(placeOf(`etl/load users/${digest}`), {
    folders: ["etl", "load%20users"],
    shard: "3f",
    file: digest,
  });
});

test("placeOf() spreads names that are no digests as well", () => {
  const shards = new Set(Array.from({ length: 1000 }, (_, i) => placeOf(`name/item ${i}`).shard));
  assert.isAbove(shards.size, 200);
  for (const shard of shards) assert.isTrue(isShard(shard));
});

test("placeOf() keeps every path short and free of names with a meaning", () => {
  for (const key of ["/".repeat(1024), "\u8a9e/".repeat(512), "x".repeat(1024), "A".repeat(1024)]) {
    const { folders, shard, file } = placeOf(key);
    const path = [...folders, shard, file].join("/");
    assert.isBelow(path.length, 500);
    assert.match(path, /^[a-z0-9_.!%~/-]+$/);
    for (const folder of folders) assert.isFalse(isShard(folder));
  }
});

test("placeOf() never gives two keys one place, whatever they are made of", () => {
  const parts = ["a", "A", "/", ".", "%", "%2e", "!a", "~", "", "\u00e9", "e\u0301", "3f", "con"];
  const places = new Map<string, string>();
  const keys = new Set<string>();
  for (const a of parts) for (const b of parts) for (const c of parts) keys.add(a + b + c + "z");
  for (const a of parts) for (const b of parts) keys.add(a + b);
  for (const key of keys) {
    const { folders, shard, file } = placeOf(key);
    const path = [...folders, shard, file].join("/");
    assert.isUndefined(places.get(path), `${path} is the place of two keys`);
    places.set(path, key);
  }
});

test("keyAt() finds the key of a place, where that tells it", () => {
  const keys = [
    "a/b/c",
    "A/B c/3f",
    "etl/con/nul.txt",
    "//x/",
    "\ufeff\u00e9/e\u0301",
    "%2e/!a/.a.",
  ];
  for (const key of [...keys, `name/${"3f".repeat(32)}`, "\0", "%_", "a".repeat(96)]) {
    const { folders, file } = placeOf(key);
    assert.equal(keyAt([...folders, file]), key);
  }
});

test("keyAt() tells no key for a place that is a hash, or that of no key", () => {
  const long = placeOf("x".repeat(97));
  const deep = placeOf("a/b/c/d/e");
  for (const { folders, file } of [long, deep]) assert.isUndefined(keyAt([...folders, file]));
  for (const name of ["%", "%zz", "%ff", "A", "a b", "3f", "nul", ".a", "%61", "!!", ""]) {
    assert.isUndefined(keyAt([name]), name);
  }
  assert.isUndefined(keyAt(["a", "b", "c", "d", "e"]));
});

test("foldersOf() leads to every key with the prefix", () => {
  const keys = ["a/b/c/d/e/f", "a/b", "A/b c/x", "//x", "plain"];
  for (const key of keys) {
    const { folders } = placeOf(key);
    for (let end = 0; end <= key.length; end++) {
      const start = foldersOf(key.slice(0, end));
      assert.deepEqual(folders.slice(0, start.length), start);
    }
  }
});
