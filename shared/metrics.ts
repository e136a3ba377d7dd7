/** One registry of Prometheus metrics a process. Names begin with onsale_; times are in seconds. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds; from a Redis script's to a payment's. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** How often the event loop's lag is sampled; the lag told includes it. By default 10 ms, which costs an idle process 1.5 % of a core. */
const LAG_EVERY_MS = 100

export class Metrics {
  readonly registry = new Registry()

  constructor(process: string) {
    this.registry.setDefaultLabels({ process })
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LAG_EVERY_MS })
  }

  counter<L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name: `onsale_${name}`, help, labelNames, registers: [this.registry] })
  }

  gauge<L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L> {
    return new Gauge({ name: `onsale_${name}`, help, labelNames, registers: [this.registry] })
  }

  /** Of seconds, unless other buckets are given. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labelNames: L[] = [],
    buckets = BUCKETS,
  ): Histogram<L> {
    return new Histogram({
      name: `onsale_${name}`,
      help,
      labelNames,
      buckets,
      registers: [this.registry],
    })
  }

  text(): Promise<string> {
    return this.registry.metrics()
  }
}
