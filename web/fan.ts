/** A fan in a browser, for the tests and the picture: what a person does on the pages, by roles and words. */
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'

/** A seat by the words the pages use for it. */
export interface SeatName {
  section: string
  row: string
  seat: string
}

export class Fan {
  readonly page: Page
  readonly #context: BrowserContext
  /** Faults of the page itself: a test ends by seeing that there are none. */
  readonly faults: string[] = []

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.page = page
    page.on('pageerror', error => this.faults.push(error.stack ?? error.message))
  }

  /** With a profile of their own: another person at another machine. */
  static async arrive(browser: Browser, options: BrowserContextOptions = {}): Promise<Fan> {
    const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options })
    return new Fan(context, await context.newPage())
  }

  async leave(): Promise<void> {
    await this.#context.close()
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url)
  }

  /** The seats as buttons, with a section's rows unfolded. */
  async listSeats(section: string): Promise<void> {
    await this.page.getByTestId('list-view').click()
    const all = this.page.getByLabel(/Only sections/)
    if (await all.isChecked()) await all.uncheck()
    const heading = this.page
      .locator('button.disclosure')
      .filter({ has: this.page.getByText(section, { exact: true }) })
    if ((await heading.getAttribute('aria-expanded')) !== 'true') await heading.click()
  }

  seat({ section, row, seat }: SeatName): Locator {
    // By the attribute: working out the names of thousands of buttons takes seconds.
    return this.page.locator(`button.seat[aria-label^="${section}, row ${row}, seat ${seat},"]`)
  }

  /** What the seat's button says last: available, held by somebody, sold, chosen, yours. */
  async statusOf(seat: SeatName): Promise<string> {
    return (await this.seat(seat).getAttribute('aria-label'))?.split(', ').at(-1) ?? ''
  }

  /** Holds what is chosen, and stands at the checkout. Answers the booking's id. */
  async hold(): Promise<string> {
    await this.page.getByTestId('hold').click()
    await this.page.waitForURL(/\/checkout\//)
    await this.page.getByTestId('pay').waitFor()
    return new URL(this.page.url()).pathname.split('/').at(-1) ?? ''
  }

  /** By the last digits of the test card's number. */
  async pay(card: string): Promise<void> {
    await this.page.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
    await this.page.getByLabel('E-mail').fill('ada@example.com')
    await this.page.getByRole('radio', { name: new RegExp(card) }).check({ force: true })
    await this.page.getByTestId('pay').click()
  }
}
