/**
 * Prints the figures of this runtime, for the bench to read. The first argument is `codecs` or
 * `keys`, which are raced in a process each; the others are parts of the names of the rows to run:
 * without any, all run.
 *
 * @module
 */
import { argv } from "node:process";
import { contestOfCodecs, contestOfKeys } from "./contest.ts";

const [, , part, ...wanted] = argv;
console.log(JSON.stringify(await (part === "keys" ? contestOfKeys : contestOfCodecs)(wanted)));
