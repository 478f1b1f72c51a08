import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheEvent } from "../../lib/function/events.ts";
import { otelListener } from "../../lib/function/otel/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";

/** A listener whose meters and spans are exported to memory, by the real SDK. */
function exported() {
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  });
  const meters = new MeterProvider({ readers: [reader] });
  const spanExporter = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spanExporter)],
  });
  const heard: CacheEvent[] = [];
  return {
    heard,
    spans: spanExporter,
    listener: otelListener({
      meter: meters.getMeter("test"),
      tracer: tracers.getTracer("test"),
      onEvent: (event) => heard.push(event),
    }),
    /** The sums of an instrument by the value of one attribute. */
    async sums(instrument: string, attribute: string): Promise<Record<string, number>> {
      await meters.forceFlush();
      const found = metricExporter.getMetrics().at(-1)!.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .find(({ descriptor }) => descriptor.name === instrument)!;
      return Object.fromEntries(found.dataPoints.map(({ attributes, value }) => [
        String(attributes[attribute]),
        typeof value === "number" ? value : (value as { count: number }).count,
      ]));
    },
    close: () => Promise.all([meters.shutdown(), tracers.shutdown()]),
  };
}

test("calls are counted by how they were answered", async () => {
  const { listener, sums, close, heard } = exported();
  const deja = createCache({ store: memoryStore(), onEvent: listener, freeVariables: "ignore" });
  const double = deja.persistent("double", (x: number) => x * 2);
  await Promise.all([double(1), double(1)]);
  await double(1);
  await double(2);
  assert.deepEqual(await sums("deja.calls", "deja.outcome"), { miss: 2, join: 1, hit: 1 });
  assert.deepEqual(await sums("deja.events", "deja.event"), { store: 2 });
  assert.deepEqual(await sums("deja.compute.duration", "deja.function"), { double: 2 });
  const { timeSaved, bytesWritten } = double.stats();
  assert.closeTo((await sums("deja.saved.duration", "deja.function")).double, timeSaved, 1e-6);
  assert.equal((await sums("deja.written", "deja.function")).double, bytesWritten);
  assert.lengthOf(heard, 6);
  await close();
});

test("a computation whose result was kept is a span", async () => {
  const { listener, spans, close } = exported();
  const deja = createCache({ store: memoryStore(), onEvent: listener, freeVariables: "ignore" });
  const load = deja.persistent("load", (x: number) => {
    if (x < 0) throw new RangeError("negative");
    return x;
  }, { errors: true });
  await load(1);
  await load(1);
  await load(-1).catch(() => {});
  const [kept, failed, ...more] = spans.getFinishedSpans();
  assert.isEmpty(more);
  assert.equal(kept.name, "deja.compute");
  assert.equal(kept.attributes["deja.function"], "load");
  assert.equal(kept.attributes["deja.key"], await load.key(1));
  assert.equal(kept.status.code, 0);
  assert.equal(failed.status.code, 2);
  await close();
});
