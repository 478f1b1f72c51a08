import { assert, test, testOn } from "../harness.ts";
import { ROWS } from "./support_rows.ts";
import { currentReadme, find } from "./support_table.ts";

for (const [group, rows] of Object.entries(ROWS)) {
  for (const row of rows) {
    test(`${group}, ${row.name}: what becomes of it is as the support table says`, async () => {
      const finding = await find(row);
      if (finding === undefined) return;
      const { stored, key } = finding;
      assert.deepEqual({ stored, key }, { stored: row.stored ?? "exact", key: row.key ?? "yes" });
      assert.equal(row.loses !== undefined, stored === "loses");
    });
  }
}

testOn(
  ["deno"],
  "the file is read with Deno",
  "lib/codec/README.md has the support table as it comes out (tests/codec/support_table.ts writes it)",
  async () => {
    const readme = new URL("../../lib/codec/README.md", import.meta.url);
    assert.equal(await Deno.readTextFile(readme), await currentReadme());
  },
);
