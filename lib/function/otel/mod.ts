/**
 * What happens inside a cache as OpenTelemetry counters and spans.
 *
 * | instrument                | kind                | attributes                        | counts                              |
 * |---------------------------|---------------------|-----------------------------------|-------------------------------------|
 * | `deja.calls`              | counter             | `deja.function`, `deja.outcome`   | calls: hit, miss, join, stale       |
 * | `deja.events`             | counter             | `deja.function`, `deja.event`     | everything else that happens        |
 * | `deja.compute.duration`   | histogram, ms       | `deja.function`                   | computations whose result was kept  |
 * | `deja.saved.duration`     | counter, ms         | `deja.function`                   | computing time that hits saved      |
 * | `deja.written`            | counter, By         | `deja.function`                   | stored bytes                        |
 *
 * A computation whose result was kept is a span `deja.compute`; all else is an event of the span
 * that is active where the call was made.
 *
 * @module
 */

import { metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import { checkOptions } from "../check_options.ts";
import { has, isFunction, isObject, type Rules } from "../option_rules.ts";
import type { CacheEvent, CacheListener } from "../events.ts";

export type { CacheListener } from "../events.ts";

/** What is said of a measurement or a span. */
export type OtelAttributes = Readonly<Record<string, string | number>>;

/** What is said of an instrument when it is made. */
export interface InstrumentOptions {
  /** What it measures. */
  readonly description: string;
  /** The unit of its values. */
  readonly unit?: string;
}

/** The part of OpenTelemetry's `Meter` that is used. */
export interface OtelMeter {
  /** Makes an instrument that sums up. */
  createCounter(
    name: string,
    options: InstrumentOptions,
  ): { add(value: number, attributes: OtelAttributes): void };
  /** Makes an instrument that tells how values are distributed. */
  createHistogram(
    name: string,
    options: InstrumentOptions,
  ): { record(value: number, attributes: OtelAttributes): void };
}

/** The part of OpenTelemetry's `Span` that is used. */
export interface OtelSpan {
  /** Says whether it failed. */
  setStatus(status: { code: number }): unknown;
  /** Ends it, at a moment in milliseconds since the epoch. */
  end(endTime: number): void;
}

/** The part of OpenTelemetry's `Tracer` that is used. */
export interface OtelTracer {
  /** Starts a span at a moment in milliseconds since the epoch. */
  startSpan(name: string, options: { startTime: number; attributes: OtelAttributes }): OtelSpan;
}

/** Options of {@linkcode otelListener}. */
export interface OtelOptions {
  /** Makes the instruments; that of the global provider unless given. */
  readonly meter?: OtelMeter;
  /** Makes the spans; that of the global provider unless given. */
  readonly tracer?: OtelTracer;
  /** Hears of every event too. */
  readonly onEvent?: CacheListener;
}

/** Name of the instrumentation. */
const SCOPE = "@deja/cache";

const RULES: Rules = {
  meter: {
    fits: (value) => isObject(value) && has(value, ["createCounter", "createHistogram"]),
    expected: "a Meter of OpenTelemetry",
  },
  tracer: {
    fits: (value) => isObject(value) && has(value, ["startSpan"]),
    expected: "a Tracer of OpenTelemetry",
  },
  onEvent: { fits: isFunction, expected: "a function" },
};

const CALLS: ReadonlySet<string> = new Set(["hit", "miss", "join", "stale"]);

/**
 * Makes a listener, for the option `onEvent`, that tells OpenTelemetry of what happens.
 *
 * @param options See {@linkcode OtelOptions}.
 * @returns The listener. One serves any number of functions.
 * @throws {TypeError} An option is unknown or of the wrong type.
 *
 * @example
 * ```ts
 * import { createCache, memoryStore } from "@deja/cache";
 * import { otelListener } from "@deja/cache/otel";
 * import { assert } from "chai";
 *
 * const deja = createCache({ store: memoryStore(), onEvent: otelListener() });
 * const double = deja.persistent("double", (x: number) => x * 2);
 * assert.equal(await double(21), 42); // counted by whatever SDK the program has set up
 * ```
 */
export function otelListener(options: OtelOptions = {}): CacheListener {
  checkOptions("otelListener", options, Object.keys(RULES), RULES);
  const { meter = metrics.getMeter(SCOPE), tracer = trace.getTracer(SCOPE), onEvent } = options;
  const calls = meter.createCounter("deja.calls", {
    description: "Calls of cached functions, by how they were answered",
  });
  const events = meter.createCounter("deja.events", {
    description: "What else happened in the caches",
  });
  const durations = meter.createHistogram("deja.compute.duration", {
    description: "Time that computations took whose results were kept",
    unit: "ms",
  });
  const saved = meter.createCounter("deja.saved.duration", {
    description: "Computing time that hits made unnecessary",
    unit: "ms",
  });
  const written = meter.createCounter("deja.written", {
    description: "Stored bytes",
    unit: "By",
  });
  return (event) => {
    const { name, type } = event;
    const attributes: OtelAttributes = { "deja.function": name };
    if (CALLS.has(type)) calls.add(1, { ...attributes, "deja.outcome": type });
    else events.add(1, { ...attributes, "deja.event": type });
    if (type === "hit") saved.add(event.saved, attributes);
    if (type === "store") {
      durations.record(event.duration, attributes);
      written.add(event.size, attributes);
      addSpan(tracer, event, attributes);
    } else trace.getActiveSpan()?.addEvent(`deja.${type}`, told(event, attributes));
    return onEvent?.(event);
  };
}

/** A span of a computation that has just ended. */
function addSpan(
  tracer: OtelTracer,
  event: Extract<CacheEvent, { type: "store" }>,
  attributes: OtelAttributes,
): void {
  const end = Date.now();
  const span = tracer.startSpan("deja.compute", {
    startTime: end - event.duration,
    attributes: { ...told(event, attributes), "deja.size": event.size },
  });
  if (event.kind === "error") span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(end);
}

/** What an event says besides its kind, as far as attributes can. */
function told(event: CacheEvent, attributes: OtelAttributes): OtelAttributes {
  const { error } = event as { error?: unknown };
  return {
    ...attributes,
    ...(event.key === "" ? {} : { "deja.key": event.key }),
    ...(event.type === "free-variable" ? { "deja.variable": event.variable } : {}),
    ...(error === undefined
      ? {}
      : { "deja.error": error instanceof Error ? error.message : String(error) }),
  };
}
