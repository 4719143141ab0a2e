import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openStore, StoreError } from '../../src/stores/index.js'
import { credentials, credentialsOfStore, SECRET } from '../support/passwords.js'

const refusal = async (...given: Parameters<typeof openStore>): Promise<string> => {
  const error = await openStore(...given).catch((thrown: unknown) => thrown)
  expect(error, given[0]).toBeInstanceOf(StoreError)
  return inspect(error, { depth: 9, showHidden: true })
}

describe('a password', () => {
  it('is in nothing that is said of a store, whatever the shape of what was given', async () => {
    await fc.assert(
      fc.asyncProperty(credentialsOfStore, async (spec) => {
        expect(await refusal(spec)).not.toContain(SECRET)
      }),
      { numRuns: 500 },
    )
  })

  it('is in nothing that is said of the environment', async () => {
    const variables = ['DATABASE_URL', 'PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGDATABASE', 'PGUSER']
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...variables), credentials, async (name, value) => {
        expect(await refusal('postgres', { env: { [name]: value } })).not.toContain(SECRET)
        expect(await refusal('redis', { env: { REDIS_URL: value } })).not.toContain(SECRET)
      }),
      { numRuns: 200 },
    )
  })

  it.each([
    'sqlite=libsql:h?authToken=hunter2',
    'sqlite=x.db?password=hunter2',
    'git=//me:hunter2@h/x.git',
    'git=git@host:hunter2',
    'sqlite=postgres:me:hunter2',
    'sqlite=host=h password=hunter2',
    'postgres=host=h password=hunter2',
    'host=h password=hunter2',
    'hunter2@host',
    'redis=redis:hunter2',
    'postgres=postgres:hunter2',
    'postgres=hunter2:x',
  ])('is not shown of %s', async (spec) => {
    expect(await refusal(spec)).not.toContain(SECRET)
  })

  it('is not looked for in the name of a file', async () => {
    for (const name of [':memory:', './with:colon.db', 'a@b.db', 'a?b.db', 'a b.db']) {
      const open = await openStore(`sqlite=${name}`, { cwd: '/nowhere' }).catch((thrown: unknown) => thrown)
      if (open instanceof StoreError) expect(open.problem.what).toBe('the SQLite file cannot be opened')
      else await (open as Awaited<ReturnType<typeof openStore>>)?.close()
    }
  })

  it.skipIf(process.platform === 'win32')('is not looked for in the folders down to what is there', async () => {
    const around = mkdtempSync(join(tmpdir(), 'contention-test-'))
    const cwd = join(around, 'me:secret@here?a=b')
    mkdirSync(cwd)
    execFileSync('git', ['init', '--quiet', '--bare', join(cwd, 'r')])
    for (const spec of ['sqlite=x.db', 'git=r']) {
      const one = await openStore(spec, { cwd })
      const other = await openStore(one?.spec() ?? '')
      expect(other?.place).toBe(one?.place)
      await other?.close()
      await one?.close()
    }
    expect(await refusal(`sqlite=/me:${SECRET}@host/x.db`)).not.toContain(SECRET)
    rmSync(around, { recursive: true, force: true })
  })
})
