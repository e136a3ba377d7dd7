/** Forgets who bought: names and addresses stand in one table, and become null there. Amounts and tickets stay. */
import { writeAudit } from '../../shared/audit-log.ts'
import { transaction } from '../../shared/postgres.ts'
import type { Sales } from '../bookings/sales.ts'

export type Erased = { visitorId: string } | { bookingId: string }

/** Answers how many buyers were forgotten; of those already forgotten none is counted. Audited without the person. */
export async function erasePeople({ pool, step }: Sales, whose: Erased, actor: string): Promise<number> {
  const [column, id] = 'visitorId' in whose ? ['visitor_id', whose.visitorId] : ['id', whose.bookingId]
  return step('erase.write', () =>
    transaction(pool, async client => {
      const { rowCount } = await client.query(
        `update people set name = null, email = null
         where id in (select person_id from bookings where ${column} = $1)
           and (name is not null or email is not null)`,
        [id],
      )
      const people = rowCount ?? 0
      await writeAudit(client, actor, 'people.erase', null, { ...whose, people })
      return people
    }),
  )
}
