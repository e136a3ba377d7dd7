/** A sale as it runs for real (tiers-fixture.ts) on a database and a piece of Redis, or a whole Redis, of the test's own. */
import { testDatabase, testRedis } from '../dev/test-parts.ts'
import { makeTiers, type Tiers } from './tiers-fixture.ts'

export async function testTiers({ redisUrl = '', length = 100 } = {}): Promise<Tiers> {
  const [database, piece] = [await testDatabase(), testRedis()]
  const stores = { databaseUrl: database.url, redisUrl: redisUrl || piece.url, keyPrefix: piece.keyPrefix }
  const tiers = await makeTiers(stores, length)
  return {
    ...tiers,
    close: async () => {
      await tiers.close()
      await database.drop()
      if (redisUrl === '') await piece.clean()
    },
  }
}
