import { assert } from "../harness.ts";
import { testDeja } from "./_deja.ts";

testDeja("--help lists the commands, and map --help its flags", async (place) => {
  const all = await place.deja(["--help"]);
  assert.deepEqual([all.code, all.stderr], [0, ""]);
  assert.match(all.stdout, /^Usage: deja .*\n {2}map .*Calls a cached function/s);
  const { code, stdout } = await place.deja(["map", "--help"]);
  assert.equal(code, 0);
  for (const word of ["--concurrency", "--retry", "--spread", "--text", "--quiet", "Examples:"]) {
    assert.include(stdout, word);
  }
});

testDeja("--version is that of the package", async (place) => {
  const { code, stdout } = await place.deja(["--version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

testDeja("refuses a command that there is not, and names a near one", async (place) => {
  const { code, stdout, stderr } = await place.deja(["mpa"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Unknown command 'mpa'\n\(Did you mean map\?\)\n.*--help/);
});

testDeja("without a command shows how it is used", async (place) => {
  const { code, stdout, stderr } = await place.deja([]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Usage: deja /);
});
