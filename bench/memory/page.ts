/**
 * Runs the contest in a page, which the bench asks for the figures.
 *
 * @module
 */
import { contest } from "./contest.ts";

(globalThis as { figures?: ReturnType<typeof contest> }).figures = contest();
