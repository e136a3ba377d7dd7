/**
 * Statements that come again and again are prepared once a connection, so that Postgres reads and plans them once: what a sale asks
 * is a few dozen texts. Bounded, as each keeps its plan in each connection's memory; other texts go as they are.
 */
import pg from 'pg'

const MOST = 200
/** A migration may add to what they answer, which a statement that was prepared before cannot. */
const OPEN = /^\s*select \*/
/** A text that is put together anew for each use never comes so often. */
const USES = 3
/** Texts whose uses are counted; over these the counting begins anew. */
const COUNTED = 1_000

const names = new Map<string, string>()
const uses = new Map<string, number>()

function nameOf(text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined || names.size >= MOST || OPEN.test(text)) return known
  const used = (uses.get(text) ?? 0) + 1
  if (used < USES) {
    if (uses.size >= COUNTED) uses.clear()
    uses.set(text, used)
    return undefined
  }
  uses.delete(text)
  const name = `onsale${names.size + 1}`
  names.set(text, name)
  return name
}

/** A connection that names what comes with values; what comes without may be more than one statement, which none can be prepared of. */
export class PreparingClient extends pg.Client {
  override query = ((query: unknown, values: unknown, ...rest: unknown[]) => {
    const send = super.query.bind(this) as (...args: unknown[]) => unknown
    if (typeof query !== 'string' || !Array.isArray(values)) return send(query, values, ...rest)
    return send({ name: nameOf(query), text: query, values }, ...rest)
  }) as pg.Client['query']
}
