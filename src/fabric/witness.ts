import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Socket, socketSource, socketsOf, socketsOfProcess } from '../stores/processes/sockets.js'
import { awakeTimeMs } from './awake.js'
import type { Database } from './database.js'
import type { Engine } from './engine.js'
import type { Fabric } from './evidence.js'
import { beginning, type Names, sessionOf } from './names.js'
import { isLocal } from './place.js'
import { Strays } from './strays.js'

interface Seen {
  readonly pid: number
  /** The digest of the database that its own session has named. */
  readonly database: string
  /** Whether the operating system knew its connections while it ran. */
  readonly looked: boolean
  /** Whether the server knew a session of it, in the database of the run. */
  session: boolean
}

/**
 * Watches what the processes of a run are connected to: the operating system says to which addresses, the server which of
 * them are sessions in the database of this run. Neither has to believe what the fabric says of itself.
 */
export class Witness {
  readonly #runId: string
  readonly #database: Database
  readonly #places: ReadonlySet<string>
  readonly #port: number
  /** All there have been: a system gives a number to another process when the first has ended. */
  readonly #workers: Seen[] = []
  readonly #alive = new Map<number, Seen>()
  readonly #elsewhere = new Set<string>()
  readonly #strays = new Strays()
  /** What this process had open before there was a run is none of its. */
  readonly #before: ReadonlySet<string>
  #own = 0

  private constructor(runId: string, database: Database, places: ReadonlySet<string>, port: number) {
    this.#runId = runId
    this.#database = database
    this.#places = places
    this.#port = port
    this.#before = new Set(
      socketsOfProcess(process.pid)
        .filter((socket) => !this.#isOfDatabase(socket))
        .map(({ id }) => id),
    )
  }

  static async of(runId: string, database: Database): Promise<Witness> {
    const { hosts, port } = endsOf(database.place.url)
    const found = await Promise.all(hosts.map((host) => lookup(host, { all: true }).catch(() => [])))
    return new Witness(runId, database, new Set(found.flat().map(({ address }) => address)), port)
  }

  /** A worker has said that it is ready, and of which database. Has returned before anything can be done to the worker. */
  began(pid: number, database: string): void {
    const sockets = socketsOfProcess(pid)
    const worker = { pid, database, looked: sockets.length > 0 || this.#isLocalSocket(), session: false }
    this.#workers.push(worker)
    this.#alive.set(pid, worker)
    this.#look(sockets)
  }

  ended(pid: number): void {
    this.#alive.delete(pid)
  }

  /** Looks at all that run. */
  async look(): Promise<void> {
    const all = socketsOf([...this.#alive.keys()], [process.pid])
    const sockets = all.filter(({ pid }) => pid !== process.pid)
    this.#look(sockets)
    const own = all.filter(({ pid, id }) => pid === process.pid && !this.#before.has(id))
    this.#own = Math.max(this.#own, own.filter((socket) => this.#isOfDatabase(socket)).length)
    for (const socket of own) if (!this.#isOfDatabase(socket)) this.#elsewhere.add(shown('the harness', socket))
    const sessions = await this.#sessions()
    const looks = [...this.#alive].map(([pid, worker]) => {
      const known = sessions.get(sessionOf(this.#runId, pid)) ?? 0
      if (known > 0) worker.session = true
      const ofServer = sockets.filter((socket) => socket.pid === pid && this.#isOfDatabase(socket))
      return { open: [...new Set(ofServer.map(({ id }) => `${pid} ${id}`))], sessions: known }
    })
    this.#strays.look(looks, Date.now())
  }

  /** Looks until every connection is a session, as those that are only being made soon are: whoever is killed before, leaves it open. */
  async settle(): Promise<void> {
    for (const untilMs = awakeTimeMs() + SETTLE_WITHIN_MS; ; await sleep(SETTLE_EVERY_MS)) {
      await this.look()
      if (!this.#strays.suspects || awakeTimeMs() > untilMs) return
    }
  }

  /** All that was seen, and where the run's tables are. */
  async tell(engine: Engine, names: Names): Promise<Fabric> {
    const { connection, sha256 } = this.#database
    const { rows: done } = await connection.run<{ session: string }>(
      `SELECT session FROM ${names.app}.hold UNION SELECT session FROM ${names.app}.attempt`,
    )
    const wrote = new Set(done.map(({ session }) => session))
    const workers = this.#workers
    const tables = await this.#tables(engine, names)
    const migration = await connection.run<{ migration: number }>(engine.migration(names.engine))
    const sessions = await this.#sessions()
    return {
      database: { sha256, server_version: this.#database.serverVersion },
      engine_migration: migration.rows[0]?.migration ?? 0,
      tables,
      seen_by: socketSource,
      harness: { connections_seen: this.#own > 0 || this.#isLocalSocket(), sessions_known: sessions.has(this.#runId) },
      workers: {
        started: workers.length,
        looked_at: workers.filter(({ looked }) => looked).length,
        of_this_database: workers.filter(({ database }) => database === sha256).length,
        with_session: workers.filter(({ pid, session }) => session || wrote.has(sessionOf(this.#runId, pid))).length,
      },
      connections_elsewhere: [...this.#elsewhere].sort(),
      connections_unaccounted: this.#strays.count,
    }
  }

  #look(sockets: readonly Socket[]): void {
    for (const socket of sockets) if (!this.#isOfDatabase(socket)) this.#elsewhere.add(shown('a worker', socket))
  }

  #isOfDatabase({ address, port }: Socket): boolean {
    return port === this.#port && (this.#places.has(address) || (isLocal(address) && [...this.#places].some(isLocal)))
  }

  /** Sockets of a folder have no address: nothing then goes over TCP. */
  #isLocalSocket(): boolean {
    return this.#places.size === 0
  }

  async #sessions(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.#database.connection.run<{ name: string; sessions: number }>({
      text: `SELECT application_name AS name, count(*)::int AS sessions FROM pg_stat_activity
        WHERE application_name LIKE $1 AND datname = current_database() GROUP BY application_name`,
      values: [beginning(this.#runId)],
    })
    return new Map(rows.map(({ name, sessions }) => [name, sessions]))
  }

  /** Whether the database's own catalogue knows them. */
  async #tables(engine: Engine, names: Names): Promise<Fabric['tables']> {
    const wanted = {
      jobs: engine.jobs(names.engine).table,
      attempts: `${names.app}.attempt`,
      dead_letters: `${names.app}.dead_letter`,
      results: `${names.app}.effect`,
    }
    const { rows } = await this.#database.connection.run<Fabric['tables']>(
      `SELECT ${Object.entries(wanted)
        .map(([name, table]) => `to_regclass('${table}') IS NOT NULL AS ${name}`)
        .join(', ')}`,
    )
    return rows[0] as Fabric['tables']
  }
}

/** Longer than it takes to make a connection on a very busy machine; only a run that has strays waits for so long. */
const SETTLE_WITHIN_MS = 5_000
const SETTLE_EVERY_MS = 250

const shown = (whose: string, { address, port }: Socket): string =>
  `${whose}: ${address.includes(':') ? `[${address}]` : address}:${port}`

/** Where a DSN leads to over TCP: to no host when it names a folder with a socket. */
export function endsOf(url: string): { readonly hosts: readonly string[]; readonly port: number } {
  const { hostname, port, searchParams } = new URL(url)
  const host = searchParams.getAll('host').at(-1) ?? decodeURIComponent(hostname)
  const named = Number(searchParams.getAll('port').at(-1) ?? port)
  return { hosts: /^\//.test(host) ? [] : [host.replace(/^\[|\]$/g, '')], port: named || 5_432 }
}
