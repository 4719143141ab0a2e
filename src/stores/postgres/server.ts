import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf, haveEnded, signal, textOf } from '../processes/processes.js'
import { isRunning } from '../processes/running.js'
import { endSignals, wasMeantForUs } from '../processes/signals.js'
import { StoreError } from '../store-error.js'
import { type Binaries, findBinaries, type User, userOfServer } from './binaries.js'
import { clearLeftovers, dataOf, makeFolder, removeFolder, saidBy } from './folder.js'

/** A Postgres server of our own, in a folder of its own, that only this machine can reach. */
export interface PostgresServer {
  /** With its password. */
  readonly url: string
  readonly folder: string
  /** Its processes: the first is the one that has started the others. None while it is killed. */
  processes(): readonly number[]
  /** Ends it at once, as a loss of power would for all that it knows. */
  kill(): Promise<void>
  /** Starts it again, after `kill`, on the same port and with the same data. */
  restart(): Promise<void>
  /** Ends it in good order, and removes its folder. */
  stop(): Promise<void>
}

export interface ServerOptions {
  /** False gives up what was acknowledged when the machine goes down; not when only the server does. */
  readonly fsync?: boolean
}

const READY_POLL_MS = 10
/** It takes 60 ms, and a recovery a second; machines may be very busy. */
const READY_WITHIN_MS = 60_000
/** A fast shutdown waits for a checkpoint of what was written since the last. */
const STOP_WITHIN_MS = 10_000
const END_WITHIN_MS = 2_000
/** Somebody may take the free port before the server does; and again, but hardly so often. */
const MOST_STARTS = 5
const SHOWN_LINES = 8

/**
 * Starts a server. It goes with this process, however that ends; but if it is killed, the next start of a server clears
 * what it left.
 *
 * Making the data takes 0.5 s, starting 0.06 s. A template of the data in the temporary folder would take 0.05 s, but
 * that folder is everybody's: what others have put there, or some cleaner has taken half away, would run as this user.
 */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const user = userOfServer()
  await clearLeftovers(user)
  const folder = makeFolder(user)
  const running: Running = { folder, child: undefined }
  watch(running)
  try {
    const binaries = findBinaries(user, folder)
    const password = randomBytes(18).toString('hex')
    await makeData(binaries, user, running, password)
    const launch = (port: number) => start(binaries, user, running, port, options)
    const port = await launched(launch, freePort)
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      folder,
      processes: () => processesOf(running),
      kill: () => killAll(running),
      restart: async () => void (await launched(launch, async () => port)),
      stop: () => stop(running),
    }
  } catch (error) {
    await stop(running)
    throw error
  }
}

interface Running {
  readonly folder: string
  child: ChildProcess | undefined
}

