import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endSignals, wasMeantForUs } from '../processes/signals.js'
import { StoreError } from '../store-error.js'
import { clearLeftovers, makeFolder } from './leftovers.js'

export interface RedisServerOptions {
  /** Whether everything is written to a file before it is acknowledged. */
  readonly appendonly?: 'yes' | 'no'
  /** When that file is synced. */
  readonly appendfsync?: 'always' | 'everysec' | 'no'
}

/** A server for one process and its children: on the loopback interface, behind a password, in a folder of its own. */
export interface RedisServer {
  /** With the password. */
  readonly url: string
  /** Ends it and removes its folder. */
  stop(): Promise<void>
  /** Ends it as a crash would. What it has on disk stays. */
  kill(): Promise<void>
  /** Starts it again, on the same port and on what is on its disk. */
  restart(): Promise<void>
}

/** Between looking for a free port and taking it, another may take it: so often in a row is no accident. */
const MOST_STARTS = 10
/** It is there after some 20 ms; a busy machine is slower, and a long file has to be read. */
const START_TIMEOUT_MS = 30_000
const START_RETRY_MS = 10

interface ServerPlace {
  readonly folder: string
  readonly config: string
  readonly port: number
  readonly password: string
}

/** The servers of this process that may still run: nothing of them is left when it ends. */
const running = new Map<string, ChildProcess>()

/** @throws StoreError when there is no `redis-server`, or it does not start */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  clearLeftovers()
  const folder = makeFolder()
  try {
    for (let attempt = 1; ; attempt++) {
      const place = writeConfig(folder, await freePort(), options)
      const failure = await startAt(place)
      if (failure === undefined) return serverAt(place)
      if (!mayPass(failure) || attempt === MOST_STARTS) throw failedToStart(failure)
    }
  } catch (error) {
    await end(folder)
    remove(folder)
    throw error
  }
}

function serverAt(place: ServerPlace): RedisServer {
  const { folder, port, password } = place
  return {
    url: `redis://:${password}@127.0.0.1:${port}/0`,
    kill: () => end(folder),
    async restart() {
      await end(folder)
      for (let attempt = 1; ; attempt++) {
        const failure = await startAt(place)
        if (failure === undefined) return
        if (!mayPass(failure) || attempt === MOST_STARTS) throw failedToStart(failure)
        await sleep(START_RETRY_MS * attempt)
      }
    },
    async stop() {
      await end(folder)
      remove(folder)
    },
  }
}

/** In a file, not in arguments, which every user of the machine can read. The folder is for this user alone. */
function writeConfig(
  folder: string,
  port: number,
  { appendonly = 'yes', appendfsync = 'always' }: RedisServerOptions,
): ServerPlace {
  const password = randomBytes(24).toString('hex')
  const config = join(folder, 'redis.conf')
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    `appendonly ${appendonly}`,
    `appendfsync ${appendfsync}`,
    'save ""',
    // A title of its own would hide the folder, by which a server that was left behind is known.
    'set-proc-title no',
  ]
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 })
  return { folder, config, port, password }
}

/** Starts it and waits until it answers. What it said, if it ended instead. */
async function startAt(place: ServerPlace): Promise<string | undefined> {
  const { folder, config } = place
  const output = openSync(join(folder, 'output'), 'w')
  let failure: string | undefined
  // In a group of its own: Ctrl-C is for the process that may still need it to stop in good order.
  const child = spawn('redis-server', [config], { stdio: ['ignore', output, output], detached: true })
  closeSync(output)
  child.once('error', (error: NodeJS.ErrnoException) => {
    failure = error.code === 'ENOENT' ? NO_PROGRAM : error.message
  })
  child.once('exit', (code, signal) => {
    failure ??= `${tail(folder)}\nended with ${signal ?? `exit code ${code}`}`
  })
  if (child.pid !== undefined) {
    watchOver(folder, child)
    child.unref()
  }
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += START_RETRY_MS) {
    await sleep(START_RETRY_MS)
    if (failure !== undefined) return failure
    if (await isReady(place)) return undefined
  }
  return `silent for ${START_TIMEOUT_MS} ms\n${tail(folder)}`
}

const NO_PROGRAM = 'no redis-server in PATH'

/** Whether ours answers there: any other does not know the password. */
function isReady({ port, password }: ServerPlace): Promise<boolean> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 })
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\nQUIT\r\n`))
    socket.on('data', (data) => {
      said += data.toString()
    })
    socket.once('timeout', () => socket.destroy())
    socket.once('error', () => undefined)
    socket.once('close', () => resolve(said.startsWith('+OK\r\n+PONG\r\n')))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0))
    })
  })
}

/** The port was taken, or it was ended with us, who go on until we are done. */
const mayPass = (failure: string): boolean =>
  /address already in use/i.test(failure) || wasMeantForUs(/\bended with (\w+)$/.exec(failure)?.[1] ?? null)

/** The end of what it said; nothing when somebody has removed its folder. */
function tail(folder: string): string {
  try {
    return readFileSync(join(folder, 'output'), 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  } catch {
    return ''
  }
}

function failedToStart(failure: string): StoreError {
  if (failure === NO_PROGRAM) {
    return new StoreError({
      what: 'there is no Redis server to use, and none can be started',
      store: 'redis',
      found: failure,
      expected: 'redis-server in PATH, or the URL of a server that runs',
      todo: 'apt-get install redis-server, or brew install redis; or name a server: redis=redis://host:port/db, or REDIS_URL',
    })
  }
  return new StoreError({
    what: 'the Redis server does not start',
    store: 'redis',
    found: failure,
    todo: 'run redis-server by hand to see why, or name a server that runs: redis=redis://host:port/db',
  })
}

async function end(folder: string): Promise<void> {
  const child = running.get(folder)
  if (child === undefined) return
  const ended = child.exitCode !== null || child.signalCode !== null
  const gone = ended || new Promise((resolve) => child.once('exit', resolve))
  child.ref()
  child.kill('SIGKILL')
  await gone
  running.delete(folder)
  if (running.size === 0) unwatch()
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function watchOver(folder: string, child: ChildProcess): void {
  if (running.size === 0) {
    process.on('exit', endAll)
    // The first to hear: one that listens for one signal alone has gone when its turn is over, and would not be counted.
    for (const signal of endSignals) process.prependListener(signal, endBySignal)
  }
  running.set(folder, child)
}

function unwatch(): void {
  process.removeListener('exit', endAll)
  for (const signal of endSignals) process.removeListener(signal, endBySignal)
}

function endAll(): void {
  for (const [folder, child] of running) {
    child.kill('SIGKILL')
    try {
      remove(folder)
    } catch {
      // The next start clears it.
    }
  }
  running.clear()
}

/** If others listen, they decide what becomes of the process; without them it ends, as if nobody had listened. */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  endAll()
  unwatch()
  process.kill(process.pid, signal)
}
