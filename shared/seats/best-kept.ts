/** The lowest of many scores, kept in a heap of fixed size: one comparison for each that is not among them. */
export class BestKept {
  readonly #scores: Float64Array
  readonly #values: Int32Array
  #size = 0

  constructor(most: number) {
    this.#scores = new Float64Array(most)
    this.#values = new Int32Array(most)
  }

  add(value: number, score: number): void {
    if (this.#size < this.#scores.length) this.#rise(value, score)
    else if (score < this.#scores[0]!) this.#sink(value, score)
  }

  /** Lowest score first. */
  values(): number[] {
    const order = Array.from({ length: this.#size }, (_, at) => at)
    order.sort((a, b) => this.#scores[a]! - this.#scores[b]! || this.#values[a]! - this.#values[b]!)
    return order.map(at => this.#values[at]!)
  }

  /** A new entry goes up until its parent is worse. The worst stands at the root. */
  #rise(value: number, score: number): void {
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#scores[parent]! >= score) break
      this.#put(at, this.#values[parent]!, this.#scores[parent]!)
      at = parent
    }
    this.#put(at, value, score)
  }

  /** Takes the root's place and goes down until no child is worse. */
  #sink(value: number, score: number): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && this.#scores[child + 1]! > this.#scores[child]!) child++
      if (this.#scores[child]! <= score) break
      this.#put(at, this.#values[child]!, this.#scores[child]!)
      at = child
    }
    this.#put(at, value, score)
  }

  #put(at: number, value: number, score: number): void {
    this.#values[at] = value
    this.#scores[at] = score
  }
}
