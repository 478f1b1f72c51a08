import { Kind, readRecord, readRecords, writeRecord } from "../../lib/store/opfs/record.ts";
import { assert, test } from "../harness.ts";

const PAYLOAD = Uint8Array.of(1, 2, 3);
const RECORDS = [
  { kind: Kind.packed, key: "load users/3fa9", expires: Infinity, number: 0, payload: PAYLOAD },
  { kind: Kind.filed, key: "\ufeffé\0😀", expires: 5.5, number: 2 ** 40, payload: PAYLOAD },
  { kind: Kind.deletion, key: "x".repeat(1024), expires: 0, number: 0, payload: new Uint8Array() },
  { kind: Kind.end, key: "", expires: 0, number: 0, payload: new Uint8Array() },
];

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

test("records of the log come back as they were written", () => {
  const log = joined(RECORDS.map(writeRecord));
  const read = [...readRecords(log)];
  assert.deepEqual(read.map(({ start: _, end: __, ...record }) => record), RECORDS);
  assert.equal(read[0].start, 0);
  assert.equal(read.at(-1)!.end, log.length);
  for (const [i, { start }] of read.entries()) {
    assert.deepEqual(readRecord(log, start), read[i]);
    if (i > 0) assert.equal(start, read[i - 1].end);
  }
});

test("a log that is cut anywhere gives the records before the cut", () => {
  const log = joined(RECORDS.slice(0, 2).map(writeRecord));
  const ends = [...readRecords(log)].map(({ end }) => end);
  for (let length = 0; length < log.length; length++) {
    const whole = ends.filter((end) => end <= length).length;
    assert.lengthOf([...readRecords(log.slice(0, length))], whole, `cut at ${length}`);
  }
});

test("a flipped bit anywhere in a record makes it no record", () => {
  const record = writeRecord(RECORDS[0]);
  for (let at = 0; at < record.length; at++) {
    const flipped = record.slice();
    flipped[at] ^= 1;
    assert.isUndefined(readRecord(flipped, 0), `byte ${at}`);
  }
});

test("zeros, such as a file system leaves behind a crash, are no record", () => {
  assert.isUndefined(readRecord(new Uint8Array(1000), 0));
});

test("a damaged record is passed over where whole ones stand behind it", () => {
  const log = joined(RECORDS.map(writeRecord));
  const [first, second] = readRecords(log);
  for (let at = first.start + 4; at < first.end; at++) {
    const damaged = log.slice();
    damaged[at] ^= 1;
    assert.deepEqual([...readRecords(damaged)].map(({ start }) => start)[0], second.start);
  }
  // Without its length nobody knows where the next one starts.
  log[0] ^= 1;
  assert.deepEqual([...readRecords(log)], []);
});
