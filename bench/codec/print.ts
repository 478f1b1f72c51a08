/**
 * Prints the figures of this runtime for one row, for the bench to read. The arguments are `codecs`
 * or `keys`, and the name of the row: each is raced in a process of its own.
 *
 * @module
 */
import { argv } from "node:process";
import { contestOfCodecs, contestOfKeys } from "./contest.ts";

const [, , part, row] = argv;
console.log(JSON.stringify(await (part === "keys" ? contestOfKeys : contestOfCodecs)(row)));
