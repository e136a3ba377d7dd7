/** A Postgres that keeps what it has committed through a power cut, as in service: fsync is on. */
import { join } from 'node:path'
import getPort from 'get-port'
import { migrate } from '../../../db/migrate.ts'
import { findDataFolder } from '../../../dev/data-folder.ts'
import { startPostgres } from '../../../dev/postgres.ts'
import type { Ground } from '../ground/ground.ts'

/** Its URL, with our schema. It ends with the ground. */
export async function durablePostgres(ground: Ground, name: string): Promise<string> {
  const postgres = await startPostgres({
    family: ground.family,
    folder: join(ground.folder, name),
    binariesFolder: findDataFolder(process.env['ONSALE_DATA']),
    port: await getPort(),
    durable: true,
  })
  const url = await postgres.database('bench')
  await migrate(url)
  return url
}
