/**
 * Prints the figures of this runtime, for the bench to read.
 *
 * @module
 */
import { contest } from "./contest.ts";

console.log(JSON.stringify(await contest()));
