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

  /**
   * What changes with every socket: plain numbers by a label's values, told when they are asked for, as setting a metric takes a
   * microsecond. Without a label there is one.
   */
  levels<V extends string>(name: string, help: string, label: string | undefined, now: Record<V, number>) {
    const gauge = this.gauge(name, help, label === undefined ? [] : [label])
    return this.#told(gauge, label, now, (labels, level) => gauge.set(labels, level))
  }

  /** The same of what only grows. */
  tallies<V extends string>(name: string, help: string, label: string, now: Record<V, number>) {
    const counter = this.counter(name, help, [label])
    return this.#told(counter, label, now, (labels, tally) => counter.inc(labels, tally))
  }

  #told<V extends string>(
    metric: Gauge<string> | Counter<string>,
    label: string | undefined,
    now: Record<V, number>,
    tell: (labels: Record<string, string>, value: number) => void,
  ): Record<V, number> {
    const collect = () => {
      metric.reset()
      for (const [value, number] of Object.entries<number>(now))
        tell(label === undefined ? {} : { [label]: value }, number)
    }
    Object.assign(metric, { collect })
    return now
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
