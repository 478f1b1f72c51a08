/**
 * Prints the backend that this process chooses, or why it cannot.
 *
 * @module
 */
import { hashBackend } from "../../lib/hash/mod.ts";

try {
  console.log(hashBackend());
} catch (error) {
  console.log(String(error));
}
