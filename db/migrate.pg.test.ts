import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabase } from '../dev/test-parts.ts'
import { migrate } from './migrate.ts'

describe('migrating', () => {
  let database: TestDatabase
  let client: pg.Client
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onsale-migrations-'))
    database = await testDatabase()
    client = new pg.Client(database.url)
    await client.connect()
    // The schema of another day: this file brings its own migrations.
    await client.query('drop schema public cascade; create schema public')
  })
  afterEach(async () => {
    await client.end()
    await database.drop()
    await rm(folder, { recursive: true })
  })

  const file = (name: string, sql: string) => writeFile(join(folder, name), sql)
  const run = () => migrate(database.url, pathToFileURL(`${folder}/`))
  const applied = async () => (await client.query('select name from schema_migrations order by name')).rows

  it('[C20] applies each file once, though several start at once', async () => {
    await file('0001-one.sql', 'create table one (n integer); insert into one values (1);')
    await file('0002-two.sql', 'insert into one values (2);')
    await Promise.all([run(), run(), run()])
    await file('0003-three.sql', 'insert into one values (3);')
    await run()
    expect((await client.query('select n from one order by n')).rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(await applied()).toEqual([{ name: '0001-one' }, { name: '0002-two' }, { name: '0003-three' }])
  })

  it('[C20] takes line ends as git’s affair', async () => {
    await file('0001-one.sql', 'create table one (n integer);\n')
    await run()
    await file('0001-one.sql', 'create table one (n integer);\r\n')
    await run()
    expect(await applied()).toEqual([{ name: '0001-one' }])
  })

  it('[C21] refuses an edited file before it changes anything', async () => {
    await file('0001-one.sql', 'create table one (n integer);')
    await run()
    await file('0001-one.sql', 'create table one (n bigint);')
    await file('0002-two.sql', 'create table two ();')
    await expect(run()).rejects.toThrow('Migration 0001-one was edited after it was applied')
    expect((await client.query("select to_regclass('two') as two")).rows).toEqual([{ two: null }])
  })

  it('[C21] refuses two files of one number and a file without one', async () => {
    await file('0001-one.sql', '')
    await file('0001-other.sql', '')
    await expect(run()).rejects.toThrow('Two migrations are numbered 0001')
    await rm(join(folder, '0001-other.sql'))
    await file('later.sql', '')
    await expect(run()).rejects.toThrow('later.sql is not named like a migration')
  })

  it('[C23] gives way where a live system has what it asks for, and comes again', async () => {
    await file('0001-one.sql', 'create table one (n integer);')
    await run()
    await file('0002-two.sql', "set local lock_timeout = '200ms'; alter table one add column m integer;")
    await client.query('begin; insert into one values (1)')
    const done = run()
    await new Promise(resolve => setTimeout(resolve, 500))
    // It waits for nothing that others would wait behind.
    await client.query('commit')
    await done
    expect(await applied()).toEqual([{ name: '0001-one' }, { name: '0002-two' }])
  })

  it('[C23] leaves nothing of a migration that fails, and keeps those before it', async () => {
    await file('0001-one.sql', 'create table one (n integer);')
    await file('0002-two.sql', 'create table two (); select 1 / 0;')
    await expect(run()).rejects.toThrow('Migration 0002-two failed: division by zero')
    expect((await client.query("select to_regclass('two') as two")).rows).toEqual([{ two: null }])
    expect(await applied()).toEqual([{ name: '0001-one' }])
    await file('0002-two.sql', 'create table two ();')
    await run()
    expect(await applied()).toEqual([{ name: '0001-one' }, { name: '0002-two' }])
  })
})