async function makeData(
  { initdb }: Binaries,
  user: User | undefined,
  running: Running,
  password: string,
): Promise<void> {
  const { folder } = running
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid)
  const child = spawnLogged(initdb, user, folder, [
    `--pgdata=${dataOf(folder)}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--locale=C',
    '--encoding=UTF8',
    // Nobody needs the data after the machine has gone down while they were made.
    '--no-sync',
  ])
  running.child = child
  const failure = await endOf(child)
  running.child = undefined
  rmSync(passwordFile, { force: true })
  if (failure !== undefined) throw notStarted('initdb', failure, folder)
}

async function launched(launch: (port: number) => Promise<void>, choose: () => Promise<number>): Promise<number> {
  for (let tries = 1; ; tries++) {
    const port = await choose()
    try {
      await launch(port)
      return port
    } catch (error) {
      const found = (error instanceof StoreError && error.problem.found) || ''
      if (!mayPass(found) || tries === MOST_STARTS) throw error
    }
  }
}

/** The port was taken, or it was ended with us, who go on until we are done. In English: the locale of the server is C. */
const mayPass = (found: string): boolean =>
  /address already in use/i.test(found) || wasMeantForUs(/^postgres ended with (\w+)$/m.exec(found)?.[1] ?? null)

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Ready is what the server itself says in its folder: on the port there could be anybody else. */
async function start(
  { postgres }: Binaries,
  user: User | undefined,
  running: Running,
  port: number,
  { fsync = true }: ServerOptions,
): Promise<void> {
  const { folder } = running
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port,
    fsync: fsync ? 'on' : 'off',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawnLogged(postgres, user, folder, ['-D', dataOf(folder), ...flags])
  running.child = child
  let failure: string | undefined
  const ended = endOf(child).then((how) => {
    failure = how ?? 'ended'
    if (running.child === child) running.child = undefined
  })
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += READY_POLL_MS) {
    const said = saidBy(folder)
    if (said?.pid === child.pid && said?.ready === true) {
      // A process that forgets to stop it must still come to its end.
      child.unref()
      return
    }
    await Promise.race([ended, sleep(READY_POLL_MS)])
    if (failure !== undefined) throw notStarted('postgres', failure, folder)
  }
  await killAll(running)
  throw notStarted('postgres', `not ready after ${READY_WITHIN_MS / 1_000} s`, folder)
}

/**
 * In a process group of its own: Ctrl-C is for us to hear, who end it in good order. What it says goes to a file, which
 * needs nobody who reads it.
 */
function spawnLogged(file: string, user: User | undefined, folder: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(folder, 'log'), 'a', 0o600)
  // PGDATA, PGPORT and their kin are not meant for this server.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))
  const env = { ...Object.fromEntries(inherited), LC_ALL: 'C' }
  try {
    return spawn(file, args, { ...user, cwd: folder, env, detached: true, stdio: ['ignore', log, log] })
  } finally {
    closeSync(log)
  }
}

/** How a process failed; undefined when it ended well. */
function endOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, by) => resolve(code === 0 ? undefined : `ended with ${by ?? code}`))
  })
}

function notStarted(program: string, how: string, folder: string): StoreError {
  const said = [`${program} ${how}`, ...textOf(join(folder, 'log')).trim().split('\n').slice(-SHOWN_LINES)].join('\n')
  return new StoreError({
    what: 'the Postgres server of its own does not start',
    store: 'postgres, a server of its own',
    found: said,
    todo: `${/Permission denied/.test(said) ? OPEN_FOLDER : 'mend that'}, or name a server: postgres=postgres://…`,
  })
}

/** As root it runs as another user, who does not get into every folder. */
const OPEN_FOLDER = 'let every user into the folder for temporary files, name another (TMPDIR=<folder>)'

function processesOf({ child }: Running): readonly number[] {
  return child?.pid === undefined ? [] : [child.pid, ...childrenOf(child.pid)]
}

async function killAll(running: Running): Promise<void> {
  const { child } = running
  // Its children leave its process group, and would see for themselves that it is gone; so none is left that still writes.
  const pids = processesOf(running)
  for (const pid of pids) signal(pid, 'SIGKILL')
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    child.ref()
    await once(child, 'exit')
  }
  running.child = undefined
  await haveEnded(pids, END_WITHIN_MS)
}

async function stop(running: Running): Promise<void> {
  const pids = processesOf(running)
  running.child?.kill('SIGINT')
  if (!(await haveEnded(pids, STOP_WITHIN_MS))) await killAll(running)
  removeFolder(running.folder)
  unwatch(running)
}

/** The servers of this process that are not stopped yet. */
const all = new Set<Running>()

function watch(running: Running): void {
  all.add(running)
  if (all.size > 1) return
  process.on('exit', endAll)
  // The first to hear: one that listens for one signal alone has gone when its turn is over, and would not be counted.
  for (const name of endSignals) process.prependListener(name, endProcess)
}

function unwatch(running: Running): void {
  all.delete(running)
  if (all.size > 0) return
  process.off('exit', endAll)
  for (const name of endSignals) process.off(name, endProcess)
}

/**
 * Who else listens to the signal decides what becomes of the process: when it ends, `exit` comes. The last one ends it,
 * and not by the signal, which would spare others of our kind their `exit`.
 */
function endProcess(name: NodeJS.Signals): void {
  process.off(name, endProcess)
  if (process.listenerCount(name) === 0) process.exit(128 + constants.signals[name])
}

/** Nothing can be awaited any more. */
function endAll(): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (const running of all) {
    const pids = processesOf(running)
    const [first] = pids
    if (first !== undefined) signal(first, 'SIGQUIT')
    for (let waitedMs = 0; pids.some(isRunning) && waitedMs < END_WITHIN_MS; waitedMs += READY_POLL_MS) {
      Atomics.wait(pause, 0, 0, READY_POLL_MS)
    }
    for (const pid of pids.filter(isRunning)) signal(pid, 'SIGKILL')
    removeFolder(running.folder)
    unwatch(running)
  }
}
