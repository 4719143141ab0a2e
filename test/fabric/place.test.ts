import { describe, expect, it } from 'vitest'
import { isMade, namesOf, runIdOf, runOf } from '../../src/fabric/names.js'
import { dsnEvidence, fabricPlace, inDatabase, isLocal, urlFor, uuidOf } from '../../src/fabric/place.js'
import { endsOf } from '../../src/fabric/witness.js'
import { inOwnWords } from '../../src/fabric/words.js'
import type { StoreError } from '../../src/stores/store-error.js'

function problemOfPlace(url: string): unknown {
  try {
    return fabricPlace(url, false)
  } catch (error) {
    return (error as StoreError).problem
  }
}

describe('the place of a fabric', () => {
  it('is on this machine, unless it may be elsewhere', () => {
    const remote = 'postgres://me:secret@db.example.com:6543/mine'
    expect(() => fabricPlace(remote, false)).toThrow('not on this machine')
    expect(fabricPlace(remote, true)).toEqual({ url: remote, given: remote, shown: 'db.example.com:6543/mine' })
  })

  it.each(['localhost', '127.0.0.1', '127.8.9.10', '[::1]', '/var/run/postgresql', '%2Fvar%2Frun'])(
    'may be %s',
    (host) => expect(isLocal(host)).toBe(true),
  )

  it.each(['localhost.example.com', '127.0.0.1.nip.io', '0.0.0.0', '10.0.0.1', '', 'x127.0.0.1', '[::2]'])(
    'may not be "%s"',
    (host) => expect(isLocal(host)).toBe(false),
  )

  it('is on this machine by every host that its URL names', () => {
    const twice = 'postgres://me@127.0.0.1/mine?host=127.0.0.1&host=db.example.com'
    expect(() => fabricPlace(twice, false)).toThrow('not on this machine')
  })

  it('does not let the environment choose a host that the URL leaves open', () => {
    expect(fabricPlace('postgres:///mine', false).url).toBe('postgres:///mine?host=localhost')
  })

  it('is the same for a worker, but for its user and the name of its sessions', () => {
    const worker = { name: 'w', password: 'p' }
    const place = fabricPlace('postgres://me:secret@127.0.0.1/mine?sslmode=disable&user=x', false)
    expect(urlFor(place, worker, 'run')).toBe('postgres://w:p@127.0.0.1/mine?sslmode=disable&application_name=run')
    const socket = fabricPlace('postgres:///mine?host=/run/pg', false)
    expect(Object.fromEntries(new URL(urlFor(socket, worker, 'run')).searchParams)).toEqual({
      host: '/run/pg',
      user: 'w',
      password: 'p',
      application_name: 'run',
    })
  })

  it.each([
    ['postgres://me:s%40cret@/mine?host=/run/pg', { host: '/run/pg', user: 'me', password: 's@cret' }],
    ['postgresql://me@/mine?host=%2Frun%2Fpg&user=you', { host: '/run/pg', user: 'you' }],
    ['postgres://me@/mine', { host: 'localhost', user: 'me' }],
  ])('may have a user before no host, as pg has it: %s', (url, parameters) => {
    const place = fabricPlace(url, false)
    expect(place.shown).toBe(`${parameters.host}:5432/mine`)
    expect(new URL(place.url).pathname).toBe('/mine')
    expect(Object.fromEntries(new URL(place.url).searchParams)).toEqual(parameters)
    expect(dsnEvidence(place.given).scheme).toMatch(/^postgres(ql)?$/)
  })

  it('may be a folder in the place of the host, and is shown as one', () => {
    const place = fabricPlace('postgres://me:secret@%2Frun%2fpg:5433/mine', false)
    expect([place.shown, endsOf(place.url)]).toEqual(['/run/pg:5433/mine', { hosts: [], port: 5433 }])
    expect(urlFor(place, { name: 'w', password: 'p' }, 'run')).toBe(
      'postgres://w:p@%2Frun%2fpg:5433/mine?application_name=run',
    )
  })

  it.each(['socket:/run/pg?db=mine', 'socket://me:secret@/run/pg?db=mine', '/run/pg mine'])(
    'is told how to write a folder that it is not written as: %s',
    (url) => {
      const text = JSON.stringify(problemOfPlace(url))
      expect(text).toContain('postgres://user:password@/database?host=/folder')
      expect(text).not.toContain('secret')
    },
  )

  it('is refused when what it was to be taken from is not set', () => {
    expect(() => fabricPlace('', false)).toThrow('--database-url is empty')
  })

  it('names its database: otherwise a worker would get one that is called as its role', () => {
    const place = fabricPlace('postgres://me@localhost', false)
    expect(inDatabase(place, 'me').url).toBe('postgres://me@localhost/me')
    expect(inDatabase(fabricPlace('postgres://me@localhost/mine', false), 'mine').url).toBe(
      'postgres://me@localhost/mine',
    )
  })

  it('shows of a DSN its scheme and its digest alone, of the text as it was given', () => {
    const dsn = 'postgresql://me:secret@localhost?schema=mine'
    // printf %s 'postgresql://me:secret@localhost?schema=mine' | sha256sum
    const sha256 = '58e0f32be86b74213164081128b47dce0dd4d8b3b4c3cc59fde04451097a27a0'
    const place = inDatabase(fabricPlace(dsn, false), 'mine')
    expect(place.url).not.toBe(dsn)
    expect(dsnEvidence(place.given)).toEqual({ scheme: 'postgresql', sha256 })
  })
})

describe('what is wrong with a server', () => {
  it('is told in the words of this command, which takes none from the environment, and never without something to do', () => {
    const [what, store] = ['none is named', 'postgres, a server of its own']
    expect(
      inOwnWords({ what, store, expected: 'one, or DATABASE_URL, or PGHOST', todo: 'postgres=postgres://…' }),
    ).toEqual({ what, store, expected: 'one, or --database-url', todo: '--database-url postgres://…' })
    expect(inOwnWords({ what, store }).todo).toMatch(/^mend that, or name another database with --database-url/)
  })
})

describe('names', () => {
  it('tell which run something is of', () => {
    const id = runIdOf(1_234_567, 42, '0a0b0c')
    expect(runOf(`${id}_e`)).toEqual({ id, startedMs: 1_234_567, pid: 42 })
    expect(runOf('contention_verify_mine')).toBeUndefined()
  })

  it('tell what a run has made from what others have called alike', () => {
    const id = runIdOf(1_234_567, 42, '0a0b0c')
    const { app, engine, role } = namesOf(id)
    expect([app, engine, role('S1'), role('S6')].filter(isMade)).toHaveLength(4)
    expect([id, `${app}_mine`, `${app};DROP SCHEMA public`, `${app}\n`].filter(isMade)).toEqual([])
  })

  it('leave room for what Graphile Worker puts before them, whatever number a process may have', () => {
    const { engine } = namesOf(runIdOf(Date.UTC(2050), 4_194_304, '0a0b0c'))
    expect(`clear_stale_locksN/${engine}`.length).toBeLessThanOrEqual(63)
  })

  it('make UUIDs, of one commit always the same', () => {
    expect(uuidOf('c0ffee tenant a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(uuidOf('a')).toBe(uuidOf('a'))
    expect(uuidOf('a')).not.toBe(uuidOf('b'))
  })
})
