/** The console of `npm run crowd`: one live line, and words above it. */

/** A line that is written over on a terminal, and follows the last one elsewhere. */
export class Screen {
  readonly #isTerminal = process.stdout.isTTY
  #last = ''

  line(text: string): void {
    this.#last = text
    process.stdout.write(this.#isTerminal ? `\r\x1b[2K${text}` : `${text}\n`)
  }

  above(text: string): void {
    process.stdout.write(this.#isTerminal ? `\r\x1b[2K${text}\n${this.#last}` : `${text}\n`)
  }

  end(): void {
    if (this.#isTerminal && this.#last !== '') process.stdout.write('\n')
  }
}
